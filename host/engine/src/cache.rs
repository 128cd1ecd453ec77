//! Compiled components on disk.
//!
//! Loading an entry runs it as native code, so an entry counts only when its authentication code is right: a file
//! that someone else wrote, changed or cut is compiled again. Entries are written beside their place and renamed.

use std::collections::HashMap;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use octi_domain::limits;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::loader::hex;

const MAGIC: &[u8; 8] = b"octicw01";
const MAC_BYTES: usize = 32;
/// Compilers that run at once, so that installing does not take every core.
const COMPILERS_MAX: usize = 1;

/// The compiled components of one engine.
pub(crate) struct Cache {
    place: Option<Place>,
    compilers: Arc<Semaphore>,
    flights: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

struct Place {
    folder: PathBuf,
    key: [u8; 32],
    bytes_max: u64,
}

impl Cache {
    /// A cache in that folder, created with mode 0700.
    pub(crate) fn open(folder: &Path, key: [u8; 32]) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let place = Place { folder: folder.to_owned(), key, bytes_max: limits::PLUGIN_CACHE_BYTES_MAX };
        Ok(Self::with(Some(place)))
    }

    /// No cache: everything is compiled.
    pub(crate) fn none() -> Self {
        Self::with(None)
    }

    /// The same with another bound on its size.
    #[cfg(test)]
    pub(crate) fn with_bytes_max(mut self, bytes_max: u64) -> Self {
        if let Some(place) = &mut self.place {
            place.bytes_max = bytes_max;
        }
        self
    }

    fn with(place: Option<Place>) -> Self {
        Self { place, compilers: Arc::new(Semaphore::new(COMPILERS_MAX)), flights: Mutex::default() }
    }

    /// The component of that digest, from the cache or compiled from `code`. Callers of one digest share one compilation.
    pub(crate) async fn component(
        &self,
        engine: &Engine,
        digest: &str,
        code: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
    ) -> Result<Component, String> {
        let flight = self.flights.lock().unwrap_or_else(PoisonError::into_inner).entry(digest.to_owned()).or_default().clone();
        let _only_one = flight.lock().await;
        let loaded = self.load_or_compile(engine, digest, code).await;
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
        loaded
    }

    async fn load_or_compile(
        &self,
        engine: &Engine,
        digest: &str,
        code: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
    ) -> Result<Component, String> {
        let name = entry_name(engine, digest);
        if let Some(component) = self.place.as_ref().and_then(|place| place.load(engine, &name)) {
            return Ok(component);
        }
        let permit = self.compilers.clone().acquire_owned().await.map_err(|_| "the engine is shutting down".to_owned())?;
        let compiler = engine.clone();
        let work = tokio::task::spawn_blocking(move || {
            // A compiler that is too slow is not waited for, but counts until it ends.
            let _permit = permit;
            let code = code().map_err(|error| format!("its file cannot be read: {error}"))?;
            let component = Component::from_binary(&compiler, &code).map_err(|error| format!("{error:#}"))?;
            let native = component.serialize().map_err(|error| format!("{error:#}"))?;
            Ok::<_, String>((component, native))
        });
        let limit = Duration::from_secs(limits::PLUGIN_COMPILE_SECONDS_MAX);
        let (component, native) = tokio::time::timeout(limit, work)
            .await
            .map_err(|_| format!("compiling took longer than {} s", limit.as_secs()))?
            .map_err(|error| format!("the compiler failed: {error}"))??;
        if let Some(place) = &self.place
            && let Err(error) = place.save(&name, &native)
        {
            tracing::warn!(%error, "a compiled plugin could not be kept; it will be compiled again at the next start");
        }
        Ok(component)
    }
}

/// Names everything that native code depends on: the component, wasmtime, its settings and the processor.
fn entry_name(engine: &Engine, digest: &str) -> String {
    struct Settings(Sha256);
    impl Hasher for Settings {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut settings = Settings(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut settings);
    let settings = hex(&settings.0.finalize());
    format!("{digest}-{}.cwasm", settings.get(..16).unwrap_or(&settings))
}

impl Place {
    /// The entry's component, if the entry is ours and whole.
    fn load(&self, engine: &Engine, name: &str) -> Option<Component> {
        let bytes = fs::read(self.folder.join(name)).ok()?;
        let Some(native) = self.authentic(name, &bytes) else {
            tracing::warn!(entry = name, "a compiled plugin was changed by someone else; it is compiled again");
            return None;
        };
        #[expect(unsafe_code, reason = "wasmtime cannot check native code; the authentication code above can")]
        // SAFETY: `deserialize` demands bytes that `Component::serialize` of this wasmtime made and nobody changed. The
        // authentication code covers the whole entry and its name, and its key never leaves this host. The bytes were
        // read once: what was checked is what is loaded.
        let component = unsafe { Component::deserialize(engine, native) };
        component.inspect_err(|error| tracing::debug!(%error, entry = name, "a compiled plugin does not fit")).ok()
    }

    fn authentic<'a>(&self, name: &str, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (mac, native) = rest.split_at_checked(MAC_BYTES)?;
        self.mac(name, native)?.verify_slice(mac).ok()?;
        Some(native)
    }

    fn mac(&self, name: &str, native: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(&(name.len() as u64).to_le_bytes());
        mac.update(name.as_bytes());
        mac.update(native);
        Some(mac)
    }

    fn save(&self, name: &str, native: &[u8]) -> io::Result<()> {
        let mac = self.mac(name, native).ok_or_else(|| io::Error::other("the key has a wrong length"))?;
        let temporary = self.folder.join(format!(".{name}.{}", std::process::id()));
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(MAGIC)?;
        file.write_all(&mac.finalize().into_bytes())?;
        file.write_all(native)?;
        drop(file);
        fs::rename(&temporary, self.folder.join(name))?;
        self.prune(name)
    }

    /// Removes the oldest entries until the rest fits; `keep` stays.
    fn prune(&self, keep: &str) -> io::Result<()> {
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_file() && entry.file_name() != keep {
                entries.push((about.modified()?, about.len(), entry.path()));
            }
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in entries {
            if total <= self.bytes_max {
                break;
            }
            fs::remove_file(path)?;
            total = total.saturating_sub(bytes);
        }
        Ok(())
    }
}
