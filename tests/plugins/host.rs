//! A real engine with the packed plugins, a process door, and a memory for plugins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::permission::Origin;
use octi_domain::principal::Principal;
use octi_engine::{Compiler, EngineConfig, PluginManager};
use octi_extension::registry::Registry;
use octi_extension::services::{KvError, KvItem, KvScope, KvStore, SecretError, SecretSource};
use octi_extension::tool::{CallContext, NoProgress, ToolError, ToolOutput, no_secrets};
use octi_security::sandbox::egress::Endpoints;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use secrecy::SecretString;
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
            secrets: Arc::new(Nothing),
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

/// Nobody has a secret.
struct Nothing;

#[async_trait]
impl SecretSource for Nothing {
    async fn secret(&self, _: &Principal, _: &str) -> Result<Option<SecretString>, SecretError> {
        Ok(None)
    }
}

/// A memory for plugins that is gone with the test.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<(String, UserId, String), KvItem>>);

#[async_trait]
impl KvStore for Memory {
    async fn get(&self, scope: &KvScope, key: &str) -> Result<Option<KvItem>, KvError> {
        let items = self.0.lock().expect("no test panics while it holds the lock");
        Ok(items.get(&(scope.plugin.clone(), scope.user_id, key.to_owned())).cloned())
    }

    async fn set(&self, scope: &KvScope, key: &str, value: Vec<u8>, expected: Option<u64>) -> Result<u64, KvError> {
        let mut items = self.0.lock().expect("no test panics while it holds the lock");
        let place = (scope.plugin.clone(), scope.user_id, key.to_owned());
        let actual = items.get(&place).map_or(0, |item| item.version);
        if expected.is_some_and(|expected| expected != actual) {
            return Err(KvError::Conflict { actual });
        }
        items.insert(place, KvItem { value, version: actual + 1 });
        Ok(actual + 1)
    }

    async fn delete(&self, scope: &KvScope, key: &str) -> Result<(), KvError> {
        let mut items = self.0.lock().expect("no test panics while it holds the lock");
        items.remove(&(scope.plugin.clone(), scope.user_id, key.to_owned()));
        Ok(())
    }

    async fn keys(&self, scope: &KvScope, prefix: &str, start: Option<&str>, max: u32) -> Result<Vec<String>, KvError> {
        let items = self.0.lock().expect("no test panics while it holds the lock");
        let mine = items.keys().filter(|(plugin, user, _)| *plugin == scope.plugin && *user == scope.user_id);
        let keys =
            mine.map(|(_, _, key)| key).filter(|key| key.starts_with(prefix) && start.is_none_or(|start| key.as_str() > start));
        Ok(keys.take(max as usize).cloned().collect())
    }
}
