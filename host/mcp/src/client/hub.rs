//! Every server of this host, and the tools that agents see of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_extension::health::{HealthReport, Healths, PluginHealth};
use octi_extension::registry::{PluginStatus, Registry, Snapshot};
use octi_extension::skill::SkillProblem;
use octi_extension::tool::Tool;
use octi_security::sandbox::egress::{Caps, Egress};
use octi_security::sandbox::process::ProcessDoor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::breaker::BreakerState;
use super::catalog::{self, Catalog, may_be_promoted};
use super::config::{ConfigError, ServerConfig, check_name};
use super::failure::Failure;
use super::oauth::Account;
use super::pin::{Described, Pin, PinState};
use super::secrets::ServerSecrets;
use super::server::Server;
use super::tools::{CallTool, ListTools};

/// The servers, by name.
pub(super) type Servers = ArcSwap<BTreeMap<String, Arc<Server>>>;
type Tools = BTreeMap<String, Arc<dyn Tool>>;

/// The ways out that servers are started and reached by.
pub struct Doors {
    pub(super) processes: Arc<ProcessDoor>,
    pub(super) egress: Arc<Egress>,
    pub(super) secrets: Arc<dyn ServerSecrets>,
    /// Where each program has a directory of its own.
    pub(super) home: PathBuf,
    pub(super) ambient: Ambient,
    /// How each server has been doing, by its name.
    pub(super) healths: Healths,
    pub(super) tasks: TaskTracker,
    /// Ends what was started before anybody needed it.
    stop: CancellationToken,
}

impl Doors {
    /// The host's own doors; streams of remote servers may last longer than other requests.
    #[must_use]
    pub fn new(
        processes: Arc<ProcessDoor>,
        egress: &Egress,
        secrets: Arc<dyn ServerSecrets>,
        home: PathBuf,
        ambient: Ambient,
    ) -> Self {
        let caps = Caps {
            wire_bytes: limits::MCP_STREAM_BYTES_MAX,
            body_bytes: limits::MCP_STREAM_BYTES_MAX,
            time: Duration::from_secs(limits::MCP_SESSION_HOURS_MAX * 60 * 60),
            ..Caps::default()
        };
        let egress = Arc::new(egress.with_caps(caps));
        let healths = Healths::new(ambient.now());
        Self { processes, egress, secrets, home, ambient, healths, tasks: TaskTracker::new(), stop: CancellationToken::new() }
    }
}

/// Where a server was configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// In `mcp.json`.
    File,
    /// By an administrator, in the database.
    Database,
    /// As a plugin: a module of Extism.
    Extism,
}

/// A server as it was configured.
#[derive(Debug, Clone)]
pub struct Declared {
    pub name: String,
    pub config: ServerConfig,
    /// Whose secrets it uses; none for whoever owns this installation.
    pub owner: Option<UserId>,
    pub source: Source,
    pub pins: Vec<Pin>,
}

/// A server as people see it.
#[derive(Debug, Clone)]
pub struct Status {
    pub name: String,
    pub config: ServerConfig,
    pub source: Source,
    pub running: bool,
    pub version: String,
    pub breaker: BreakerState,
    /// How long it is still left alone.
    pub rests_for: Option<Duration>,
    pub problem: Option<String>,
    /// Of a remote server: whether somebody signed in to it.
    pub signed_in: SignedIn,
    /// Empty until it ran once, but for what was accepted.
    pub tools: Vec<ToolStatus>,
    /// Why tools cannot be called.
    pub left_out: Vec<String>,
}

/// Whether a server is signed in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignedIn {
    /// It is not one that could be, or did not ask for it.
    #[default]
    NotNeeded,
    /// It asks for it, or for more.
    Wanted,
    Yes,
}

/// A tool as an administrator sees it.
#[derive(Debug, Clone)]
pub struct ToolStatus {
    pub name: String,
    pub state: PinState,
    /// As the server describes it now, when it ran.
    pub now: Option<Described>,
    pub accepted: Option<Described>,
}

/// The servers of this host. Share it in an [`Arc`].
pub struct Hub {
    doors: Arc<Doors>,
    servers: Arc<Servers>,
    /// As configured, disabled ones too.
    declared: Mutex<BTreeMap<String, Declared>>,
    tools: ArcSwap<Tools>,
}

impl Hub {
    /// A hub without servers.
    #[must_use]
    pub fn new(doors: Doors) -> Self {
        Self { doors: Arc::new(doors), servers: Arc::default(), declared: Mutex::default(), tools: ArcSwap::default() }
    }

    /// Adds a server, or changes the one of that name, whose connection ends then.
    ///
    /// # Errors
    /// When the name, the configuration or the number of servers is out of bounds.
    pub fn declare(&self, declared: Declared) -> Result<(), ConfigError> {
        self.may_declare(&declared)?;
        let checked = declared.config.checked()?;
        let mut all = self.declared();
        let (name, is_on) = (declared.name.clone(), !declared.config.disabled);
        let pins = declared.pins.iter().map(|pin| (pin.tool.clone(), pin.accepted.clone())).collect();
        let server = Server::new((name.clone(), declared.owner), (declared.config.clone(), checked), pins, self.doors.clone());
        let server = Arc::new(server);
        all.insert(name.clone(), declared);
        self.change(|servers| {
            servers.remove(&name);
            if is_on {
                servers.insert(name, server);
            }
        });
        Ok(())
    }

    /// Whether a server could be added or changed so.
    ///
    /// # Errors
    /// Like [`Self::declare`].
    pub fn may_declare(&self, declared: &Declared) -> Result<(), ConfigError> {
        check_name(&declared.name)?;
        declared.config.check()?;
        let all = self.declared();
        if !all.contains_key(&declared.name) && all.len() >= limits::MCP_SERVERS_MAX {
            let why = format!("this host has {} servers already, and no more are allowed: remove one", limits::MCP_SERVERS_MAX);
            return Err(ConfigError::new("name", why));
        }
        Ok(())
    }

    /// Removes a server and ends its connection; whether there was one.
    pub fn remove(&self, name: &str) -> bool {
        let mut all = self.declared();
        let was_there = all.remove(name).is_some();
        self.change(|servers| drop(servers.remove(name)));
        was_there
    }

    /// Starts the servers that are to run before anybody needs them; returns at once.
    pub fn start_eager(&self) {
        for server in self.servers.load().values().filter(|server| server.config.auto_start) {
            let started = Arc::clone(server);
            // What goes wrong is counted, logged and shown like that of any call.
            let stop = self.doors.stop.clone();
            self.doors.tasks.spawn(async move { drop(Box::pin(stop.run_until_cancelled(started.catalog())).await) });
        }
    }

    /// Every server, as it is now.
    #[must_use]
    pub fn statuses(&self) -> Vec<Status> {
        let servers = self.servers.load();
        self.declared().values().map(|declared| status(declared, servers.get(&declared.name))).collect()
    }

    /// One server, as it is now.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<Status> {
        let servers = self.servers.load();
        self.declared().get(name).map(|declared| status(declared, servers.get(name)))
    }

    /// A report of how servers have been doing, of none yet.
    pub(super) fn nothing_counted(&self) -> HealthReport {
        HealthReport { since: self.doors.healths.since(), plugins: Vec::new() }
    }

    /// How the server of that name has been doing, as the plugin of that id.
    pub(super) fn health(&self, name: &str, id: &str) -> PluginHealth {
        self.doors.healths.of(name).told(id)
    }

    /// Where each program has a directory of its own.
    pub(super) fn homes(&self) -> PathBuf {
        self.doors.home.clone()
    }

    /// What a server would offer, without adding it: it is started and ended.
    pub(super) async fn probe(&self, declared: &Declared) -> Result<Arc<Catalog>, String> {
        let checked = declared.config.checked().map_err(|error| error.to_string())?;
        let of = (declared.name.clone(), declared.owner);
        let server = Arc::new(Server::new(of, (declared.config.clone(), checked), BTreeMap::new(), self.doors.clone()));
        let catalog = Box::pin(server.catalog()).await;
        server.stop().await;
        catalog.map_err(|failure| match failure {
            Failure::Broken { why, .. } => why,
            failure => failure.to_string(),
        })
    }

    /// Starts or reaches a server and lists its tools.
    ///
    /// # Errors
    /// A text that says why it does not work.
    pub async fn test(&self, name: &str) -> Result<(), String> {
        let server = self.server(name)?;
        server.catalog().await.map(drop).map_err(|failure| failure.to_string())
    }

    /// Ends the connection of a server, and forgets its failures; the next call starts it.
    ///
    /// # Errors
    /// When there is no such server, or it is disabled.
    pub async fn restart(&self, name: &str) -> Result<(), String> {
        let server = self.server(name)?;
        server.stop().await;
        server.reset();
        Ok(())
    }

    /// Lets the next call through, whatever failed before.
    ///
    /// # Errors
    /// When there is no such server, or it is disabled.
    pub fn reset(&self, name: &str) -> Result<(), String> {
        self.server(name).map(|server| server.reset())
    }

    /// Begins a sign-in: the address that the person opens, whose browser is sent on to `redirect_uri` then.
    ///
    /// # Errors
    /// A text that says why it cannot be signed in to.
    pub async fn begin_sign_in(&self, name: &str, redirect_uri: &str) -> Result<String, String> {
        let server = self.server(name)?;
        let why = |why: String| format!("the MCP server `{name}` cannot be signed in to: {why}");
        let account = server.account().ok_or_else(|| why("it is a program of this machine".to_owned()))?;
        Box::pin(account.begin(server.doors(), server.owner, redirect_uri)).await.map_err(why)
    }

    /// Ends it with the address that the browser came back to. The next call shows the tokens.
    ///
    /// # Errors
    /// A text that says why not.
    pub async fn finish_sign_in(&self, name: &str, came_back: &str) -> Result<(), String> {
        let server = self.server(name)?;
        let why = |why: String| format!("the sign-in to the MCP server `{name}` failed: {why}");
        let account = server.account().ok_or_else(|| why("it is a program of this machine".to_owned()))?;
        Box::pin(account.finish(came_back)).await.map_err(why)?;
        server.stop().await;
        server.reset();
        Ok(())
    }

    /// Forgets the tokens of a server, and ends its connection.
    ///
    /// # Errors
    /// A text that says why not.
    pub async fn sign_out(&self, name: &str) -> Result<(), String> {
        let server = self.server(name)?;
        if let Some(account) = server.account() {
            account.forget().await?;
        }
        server.stop().await;
        Ok(())
    }

    /// What a server says of a tool now, for an administrator to accept.
    ///
    /// # Errors
    /// A text that says why it cannot be accepted.
    pub async fn acceptable(&self, name: &str, tool: &str) -> Result<Described, String> {
        may_be_promoted(name, tool)?;
        let server = self.server(name)?;
        let catalog = server.catalog().await.map_err(|failure| failure.to_string())?;
        let found = catalog.described.get(tool).cloned();
        found.ok_or_else(|| format!("the MCP server `{name}` has no tool `{tool}` that can be called"))
    }

    /// Changes what was accepted of a server's tools.
    pub fn set_pins(&self, name: &str, pins: Vec<Pin>) {
        if let Some(declared) = self.declared().get_mut(name) {
            declared.pins.clone_from(&pins);
        }
        if let Some(server) = self.servers.load().get(name) {
            server.set_pins(pins.into_iter().map(|pin| (pin.tool, pin.accepted)).collect());
        }
        self.offer();
    }

    /// Ends every connection, and waits for what follows the programs' output.
    pub async fn shutdown(&self) {
        self.doors.stop.cancel();
        let servers: Vec<_> = self.servers.load().values().cloned().collect();
        futures::future::join_all(servers.iter().map(|server| server.stop())).await;
        self.doors.tasks.close();
        self.doors.tasks.wait().await;
    }

    fn server(&self, name: &str) -> Result<Arc<Server>, String> {
        let found = self.servers.load().get(name).cloned();
        found.ok_or_else(|| match self.declared().get(name) {
            Some(_) => format!("the MCP server `{name}` is disabled: enable it first"),
            None => Failure::Unknown(format!("there is no MCP server `{name}`")).to_string(),
        })
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Arc<Server>>)) {
        let mut servers = BTreeMap::clone(&self.servers.load());
        change(&mut servers);
        self.servers.store(Arc::new(servers));
        self.offer();
    }

    /// Makes the tools anew: nothing at all without a server.
    fn offer(&self) {
        let servers = self.servers.load();
        let mut tools = Tools::new();
        if !servers.is_empty() {
            let own: [Arc<dyn Tool>; 2] =
                [Arc::new(ListTools::new(self.servers.clone())), Arc::new(CallTool::new(self.servers.clone()))];
            tools.extend(own.map(|tool| (tool.spec().name.clone(), tool)));
        }
        for (name, server) in servers.iter() {
            for (tool, accepted) in server.pins().iter() {
                let tool = catalog::pinned(&Arc::downgrade(server), name, tool, accepted);
                tools.insert(tool.spec().name.clone(), tool);
            }
        }
        self.tools.store(Arc::new(tools));
    }

    fn declared(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Declared>> {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn status(declared: &Declared, server: Option<&Arc<Server>>) -> Status {
    let seen = server.map(|server| server.seen()).unwrap_or_default();
    let (breaker, rests_for) = server.map(|server| server.breaker_state()).unwrap_or_default();
    let mut tools: BTreeMap<String, ToolStatus> = BTreeMap::new();
    for pin in &declared.pins {
        let accepted = Some(pin.accepted.clone());
        let state = if seen.catalog.is_some() { PinState::Missing } else { PinState::Pinned };
        tools.insert(pin.tool.clone(), ToolStatus { name: pin.tool.clone(), state, now: None, accepted });
    }
    for (name, now) in seen.catalog.iter().flat_map(|catalog| &catalog.described) {
        let state = server.map_or(PinState::Lazy, |server| server.pin_state(name, Some(now)));
        let accepted = tools.remove(name).and_then(|tool| tool.accepted);
        tools.insert(name.clone(), ToolStatus { name: name.clone(), state, now: Some(now.clone()), accepted });
    }
    Status {
        name: declared.name.clone(),
        config: declared.config.clone(),
        source: declared.source,
        running: seen.running,
        version: seen.version.clone(),
        breaker,
        rests_for,
        problem: seen.problem.clone(),
        signed_in: server.and_then(|server| server.account()).map(Account::state).unwrap_or_default(),
        tools: tools.into_values().collect(),
        left_out: seen.catalog.as_ref().map(|catalog| catalog.left_out.clone()).unwrap_or_default(),
    }
}

/// What is installed, with the tools of the servers.
pub struct Joined {
    plugins: Arc<dyn Registry>,
    hub: Arc<Hub>,
}

impl Joined {
    /// Both together.
    #[must_use]
    pub fn new(plugins: Arc<dyn Registry>, hub: Arc<Hub>) -> Self {
        Self { plugins, hub }
    }
}

impl Registry for Joined {
    fn snapshot(&self) -> Arc<Snapshot> {
        let (plugins, tools) = (self.plugins.snapshot(), self.hub.tools.load_full());
        if tools.is_empty() {
            return plugins;
        }
        // Not kept: whoever holds a snapshot pins the plugins in it.
        let mut joined = Snapshot::clone(&plugins);
        for (name, tool) in tools.iter() {
            // A plugin's name is its own: no server takes its place.
            joined.tools.entry(name.clone()).or_insert_with(|| Arc::clone(tool));
        }
        Arc::new(joined)
    }

    fn plugins(&self) -> Vec<PluginStatus> {
        self.plugins.plugins()
    }

    fn health(&self) -> Option<HealthReport> {
        self.plugins.health()
    }

    fn skill_problems(&self) -> Vec<SkillProblem> {
        self.plugins.skill_problems()
    }
}
