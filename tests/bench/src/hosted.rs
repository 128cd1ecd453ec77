//! octi's own parts, put together as `host/cli/src/compose.rs` does, without the gateway.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use async_trait::async_trait;
use octi_agents::{Agents, AgentsConfig, CallOptions, ModelSource, TurnOptions};
use octi_domain::ambient::Ambient;
use octi_domain::event::{Event, EventSink};
use octi_domain::permission::Origin;
use octi_domain::plugin_limits::PluginLimits;
use octi_domain::principal::Principal;
use octi_domain::run::{RunLimits, RunStatus};
use octi_engine::{Compiler, EngineConfig, PluginManager};
use octi_extension::registry::Registry;
use octi_extension::tool::{CallContext, NoProgress, Tool, no_secrets};
use octi_models::ChatModel;
use octi_models::scripted::{Answer, ScriptedModel};
use octi_security::guard::Redactor;
use octi_security::sandbox::fs::WorkFolder;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_store::Backend;
use octi_testkit::db::TestDb;
use octi_testkit::people;
use octi_testkit::services::{Memory, Secrets};
use secrecy::SecretString;
use serde_json::Value;

use crate::Paths;

/// Stands for what a host keeps out of results: its own token.
const SECRET: &str = "octi_local_0123456789abcdef0123456789abcdef";

/// Compiling takes minutes when instructions are counted.
const SETTLED_WITHIN: Duration = Duration::from_secs(600);

/// The engine with the bundled plugins and the benchmark's own guest.
pub(crate) struct Hosted {
    plugins: Arc<PluginManager>,
    processes: Arc<ProcessDoor>,
    ambient: Ambient,
    principal: Principal,
    workspace: PathBuf,
    /// Held so that the folder lives as long as the engine.
    _folder: tempfile::TempDir,
}

impl Hosted {
    /// Starts an engine with those plugin files. Compiled code is kept between runs.
    pub(crate) async fn start(paths: &Paths, files: &[PathBuf]) -> anyhow::Result<Self> {
        Self::start_with(paths, files, BTreeMap::new()).await
    }

    /// The same with what an administrator set for plugins.
    pub(crate) async fn start_with(
        paths: &Paths,
        files: &[PathBuf],
        plugin_limits: BTreeMap<String, PluginLimits>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        for file in files {
            let name = file.file_name().with_context(|| format!("`{}` is not a file", file.display()))?;
            std::fs::copy(file, folder.path().join(name)).with_context(|| format!("cannot copy `{}`", file.display()))?;
        }
        let ambient = Ambient::system();
        // No measured call starts a process.
        let processes = Arc::new(ProcessDoor::new(ProcessConfig { launcher: PathBuf::new(), level: Level::Off }));
        let config = EngineConfig {
            cache_dir: paths.work.join("cache"),
            cache_key: [7; 32],
            compiler: Compiler::InProcess,
            plugin_limits,
            plugins_dir: Some(folder.path().to_path_buf()),
            bundle: &[],
            kv: Arc::new(Memory::default()),
            processes: processes.clone(),
            egress: Arc::default(),
            endpoints: Arc::default(),
            secrets: Arc::new(Secrets::default()),
            ambient: ambient.clone(),
            on_change: Arc::new(|_, _, _| {}),
        };
        let plugins = PluginManager::start(config).await?;
        settled(&folder.path().join(".kept"), files.len()).await?;
        let principal = octi_testkit::db::principal(ambient.id());
        Ok(Self { plugins, processes, ambient, principal, workspace: paths.workspace.clone(), _folder: folder })
    }

    /// An installed tool.
    pub(crate) fn tool(&self, name: &str) -> anyhow::Result<Arc<dyn Tool>> {
        let snapshot = self.plugins.snapshot();
        snapshot.tools.get(name).cloned().with_context(|| {
            let problems: Vec<_> = self.plugins.plugins().into_iter().filter_map(|plugin| plugin.problem).collect();
            format!("the engine has no tool `{name}`; problems: {problems:?}")
        })
    }

    /// Installs a plugin, or swaps it for the version that runs.
    pub(crate) async fn install(&self, plugin: Vec<u8>, file_name: &str) -> anyhow::Result<()> {
        self.plugins.install(plugin, file_name).await.map(drop).with_context(|| format!("`{file_name}` cannot be installed"))
    }

    /// What a call that may take so long is made with.
    pub(crate) fn context(&self, time_max: Duration) -> CallContext {
        CallContext {
            principal: self.principal.clone(),
            session_id: None,
            run_id: None,
            call_id: self.ambient.id(),
            origin: Origin::Chat,
            workspace: self.workspace.clone(),
            within: String::new(),
            time_max,
            progress: Arc::new(NoProgress),
            person: Arc::new(octi_extension::person::NobodyThere("nobody")),
            llm: Arc::new(octi_extension::llm::NoModel("no model")),
            redact: no_secrets(),
        }
    }

    /// Calls a tool as the dispatch does, without the dispatch.
    pub(crate) async fn call(&self, tool: &Arc<dyn Tool>, arguments: Value) -> anyhow::Result<Value> {
        let output = tool.call(self.context(Duration::from_secs(30)), arguments).await;
        output.map(|output| output.content).map_err(|error| anyhow!("the call failed: {error}"))
    }

    /// Ends everything.
    pub(crate) async fn stop(self) {
        self.processes.shutdown().await;
        self.plugins.shutdown().await;
    }
}

/// Waits for what an engine does behind its start: it compiles each plugin, and last keeps a copy of its file. Only a long
/// measurement would hold that work otherwise, and look slower than a short one.
async fn settled(kept: &Path, copies: usize) -> anyhow::Result<()> {
    let is_copy = |entry: &std::fs::DirEntry| entry.path().extension().is_some_and(|extension| extension == "wasm");
    let deadline = Instant::now() + SETTLED_WITHIN;
    while std::fs::read_dir(kept).into_iter().flatten().flatten().filter(is_copy).count() < copies {
        if Instant::now() > deadline {
            bail!("the engine kept no copies of {copies} plugins within {SETTLED_WITHIN:?}: one of them may not compile");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Agents with a scripted model, on a database of their own.
pub(crate) struct Working {
    agents: Agents,
    model: ScriptedModel,
    principal: Principal,
    db: TestDb,
}

impl Working {
    /// Agents on the plugins of that engine. None when there is no such database.
    pub(crate) async fn start(hosted: &Hosted, backend: Backend) -> anyhow::Result<Option<Self>> {
        let Some(db) = TestDb::open(backend).await else { return Ok(None) };
        let ambient = Ambient::system();
        let principal = people::person(&db.store, &ambient, "ada").await;
        let model = ScriptedModel::new([]);
        let redactor = Arc::new(Redactor::new([("local-token".to_owned(), SecretString::from(SECRET))]));
        let workspace = hosted.workspace.clone();
        let agents = Agents::new(AgentsConfig {
            store: db.store.clone(),
            registry: hosted.plugins.clone(),
            models: Arc::new(OneModel(model.clone())),
            events: Arc::new(Nobody),
            ambient,
            limits: tokio::sync::watch::Sender::new(RunLimits::default()).subscribe(),
            workspace_of: Arc::new(move |_, _| Ok(WorkFolder { root: workspace.clone(), within: String::new() })),
            redactor: Arc::new(move |_| Arc::clone(&redactor)),
            role: "general".to_owned(),
        });
        Ok(Some(Self { agents, model, principal, db }))
    }

    /// How long each of so many calls took on the whole path: schema, permission, run, redact, bound, record. They are made in a
    /// task, as octi's own handlers and turns make them: a thread that blocks on the runtime would add a wake-up to each.
    pub(crate) async fn timed(&self, name: &str, arguments: &Value, calls: usize) -> anyhow::Result<Vec<Duration>> {
        let (agents, principal) = (self.agents.clone(), self.principal.clone());
        let (name, arguments) = (name.to_owned(), arguments.clone());
        let making = tokio::spawn(async move {
            let mut samples = Vec::with_capacity(calls);
            for _ in 0..calls {
                let arguments = arguments.clone();
                let begun = std::time::Instant::now();
                call(&agents, &principal, &name, arguments).await?;
                samples.push(begun.elapsed());
            }
            Ok(samples)
        });
        making.await?
    }

    /// Waits until everything is recorded.
    pub(crate) async fn flush(&self) {
        self.agents.flush().await;
    }

    /// One turn in a new conversation, from the message to the stored end; the model answers at once. Returns how long it took.
    pub(crate) async fn turn(&self, answers: Vec<Answer>) -> anyhow::Result<Duration> {
        let session = people::session(&self.db.store, &self.db.ambient, &self.principal).await;
        answers.into_iter().for_each(|answer| self.model.push(answer));
        let begun = std::time::Instant::now();
        let sent = self.agents.send(&self.principal, session, "how are you?".to_owned(), TurnOptions::default()).await?;
        self.agents.until_ended(&self.principal, sent.run_id).await;
        let took = begun.elapsed();
        self.agents.flush().await;
        let run = self.db.store.read(&self.principal).await?.run(sent.run_id).await?.context("the run is not stored")?;
        if run.status != RunStatus::Completed || self.model.left() > 0 {
            bail!("a turn ended as {:?} ({:?}) with {} answers left", run.status, run.reason, self.model.left());
        }
        Ok(took)
    }

    /// Ends everything.
    pub(crate) async fn stop(self) {
        self.agents.shutdown(Duration::ZERO).await;
        self.db.store.close().await;
    }
}

async fn call(agents: &Agents, principal: &Principal, name: &str, arguments: Value) -> anyhow::Result<()> {
    let outcome = agents.call_tool(principal, name, arguments, CallOptions::default()).await?;
    if outcome.is_error {
        bail!("`{name}` failed: {}", outcome.content);
    }
    Ok(())
}

struct OneModel(ScriptedModel);

#[async_trait]
impl ModelSource for OneModel {
    async fn model(&self, _principal: &Principal, _name: Option<&str>) -> Result<Arc<dyn ChatModel>, String> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// Nobody watches.
struct Nobody;

impl EventSink for Nobody {
    fn publish(&self, _event: Event) {}
}

/// Every plugin file of a folder.
pub(crate) fn plugin_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("no plugins in `{}`", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
