//! Every plugin of this host: the bundled ones and those of the plugin folder, as one consistent picture that is swapped
//! while calls run.
//!
//! Whatever can fail happens before the swap. A broken new file leaves the old version running and says why; calls that
//! already run, and turns that hold the old picture, go on with what they have.

mod folder;
mod slots;
mod watcher;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use octi_domain::ambient::Ambient;
use octi_domain::plugin_limits::PluginLimits;
use octi_extension::registry::{PluginStatus, Registry, Snapshot};
use octi_extension::services::{KvStore, SecretSource};
use octi_security::sandbox::egress::{Egress, Endpoints};
use octi_security::sandbox::process::ProcessDoor;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cache::Cache;
use crate::compile::Compiler;
use crate::engine::{EngineError, Runtime};
use crate::generation::{Code, Generation, Host};
use crate::install::{self, InstallError};
use crate::loader::{self, Inspection};
use crate::probes::Probes;
use crate::state::Services;
use slots::{Slots, View};

/// What happened to a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// So it stood in the folder when the host started; the text says whether it is used.
    Found,
    /// Somebody installed it.
    Installed,
    /// Somebody removed it.
    Removed,
    /// Another version runs, because its file in the folder changed.
    Swapped,
    /// Its file is gone from the folder.
    Gone,
    /// A file of the folder is not used, or turned out not to run.
    Refused,
    /// It crashed too often and rests.
    Rests,
}

/// Told of every change: the plugin's id, what happened, and the same as a sentence.
pub type OnChange = Arc<dyn Fn(&str, Change, &str) + Send + Sync>;

/// What an engine is started with.
pub struct EngineConfig {
    /// Compiled plugins are kept here.
    pub cache_dir: PathBuf,
    /// Authenticates them; kept by the host and never shown to a plugin.
    pub cache_key: [u8; 32],
    /// What compiles them.
    pub compiler: Compiler,
    /// Limits that the administrator set, by the plugin's id.
    pub plugin_limits: BTreeMap<String, PluginLimits>,
    /// `$OCTI_HOME/plugins`; without it only the bundle is there, and nothing can be installed.
    pub plugins_dir: Option<PathBuf>,
    /// Name and bytes of the plugins inside the binary.
    pub bundle: &'static [(&'static str, &'static [u8])],
    pub kv: Arc<dyn KvStore>,
    pub processes: Arc<ProcessDoor>,
    pub egress: Arc<Egress>,
    pub endpoints: Arc<Endpoints>,
    pub secrets: Arc<dyn SecretSource>,
    pub ambient: Ambient,
    pub on_change: OnChange,
}

/// The plugins of this host.
pub struct PluginManager {
    host: Arc<Host>,
    folder: Option<PathBuf>,
    slots: Mutex<Slots>,
    view: ArcSwap<View>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl std::fmt::Debug for PluginManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginManager").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Registry for PluginManager {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.view.load().snapshot.clone()
    }

    fn plugins(&self) -> Vec<PluginStatus> {
        self.view.load().plugins.clone()
    }
}

impl PluginManager {
    /// Starts the engine and reads what is installed. Nothing is compiled before it returns; that goes on behind.
    ///
    /// # Errors
    /// [`EngineError`] when the engine cannot start or a folder cannot be used. A broken plugin is not an error: it is
    /// listed with its problem.
    pub async fn start(config: EngineConfig) -> Result<Arc<Self>, EngineError> {
        let folder_error = |path: &Path, error: std::io::Error| EngineError::Folder {
            path: path.display().to_string(),
            problem: error.to_string(),
        };
        let runtime = Runtime::start()?;
        let cache = Cache::open(&config.cache_dir, config.cache_key, config.ambient.clone(), config.compiler);
        let services = Services {
            kv: config.kv,
            processes: config.processes,
            egress: config.egress,
            endpoints: config.endpoints,
            secrets: config.secrets,
        };
        let host = Arc::new(Host {
            runtime,
            cache,
            services,
            ambient: config.ambient,
            on_change: config.on_change,
            plugin_limits: config.plugin_limits,
        });
        let mut slots = Slots::default();
        for (name, bytes) in config.bundle {
            slots.bundle(&host, name, bytes);
        }
        if let Some(folder) = &config.plugins_dir {
            folder::create(folder).map_err(|e| folder_error(folder, e))?;
        }
        let manager = Arc::new(Self {
            view: ArcSwap::from_pointee(slots.view()),
            host,
            folder: config.plugins_dir,
            slots: Mutex::new(slots),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        manager.rescan(Trial::Later).await;
        manager.start_tasks();
        Ok(manager)
    }

    fn start_tasks(self: &Arc<Self>) {
        let manager = self.clone();
        self.tasks.spawn(async move { manager.stop.run_until_cancelled(manager.prefetch()).await });
        if let Some(folder) = self.folder.clone() {
            let manager = self.clone();
            self.tasks.spawn(async move { manager.stop.run_until_cancelled(watcher::watch(&manager, &folder)).await });
        }
        self.tasks.close();
    }

    /// Compiles what is not compiled yet, one after another, so that the first call does not wait for it.
    async fn prefetch(&self) {
        let all: Vec<Arc<Generation>> = self.slots.lock().await.active();
        for generation in all {
            if let Err(error) = generation.ready().await {
                self.demote(&generation, &error).await;
            }
        }
    }

    /// Takes back a version that turned out not to start.
    async fn demote(&self, generation: &Arc<Generation>, error: &InstallError) {
        let mut slots = self.slots.lock().await;
        if slots.demote(generation, &error.to_string()) {
            self.publish(&slots);
        }
        drop(slots);
        self.tell(&generation.manifest().id, Change::Refused, &format!("cannot run: {error}"));
    }

    /// Checks a plugin completely, tries it, writes it into the plugin folder and swaps it in.
    ///
    /// # Errors
    /// [`InstallError`], which names what is wrong and what to do; then nothing has changed.
    pub async fn install(&self, bytes: Vec<u8>, file_name: &str) -> Result<PluginStatus, InstallError> {
        let folder = self.folder.as_ref().ok_or_else(|| InstallError::Folder("this host was started without one".to_owned()))?;
        let inspection = Self::inspect_file(&bytes)?;
        install::check(&inspection)?;
        let id = inspection.manifest.id.clone();
        let version = inspection.manifest.version.clone();
        let mut slots = self.slots.lock().await;
        slots.check_names(&inspection.manifest)?;
        let path = slots.path_for(folder, &inspection.manifest, file_name);
        let draft = folder::draft(folder, &bytes).await?;
        let places = slots.places(&id);
        let candidate = Arc::new(Generation::new(&self.host, inspection, Code::File(draft.path().to_owned()), places));
        candidate.ready().await?;
        let stamp = draft.publish(&path).await?;
        slots.take(candidate, path, stamp);
        self.publish(&slots);
        drop(slots);
        self.tell(&id, Change::Installed, &format!("version {version} is installed"));
        self.status(&id).ok_or(InstallError::NotFound(id))
    }

    /// Removes a plugin from the plugin folder; a bundled one of the same id is back at once.
    ///
    /// # Errors
    /// [`InstallError::Bundled`], [`InstallError::NotFound`] or [`InstallError::Folder`].
    pub async fn remove(&self, id: &str) -> Result<(), InstallError> {
        let mut slots = self.slots.lock().await;
        let path = slots.file_of(id)?;
        folder::delete(&path).await?;
        slots.forget(&path);
        self.publish(&slots);
        drop(slots);
        self.tell(id, Change::Removed, "removed");
        Ok(())
    }

    /// Reads the plugin folder again, whatever the files' times say.
    ///
    /// # Errors
    /// [`InstallError::NotFound`] when no plugin has that id.
    pub async fn reload(&self, id: Option<&str>) -> Result<Vec<PluginStatus>, InstallError> {
        self.slots.lock().await.forget_times();
        self.rescan(Trial::Now).await;
        match id {
            None => Ok(self.plugins()),
            Some(id) => self.status(id).map(|status| vec![status]).ok_or_else(|| InstallError::NotFound(id.to_owned())),
        }
    }

    /// Reads a plugin file without running or installing it.
    ///
    /// # Errors
    /// [`InstallError`] when it is not a valid component with a manifest.
    pub fn inspect_file(bytes: &[u8]) -> Result<Inspection, InstallError> {
        loader::inspect(bytes)
    }

    /// What this machine gives the engine.
    #[must_use]
    pub fn probes(&self) -> &Probes {
        &self.host.runtime.probes
    }

    /// Stops watching and compiling. Calls that run go on to their end.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
        self.host.cache.shutdown().await;
    }

    fn status(&self, id: &str) -> Option<PluginStatus> {
        self.plugins().into_iter().find(|plugin| plugin.id == id)
    }

    fn publish(&self, slots: &Slots) {
        self.view.store(Arc::new(slots.view()));
    }

    fn tell(&self, id: &str, change: Change, text: &str) {
        tracing::info!(plugin = id, change = text, "plugins changed");
        (self.host.on_change)(id, change, text);
    }
}

/// When a new file is compiled and tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    /// Before it replaces anything.
    Now,
    /// Behind the start of the host.
    Later,
}
