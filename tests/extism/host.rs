//! A host with modules: the real process door and egress door, and the bridge that was built for these tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::ambient::Ambient;
use octi_domain::ids::{CallId, UserId};
use octi_domain::permission::Origin;
use octi_extension::registry::{PluginStatus, Registry};
use octi_extension::services::SecretError;
use octi_extension::tool::{CallContext, NoProgress, ToolError, no_secrets};
use octi_mcp::client::{Doors, ExtismError, ExtismFile, ExtismModules, Hub, Joined, ServerSecrets, WithModules};
use octi_security::sandbox::egress::{Egress, EgressPolicy, PrivateTargets};
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::fakes::{FakeRegistry, FakeRole};
use secrecy::SecretString;
use serde_json::{Value, json};

const LAUNCHER: &str = env!("CARGO_BIN_EXE_octi-test-launcher");
/// What `{{secret:KEY}}` stands for.
pub(crate) const SECRET: &str = "Zebra7-Quokka9-Lynx4-Heron2";

/// The modules, and what they run in.
pub(crate) struct Host {
    pub(crate) hub: Arc<Hub>,
    pub(crate) modules: Arc<ExtismModules>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) home: Arc<tempfile::TempDir>,
}

struct OneSecret;

#[async_trait]
impl ServerSecrets for OneSecret {
    async fn secret(&self, _owner: Option<UserId>, name: &str) -> Result<Option<SecretString>, SecretError> {
        Ok((name == "KEY").then(|| SecretString::from(SECRET.to_owned())))
    }

    async fn tokens(&self, _owner: Option<UserId>, _server: &str) -> Result<Option<SecretString>, SecretError> {
        Ok(None)
    }

    async fn keep_tokens(&self, _owner: Option<UserId>, _server: &str, _tokens: Option<SecretString>) -> Result<(), SecretError> {
        Ok(())
    }
}

/// The bridge; none when nobody built it for these tests.
#[expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]
pub(crate) fn bridge() -> Option<PathBuf> {
    let built = std::env::var_os("OCTI_TEST_EXTISM_BRIDGE").map(PathBuf::from);
    match &built {
        Some(bridge) => assert!(bridge.is_file(), "OCTI_TEST_EXTISM_BRIDGE names `{}`, which is not there", bridge.display()),
        None => eprintln!("skipped: OCTI_TEST_EXTISM_BRIDGE is not set; `cargo xtask extism` builds what it names"),
    }
    built
}

/// A module of these tests.
pub(crate) fn module(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("extism/modules").join(format!("{name}.wasm"))
}

impl Host {
    /// A host whose operator opened no private target.
    pub(crate) fn start() -> Option<Self> {
        Self::with_targets(&[])
    }

    /// A host whose operator opened these.
    pub(crate) fn with_targets(targets: &[&str]) -> Option<Self> {
        Some(Self::at(Arc::new(tempfile::tempdir().expect("a folder")), bridge()?, targets))
    }

    /// A host on that home, as after a restart.
    pub(crate) fn at(home: Arc<tempfile::TempDir>, bridge: PathBuf, targets: &[&str]) -> Self {
        let plugins = Arc::new(FakeRegistry::default());
        plugins.install_role(FakeRole::new("general"));
        Self::beside(plugins, home, bridge, targets)
    }

    /// A host whose other plugins are these.
    pub(crate) fn beside(plugins: Arc<dyn Registry>, home: Arc<tempfile::TempDir>, bridge: PathBuf, targets: &[&str]) -> Self {
        let private = PrivateTargets::parse(targets.iter().copied()).expect("targets");
        let egress = Arc::new(Egress::new(EgressPolicy { private, ..EgressPolicy::default() }));
        let config = ProcessConfig { launcher: LAUNCHER.into(), level: Level::Auto };
        let processes = ProcessDoor::new(config).with_egress(egress.clone()).hiding(home.path());
        let hub = Arc::new(Hub::new(Doors::new(
            Arc::new(processes),
            &egress,
            Arc::new(OneSecret),
            home.path().join("mcp"),
            Ambient::system(),
        )));
        let modules = Arc::new(ExtismModules::new(hub.clone(), home.path().join("extism"), bridge));
        let joined = Arc::new(Joined::new(plugins, hub.clone()));
        let registry = Arc::new(WithModules::new(joined, modules.clone()));
        Self { hub, modules, registry, home }
    }

    /// Installs bytes under that file name, granted nothing.
    pub(crate) async fn install(&self, name: &str, bytes: Vec<u8>) -> Result<PluginStatus, ExtismError> {
        self.install_with(name, bytes, &[], &[]).await
    }

    pub(crate) async fn install_with(
        &self,
        name: &str,
        bytes: Vec<u8>,
        network: &[&str],
        config: &[(&str, &str)],
    ) -> Result<PluginStatus, ExtismError> {
        let found = octi_engine::extism_module(&bytes).expect("it is readable").expect("it is a module of Extism");
        let file = ExtismFile {
            file_name: format!("{name}.wasm"),
            bytes,
            digest: found.digest,
            network: network.iter().map(|&host| host.to_owned()).collect(),
            config: config.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>(),
        };
        Box::pin(self.modules.install(Ambient::system().id(), file)).await
    }

    /// The module of these tests that does a little of everything.
    pub(crate) async fn words(&self) -> PluginStatus {
        self.install("words", std::fs::read(module("words")).expect("the module")).await.expect("it is installed")
    }

    /// Calls a tool by the name that models know, without the dispatch's questions.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Result<Value, ToolError> {
        let tool = self.registry.snapshot().tools.get(tool).cloned().unwrap_or_else(|| panic!("there is no tool `{tool}`"));
        tool.call(context(), arguments).await.map(|output| output.content)
    }

    /// Calls a function with a text, and gives its text.
    pub(crate) async fn ask(&self, tool: &str, input: &str) -> Result<String, String> {
        let answer = self.call(tool, json!({ "input": input })).await.map_err(|error| error.to_string())?;
        Ok(answer["text"].as_str().expect("a text").to_owned())
    }
}

fn context() -> CallContext {
    let ambient = Ambient::system();
    CallContext {
        principal: octi_testkit::db::principal(ambient.id()),
        session_id: None,
        run_id: None,
        call_id: ambient.id::<CallId>(),
        origin: Origin::Chat,
        workspace: PathBuf::new(),
        within: String::new(),
        time_max: Duration::from_secs(120),
        progress: Arc::new(NoProgress),
        person: Arc::new(octi_extension::person::NobodyThere("nobody")),
        llm: Arc::new(octi_extension::llm::NoModel("no model")),
        redact: no_secrets(),
    }
}
