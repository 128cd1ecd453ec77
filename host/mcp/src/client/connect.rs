//! One connection to a server: how it begins, what the server may ask meanwhile, and the tools it has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_security::guard::Redactor;
use octi_security::sandbox::process::Piped;
use rmcp::ClientHandler;
use rmcp::model::{ClientCapabilities, ClientConfig, Implementation, PaginatedRequestParams, Tool};
use rmcp::service::{NotificationContext, RoleClient, RunningService, ServiceError, serve_client};

use super::config::{Checked, Kind, ServerConfig, Way};
use super::failure::{Failure, told};
use super::http::{self, Door};
use super::hub::Doors;
use super::sse::Stream;
use super::stdio;

/// How long the launcher may take to say why a program did not run.
const REASON_PATIENCE: Duration = Duration::from_millis(500);

/// A server that was greeted. Dropping it ends the connection and, with it, the program.
pub(super) struct Connection {
    pub service: RunningService<RoleClient, Handler>,
    /// As the server calls itself.
    pub version: String,
    pub redactor: Arc<Redactor>,
    piped: Option<Arc<Piped>>,
}

/// What octi answers a server: it has no roots, fills in no forms and lends no model. It takes note of changed tools.
#[derive(Debug, Default)]
pub(super) struct Handler {
    stale: AtomicBool,
}

impl ClientHandler for Handler {
    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.stale.store(true, Ordering::Release);
    }

    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(ClientCapabilities::default(), Implementation::new("octi", env!("CARGO_PKG_VERSION")))
    }
}

impl Connection {
    /// Starts or reaches the server and greets it.
    pub(super) async fn open(
        doors: &Doors,
        (server, owner): (&str, Option<UserId>),
        config: &ServerConfig,
        checked: &Checked,
    ) -> Result<Self, Failure> {
        let broken = |why: String| Failure::broken(server, why);
        let handler = Handler::default();
        let (service, redactor, piped) = match &checked.way {
            Way::Stdio { program, network } => {
                let started = stdio::start(doors, server, owner, config, (program, network)).await;
                let (lines, piped, redactor) = started.map_err(broken)?;
                let served = serve_client(handler, lines).await;
                let Ok(service) = served else {
                    return Err(broken(why_not(&piped, &redactor, served.map(drop)).await));
                };
                (service, redactor, Some(piped))
            }
            Way::Remote { kind, url, allow } => {
                let opened = Door::open(doors, owner, config, (allow, checked.time_max)).await;
                let (door, redactor) = opened.map_err(broken)?;
                let hidden = |text: String| broken(told(&redactor.redact(&text)));
                let service = if *kind == Kind::Sse {
                    let stream = Stream::open(door, url).await.map_err(hidden)?;
                    serve_client(handler, stream).await
                } else {
                    serve_client(handler, http::transport(door, url)).await
                };
                (service.map_err(|error| hidden(chain(&error)))?, redactor, None)
            }
        };
        let version = service.peer_info().and_then(|info| info.server_info.as_ref().map(|server| told(&server.version)));
        Ok(Self { service, version: version.unwrap_or_default(), redactor, piped })
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
            let page = self.service.list_tools(Some(params)).await.map_err(|error| self.failure(server, &error))?;
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
    pub(super) fn failure(&self, server: &str, error: &ServiceError) -> Failure {
        let hidden = |text: &str| told(&self.redactor.redact(text));
        match error {
            ServiceError::McpError(error) => Failure::Refused {
                server: server.to_owned(),
                why: hidden(&error.message),
                bad_input: error.code == rmcp::model::ErrorCode::INVALID_PARAMS,
            },
            error => {
                let why = match self.piped.as_ref().and_then(|piped| piped.failure()) {
                    Some(failure) => failure.to_string(),
                    None => chain(error),
                };
                Failure::broken(server, hidden(&why))
            }
        }
    }
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
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
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
