//! Small guests, written as core modules in the text format and made components of the real contract, and a host for them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::{Ambient, CountingEntropy, SystemClock};
use octi_domain::permission::Origin;
use octi_domain::plugin_limits::PluginLimits;
use octi_domain::principal::Principal;
use octi_extension::manifest::Manifest;
use octi_extension::services::{KvError, KvItem, KvScope, KvStore, SecretError, SecretSource};
use octi_extension::tool::{CallContext, NoProgress, ToolError, ToolOutput, no_secrets};
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use secrecy::SecretString;
use serde_json::Value;

use crate::cache::Cache;
use crate::compile::Compiler;
use crate::engine::Runtime;
use crate::generation::{Code, Generation, Host};
use crate::loader;
use crate::pack;
use crate::places::Places;
use crate::state::Services;

/// A core module with memory, an allocator, a `describe` without tools and a `call` that runs `body` and then returns
/// the JSON text at 1024. `top` goes before the functions: imports, types, more memories.
pub(crate) fn wat(top: &str, body: &str, json: &str) -> String {
    let escaped: String = json.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(module
  {top}
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 65536))
  (data (i32.const 1024) "{escaped}")
  (func (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get $new)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size 0) (i32.const 65536))))
      (br_if $fits (i32.ne (i32.const -1) (memory.grow 0
        (i32.add (i32.const 1) (i32.div_u (local.get $new) (i32.const 65536))))))
      unreachable)
    (local.get $at))
  (func (export "octi:plugin/tools@0.1.0#describe") (result i32) (i32.const 16))
  (func (export "octi:plugin/tools@0.1.0#call") (param $name i32) (param $name_len i32) (param $args i32) (param $args_len i32) (result i32)
    (local $i i32)
    {body}
    (i32.store (i32.const 36) (i32.const 1024))
    (i32.store (i32.const 40) (i32.const {length}))
    (i32.const 32)))"#,
        length = json.len(),
    )
}

/// A manifest with one tool `run`; `extra` is more TOML.
pub(crate) fn manifest(id: &str, version: &str, extra: &str) -> Manifest {
    let text = format!(
        "id = '{id}'\nversion = '{version}'\nwit = '0.1'\ndescription = 'A guest of the tests'\n{extra}\n[tools.run]\npermission = 'allow'\n"
    );
    let mut manifest = Manifest::from_toml(&text).expect("a valid manifest");
    for entry in manifest.tools.values_mut() {
        entry.description = "Runs".to_owned();
        entry.input_schema = Some(serde_json::json!({ "type": "object" }));
    }
    manifest
}

/// A plugin file of a guest in the text format.
pub(crate) fn plugin(manifest: &Manifest, wat_text: &str) -> Vec<u8> {
    let core = wat::parse_str(wat_text).expect("valid text format");
    let component = pack::component(core, "octi:plugin/tool-plugin").expect("a component");
    pack::with_manifest(component, manifest).expect("a plugin")
}

/// A plugin that returns that JSON.
pub(crate) fn answering(id: &str, version: &str, json: &str) -> Vec<u8> {
    plugin(&manifest(id, version, ""), &wat("", "", json))
}

/// Remembers nothing.
pub(crate) struct NoKv;

#[async_trait::async_trait]
impl KvStore for NoKv {
    async fn get(&self, _: &KvScope, _: &str) -> Result<Option<KvItem>, KvError> {
        Ok(None)
    }
    async fn set(&self, _: &KvScope, _: &str, _: Vec<u8>, _: Option<u64>) -> Result<u64, KvError> {
        Ok(1)
    }
    async fn delete(&self, _: &KvScope, _: &str) -> Result<(), KvError> {
        Ok(())
    }
    async fn keys(&self, _: &KvScope, _: &str, _: Option<&str>, _: u32) -> Result<Vec<String>, KvError> {
        Ok(Vec::new())
    }
}

/// Everybody has the secret `key`.
pub(crate) struct OneSecret;

#[async_trait::async_trait]
impl SecretSource for OneSecret {
    async fn secret(&self, _: &Principal, name: &str) -> Result<Option<SecretString>, SecretError> {
        Ok((name == "key").then(|| "s3cr3t-value-42".into()))
    }
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
    let import = r#"(import "octi:kv/store@0.1.0" "delete" (func $delete (param i32 i32 i32)))"#;
    let body = format!("(call $delete (i32.const 1024) (i32.const 2) (i32.const 64)) {EXPECT_GOOD} {body}");
    let manifest = manifest(id, version, "[capabilities]\nkv = { bytes_max = 1000 }\n[limits]\ntime_ms = 600_000");
    plugin(&manifest, &wat(import, &body, &format!(r#"{{"version":"{version}"}}"#)))
}

pub(crate) fn processes() -> Arc<ProcessDoor> {
    Arc::new(ProcessDoor::new(ProcessConfig { launcher: PathBuf::from("/nonexistent"), level: Level::Off }))
}

/// An engine without a plugin folder.
pub(crate) fn host() -> Arc<Host> {
    host_of(Arc::new(NoKv), BTreeMap::new())
}

/// The same, whose administrator set those limits.
pub(crate) fn host_with(plugin_limits: impl Into<BTreeMap<String, PluginLimits>>) -> Arc<Host> {
    host_of(Arc::new(NoKv), plugin_limits.into())
}

/// The same with that memory for plugins.
pub(crate) fn host_on(kv: Arc<dyn KvStore>) -> Arc<Host> {
    host_of(kv, BTreeMap::new())
}

fn host_of(kv: Arc<dyn KvStore>, plugin_limits: BTreeMap<String, PluginLimits>) -> Arc<Host> {
    let services =
        Services { kv, processes: processes(), egress: Arc::default(), endpoints: Arc::default(), secrets: Arc::new(OneSecret) };
    Arc::new(Host {
        runtime: Runtime::start().expect("an engine"),
        cache: Cache::none(Compiler::InProcess),
        services,
        ambient: Ambient::system(),
        on_change: Arc::new(|_, _, _| ()),
        plugin_limits,
    })
}

/// A generation of a plugin file.
pub(crate) fn generation(host: &Arc<Host>, bytes: Vec<u8>) -> Arc<Generation> {
    let inspection = loader::inspect(&bytes).expect("a plugin");
    Arc::new(Generation::new(host, inspection, Code::Bundled(bytes.leak()), Places::default()))
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
        time_max,
        progress: Arc::new(NoProgress),
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
