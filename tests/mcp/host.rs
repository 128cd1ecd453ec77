//! A host with servers: the real process door and egress door, turns on a scripted model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::ambient::Ambient;
use octi_domain::ids::{CallId, UserId};
use octi_domain::permission::Origin;
use octi_extension::llm::{Llm, NoModel};
use octi_extension::person::{NobodyThere, Person};
use octi_extension::registry::{Registry as _, Snapshot};
use octi_extension::services::SecretError;
use octi_extension::tool::{CallContext, NoProgress, Tool, ToolError, ToolOutput, no_secrets};
use octi_mcp::client::{ConfigError, Declared, Doors, Hub, Joined, Pin, ServerConfig, ServerSecrets, Source, Status};
use octi_security::sandbox::egress::{Egress, EgressPolicy, PrivateTargets};
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::fakes::{FakeRegistry, FakeRole};
use secrecy::SecretString;
use serde_json::{Value, json};

const LAUNCHER: &str = env!("CARGO_BIN_EXE_octi-test-launcher");
/// What `{{secret:KEY}}` stands for.
pub(crate) const SECRET: &str = "Zebra7-Quokka9-Lynx4-Heron2";

/// The servers, and what they share.
pub(crate) struct Host {
    /// Whoever makes the calls, and their model.
    people: People,
    pub(crate) hub: Arc<Hub>,
    pub(crate) registry: Arc<Joined>,
    pub(crate) home: tempfile::TempDir,
}

/// A person to ask, and their model.
#[derive(Clone)]
pub(crate) struct People(pub(crate) Arc<dyn Person>, pub(crate) Arc<dyn Llm>);

impl People {
    pub(crate) fn nobody() -> Self {
        Self(Arc::new(NobodyThere("nobody")), Arc::new(NoModel("no model")))
    }
}

/// One secret, and what was signed in with.
pub(crate) struct Vault {
    secrets: BTreeMap<&'static str, String>,
    pub(crate) tokens: Mutex<BTreeMap<String, SecretString>>,
}

impl Vault {
    pub(crate) fn of(secret: &str) -> Arc<Self> {
        Self::with([("KEY", secret)])
    }

    pub(crate) fn with<'a>(secrets: impl IntoIterator<Item = (&'static str, &'a str)>) -> Arc<Self> {
        let secrets = secrets.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        Arc::new(Self { secrets, tokens: Mutex::default() })
    }
}

#[async_trait]
impl ServerSecrets for Vault {
    async fn secret(&self, _owner: Option<UserId>, name: &str) -> Result<Option<SecretString>, SecretError> {
        Ok(self.secrets.get(name).cloned().map(SecretString::from))
    }

    async fn tokens(&self, _owner: Option<UserId>, server: &str) -> Result<Option<SecretString>, SecretError> {
        Ok(self.tokens.lock().expect("no panic").get(server).cloned())
    }

    async fn keep_tokens(&self, _owner: Option<UserId>, server: &str, tokens: Option<SecretString>) -> Result<(), SecretError> {
        let mut kept = self.tokens.lock().expect("no panic");
        kept.remove(server);
        kept.extend(tokens.map(|tokens| (server.to_owned(), tokens)));
        Ok(())
    }
}

impl Host {
    /// A host whose operator opened no private target.
    pub(crate) fn start() -> Self {
        Self::with_targets(&[])
    }

    /// A host whose operator opened these.
    pub(crate) fn with_targets(targets: &[&str]) -> Self {
        Self::with(targets.iter().copied(), Vault::of(SECRET), People::nobody())
    }

    /// The same, with a vault and people.
    pub(crate) fn with<'a>(targets: impl IntoIterator<Item = &'a str>, vault: Arc<Vault>, people: People) -> Self {
        let private = PrivateTargets::parse(targets).expect("targets");
        Self::through(Egress::new(EgressPolicy { private, ..EgressPolicy::default() }), vault, people)
    }

    /// A host with that way to the network.
    pub(crate) fn through(egress: Egress, vault: Arc<Vault>, people: People) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let egress = Arc::new(egress);
        let config = ProcessConfig { launcher: LAUNCHER.into(), level: Level::Auto };
        let processes = ProcessDoor::new(config).with_egress(egress.clone()).hiding(home.path());
        let doors = Doors::new(Arc::new(processes), &egress, vault, home.path().join("mcp"), Ambient::system());
        let hub = Arc::new(Hub::new(doors));
        let plugins = Arc::new(FakeRegistry::default());
        plugins.install_role(FakeRole::new("general"));
        let registry = Arc::new(Joined::new(plugins, hub.clone()));
        Self { people, hub, registry, home }
    }

    /// Adds a server.
    pub(crate) fn add(&self, name: &str, config: Value) -> &Self {
        self.add_pinned(name, config, Vec::new())
    }

    pub(crate) fn add_pinned(&self, name: &str, config: Value, pins: Vec<Pin>) -> &Self {
        self.declare(name, config, pins).expect("a good configuration");
        self
    }

    /// Adds a server whose configuration may be refused.
    pub(crate) fn declare(&self, name: &str, config: Value, pins: Vec<Pin>) -> Result<(), ConfigError> {
        let config: ServerConfig = serde_json::from_value(config).expect("a configuration");
        self.hub.declare(Declared { name: name.to_owned(), config, owner: None, source: Source::Database, pins })
    }

    /// The directory of a server.
    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        self.home.path().join("mcp").join(name)
    }

    pub(crate) fn status(&self, name: &str) -> Status {
        self.hub.status(name).expect("a server")
    }

    pub(crate) fn tools(&self) -> Arc<Snapshot> {
        self.registry.snapshot()
    }

    /// Lists what there is, as an agent does.
    pub(crate) async fn list(&self, arguments: Value) -> Result<Value, ToolError> {
        let tool = self.tools().tools["mcp__list_tools"].clone();
        tool.call(context(&self.people), arguments).await.map(|output| output.content)
    }

    /// Calls a tool the way the dispatch does, without its questions.
    pub(crate) async fn call(&self, server: &str, tool: &str, arguments: Value) -> Result<Value, ToolError> {
        let caller = self.tools().tools["mcp__call_tool"].clone();
        let given = json!({"server": server, "tool": tool, "arguments": arguments});
        let (target, passed) = caller.target(&given).await?.expect("another tool");
        target.call(context(&self.people), passed).await.map(|output| output.content)
    }
}

/// Runs a tool itself, for nobody who could be asked.
pub(crate) async fn run(tool: &Arc<dyn Tool>, arguments: Value) -> Result<ToolOutput, ToolError> {
    tool.call(context(&People::nobody()), arguments).await
}

fn context(people: &People) -> CallContext {
    let ambient = octi_domain::ambient::Ambient::system();
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
        person: people.0.clone(),
        llm: people.1.clone(),
        redact: no_secrets(),
    }
}

/// A server that misbehaves in this way.
pub(crate) fn hostile(mode: &str) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("mcp/hostile.py");
    json!({"command": "/usr/bin/python3", "args": [script, mode], "read": [script.parent()]})
}

/// The reference server; none when it is not installed.
#[expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]
pub(crate) fn everything() -> Option<PathBuf> {
    let installed = std::env::var_os("OCTI_TEST_MCP_SERVER").map(PathBuf::from).or_else(|| {
        let peers = std::env::var_os("OCTI_PEERS_DIR").map(PathBuf::from);
        let peers = peers.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/octi/peers")))?;
        let package = "mcp-everything-2026.8.31/node_modules/@modelcontextprotocol/server-everything/dist/index.js";
        Some(peers.join(package)).filter(|path| path.is_file())
    });
    if installed.is_none() {
        eprintln!("skipped: the reference server is not installed; run `tests/peers/mcp-everything.sh`");
    }
    installed
}

/// The reference server as a program of this host.
pub(crate) fn everything_stdio(program: &Path) -> Value {
    // The folder that everything of it was installed to.
    let installed = program.ancestors().nth(5).expect("the package lies deeper");
    json!({"command": "/usr/bin/node", "args": [program, "stdio"], "read": [installed]})
}
