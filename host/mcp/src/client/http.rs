//! Streamable HTTP through the egress door. The rules of the protocol (sessions, resuming, versions) are rmcp's; what it sends goes out
//! here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::BoxStream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_security::sandbox::egress::{Egress, EgressError, HostAllow, Redirects, Request, Response, request_headers};
use rmcp::model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::auth::{AuthClient, AuthError};
use rmcp::transport::common::client_side_sse::ExponentialBackoff;
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, HttpStatusError, InsufficientScopeError, SseError, StreamableHttpClient, StreamableHttpClientTransport,
    StreamableHttpClientTransportConfig, StreamableHttpError, StreamableHttpPostResponse,
};
use secrecy::ExposeSecret as _;
use sse_stream::Sse;
use url::Url;

use super::config::ServerConfig;
use super::failure::told;
use super::hub::Doors;
use super::oauth::{Account, Refusals};
use super::secrets::{Hidden, Used, join};
use super::stream;

/// How often a broken stream is taken up again before the server counts as gone.
const RESUMES_MAX: usize = 3;
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

type Failed = StreamableHttpError<EgressError>;

/// The way to one remote server.
#[derive(Clone)]
pub(super) struct Door {
    egress: Arc<Egress>,
    allow: HostAllow,
    /// Of every request. Those with secrets are marked, so they stay at their origin.
    headers: Arc<HeaderMap>,
    time_max: Duration,
    /// What it refuses until somebody signs in.
    refusals: Arc<Refusals>,
}

/// A door that shows the tokens of a sign-in, when there was one.
pub(super) type SignedDoor = AuthClient<Door>;

impl Door {
    /// The way to the server, with its secrets joined and signed in as far as somebody signed in; and what hides all that.
    pub(super) async fn open(
        doors: &Doors,
        owner: Option<UserId>,
        config: &ServerConfig,
        (allow, time_max): (&HostAllow, Duration),
        account: &Account,
    ) -> Result<(SignedDoor, Hidden), String> {
        let mut used = Used::default();
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            let value = join(doors.secrets.as_ref(), owner, (&format!("headers.{name}"), value), &mut used).await?;
            let pair = (name.as_str(), value.expose_secret().as_bytes());
            let made = request_headers([pair]).map_err(|error| format!("`headers.{name}`: {error}"))?;
            for (name, mut value) in made {
                value.set_sensitive(true);
                headers.extend(name.map(|name| (name, value)));
            }
        }
        // What signs every request already is not signed once more.
        let manager = if headers.contains_key(header::AUTHORIZATION) {
            account.unsigned(doors).await?
        } else {
            account.manager(doors, owner).await?
        };
        let (egress, allow, refusals) = (doors.egress.clone(), allow.clone(), account.refusals.clone());
        let door = Self { egress, allow, headers: Arc::new(headers), time_max, refusals };
        Ok((AuthClient::new(door, manager), used.hiding(Some(account.kept.clone()))))
    }

    /// A request with the server's own headers. A stream may last as long as a session; anything else as long as a call.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &str,
        (headers, body): (HeaderMap, Bytes),
        (token, is_stream): (Option<&str>, bool),
    ) -> Result<Response, EgressError> {
        let url = Url::parse(url).map_err(|error| EgressError::Invalid(error.to_string()))?;
        let mut request = Request::new(method, url);
        request.headers = headers;
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| EgressError::Invalid("the token of the sign-in is no header's value".to_owned()))?;
            value.set_sensitive(true);
            request.headers.insert(header::AUTHORIZATION, value);
        }
        for (name, value) in self.headers.iter() {
            request.headers.insert(name, value.clone());
        }
        request.body = body;
        request.redirects = Redirects::Follow;
        let lasts = Duration::from_secs(limits::MCP_SESSION_HOURS_MAX * 60 * 60);
        request.time_max = if is_stream { lasts } else { self.time_max };
        let answer = self.egress.fetch(&self.allow, request).await?;
        self.refusals.hear(&answer.url, answer.status, &answer.headers);
        Ok(answer)
    }
}

/// The token to show now, refreshed when its time is up; none when nobody signed in.
pub(super) async fn token(door: &SignedDoor) -> Result<Option<String>, String> {
    match door.get_access_token().await {
        Ok(token) => Ok(Some(token)),
        Err(AuthError::AuthorizationRequired) => Ok(None),
        Err(error) => Err(told(&error.to_string())),
    }
}

/// rmcp's transport over this door.
pub(super) fn transport(door: SignedDoor, url: &Url) -> StreamableHttpClientTransport<SignedDoor> {
    let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
    let mut retry = ExponentialBackoff::default();
    retry.max_times = Some(RESUMES_MAX);
    config.retry_config = Arc::new(retry);
    config.max_sse_event_size = limits::MCP_SERVER_MESSAGE_BYTES_MAX;
    config.max_json_response_size = limits::MCP_SERVER_MESSAGE_BYTES_MAX;
    config.max_concurrent_requests = limits::MCP_SERVER_CALLS_MAX;
    StreamableHttpClientTransport::with_client(door, config)
}

/// The headers of the protocol.
fn protocol_headers(
    accept: &'static str,
    session: Option<&str>,
    custom: HashMap<HeaderName, HeaderValue>,
) -> Result<HeaderMap, Failed> {
    let mut headers: HeaderMap = custom.into_iter().collect();
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    if let Some(session) = session {
        let value = HeaderValue::from_str(session);
        let value = value.map_err(|_| Failed::UnexpectedServerResponse("the session's id is no header's value".into()))?;
        headers.insert(SESSION, value);
    }
    Ok(headers)
}

fn media_type(response: &Response) -> Option<&str> {
    let value = response.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim())
}

/// Refusals that mean something to rmcp.
fn refusal(response: &Response, had_session: bool) -> Option<Failed> {
    let text = |name: HeaderName| response.headers.get(name).and_then(|value| value.to_str().ok()).map(told);
    match response.status {
        StatusCode::UNAUTHORIZED => {
            Some(Failed::AuthRequired(AuthRequiredError::new(text(header::WWW_AUTHENTICATE).unwrap_or_default())))
        }
        StatusCode::FORBIDDEN => {
            let said = text(header::WWW_AUTHENTICATE).filter(|said| said.contains("insufficient_scope"))?;
            Some(Failed::InsufficientScope(InsufficientScopeError::new(said, None)))
        }
        StatusCode::NOT_FOUND if had_session => Some(Failed::SessionExpired),
        status if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
            Some(HttpStatusError::new(status.as_u16(), text(header::RETRY_AFTER)).into())
        }
        _ => None,
    }
}

impl StreamableHttpClient for Door {
    type Error = EgressError;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let mut headers = protocol_headers("text/event-stream, application/json", session_id.as_deref(), custom_headers)?;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        let awaits_answer = matches!(message, JsonRpcMessage::Request(_));
        let body = Bytes::from(serde_json::to_vec(&message)?);
        // The answer may be a stream that ends with the call, which has its own bound.
        let how = (auth_header.as_deref(), awaits_answer);
        let answer = self.send(Method::POST, &uri, (headers, body), how).await.map_err(Failed::Client)?;
        if matches!(answer.status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        if let Some(refusal) = refusal(&answer, session_id.is_some()) {
            return Err(refusal);
        }
        let session = answer.headers.get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (status, kind) = (answer.status, media_type(&answer).map(str::to_owned));
        match kind.as_deref() {
            Some(EVENTS) if status.is_success() => Ok(StreamableHttpPostResponse::Sse(stream::events(answer.body), session)),
            kind => {
                let bytes = stream::whole(answer.body, limits::MCP_SERVER_MESSAGE_BYTES_MAX).await.map_err(Failed::Client)?;
                match serde_json::from_slice::<ServerJsonRpcMessage>(&bytes) {
                    Ok(message) if status.is_success() || matches!(message, JsonRpcMessage::Error(_)) => {
                        Ok(StreamableHttpPostResponse::Json(message, session))
                    }
                    _ if status.is_success() && !awaits_answer => Ok(StreamableHttpPostResponse::Accepted),
                    _ => {
                        let said = told(&String::from_utf8_lossy(&bytes));
                        let text = format!("status {status}, content type {}: {said}", kind.map(told).unwrap_or_default());
                        Err(Failed::UnexpectedServerResponse(text.into()))
                    }
                }
            }
        }
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failed> {
        let headers = protocol_headers(JSON, Some(&session_id), custom_headers)?;
        // A server that knows no end of sessions says so, and that is no mistake.
        let how = (auth_header.as_deref(), false);
        self.send(Method::DELETE, &uri, (headers, Bytes::new()), how).await.map(drop).map_err(Failed::Client)
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failed> {
        let mut headers = protocol_headers(EVENTS, session_id.as_deref(), custom_headers)?;
        if let Some(value) = last_event_id.and_then(|id| HeaderValue::from_str(&id).ok()) {
            headers.insert(LAST_EVENT, value);
        }
        let how = (auth_header.as_deref(), true);
        let answer = self.send(Method::GET, &uri, (headers, Bytes::new()), how).await.map_err(Failed::Client)?;
        if answer.status == StatusCode::METHOD_NOT_ALLOWED {
            return Err(Failed::ServerDoesNotSupportSse);
        }
        if let Some(refusal) = refusal(&answer, session_id.is_some()) {
            return Err(refusal);
        }
        match media_type(&answer) {
            Some(EVENTS) if answer.status.is_success() => Ok(stream::events(answer.body)),
            kind => Err(Failed::UnexpectedContentType(kind.map(told))),
        }
    }
}
