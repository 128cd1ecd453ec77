//! A real engine with the packed plugins, a process door, and a memory for plugins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::permission::Origin;
use octi_engine::{Compiler, EngineConfig, PluginManager};
use octi_extension::registry::Registry;
use octi_extension::tool::{CallContext, NoProgress, ToolError, ToolOutput, no_secrets};
use octi_security::sandbox::egress::Endpoints;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::services::{Memory, Secrets};
use serde_json::Value;

use crate::web::Web;

/// Everything a call needs.
pub(crate) struct TestHost {
    plugins: Arc<PluginManager>,
    processes: Arc<ProcessDoor>,
    ambient: Ambient,
    pub(crate) web: Web,
    /// Held so that the folder lives as long as the host.
    _plugins_dir: tempfile::TempDir,
}

fn target() -> PathBuf {
    let launcher = Path::new(env!("CARGO_BIN_EXE_octi-test-launcher"));
    launcher.ancestors().nth(2).expect("the launcher is in <target>/<profile>").to_path_buf()
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where the plugins are")]
fn bundle() -> PathBuf {
    let bundle = std::env::var_os("OCTI_PLUGIN_BUNDLE").map_or_else(|| target().join("octi-plugins"), PathBuf::from);
    assert!(bundle.join("filesystem.wasm").is_file(), "no plugins in {}: run `cargo xtask wasm`", bundle.display());
    bundle
}

impl TestHost {
    pub(crate) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// With other addresses of the operator.
    pub(crate) async fn start_with(endpoints: Option<Endpoints>) -> Self {
        let web = Web::start().await;
        let plugins_dir = tempfile::tempdir().expect("a temporary folder");
        for entry in std::fs::read_dir(bundle()).expect("the plugins can be listed") {
            let path = entry.expect("an entry").path();
            std::fs::copy(&path, plugins_dir.path().join(path.file_name().expect("a name"))).expect("a plugin can be copied");
        }
        let ambient = Ambient::system();
        let launcher = PathBuf::from(env!("CARGO_BIN_EXE_octi-test-launcher"));
        let processes = Arc::new(ProcessDoor::new(ProcessConfig { launcher, level: Level::Auto }));
        println!("sandbox: {}", processes.probe().await.expect("the sandbox can be probed"));
        let config = EngineConfig {
            cache_dir: target().join("octi-test-cache"),
            cache_key: [7; 32],
            compiler: Compiler::InProcess,
            plugin_limits: BTreeMap::new(),
            plugins_dir: Some(plugins_dir.path().to_path_buf()),
            bundle: &[],
            kv: Arc::new(Memory::default()),
            processes: processes.clone(),
            ambient: ambient.clone(),
            on_change: Arc::new(|_, _, _| {}),
            egress: Arc::new(web.egress()),
            endpoints: Arc::new(endpoints.unwrap_or_else(|| web.endpoints())),
            secrets: Arc::new(Secrets::default()),
        };
        let plugins = PluginManager::start(config).await.expect("the engine starts");
        Self { plugins, processes, ambient, web, _plugins_dir: plugins_dir }
    }

    /// A person nobody has seen before: their memory is empty.
    pub(crate) fn person(&self) -> UserId {
        self.ambient.id()
    }

    pub(crate) async fn call(
        &self,
        person: UserId,
        workspace: &Path,
        name: &str,
        arguments: Value,
    ) -> Result<ToolOutput, ToolError> {
        let snapshot = self.plugins.snapshot();
        let tool = snapshot.tools.get(name).unwrap_or_else(|| panic!("there is no tool `{name}`"));
        let context = CallContext {
            principal: octi_testkit::db::principal(person),
            session_id: None,
            run_id: None,
            call_id: self.ambient.id(),
            origin: Origin::Chat,
            workspace: workspace.to_path_buf(),
            time_max: Duration::from_secs(600),
            progress: Arc::new(NoProgress),
            redact: no_secrets(),
        };
        tool.call(context, arguments).await
    }

    pub(crate) async fn stop(self) {
        self.processes.shutdown().await;
        self.plugins.shutdown().await;
    }
}
