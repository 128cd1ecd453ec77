//! Small guests, written as core modules in the text format and made components of the real contract, and a host for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::{Ambient, CountingEntropy, SystemClock};
use octi_domain::permission::Origin;
use octi_domain::plugin_limits::PluginLimits;
use octi_domain::principal::Principal;
use octi_extension::health::Healths;
use octi_extension::manifest::Manifest;
use octi_extension::services::{KvError, KvItem, KvScope, KvStore};
use octi_extension::tool::{CallContext, NoProgress, ToolError, ToolOutput, no_secrets};
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::guests::{component, with_manifest};
pub(crate) use octi_testkit::guests::{manifest, wat};
use octi_testkit::services::{Memory, Secrets};
use serde_json::Value;
use tokio_util::task::TaskTracker;

use crate::cache::Cache;
use crate::compile::Compiler;
use crate::engine::Runtime;
use crate::generation::{Code, Generation, Host};
use crate::loader;
use crate::places::Places;
use crate::probes::Probes;
use crate::state::Services;

/// A plugin file of a guest in the text format.
pub(crate) fn plugin(manifest: &Manifest, wat_text: &str) -> Vec<u8> {
    let core = wat::parse_str(wat_text).expect("valid text format");
    with_manifest(component(core, "", ""), manifest)
}

/// A plugin that returns that JSON.
pub(crate) fn answering(id: &str, version: &str, json: &str) -> Vec<u8> {
    plugin(&manifest(id, version, ""), &wat("", "", json))
}

/// A host call that takes until the test lets it go.
#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) entered: tokio::sync::Notify,
    pub(crate) open: tokio::sync::Notify,
}

#[async_trait::async_trait]
impl KvStore for Gate {
    async fn get(&self, _: &KvScope, _: &str) -> Result<Option<KvItem>, KvError> {
        Ok(None)
    }
    async fn set(&self, _: &KvScope, _: &str, _: Vec<u8>, _: Option<u64>) -> Result<u64, KvError> {
        Ok(1)
    }
    async fn delete(&self, _: &KvScope, _: &str) -> Result<(), KvError> {
        self.entered.notify_one();
        self.open.notified().await;
        Ok(())
    }
    async fn keys(&self, _: &KvScope, _: &str, _: Option<&str>, _: u32) -> Result<Vec<String>, KvError> {
        Ok(Vec::new())
    }
}

/// Crashes unless the result at 64 is good.
pub(crate) const EXPECT_GOOD: &str = "(if (i32.load8_u (i32.const 64)) (then unreachable))";

/// A plugin that waits at a [`Gate`], then does `body`, then answers with its version.
pub(crate) fn waiting(id: &str, version: &str, body: &str) -> Vec<u8> {
    let import = r#"(import "octi:kv/store@1.0.0" "delete" (func $delete (param i32 i32 i32)))"#;
    let body = format!("(call $delete (i32.const 1024) (i32.const 2) (i32.const 64)) {EXPECT_GOOD} {body}");
    let manifest = manifest(id, version, "[capabilities]\nkv = { bytes_max = 1000 }\n[limits]\ntime_ms = 600_000");
    plugin(&manifest, &wat(import, &body, &format!(r#"{{"version":"{version}"}}"#)))
}

pub(crate) fn processes() -> Arc<ProcessDoor> {
    Arc::new(ProcessDoor::new(ProcessConfig { launcher: PathBuf::from("/nonexistent"), level: Level::Off }))
}

/// Everybody has the secret `key`.
pub(crate) fn secrets() -> Secrets {
    Secrets::of("key", "s3cr3t-value-42")
}

/// An engine without a plugin folder.
pub(crate) fn host() -> Arc<Host> {
    host_of(Arc::new(Memory::default()), BTreeMap::new())
}

/// The same, whose administrator set those limits.
pub(crate) fn host_with(plugin_limits: impl Into<BTreeMap<String, PluginLimits>>) -> Arc<Host> {
    host_of(Arc::new(Memory::default()), plugin_limits.into())
}

/// The same with that memory for plugins.
pub(crate) fn host_on(kv: Arc<dyn KvStore>) -> Arc<Host> {
    host_of(kv, BTreeMap::new())
}

/// A host on a machine that gives this.
pub(crate) fn host_given(probes: Probes) -> Arc<Host> {
    host_around(Runtime::start_on(probes).expect("an engine"), Arc::new(Memory::default()), BTreeMap::new())
}

fn host_of(kv: Arc<dyn KvStore>, plugin_limits: BTreeMap<String, PluginLimits>) -> Arc<Host> {
    host_around(Runtime::start().expect("an engine"), kv, plugin_limits)
}

fn host_around(runtime: Arc<Runtime>, kv: Arc<dyn KvStore>, plugin_limits: BTreeMap<String, PluginLimits>) -> Arc<Host> {
    let services = Services {
        kv,
        processes: processes(),
        egress: Arc::default(),
        endpoints: Arc::default(),
        secrets: Arc::new(secrets()),
        ambient: Arc::new(Ambient::system()),
    };
    Arc::new(Host {
        runtime,
        cache: Cache::none(Compiler::InProcess),
        services,
        ambient: Ambient::system(),
        on_change: Arc::new(|_, _, _| ()),
        plugin_limits,
        healths: Healths::new(Ambient::system().now()),
        tasks: TaskTracker::new(),
    })
}

/// A generation of a plugin file.
pub(crate) fn generation(host: &Arc<Host>, bytes: Vec<u8>) -> Arc<Generation> {
    let inspection = loader::inspect(&bytes).expect("a plugin");
    Arc::new(Generation::new(host, inspection, Code::Bundled(bytes.leak()), Places::default()))
}

/// A generation of the plugin in a file.
pub(crate) fn generation_of(file: &Path) -> Generation {
    let inspection = loader::inspect(&std::fs::read(file).expect("a file")).expect("a plugin");
    Generation::new(&host(), inspection, Code::File(file.to_owned()), Places::default())
}

/// A call by some person, in that workspace.
pub(crate) fn context(workspace: PathBuf, time_max: Duration) -> CallContext {
    let ambient = Ambient::new(Arc::new(SystemClock), Arc::new(CountingEntropy::default()));
    CallContext {
        principal: person(&ambient),
        session_id: None,
        run_id: None,
        call_id: ambient.id(),
        origin: Origin::Chat,
        workspace,
        within: String::new(),
        time_max,
        progress: Arc::new(NoProgress),
        person: Arc::new(octi_extension::person::NobodyThere("nobody")),
        llm: Arc::new(octi_extension::llm::NoModel("no model")),
        redact: no_secrets(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is allowed to be anyone")]
fn person(ambient: &Ambient) -> Principal {
    Principal::authenticated(ambient.id(), false)
}

/// Calls the tool `run` of a generation as a registry would offer it.
pub(crate) async fn call(generation: &Arc<Generation>, arguments: Value) -> Result<ToolOutput, ToolError> {
    call_within(generation, arguments, Duration::from_secs(20)).await
}

pub(crate) async fn call_within(generation: &Arc<Generation>, arguments: Value, time: Duration) -> Result<ToolOutput, ToolError> {
    let folder = tempfile::tempdir().expect("a folder");
    let entry = generation.manifest().tools.get("run").cloned().unwrap_or_default();
    let tool = crate::tool::WasmTool::new(generation, "run", &entry);
    octi_extension::tool::Tool::call(&tool, context(folder.path().to_owned(), time), arguments).await
}
