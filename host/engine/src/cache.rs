//! Compiled components on disk.
//!
//! Loading an entry runs it as native code, so an entry counts only when its authentication code is right: a file
//! that someone else wrote, changed or cut is compiled again. Entries are written beside their place and renamed.
//!
//! An entry is made when its component has been tried, so loading one again needs no trial, unless its limits may have changed.
//!
//! The cache only saves time. Whatever is wrong with it, plugins are compiled and run without it.

mod entry;
mod sealed;

use std::collections::HashMap;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use octi_domain::ambient::Ambient;
use octi_domain::{limits, telemetry};
use octi_security::sandbox::fs::open_regular;
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::compile::{Compiler, Compilers, WORK_PREFIX};
use crate::engine::Lane;
use crate::functions::Recent;
use crate::install::InstallError;
use crate::lean;
use crate::loader::hex;
use crate::native::Native;
use entry::{Check, HEADER_BYTES};
use sealed::{Open, Sealed};

/// Bytes of an entry that are checked and copied at once: few enough to stay in the processor's cache in between, and so many chunks
/// of BLAKE3 that they are hashed side by side.
const READ_BYTES: usize = 64 * 1024;
/// What a compiler left behind when its host died is removed when it is older than this.
const LEFTOVER_AGE: Duration = Duration::from_secs(60 * 60);

/// The compiled components of a host, and what compiles them.
pub(crate) struct Cache {
    place: Option<Place>,
    compilers: Compilers,
    flights: Flights,
    /// What the next versions of plugins are compiled with.
    functions: Recent,
}

#[derive(Clone)]
struct Place {
    folder: PathBuf,
    key: [u8; 32],
    bytes_max: u64,
    ambient: Ambient,
}

impl Cache {
    /// A cache in that folder, created with mode 0700. When the folder cannot be used, everything is compiled at each start.
    pub(crate) fn open(folder: &Path, key: [u8; 32], ambient: Ambient, compiler: Compiler) -> Self {
        let place = Place { folder: folder.to_owned(), key, bytes_max: limits::PLUGIN_CACHE_BYTES_MAX, ambient };
        let opened = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| place.remove_leftovers());
        match opened {
            Ok(()) => Self::with(Some(place), compiler),
            Err(error) => {
                let folder = folder.display();
                tracing::warn!(%error, %folder, "the folder for compiled plugins cannot be used; they are compiled at every start");
                Self::with(None, compiler)
            }
        }
    }

    /// No cache: everything is compiled.
    pub(crate) fn none(compiler: Compiler) -> Self {
        Self::with(None, compiler)
    }

    /// The same with another bound on its size.
    #[cfg(test)]
    pub(crate) fn with_bytes_max(mut self, bytes_max: u64) -> Self {
        if let Some(place) = &mut self.place {
            place.bytes_max = bytes_max;
        }
        self
    }

    /// Entries that somebody waits for.
    #[cfg(test)]
    pub(crate) fn waited_for(&self) -> usize {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Writes an entry as the host itself would.
    #[cfg(test)]
    pub(crate) fn plant(&self, lane: &Lane, digest: &str, native: &[u8]) -> io::Result<()> {
        let place = self.place.as_ref().ok_or(io::ErrorKind::NotFound)?;
        place.save(&entry_name(lane, digest), native)
    }

    fn with(place: Option<Place>, compiler: Compiler) -> Self {
        Self { place, compilers: Compilers::new(compiler), flights: Mutex::default(), functions: Recent::default() }
    }

    /// That plugin's component of that digest for that engine, from the cache, or compiled from `code` and then tried. Callers of
    /// one digest share one compilation and one trial.
    pub(crate) async fn component<T>(
        &self,
        lane: &Arc<Lane>,
        (plugin, digest): (&str, &str),
        code: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
        trial: impl FnOnce(Native) -> T + Send,
    ) -> Result<Native, InstallError>
    where
        T: Future<Output = Result<(), InstallError>> + Send,
    {
        let name = entry_name(lane, digest);
        let flight = Flight::board(&self.flights, &name);
        let _only_one = flight.seat.lock().await;
        self.load_or_compile(lane, (plugin, &name), code, trial).await
    }

    async fn load_or_compile<T>(
        &self,
        lane: &Arc<Lane>,
        (plugin, name): (&str, &str),
        code: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
        trial: impl FnOnce(Native) -> T + Send,
    ) -> Result<Native, InstallError>
    where
        T: Future<Output = Result<(), InstallError>> + Send,
    {
        if let Some(place) = self.place.clone() {
            let (lane, name) = (lane.clone(), name.to_owned());
            let found = tokio::task::spawn_blocking(move || place.load(&lane, &name)).await;
            if let Ok(Some(native)) = found {
                metrics::counter!(telemetry::CACHE.name, "result" => "hit").increment(1);
                return Ok(native);
            }
        }
        let folder = self.place.as_ref().map(|place| place.folder.as_path());
        metrics::counter!(telemetry::CACHE.name, "result" => "miss").increment(1);
        let known = self.functions.of(plugin);
        let compiled = self.compilers.compile(lane.target, &lane.engine, code, folder, known).await?;
        let bytes = Arc::new(compiled.native);
        let (lane, native) = (lane.clone(), bytes.clone());
        let loaded = tokio::task::spawn_blocking(move || deserialize(&lane, &native)).await;
        let native = loaded
            .map_err(|error| InstallError::Compile(format!("loading its native code failed: {error}")))?
            .map_err(|error| InstallError::Compile(format!("its native code does not load: {error:#}")))?
            .made_in(compiled.time);
        trial(native.clone()).await?;
        if let Some(functions) = compiled.functions {
            self.functions.keep(plugin, functions);
        }
        if let Some(place) = self.place.clone() {
            let name = name.to_owned();
            let kept = tokio::task::spawn_blocking(move || place.save(&name, &bytes)).await;
            if let Err(error) = kept.map_err(io::Error::other).flatten() {
                tracing::warn!(%error, "a compiled plugin could not be kept; it will be compiled again at the next start");
            }
        }
        Ok(native)
    }

    /// Something is held against a plugin: its next version takes no code from it.
    pub(crate) fn distrust(&self, plugin: &str) {
        self.functions.forget(plugin);
    }

    /// Lets go of what waits too long, as long as it is polled.
    pub(crate) async fn let_go(&self) {
        self.functions.let_go().await;
    }

    /// Ends the compilers that run.
    pub(crate) async fn shutdown(&self) {
        self.compilers.shutdown().await;
    }
}

type Flights = Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>;

/// One of those who wait for the same entry. The last of them forgets it, also when it gave up waiting.
struct Flight<'a> {
    flights: &'a Flights,
    name: &'a str,
    seat: Arc<tokio::sync::Mutex<()>>,
}

impl<'a> Flight<'a> {
    fn board(flights: &'a Flights, name: &'a str) -> Self {
        let seat = flights.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default().clone();
        Self { flights, name, seat }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        // This one's and the list's own: nobody else can come by another before the list is free again.
        if Arc::strong_count(&self.seat) <= 2 {
            flights.remove(self.name);
        }
    }
}

fn entry_name(lane: &Lane, digest: &str) -> String {
    format!("{digest}-{}.cwasm", lane.settings)
}

/// Stands for everything that native code depends on besides the component: what that is freed of, wasmtime, its settings and the
/// processor.
pub(crate) fn settings(engine: &Engine) -> String {
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
    lean::VERSION.hash(&mut settings);
    hex(&settings.0.finalize()[..8])
}

/// Only for bytes of which it is known that our compiler made them.
fn deserialize(lane: &Arc<Lane>, native: &[u8]) -> wasmtime::Result<Native> {
    #[expect(unsafe_code, reason = "wasmtime cannot check native code; its callers know where it is from")]
    // SAFETY: `deserialize` demands bytes that this wasmtime compiled and nobody changed. They come from our own compiler's
    // process, or from an entry whose authentication code covers all of it and its name, with a key that never leaves this host.
    // The bytes are in memory: what was checked is what is loaded.
    let component = unsafe { Component::deserialize(&lane.engine, native) };
    component.map(|component| Native::new(lane.clone(), component))
}

/// The same for bytes in a file that nobody can change.
fn deserialize_sealed(lane: &Arc<Lane>, native: &Sealed) -> wasmtime::Result<Native> {
    #[expect(unsafe_code, reason = "wasmtime cannot check native code; its callers know where it is from")]
    // SAFETY: as in `deserialize`. The file is sealed, so what is mapped stays what was checked.
    let component = unsafe { Component::deserialize_file(&lane.engine, native.path()) };
    component.map(|component| Native::new(lane.clone(), component))
}

impl Place {
    /// The entry's component, if the entry is ours and whole.
    fn load(&self, lane: &Arc<Lane>, name: &str) -> Option<Native> {
        let (file, native) = self.read(name).inspect_err(|error| self.unreadable(name, error)).ok()?;
        let Some(native) = native else {
            tracing::warn!(entry = name, "a compiled plugin was changed by someone else; it is compiled again");
            return None;
        };
        let loaded = deserialize_sealed(lane, &native)
            .inspect_err(|error| tracing::debug!(%error, entry = name, "a compiled plugin does not fit; it is compiled again"))
            .ok()?;
        // The time of an entry is that of its last use: the entries that go first are the ones that nobody used for longest.
        if let Err(error) = file.set_modified(SystemTime::from(self.ambient.now())) {
            tracing::debug!(%error, entry = name, "the last use of a compiled plugin could not be noted");
        }
        Some(loaded)
    }

    fn unreadable(&self, name: &str, error: &io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            tracing::warn!(%error, entry = name, "a compiled plugin cannot be read; it is compiled again");
        }
    }

    /// Reads an entry once, whatever may stand in its place. Its native code, if the entry is ours and whole.
    fn read(&self, name: &str) -> io::Result<(File, Option<Sealed>)> {
        let mut file = open_regular(&self.folder.join(name))?;
        let bytes_max = limits::PLUGIN_NATIVE_BYTES_MAX + HEADER_BYTES as u64;
        if file.metadata()?.len() > bytes_max {
            return Err(io::Error::other(format!("it has more than {bytes_max} bytes")));
        }
        let mut header = [0; HEADER_BYTES];
        let begun = file.read_exact(&mut header).ok().and_then(|()| Check::begin(&self.key, name, &header));
        let Some(mut check) = begun else { return Ok((file, None)) };
        let mut copy = Open::create()?;
        let mut part = vec![0; READ_BYTES];
        let mut rest = (&mut file).take(limits::PLUGIN_NATIVE_BYTES_MAX);
        loop {
            let read = rest.read(&mut part)?;
            let Some(read) = part.get(..read).filter(|read| !read.is_empty()) else { break };
            check.take(read);
            copy.write(read)?;
        }
        let native = copy.seal()?;
        Ok((file, check.holds().then_some(native)))
    }

    fn save(&self, name: &str, native: &[u8]) -> io::Result<()> {
        let temporary = self.folder.join(format!(".{name}.{}", std::process::id()));
        let written = self.write(&temporary, &entry::header(&self.key, name, native), native).and_then(|()| {
            let target = self.folder.join(name);
            if target.is_dir() {
                // Whoever put it there: an empty one can go, and another one is not ours to delete.
                fs::remove_dir(&target)?;
            }
            fs::rename(&temporary, target)
        });
        if written.is_err() {
            let _gone = fs::remove_file(&temporary);
        }
        written?;
        self.prune(name)
    }

    fn write(&self, path: &Path, header: &[u8], native: &[u8]) -> io::Result<()> {
        // What a host that died left under this name is not written into, but replaced.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(header)?;
        file.write_all(native)?;
        file.set_modified(SystemTime::from(self.ambient.now()))
    }

    /// Removes the entries that were not used for longest until the rest fits; `keep` stays.
    fn prune(&self, keep: &str) -> io::Result<()> {
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        let mut total = 0_u64;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Ok(about) = entry.metadata() else { continue };
            if !about.is_file() {
                continue;
            }
            total = total.saturating_add(about.len());
            if entry.file_name() != keep {
                entries.push((about.modified()?, about.len(), entry.path()));
            }
        }
        entries.sort();
        for (_, bytes, path) in entries {
            if total <= self.bytes_max {
                break;
            }
            match fs::remove_file(path) {
                // Another one that was just kept made room too.
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            total = total.saturating_sub(bytes);
        }
        Ok(())
    }

    /// Removes the folders of compilers whose host died.
    fn remove_leftovers(&self) -> io::Result<()> {
        let now = SystemTime::from(self.ambient.now());
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Ok(about) = entry.metadata() else { continue };
            let age = about.modified().ok().and_then(|then| now.duration_since(then).ok()).unwrap_or_default();
            if about.is_dir() && entry.file_name().to_string_lossy().starts_with(WORK_PREFIX) && age > LEFTOVER_AGE {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}
