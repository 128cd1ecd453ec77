//! The server as HTTP sees it: one request in, one response out, which may go on for a long time.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use octi_domain::limits;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::changes::Changes;
use super::gate::{self, Refused};
use super::handler::Handler;
use super::host::Host;
use super::legacy::Lines;
use super::places::Places;
use super::sessions::{Own, Sessions};

/// What a response carries.
pub type Body = BoxBody<Bytes, Infallible>;

/// The server. One per host.
pub struct Server<H: Host>(pub(super) Arc<Shared<H>>);

pub(super) struct Shared<H> {
    pub(super) host: H,
    pub(super) changes: Changes,
    pub(super) places: Arc<Places>,
    sessions: Arc<Sessions>,
    /// Streams of the older transport, and who serves them.
    pub(super) lines: Lines,
    pub(super) tasks: TaskTracker,
    /// Set when the host is about to go: nobody waits for news any more.
    pub(super) draining: CancellationToken,
    /// Set when it goes.
    stop: CancellationToken,
}

/// Who sent a request, for whoever handles what is in it.
#[derive(Debug, Clone)]
pub(super) struct Sender<C>(pub(super) C);

impl<H: Host> Server<H> {
    /// A server in front of this host.
    pub fn new(host: H) -> Self {
        Self(Arc::new(Shared {
            host,
            changes: Changes::default(),
            places: Arc::default(),
            sessions: Arc::default(),
            lines: Lines::default(),
            tasks: TaskTracker::new(),
            draining: CancellationToken::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// Looks at where a request goes and comes from, before anything else is: `known` are names of this host.
    ///
    /// # Errors
    /// [`Refused`] says what to do.
    pub fn admit<B>(request: &Request<B>, known: &[String]) -> Result<(), Refused> {
        gate::check(request.uri(), request.headers(), known)
    }

    /// Answers a request of the streamable HTTP transport.
    pub async fn handle<B>(&self, caller: H::Caller, mut request: Request<B>) -> Response<Body>
    where
        B: http_body::Body + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let shared = &self.0;
        let user_id = H::user_id(&caller);
        let own = Own { user_id, all: Arc::clone(&shared.sessions), stream_time: shared.host.stream_time() };
        request.extensions_mut().insert(Sender(caller.clone()));
        let waits_for_news = request.method() == http::Method::GET;
        let end = if waits_for_news { &shared.draining } else { &shared.stop };
        // Host and origin were looked at, and octi has names that the SDK does not know.
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_max_request_body_bytes(limits::MCP_MESSAGE_BYTES_MAX)
            .with_cancellation_token(end.clone());
        let of_sender = Arc::clone(shared);
        let service = StreamableHttpService::new(move || Ok(Handler::new(&of_sender, caller.clone())), Arc::new(own), config);
        service.handle(request).await
    }

    /// Tells clients what changes, until the server is gone.
    pub async fn follow(&self) {
        tokio::select! {
            () = self.0.stop.cancelled() => {}
            () = self.0.changes.follow(&self.0.host) => {}
        }
    }

    /// Ends what only waits for news. Calls go on.
    pub fn drain(&self) {
        self.0.draining.cancel();
    }

    /// Ends every session and every answer.
    pub fn stop(&self) {
        self.0.draining.cancel();
        self.0.stop.cancel();
    }

    /// Waits until whatever serves streams has ended.
    pub async fn ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}
