//! Every plugin of this host: the bundled ones and those of the plugin folder, as one consistent picture that is swapped
//! while calls run.
//!
//! Whatever can fail happens before the swap. A broken new file leaves the old version running and says why; calls that
//! already run, and turns that hold the old picture, go on with what they have.

mod folder;
mod kept;
mod paths;
mod revoked;
mod rollback;
mod slots;
mod texts;
mod view;
mod watcher;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use octi_domain::ambient::Ambient;
use octi_domain::plugin_limits::PluginLimits;
use octi_domain::telemetry;
use octi_extension::health::{HealthReport, Healths};
use octi_extension::registry::{PluginStatus, Registry, Snapshot};
use octi_extension::services::{KvStore, SecretSource};
use octi_extension::skill::SkillProblem;
use octi_extension::tool::{CallContext, ToolError, ToolOutput};
use octi_security::sandbox::egress::{Egress, Endpoints};
use octi_security::sandbox::process::ProcessDoor;
use serde_json::Value;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cache::Cache;
use crate::compile::Compiler;
use crate::drain;
use crate::engine::{EngineError, Runtime};
use crate::generation::{Code, Generation, Host};
use crate::install::{self, InstallError};
use crate::loader::{self, Inspection};
use crate::probes::Probes;
use crate::state::Services;
use crate::tool::WasmTool;
use crate::usage::Usage;
use kept::{Kept, Notes};
pub use revoked::{Accused, Verdict};
use slots::Slots;
use view::View;

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
    /// Somebody let the version before it run again.
    RolledBack,
    /// The version before it runs again, because it crashed too often when it was new.
    GaveWay,
    /// It crashed too often and is not called for a while, or it was revoked and is not called at all.
    Quarantined,
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
    kept: Option<Kept>,
    /// Held for a whole installation or look at the folder, so that two do not race. `slots` is held for moments, or until an old
    /// generation makes room, so that a plugin can be removed while another one is compiled.
    changing: Mutex<()>,
    slots: Mutex<Slots>,
    /// The notes as they are on disk.
    noted: Mutex<Notes>,
    /// Told when they may be old.
    unsaved: Notify,
    view: ArcSwap<View>,
    /// Told when a plugin crashed too often.
    tripped: Arc<Notify>,
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
        self.view.load().plugins(self.host.ambient.now())
    }

    fn health(&self) -> Option<HealthReport> {
        Some(HealthReport { since: self.host.healths.since(), plugins: self.view.load().health() })
    }

    fn skill_problems(&self) -> Vec<SkillProblem> {
        Vec::new()
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
            ambient: Arc::new(config.ambient.clone()),
        };
        let healths = Healths::new(config.ambient.now());
        let tasks = TaskTracker::new();
        let host = Arc::new(Host {
            runtime,
            cache,
            services,
            ambient: config.ambient,
            on_change: config.on_change,
            plugin_limits: config.plugin_limits,
            healths,
            tasks: tasks.clone(),
        });
        if let Some(folder) = &config.plugins_dir {
            folder::create(folder).map_err(|e| folder_error(folder, e))?;
        }
        let kept = config.plugins_dir.as_deref().map(Kept::new);
        let noted = kept.as_ref().map(Kept::notes).unwrap_or_default();
        let tripped = Arc::new(Notify::new());
        let mut slots = Slots::new(&host, &tripped, noted.clone());
        for (name, bytes) in config.bundle {
            slots.bundle(name, bytes);
        }
        let manager = Arc::new(Self {
            view: ArcSwap::from_pointee(View::of(&slots)),
            host,
            folder: config.plugins_dir,
            kept,
            changing: Mutex::new(()),
            slots: Mutex::new(slots),
            noted: Mutex::new(noted),
            unsaved: Notify::new(),
            tripped,
            tasks,
            stop: CancellationToken::new(),
        });
        manager.rescan(Trial::Later).await;
        manager.start_tasks();
        Ok(manager)
    }

    fn start_tasks(self: &Arc<Self>) {
        let manager = self.clone();
        self.tasks.spawn(async move { manager.stop.run_until_cancelled(manager.prefetch()).await });
        let manager = self.clone();
        self.tasks.spawn(async move { manager.stop.run_until_cancelled(manager.watch_crashes()).await });
        let manager = self.clone();
        self.tasks.spawn(async move { manager.stop.run_until_cancelled(manager.write_notes()).await });
        let manager = self.clone();
        self.tasks.spawn(async move { manager.stop.run_until_cancelled(manager.host.cache.let_go()).await });
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
            match generation.ready().await {
                Ok(_) => self.keep_running(&generation).await,
                // It was replaced meanwhile, and with it this question.
                Err(_) if generation.life.is_closed() => {}
                Err(error) => self.demote(&generation, &error).await,
            }
        }
    }

    /// Takes back a version that turned out not to start.
    async fn demote(&self, generation: &Arc<Generation>, error: &InstallError) {
        let mut slots = self.slots.lock().await;
        if slots.demote(generation, &error.to_string()) {
            self.publish(&mut slots);
        }
        drop(slots);
        self.tell(&generation.manifest().id, Change::Refused, &format!("cannot run: {error}"));
    }

    /// Checks a plugin completely, tries it, writes it into the plugin folder and swaps it in.
    ///
    /// # Errors
    /// [`InstallError`], which names what is wrong and what to do; then nothing has changed.
    pub async fn install(&self, bytes: Vec<u8>, file_name: &str) -> Result<PluginStatus, InstallError> {
        let installed = self.install_checked(bytes, file_name).await;
        swapped(if installed.is_ok() { "ok" } else { "refused" });
        installed
    }

    async fn install_checked(&self, bytes: Vec<u8>, file_name: &str) -> Result<PluginStatus, InstallError> {
        let folder = self.folder.as_ref().ok_or_else(|| InstallError::Folder("this host was started without one".to_owned()))?;
        let (bytes, inspection) = folder::inspected_bytes(bytes, file_name).await?;
        install::check(&inspection)?;
        let id = inspection.manifest.id.clone();
        let version = inspection.manifest.version.clone();
        let _alone = self.changing.lock().await;
        let draft = folder::draft(folder, &bytes).await?;
        let mut slots = self.slots.lock().await;
        if let Some(reason) = slots.verdict_on(&inspection) {
            return Err(InstallError::Revoked { id, reason });
        }
        slots.check_names(&inspection.manifest)?;
        let replaces = slots.file_of(&id).is_ok();
        self.make_room(&mut slots, &id).await;
        let candidate = slots.generation(inspection, Code::File(draft.path().to_owned()));
        drop(slots);
        if let Err(error) = candidate.ready().await {
            let mut slots = self.slots.lock().await;
            // Whoever looks at the list sees why the old version still runs.
            slots.complain(&id, &format!("version {version} was not installed: {error}"));
            self.publish(&mut slots);
            return Err(error);
        }
        let mut slots = self.slots.lock().await;
        slots.check_names(candidate.manifest())?;
        if replaces && slots.file_of(&id).is_err() {
            return Err(InstallError::Inconsistent(format!(
                "`{id}` was removed while this version was compiled; install it again if it shall run"
            )));
        }
        // Under the lock: copies that nothing needs yet are removed while nobody holds it.
        self.keep(&candidate, draft.path()).await;
        let path = slots.path_for(folder, candidate.manifest(), file_name);
        let stamp = draft.publish(&path).await?;
        slots.take(candidate, path, stamp);
        self.publish(&mut slots);
        drop(slots);
        self.tell(&id, Change::Installed, &format!("version {version} is installed"));
        self.status(&id).ok_or(InstallError::NotFound(id))
    }

    /// Removes a plugin from the plugin folder; a bundled one of the same id is back at once. Calls that run lose their
    /// rights at once, and are cancelled when they do not end soon.
    ///
    /// # Errors
    /// [`InstallError::Bundled`], [`InstallError::NotFound`] or [`InstallError::Folder`].
    pub async fn remove(&self, id: &str) -> Result<(), InstallError> {
        let mut slots = self.slots.lock().await;
        let path = slots.file_of(id)?;
        folder::delete(&path).await?;
        slots.forget(&path);
        self.publish(&mut slots);
        drop(slots);
        swapped("removed");
        self.tell(id, Change::Removed, "removed");
        Ok(())
    }

    /// Reads the plugin folder again, whatever the files' times say. Naming a plugin also ends its quarantine, and tries its
    /// file again if that was rolled back.
    ///
    /// # Errors
    /// [`InstallError::NotFound`] when no plugin has that id.
    pub async fn reload(&self, id: Option<&str>) -> Result<Vec<PluginStatus>, InstallError> {
        let mut slots = self.slots.lock().await;
        slots.forget_times();
        if let Some(id) = id {
            slots.forgive(id);
        }
        drop(slots);
        self.rescan(Trial::Now).await;
        match id {
            None => Ok(self.plugins()),
            Some(id) => self.status(id).map(|status| vec![status]).ok_or_else(|| InstallError::NotFound(id.to_owned())),
        }
    }

    /// Calls an operation of a plugin and says what the call used; none when it did not come so far. For its author: an agent's
    /// calls take their tools from the snapshot that its model was shown.
    ///
    /// # Errors
    /// Of the call; [`ToolError::BadInput`] when no such operation runs.
    pub async fn measure(
        &self,
        id: &str,
        operation: &str,
        context: CallContext,
        arguments: &Value,
    ) -> (Result<ToolOutput, ToolError>, Option<Usage>) {
        let active = self.slots.lock().await.active_of(id).cloned();
        let entry = active.as_ref().and_then(|generation| generation.manifest().tools.get(operation));
        let Some((generation, entry)) = active.as_ref().zip(entry) else {
            let names = active.iter().flat_map(|generation| generation.manifest().tools.keys());
            let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return (Err(ToolError::BadInput(format!("`{id}` has no operation `{operation}`; it has {known}"))), None);
        };
        WasmTool::new(generation, operation, entry).measured(context, arguments.clone()).await
    }

    /// Reads a plugin file without running or installing it. A component without a manifest is named after its file.
    ///
    /// # Errors
    /// [`InstallError`] when it is not a valid component with a manifest or with functions that can be tools.
    pub fn inspect_file(bytes: &[u8], file_name: &str) -> Result<Inspection, InstallError> {
        loader::inspect_file(bytes, file_name)
    }

    /// The same for a file that must have a manifest, such as one that is signed.
    ///
    /// # Errors
    /// [`InstallError`] when it is not a valid component with a manifest.
    pub fn inspect_packed(bytes: &[u8]) -> Result<Inspection, InstallError> {
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
        self.note().await;
    }

    /// What runs under an id.
    #[cfg(test)]
    pub(crate) async fn active(&self, id: &str) -> Arc<Generation> {
        self.slots.lock().await.active_of(id).cloned().unwrap_or_else(|| unreachable!("`{id}` does not run"))
    }

    fn status(&self, id: &str) -> Option<PluginStatus> {
        self.plugins().into_iter().find(|plugin| plugin.id == id)
    }

    /// Shows what is installed now, and lets go of what was replaced. What the next run has to know is noted behind.
    fn publish(&self, slots: &mut Slots) {
        self.view.store(Arc::new(View::of(slots)));
        for (generation, ending) in slots.ended() {
            let stop = self.stop.clone();
            self.tasks.spawn(async move { stop.run_until_cancelled(drain::drain(&generation, ending)).await });
        }
        self.unsaved.notify_one();
    }

    /// Writes down the gauges that nothing else moves; for the moment of a scrape.
    pub fn sample_metrics(&self) {
        let places = self.host.runtime.places();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let (in_use, capacity) = (places.taken as f64, places.all as f64);
        metrics::gauge!(telemetry::POOL_IN_USE.name).set(in_use);
        metrics::gauge!(telemetry::POOL_CAPACITY.name).set(capacity);
        self.probes().sample();
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

/// Counts a change of what runs, or a refusal to change it.
fn swapped(result: &'static str) {
    metrics::counter!(telemetry::SWAPS_TOTAL.name, "result" => result).increment(1);
}

/// What a person knows a file by.
fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
