//! One connection to a server: how it begins, what the server may ask meanwhile, and the tools it has.
#![expect(deprecated, reason = "servers of 2025 ask for models so, and rmcp means the protocol that comes after them")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_security::guard::Redactor;
use octi_security::sandbox::process::Piped;
use rmcp::ClientHandler;
use rmcp::model::{
    ClientCapabilities, ClientConfig, CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult,
    ElicitationCapability, ErrorData, FormElicitationCapability, Implementation, PaginatedRequestParams, ProtocolVersion,
    SamplingCapability, Tool, UrlElicitationCapability,
};
use rmcp::service::{NotificationContext, RequestContext, RoleClient, RunningService, ServiceError, serve_client};
use rmcp::transport::auth::{AuthError, AuthorizationManager};

use super::asking::Askers;
use super::config::{Checked, Kind, ServerConfig, Way};
use super::failure::{Failure, told};
use super::form;
use super::http::{self, Door};
use super::hub::Doors;
use super::oauth::Account;
use super::secrets::Hidden;
use super::sse::Stream;
use super::stdio;

/// How long the launcher may take to say why a program did not run.
const REASON_PATIENCE: Duration = Duration::from_millis(500);

/// A server that was greeted. Dropping it ends the connection and, with it, the program.
pub(super) struct Connection {
    pub service: RunningService<RoleClient, Handler>,
    /// As the server calls itself.
    pub version: String,
    hidden: Hidden,
    piped: Option<Arc<Piped>>,
    /// Of a server that octi signs in to by itself.
    machine: Option<Arc<tokio::sync::Mutex<AuthorizationManager>>>,
}

/// What octi answers a server: it has no roots. It takes note of changed tools, and passes on what a server asks people.
pub(super) struct Handler {
    server: String,
    stale: AtomicBool,
    askers: Arc<Askers>,
    /// Whether the operator lets it ask for the person's model.
    may_sample: bool,
}

impl ClientHandler for Handler {
    async fn create_elicitation(
        &self,
        wanted: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let asked = async {
            let asker = self.askers.one()?;
            form::elicit((&self.server, &asker), wanted).await
        };
        asked.await.map_err(|why| self.refused("a question", why))
    }

    async fn create_message(
        &self,
        wanted: CreateMessageRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let lent = async {
            if !self.may_sample {
                let server = &self.server;
                return Err(format!(
                    "octi lends this server no model: its operator sets `sampling` to true for `{server}` first"
                ));
            }
            let asker = self.askers.one()?;
            form::sample((&self.server, &asker), wanted).await
        };
        lent.await.map_err(|why| self.refused("a model", why))
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.stale.store(true, Ordering::Release);
    }

    fn get_info(&self) -> ClientConfig {
        let mut can = ClientCapabilities::default();
        let asks = ElicitationCapability::new();
        let asks = asks.with_form(FormElicitationCapability::new()).with_url(UrlElicitationCapability::new());
        can.elicitation = Some(asks);
        can.sampling = self.may_sample.then(SamplingCapability::default);
        // Later versions have no greeting, and octi greets.
        ClientConfig::new(can, Implementation::new("octi", env!("CARGO_PKG_VERSION")))
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
    }
}

impl Handler {
    fn refused(&self, what: &str, why: String) -> ErrorData {
        tracing::info!(server = self.server, why, "an MCP server was refused {what}");
        ErrorData::invalid_request(why, None)
    }
}

impl Connection {
    /// Starts or reaches the server and greets it.
    pub(super) async fn open(
        doors: &Doors,
        (server, owner): (&str, Option<UserId>),
        config: &ServerConfig,
        checked: &Checked,
        (account, askers): (Option<&Account>, &Arc<Askers>),
    ) -> Result<Self, Failure> {
        let broken = |why: String| Failure::broken(server, why);
        let handler = Handler {
            server: server.to_owned(),
            stale: AtomicBool::default(),
            askers: askers.clone(),
            may_sample: config.sampling,
        };
        let mut machine = None;
        let (service, hidden, piped) = match (&checked.way, account) {
            (Way::Stdio { program, network }, _) => {
                let started = stdio::start(doors, server, owner, config, (program, network)).await;
                let (lines, piped, hidden) = started.map_err(broken)?;
                let served = serve_client(handler, lines).await;
                let Ok(service) = served else {
                    return Err(broken(why_not(&piped, &hidden.redactor(), served.map(drop)).await));
                };
                (service, hidden, Some(piped))
            }
            (Way::Remote { .. }, None) => return Err(broken("it has no account".to_owned())),
            (Way::Remote { kind, url, allow }, Some(account)) => {
                let opened = Box::pin(Door::open(doors, owner, config, (allow, checked.time_max), account)).await;
                let (door, hidden) = opened.map_err(broken)?;
                machine = account.is_machine().then(|| door.auth_manager.clone());
                let shown = |text: String| broken(told(&hidden.redactor().redact(&text)));
                let service = if *kind == Kind::Sse {
                    let stream = Stream::open(door, url).await.map_err(shown)?;
                    serve_client(handler, stream).await
                } else {
                    serve_client(handler, http::transport(door, url)).await
                };
                (service.map_err(|error| shown(chain(&error)))?, hidden, None)
            }
        };
        let version = service.peer_info().and_then(|info| info.server_info.as_ref().map(|server| told(&server.version)));
        Ok(Self { service, version: version.unwrap_or_default(), hidden, piped, machine })
    }

    /// Whether what octi signed in with is no longer good, and nothing renews it.
    pub(super) async fn is_spent(&self) -> bool {
        let Some(machine) = &self.machine else { return false };
        matches!(machine.lock().await.get_access_token().await, Err(AuthError::AuthorizationRequired))
    }

    /// What hides the secrets that it has now.
    pub(super) fn redactor(&self) -> Arc<Redactor> {
        self.hidden.redactor()
    }

    /// Whether it said that its tools changed since they were last listed.
    pub(super) fn is_stale(&self) -> bool {
        self.service.service().stale.load(Ordering::Acquire)
    }

    /// Takes note of that: before they are listed anew, and again when that fails.
    pub(super) fn set_stale(&self, stale: bool) {
        self.service.service().stale.store(stale, Ordering::Release);
    }

    pub(super) fn is_over(&self) -> bool {
        self.service.is_closed() || self.service.is_transport_closed()
    }

    /// Everything it lists, within bounds; and whether there is more.
    pub(super) async fn tools(&self, server: &str) -> Result<(Vec<Tool>, bool), Failure> {
        let (mut tools, mut cursor) = (Vec::new(), None);
        for _ in 0..limits::MCP_PAGES_MAX {
            let mut params = PaginatedRequestParams::default();
            params.cursor = cursor;
            let page = match self.service.list_tools(Some(params)).await {
                Ok(page) => page,
                Err(error) => return Err(self.failure(server, &error).await),
            };
            tools.extend(page.tools);
            if tools.len() > limits::MCP_TOOLS_MAX {
                tools.truncate(limits::MCP_TOOLS_MAX);
                return Ok((tools, true));
            }
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => return Ok((tools, false)),
            }
        }
        Ok((tools, true))
    }

    /// Why a request failed, by who can act on it.
    pub(super) async fn failure(&self, server: &str, error: &ServiceError) -> Failure {
        let hidden = |text: &str| told(&self.redactor().redact(text));
        match error {
            ServiceError::McpError(error) => Failure::Refused {
                server: server.to_owned(),
                why: hidden(&error.message),
                bad_input: error.code == rmcp::model::ErrorCode::INVALID_PARAMS,
            },
            error => {
                let ended = match &self.piped {
                    Some(piped) if self.is_over() => broke_off(piped).await,
                    _ => None,
                };
                Failure::broken(server, hidden(&ended.unwrap_or_else(|| chain(error))))
            }
        }
    }
}

/// How a program ended whose call is not answered.
async fn broke_off(piped: &Piped) -> Option<String> {
    let ending = piped.ended(REASON_PATIENCE).await;
    let said =
        |ending| format!("it ended while it was asked ({ending:?}); its errors are in the log, and a call starts it again");
    piped.failure().map(|failure| failure.to_string()).or_else(|| ending.map(said))
}

/// Why a program was not greeted: what the launcher says of it, or else what the protocol says.
async fn why_not(piped: &Piped, redactor: &Redactor, served: Result<(), rmcp::service::ClientInitializeError>) -> String {
    if let Err(rmcp::service::ClientInitializeError::JsonRpcError(said)) = &served {
        // It answered, with why it serves nobody.
        return told(&redactor.redact(&said.message));
    }
    let ending = piped.ended(REASON_PATIENCE).await;
    if let Some(failure) = piped.failure() {
        return failure.to_string();
    }
    let said = served.err().map(|error| chain(&error)).unwrap_or_default();
    match ending {
        Some(ending) => format!("it ended before it was greeted ({ending:?}); its errors are in the log"),
        None => told(&redactor.redact(&said)),
    }
}

/// An error with its causes.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = source.source();
    }
    text
}
