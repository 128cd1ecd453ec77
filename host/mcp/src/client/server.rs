//! One server: started when it is first needed, called within bounds, and left alone when it keeps failing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_extension::health::Health;
use octi_extension::tool::{CallContext, Tool, ToolOutput};
use rmcp::model::{CallToolRequestParams, JsonObject};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::asking::Askers;
use super::breaker::{Breaker, BreakerState};
use super::catalog::Catalog;
use super::config::{Checked, ServerConfig, Way};
use super::connect::Connection;
use super::failure::Failure;
use super::hub::Doors;
use super::oauth::Account;
use super::pin::{Described, PinState};
use super::result;

/// A server as it is configured, and what is known of it.
pub(super) struct Server {
    pub name: String,
    pub owner: Option<UserId>,
    pub config: ServerConfig,
    checked: Checked,
    /// Of a remote one.
    account: Option<Account>,
    doors: Arc<Doors>,
    breaker: Mutex<Breaker>,
    /// Of every server of this name.
    health: Arc<Health>,
    /// Held while it is started, so that it is started once.
    live: tokio::sync::Mutex<Option<Arc<Live>>>,
    places: Semaphore,
    /// The calls under way.
    askers: Arc<Askers>,
    seen: ArcSwap<Seen>,
    /// What was accepted, by the server's own names.
    pins: ArcSwap<BTreeMap<String, Described>>,
}

/// A connection and the tools it had when they were last listed.
struct Live {
    connection: Connection,
    catalog: ArcSwap<Catalog>,
}

/// What people are shown without starting anything.
#[derive(Default)]
pub(super) struct Seen {
    pub running: bool,
    pub version: String,
    pub catalog: Option<Arc<Catalog>>,
    pub problem: Option<String>,
}

impl Server {
    pub(super) fn new(
        (name, owner): (String, Option<UserId>),
        (config, checked): (ServerConfig, Checked),
        pins: BTreeMap<String, Described>,
        doors: Arc<Doors>,
    ) -> Self {
        let account = match &checked.way {
            Way::Remote { url, .. } => {
                let oauth = config.oauth.clone().unwrap_or_default();
                Some(Account::new(&doors, (&name, owner), url.clone(), oauth))
            }
            Way::Stdio { .. } => None,
        };
        Self {
            health: doors.healths.of(&name),
            name,
            owner,
            config,
            checked,
            account,
            doors,
            breaker: Mutex::default(),
            live: tokio::sync::Mutex::default(),
            places: Semaphore::new(limits::MCP_SERVER_CALLS_MAX),
            askers: Arc::default(),
            seen: ArcSwap::default(),
            pins: ArcSwap::from_pointee(pins),
        }
    }

    /// The tool of that name, starting the server if it does not run.
    pub(super) async fn tool(self: &Arc<Self>, name: &str) -> Result<Arc<dyn Tool>, Failure> {
        let catalog = self.catalog().await?;
        match catalog.tools.get(name) {
            Some(tool) => Ok(Arc::clone(tool)),
            None => Err(self.no_tool(&catalog, name)),
        }
    }

    /// Its tools, starting it if it does not run and asking again when it said that they changed.
    pub(super) async fn catalog(self: &Arc<Self>) -> Result<Arc<Catalog>, Failure> {
        if let Ok(live) = self.live.try_lock()
            && let Some(live) = live.as_ref().filter(|live| !live.connection.is_over() && !live.connection.is_stale())
        {
            return Ok(live.catalog.load_full());
        }
        let listed = async {
            let live = self.live().await?;
            self.listed(&live).await
        };
        self.guarded(Learns::ItRuns, None, listed).await
    }

    /// Calls a tool, which must still be the one that whoever calls it was shown: the one of this hash.
    pub(super) async fn call(
        self: &Arc<Self>,
        context: CallContext,
        (tool, hash): (&str, &str),
        arguments: JsonObject,
    ) -> Result<ToolOutput, Failure> {
        let called = async {
            let live = self.live().await?;
            let catalog = self.listed(&live).await?;
            let Some(described) = catalog.described.get(tool) else { return Err(self.no_tool(&catalog, tool)) };
            self.is_as_accepted(tool, described)?;
            if described.hash() != hash {
                return Err(Failure::Unknown(format!(
                    "the tool `{tool}` of the MCP server `{}` changed since it was listed: list it again before you call it",
                    self.name
                )));
            }
            let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
            let answer = match live.connection.service.call_tool(params).await {
                Ok(answer) => answer,
                Err(error) => return Err(live.connection.failure(&self.name, &error).await),
            };
            result::output(&self.name, &live.connection.redactor(), answer)
        };
        self.guarded(Learns::ItWorks, Some(context), called).await
    }

    /// The tools of a connection, listed anew when the server said that they changed.
    async fn listed(self: &Arc<Self>, live: &Arc<Live>) -> Result<Arc<Catalog>, Failure> {
        if live.connection.is_stale() {
            live.connection.set_stale(false);
            let listed = live.connection.tools(&self.name).await.inspect_err(|_| live.connection.set_stale(true))?;
            let redactor = live.connection.redactor();
            let of = (live.connection.version.as_str(), &*redactor);
            live.catalog.store(Arc::new(Catalog::of(self, of, listed)));
            self.saw(live);
        }
        Ok(live.catalog.load_full())
    }

    /// How a tool stands to what was accepted of it.
    pub(super) fn pin_state(&self, tool: &str, now: Option<&Described>) -> PinState {
        match (self.pins.load().get(tool), now) {
            (None, _) => PinState::Lazy,
            (Some(_), None) => PinState::Missing,
            (Some(accepted), Some(now)) if accepted.hash() == now.hash() => PinState::Pinned,
            (Some(_), Some(_)) => PinState::Changed,
        }
    }

    pub(super) fn pins(&self) -> Arc<BTreeMap<String, Described>> {
        self.pins.load_full()
    }

    pub(super) fn set_pins(&self, pins: BTreeMap<String, Described>) {
        self.pins.store(Arc::new(pins));
    }

    pub(super) fn seen(&self) -> Arc<Seen> {
        self.seen.load_full()
    }

    /// Whether calls go through, and how long they do not.
    pub(super) fn breaker_state(&self) -> (BreakerState, Option<Duration>) {
        let breaker = self.breaker();
        (breaker.state(), breaker.rests_for(Instant::now()))
    }

    /// Tries again at once.
    pub(super) fn reset(&self) {
        self.breaker().reset();
    }

    /// Ends the connection; the next call begins another.
    pub(super) async fn stop(&self) {
        self.forget(&mut *self.live.lock().await);
    }

    fn is_as_accepted(&self, tool: &str, now: &Described) -> Result<(), Failure> {
        if self.pin_state(tool, Some(now)) != PinState::Changed {
            return Ok(());
        }
        let server = &self.name;
        Err(Failure::Changed(format!(
            "the tool `{tool}` of the MCP server `{server}` is not what an administrator accepted, so it is out of service: \
             `octi mcp server tools {server}` shows what changed, and `octi mcp server accept {server} {tool}` takes it"
        )))
    }

    fn no_tool(&self, catalog: &Catalog, name: &str) -> Failure {
        let names: Vec<_> = catalog.tools.keys().take(50).map(|name| format!("`{name}`")).collect();
        let names = if names.is_empty() { "none at all".to_owned() } else { names.join(", ") };
        let name = super::failure::bounded(name, limits::MCP_TOOL_NAME_BYTES_MAX);
        Failure::Unknown(format!("the MCP server `{}` has no tool `{name}`; its tools are: {names}", self.name))
    }

    /// Does something with the server: within its time, in one of its places, and counted by the breaker.
    async fn guarded<T>(
        self: &Arc<Self>,
        learns: Learns,
        call: Option<CallContext>,
        work: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, Failure> {
        let resting = |wait| Failure::Resting { server: self.name.clone(), wait };
        let deadline = Instant::now() + self.checked.time_max;
        // Whoever waited half of the time has the other half for the call.
        let place = tokio::time::timeout(self.checked.time_max / 2, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else { return Err(Failure::Busy { server: self.name.clone() }) };
        self.breaker().admit(Instant::now()).map_err(resting)?;
        let mut attempt = Attempt { server: self, is_told: false };
        self.account.iter().for_each(|account| account.refusals.begin());
        let ms = u64::try_from(self.checked.time_max.as_millis()).unwrap_or(u64::MAX);
        let slow = || Err(Failure::Slow { server: self.name.clone(), ms });
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = match call.map(|call| self.askers.begin(call)) {
            Some(under_way) => Box::pin(under_way.within(left, work)).await,
            None => Box::pin(tokio::time::timeout(left, work)).await.ok(),
        };
        let answer = answer.unwrap_or_else(slow);
        let answer = answer.map_err(|failure| self.wants_sign_in(failure));
        attempt.is_told = true;
        match &answer {
            Err(failure) if failure.counts() => self.failed(failure).await,
            Err(failure @ Failure::SignIn { .. }) => self.is_not_signed_in(failure).await,
            Err(Failure::Changed(_) | Failure::Unknown(_)) => self.breaker().runs(),
            _ if learns == Learns::ItRuns => self.breaker().runs(),
            _ => self.breaker().succeeded(),
        }
        answer
    }

    /// What is counted of its calls.
    pub(super) const fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// The way to sign in, for people.
    pub(super) fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    pub(super) fn doors(&self) -> &Doors {
        &self.doors
    }

    /// What a refusal comes to: a server that wants a sign-in is not broken.
    fn wants_sign_in(&self, failure: Failure) -> Failure {
        // A header that signs every request is wrong when it is refused, and no sign-in mends that.
        let signs = self.config.headers.keys().any(|name| name.eq_ignore_ascii_case("authorization"));
        let Some(account) = self.account.as_ref().filter(|_| failure.counts() && !signs) else { return failure };
        match account.refusals.new_one() {
            Some(_) if account.is_machine() => Failure::broken(
                &self.name,
                "it refuses what octi signs in with (`oauth.clientId`): ask whoever runs it what that client may do",
            ),
            Some(refusal) => Failure::SignIn { server: self.name.clone(), scope: refusal.scope },
            None => failure,
        }
    }

    async fn is_not_signed_in(&self, failure: &Failure) {
        self.breaker().runs();
        let mut live = self.live.lock().await;
        if live.as_ref().is_some_and(|live| live.connection.is_over()) {
            self.forget(&mut live);
        }
        self.has_problem(live.is_some(), failure);
    }

    fn has_problem(&self, running: bool, failure: &Failure) {
        let seen = self.seen();
        let (version, catalog) = (seen.version.clone(), seen.catalog.clone());
        self.seen.store(Arc::new(Seen { running, version, catalog, problem: Some(failure.to_string()) }));
    }

    async fn failed(&self, failure: &Failure) {
        let opened = self.breaker().failed(Instant::now());
        tracing::warn!(server = self.name, %failure, opened, "an MCP server failed");
        let mut live = self.live.lock().await;
        // What is only slow may serve others meanwhile, until it is given up.
        if opened || live.as_ref().is_some_and(|live| live.connection.is_over()) {
            self.forget(&mut live);
        }
        self.has_problem(live.is_some(), failure);
    }

    async fn live(self: &Arc<Self>) -> Result<Arc<Live>, Failure> {
        let mut live = self.live.lock().await;
        if let Some(live) = live.as_ref().filter(|live| !live.connection.is_over())
            && !live.connection.is_spent().await
        {
            return Ok(Arc::clone(live));
        }
        *live = None;
        let of = (self.name.as_str(), self.owner);
        let asked = (self.account.as_ref(), &self.askers);
        let opened = Connection::open(&self.doors, of, &self.config, &self.checked, asked);
        let connection = Box::pin(opened).await?;
        let listed = connection.tools(&self.name).await?;
        let catalog = Arc::new(Catalog::of(self, (&connection.version, &connection.redactor()), listed));
        tracing::info!(server = self.name, version = connection.version, tools = catalog.tools.len(), "an MCP server runs");
        let made = Arc::new(Live { connection, catalog: ArcSwap::new(catalog) });
        self.saw(&made);
        *live = Some(Arc::clone(&made));
        Ok(made)
    }

    fn saw(&self, live: &Live) {
        let catalog = Some(live.catalog.load_full());
        self.seen.store(Arc::new(Seen { running: true, version: live.connection.version.clone(), catalog, problem: None }));
    }

    fn forget(&self, live: &mut Option<Arc<Live>>) {
        *live = None;
        let seen = self.seen();
        let (version, catalog, problem) = (seen.version.clone(), seen.catalog.clone(), seen.problem.clone());
        self.seen.store(Arc::new(Seen { running: false, version, catalog, problem }));
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of a server when something succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Learns {
    /// It runs and lists its tools.
    ItRuns,
    /// It answers calls.
    ItWorks,
}

/// A call under way. One that is given up tells nothing of the server.
struct Attempt<'a> {
    server: &'a Server,
    is_told: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_told {
            self.server.breaker().nothing_learnt(Instant::now());
        }
    }
}
