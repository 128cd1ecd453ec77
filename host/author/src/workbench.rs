//! A throw-away engine with one plugin in it: the real engine, its real limits and doors, and nothing that outlives it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use octi_domain::ambient::{Ambient, SystemEntropy};
use octi_domain::ids::UserId;
use octi_domain::permission::Origin;
use octi_domain::principal::Principal;
use octi_engine::{Compiler, EngineConfig, PluginManager, Usage};
use octi_extension::channel::{Channel, ChannelContext};
use octi_extension::hook::{Hook, HookContext};
use octi_extension::llm::{Llm, NoModel};
use octi_extension::manifest::Manifest;
use octi_extension::person::{NobodyThere, Person};
use octi_extension::registry::Registry as _;
use octi_extension::role::Role;
use octi_extension::services::{KvError, KvScope, KvStore as _};
use octi_extension::skill::Skill;
use octi_extension::tool::{CallContext, NoProgress, ToolError, ToolOutput, no_secrets};
use octi_security::sandbox::egress::{Egress, Endpoints};
use octi_security::sandbox::process::ProcessDoor;
use serde_json::Value;
use url::Url;

use crate::error::AuthorError;
use crate::fakes::{CaseClock, KvFault, Memory, Secrets};
use crate::web::Web;

/// How long one call may take; the plugin's own limit is lower.
const CALL_TIME_MAX: Duration = Duration::from_secs(600);

/// Why a call by hand can ask nobody, and no model.
const NO_SCREEN: &str = "nobody can be asked here: write a case with `answers`, and run it with `octi plugin test`";
const NO_MODEL: &str = "no model answers here: write a case with `completions`, and run it with `octi plugin test`";

/// Who is there while a call runs.
pub(crate) struct Around {
    pub(crate) person: Arc<dyn Person>,
    pub(crate) llm: Arc<dyn Llm>,
}

/// What a workbench is made with.
pub struct WorkbenchConfig {
    /// Starts the programs that the plugin asks for.
    pub processes: Arc<ProcessDoor>,
    /// What compiles the plugin to native code.
    pub compiler: Compiler,
    /// Where compiled plugins are kept for the next time, and what they are sealed with; without it they go with the workbench.
    pub cache: Option<(PathBuf, [u8; 32])>,
    /// The door to the network; without it the plugin reaches only the web that a case describes.
    pub egress: Option<Arc<Egress>>,
    /// Addresses of the operator. In the scripted web there is `searxng` at `http://searxng.test/`.
    pub endpoints: Endpoints,
}

impl WorkbenchConfig {
    /// For cases: the scripted web and its endpoints.
    #[must_use]
    pub fn scripted(processes: ProcessDoor, compiler: Compiler) -> Self {
        let searxng = Url::parse("http://searxng.test/").ok();
        let endpoints = Endpoints::default().with("searxng", "OCTI_SEARXNG_URL", searxng);
        Self { processes: Arc::new(processes), compiler, cache: None, egress: None, endpoints }
    }
}

/// What a call gave, and what it used.
#[derive(Debug)]
pub struct Called {
    pub result: Result<ToolOutput, ToolError>,
    /// None when the call was refused before anything ran.
    pub usage: Option<Usage>,
}

/// The engine, and what stands around the plugin in it.
pub struct Workbench {
    manifest: Manifest,
    plugins: Arc<PluginManager>,
    processes: Arc<ProcessDoor>,
    ambient: Ambient,
    memory: Arc<Memory>,
    clock: Arc<CaseClock>,
    secrets: Arc<Secrets>,
    pub(crate) web: Web,
    /// The folders of plugins and of compiled code go with it.
    _folder: tempfile::TempDir,
}

impl std::fmt::Debug for Workbench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbench").field("plugin", &self.manifest.id).finish_non_exhaustive()
    }
}

impl Workbench {
    /// Starts an engine in which the plugin has what its manifest asks for. What it reaches of the network is the web that a case
    /// describes. A component without a manifest is named after its file.
    ///
    /// # Errors
    /// [`AuthorError`] when the engine cannot start, or refuses the plugin.
    pub async fn start(config: WorkbenchConfig, plugin: Vec<u8>, file_name: &str) -> Result<Self, AuthorError> {
        let folder = tempfile::tempdir().map_err(|error| AuthorError::file(&std::env::temp_dir(), &error))?;
        let inspection = PluginManager::inspect_file(&plugin, file_name);
        let manifest = inspection.map_err(|error| AuthorError::Refused(error.to_string()))?.manifest;
        let web = Web::start().await.map_err(|error| AuthorError::file(Path::new("127.0.0.1"), &error))?;
        let clock = Arc::new(CaseClock::default());
        let ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
        let (memory, secrets) = (Arc::new(Memory::default()), Arc::new(Secrets::default()));
        let processes = config.processes;
        let (cache_dir, cache_key) = config.cache.unwrap_or_else(|| (folder.path().join("compiled"), ambient.bytes()));
        let engine = EngineConfig {
            cache_dir,
            cache_key,
            compiler: config.compiler,
            plugin_limits: BTreeMap::new(),
            plugins_dir: Some(folder.path().join("plugins")),
            bundle: &[],
            kv: memory.clone(),
            processes: processes.clone(),
            egress: config.egress.unwrap_or_else(|| Arc::new(Egress::new(web.policy()))),
            endpoints: Arc::new(config.endpoints),
            secrets: secrets.clone(),
            ambient: ambient.clone(),
            on_change: Arc::new(|_, _, _| {}),
        };
        let plugins = PluginManager::start(engine).await?;
        let bench = Self { manifest, plugins, processes, ambient, memory, clock, secrets, web, _folder: folder };
        let installed = bench.plugins.install(plugin, file_name).await;
        match installed {
            Ok(_) => Ok(bench),
            Err(error) => {
                bench.stop().await;
                Err(AuthorError::Refused(error.to_string()))
            }
        }
    }

    /// What the plugin says of itself.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Somebody nobody has seen before: they have neither secrets nor anything that the plugin remembers.
    #[must_use]
    pub fn person(&self) -> UserId {
        self.ambient.id()
    }

    /// Gives a person a secret, for the header that the manifest binds it to.
    pub fn give_secret(&self, person: UserId, name: &str, value: &str) {
        self.secrets.set(person, name, value);
    }

    /// Lets the time that plugins read stand still there, or go on.
    pub(crate) fn set_time(&self, now: Option<DateTime<Utc>>) {
        self.clock.set(now);
    }

    /// Lets something go wrong with the memory of a person.
    pub(crate) fn fail_memory(&self, person: UserId, fault: Option<KvFault>) {
        self.memory.fail(person, fault);
    }

    fn scope(&self, person: UserId) -> KvScope {
        let bytes_max = self.manifest.capabilities.kv.map_or(0, |kv| kv.bytes_max);
        KvScope { plugin: self.manifest.id.clone(), user_id: person, bytes_max }
    }

    /// Lets the plugin remember something of a person.
    pub(crate) async fn remember(&self, person: UserId, key: &str, value: &str) -> Result<(), KvError> {
        self.memory.set(&self.scope(person), key, value.as_bytes().to_vec(), None).await.map(drop)
    }

    /// What the plugin remembers of a person.
    pub(crate) async fn remembered(&self, person: UserId, key: &str) -> Option<Vec<u8>> {
        self.memory.get(&self.scope(person), key).await.ok().flatten().map(|item| item.value)
    }

    /// Calls an operation of the plugin, with everything allowed that its manifest asks for. The result is what the plugin says, or
    /// the sandbox around it; [`ToolError::BadInput`] when there is no such operation.
    pub async fn call(&self, person: UserId, workspace: &Path, operation: &str, arguments: &Value) -> Called {
        let around = Around { person: Arc::new(NobodyThere(NO_SCREEN)), llm: Arc::new(NoModel(NO_MODEL)) };
        self.call_with(around, person, workspace, (operation, arguments)).await
    }

    /// The same with somebody to ask and a model that answers.
    pub(crate) async fn call_with(
        &self,
        around: Around,
        person: UserId,
        workspace: &Path,
        (operation, arguments): (&str, &Value),
    ) -> Called {
        let context = CallContext {
            principal: principal(person),
            session_id: None,
            run_id: None,
            call_id: self.ambient.id(),
            origin: Origin::Chat,
            workspace: workspace.to_path_buf(),
            within: String::new(),
            time_max: CALL_TIME_MAX,
            progress: Arc::new(NoProgress),
            person: around.person,
            llm: around.llm,
            redact: no_secrets(),
        };
        let (result, usage) = self.plugins.measure(&self.manifest.id, operation, context, arguments).await;
        Called { result, usage }
    }

    /// The plugin's skill, if it has one.
    pub(crate) fn skill(&self) -> Option<Arc<dyn Skill>> {
        self.plugins.snapshot().skills.values().next().cloned()
    }

    /// The plugin's hook, if it has one.
    pub(crate) fn hook(&self) -> Option<Arc<dyn Hook>> {
        self.plugins.snapshot().hooks.iter().find(|hook| hook.spec().plugin == self.manifest.id).cloned()
    }

    /// The plugin's channel, if it has one.
    pub(crate) fn channel(&self) -> Option<Arc<dyn Channel>> {
        self.plugins.snapshot().channels.get(&self.manifest.id).cloned()
    }

    /// Whose call a hook is told of.
    pub(crate) fn hook_context(&self, person: UserId) -> HookContext {
        let (principal, redact) = (principal(person), no_secrets());
        HookContext { principal, session_id: None, call_id: None, time_max: CALL_TIME_MAX, redact }
    }

    /// Who connected a channel.
    pub(crate) fn channel_context(&self, person: UserId) -> ChannelContext {
        ChannelContext { principal: principal(person), time_max: CALL_TIME_MAX, redact: no_secrets() }
    }

    /// The plugin's role, if it has one.
    pub(crate) fn role(&self) -> Option<Arc<dyn Role>> {
        self.plugins.snapshot().roles.values().next().cloned()
    }

    /// Ends it, with every program that the plugin started.
    pub async fn stop(self) {
        self.processes.shutdown().await;
        self.plugins.shutdown().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "somebody who exists in this engine only and owns nothing elsewhere")]
fn principal(person: UserId) -> Principal {
    Principal::authenticated(person, false)
}
