//! The transport of 2024, which older clients still speak: one stream of server-sent events at `/sse`, whose first event names
//! the address that the client's messages go to.
//!
//! The SDK has left this transport behind, so it is written here; what is said over it is the SDK's.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::channel::mpsc;
use futures::{SinkExt, Stream, StreamExt, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use octi_domain::ids::UserId;
use octi_domain::limits;
use rmcp::model::{ClientJsonRpcMessage, GetExtensions, ServerJsonRpcMessage};
use rmcp::service::serve_server_with_ct;
use rmcp::transport::common::server_side_http::{SessionId, session_id};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::handler::Handler;
use super::host::Host;
use super::service::{Body, Sender, Server};

/// Seconds after which a silent stream says that it is still there.
const ALIVE_SECONDS: u64 = 15;

/// The open streams.
#[derive(Debug, Default)]
pub(super) struct Lines(Mutex<HashMap<SessionId, Line>>);

#[derive(Debug, Clone)]
struct Line {
    user_id: UserId,
    to_server: mpsc::Sender<ClientJsonRpcMessage>,
}

impl Lines {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in one more, if there is room.
    fn open(&self, id: &SessionId, line: Line) -> bool {
        let mut lines = self.lock();
        let own = lines.values().filter(|other| other.user_id == line.user_id).count();
        let has_room = own < limits::MCP_SESSIONS_PER_USER_MAX && lines.len() < limits::MCP_SESSIONS_MAX;
        if has_room {
            lines.insert(Arc::clone(id), line);
        }
        has_room
    }

    fn find(&self, id: &str, user_id: UserId) -> Option<Line> {
        self.lock().get(id).filter(|line| line.user_id == user_id).cloned()
    }

    fn close(&self, id: &SessionId) {
        self.lock().remove(id);
    }
}

impl<H: Host> Server<H> {
    /// Opens a stream of the transport of 2024. `messages` is the path that the client's messages go to.
    pub fn open(&self, caller: H::Caller, messages: &str) -> Response<Body> {
        let id = session_id();
        let (to_server, from_client) = mpsc::channel(limits::MCP_QUEUE_MAX);
        let (to_client, from_server) = mpsc::channel(limits::MCP_QUEUE_MAX);
        let line = Line { user_id: H::user_id(&caller), to_server };
        if !self.0.lines.open(&id, line) {
            let most = limits::MCP_SESSIONS_PER_USER_MAX;
            return plain(StatusCode::TOO_MANY_REQUESTS, &format!("{most} streams are open: close one first"));
        }
        let ended = self.0.draining.child_token();
        let (shared, of_line, until) = (Arc::clone(&self.0), Arc::clone(&id), ended.clone());
        self.0.tasks.spawn(async move {
            let handler = Handler::new(&shared, caller);
            match serve_server_with_ct(handler, (to_client, from_client), until).await {
                Ok(running) => drop(running.waiting().await),
                Err(error) => tracing::debug!(%error, "a client of the older transport did not begin"),
            }
            shared.lines.close(&of_line);
        });
        let first = event("endpoint", &format!("{messages}?sessionId={id}"));
        let events = stream::iter([first]).chain(told(from_server, ended));
        let body = StreamBody::new(events.map(|bytes| Ok::<_, Infallible>(Frame::data(bytes))));
        let mut response = Response::new(Body::new(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }

    /// Takes a message of a client with such a stream. The answer comes in the stream.
    pub async fn post<B>(&self, caller: H::Caller, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let user_id = H::user_id(&caller);
        let id =
            request.uri().query().into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("sessionId="));
        let Some(mut line) = id.and_then(|id| self.0.lines.find(id, user_id)) else {
            return plain(StatusCode::NOT_FOUND, "there is no such stream, or it is not yours: open one with `GET /sse`");
        };
        let Ok(body) = Limited::new(request.into_body(), limits::MCP_MESSAGE_BYTES_MAX).collect().await else {
            let most = limits::MCP_MESSAGE_BYTES_MAX;
            return plain(StatusCode::PAYLOAD_TOO_LARGE, &format!("a message has at most {most} bytes"));
        };
        let mut message: ClientJsonRpcMessage = match serde_json::from_slice(&body.to_bytes()) {
            Ok(message) => message,
            Err(error) => return plain(StatusCode::BAD_REQUEST, &format!("this is no message of the protocol: {error}")),
        };
        match &mut message {
            ClientJsonRpcMessage::Request(request) => drop(request.request.extensions_mut().insert(Sender(caller))),
            ClientJsonRpcMessage::Notification(said) => drop(said.notification.extensions_mut().insert(Sender(caller))),
            ClientJsonRpcMessage::Response(_) | ClientJsonRpcMessage::Error(_) => {}
        }
        match timeout(Duration::from_secs(limits::MCP_SEND_SECONDS_MAX), line.to_server.send(message)).await {
            Ok(Ok(())) => plain(StatusCode::ACCEPTED, "accepted"),
            Ok(Err(_)) => plain(StatusCode::NOT_FOUND, "this stream has ended: open one with `GET /sse`"),
            Err(_) => plain(StatusCode::TOO_MANY_REQUESTS, "messages wait already: read the stream, then send more"),
        }
    }
}

/// What the client is told, until either side goes away.
fn told(from_server: mpsc::Receiver<ServerJsonRpcMessage>, ended: CancellationToken) -> impl Stream<Item = Bytes> + Send + Sync {
    let guard = ended.clone().drop_guard();
    stream::unfold((from_server, ended, guard), |(mut from_server, ended, guard): (_, _, DropGuard)| async move {
        let next = tokio::select! {
            () = ended.cancelled() => return None,
            next = timeout(Duration::from_secs(ALIVE_SECONDS), from_server.next()) => next,
        };
        let bytes = match next {
            Ok(Some(message)) => event("message", &serde_json::to_string(&message).unwrap_or_default()),
            Ok(None) => return None,
            Err(_) => Bytes::from_static(b": still here\n\n"),
        };
        Some((bytes, (from_server, ended, guard)))
    })
}

/// One event. JSON has no line ends of its own.
fn event(name: &str, data: &str) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}

fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_bounded_and_of_whoever_opened_them() {
        let lines = Lines::default();
        let user = |number: usize| format!("00000000-0000-0000-0000-{number:012}").parse::<UserId>().unwrap();
        let line = |number| Line { user_id: user(number), to_server: mpsc::channel(1).0 };
        let first = session_id();
        assert!(lines.open(&first, line(1)));
        assert!(lines.find(&first, user(1)).is_some() && lines.find(&first, user(2)).is_none());
        for _ in 1..limits::MCP_SESSIONS_PER_USER_MAX {
            assert!(lines.open(&session_id(), line(1)));
        }
        assert!(!lines.open(&session_id(), line(1)) && lines.open(&session_id(), line(2)));
        lines.close(&first);
        assert!(lines.open(&session_id(), line(1)));
    }
}
