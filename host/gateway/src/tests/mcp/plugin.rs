//! The plugin of the conformance suite on the real engine. The suite knows no plugins, so its tools go by their own names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use octi_domain::ambient::Ambient;
use octi_engine::{Compiler, EngineConfig, PluginManager};
use octi_extension::health::HealthReport;
use octi_extension::registry::{PluginStatus, Registry, Snapshot};
use octi_extension::skill::SkillProblem;
use octi_extension::tool::{CallContext, Tool, ToolError, ToolOutput, ToolSpec};
use octi_security::sandbox::egress::{Egress, EgressPolicy, Endpoints};
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::services::{Memory, Secrets};
use serde_json::Value;

/// A host of plugins. Its folder is gone with it.
pub(super) struct Plugins {
    pub(super) manager: Arc<PluginManager>,
    _home: tempfile::TempDir,
}

impl Plugins {
    pub(super) async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let (cache_dir, plugins_dir) = (home.path().join("cache"), home.path().join("plugins"));
        for folder in [&cache_dir, &plugins_dir] {
            std::fs::create_dir(folder).unwrap();
        }
        let config = EngineConfig {
            cache_dir,
            cache_key: [7; 32],
            compiler: Compiler::InProcess,
            plugin_limits: BTreeMap::new(),
            plugins_dir: Some(plugins_dir),
            bundle: &[],
            kv: Arc::new(Memory::default()),
            processes: Arc::new(ProcessDoor::new(ProcessConfig { launcher: "no-launcher".into(), level: Level::Auto })),
            egress: Arc::new(Egress::new(EgressPolicy::default())),
            endpoints: Arc::new(Endpoints::default()),
            secrets: Arc::new(Secrets::of("token", "none")),
            ambient: Ambient::system(),
            on_change: Arc::new(|_, _, _| {}),
        };
        Self { manager: PluginManager::start(config).await.unwrap(), _home: home }
    }

    /// Installs the plugin of the suite; false when nobody built it.
    pub(super) async fn install_fixture(&self) -> bool {
        let Some(bytes) = fixture() else { return false };
        self.manager.install(bytes, "conformance.wasm").await.unwrap();
        true
    }
}

/// What `cargo xtask wasm` packed, beside the folder that this very test was compiled to.
fn fixture() -> Option<Vec<u8>> {
    let program = std::env::current_exe().unwrap();
    let file: PathBuf = program.ancestors().nth(3).unwrap().join("octi-fixtures/conformance.wasm");
    let bytes = std::fs::read(&file).ok();
    if bytes.is_none() {
        eprintln!("skipped: there is no `{}`; `cargo xtask wasm` builds it", file.display());
    }
    bytes
}

/// Tools by the names of their operations alone.
pub(super) struct Bare(pub(super) Arc<PluginManager>);

struct Renamed {
    spec: ToolSpec,
    tool: Arc<dyn Tool>,
}

#[async_trait]
impl Tool for Renamed {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, context: CallContext, arguments: Value) -> Result<ToolOutput, ToolError> {
        self.tool.call(context, arguments).await
    }
}

impl Registry for Bare {
    fn snapshot(&self) -> Arc<Snapshot> {
        let mut snapshot = Snapshot::clone(&self.0.snapshot());
        snapshot.roles = super::super::fakes::FakeRegistry.snapshot().roles.clone();
        let renamed = snapshot.tools.values().map(|tool| {
            let name = tool.spec().operation.clone();
            let spec = ToolSpec { name: name.clone(), ..tool.spec().clone() };
            (name, Arc::new(Renamed { spec, tool: Arc::clone(tool) }) as Arc<dyn Tool>)
        });
        snapshot.tools = renamed.collect();
        Arc::new(snapshot)
    }

    fn plugins(&self) -> Vec<PluginStatus> {
        self.0.plugins()
    }

    fn health(&self) -> Option<HealthReport> {
        self.0.health()
    }

    fn skill_problems(&self) -> Vec<SkillProblem> {
        self.0.skill_problems()
    }
}
