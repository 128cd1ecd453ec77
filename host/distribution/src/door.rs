//! How the OCI client reaches the network: not at all.
//!
//! It brings its own HTTP client, which nobody here can give a dialler. So it is told that it speaks without encryption and through a
//! proxy, which is a listener of this process on loopback, and each request arrives here in plain words. It is sent on through the
//! egress door, which vets the host, encrypts, follows redirects, decompresses, and bounds size and time; the whole answer is read here
//! before the client sees any of it. Nobody else gets in: the listener wants a secret that is new each time.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use octi_domain::limits;
use octi_security::sandbox::egress::{self, Caps, Egress, EgressError, HostAllow};
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Url;

use crate::Access;
use crate::location::OciLocation;

/// The user of the proxy. The password is what counts.
const USER: &str = "octi";
/// What an answer tells the client.
const ANSWERED: [&str; 6] =
    ["content-type", "docker-content-digest", "docker-upload-uuid", "location", "range", "www-authenticate"];
/// What a request tells the registry.
const ASKED: [&str; 6] = ["accept", "authorization", "content-range", "content-type", "range", "user-agent"];
/// Between one attempt and the next.
const PAUSES: [Duration; limits::REGISTRY_ATTEMPTS_MAX - 1] = [Duration::from_millis(300), Duration::from_millis(1_500)];

/// Told of the bytes that the registry took.
pub(crate) type Sent = Arc<dyn Fn(u64) + Send + Sync>;

/// What went wrong here, which the client only sees as a failed request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("more than {0} bytes")]
    TooLarge(usize),
    #[error("it was silent for {0:?}")]
    Silent(Duration),
    #[error("it leads to `{0}` without encryption")]
    Clear(String),
    #[error(transparent)]
    Egress(#[from] EgressError),
}

/// How the last request went.
#[derive(Debug, Clone, Default)]
pub(crate) struct Last {
    pub(crate) trouble: Option<Trouble>,
    pub(crate) status: Option<StatusCode>,
    /// What the registry said, where the status is one of failure.
    pub(crate) said: Bytes,
}

/// The listener. It is closed when this is dropped.
pub(crate) struct Door {
    address: SocketAddr,
    inside: Arc<Inside>,
    _serving: JoinSet<()>,
}

struct Inside {
    egress: Egress,
    allow: HostAllow,
    /// `host` or `host:port` of the registry, and how it is spoken to.
    registry: String,
    scheme: &'static str,
    secret: String,
    patience: Duration,
    /// Bytes of a blob that somebody waits for now.
    blob_bytes_max: AtomicUsize,
    last: Mutex<Last>,
    sent: Mutex<Option<Sent>>,
}

impl Door {
    /// Opens it, towards that registry and to what it redirects to in the public. It has to be called in a runtime.
    pub(crate) fn open(location: &OciLocation, access: &Access) -> Result<Self, io::Error> {
        let scheme = if location.is_loopback() || access.plain_http { "http" } else { "https" };
        let url = Url::parse(&format!("{scheme}://{}/", location.host())).map_err(io::Error::other)?;
        // Where tokens are given and large files lie is for the registry to say, and is often another host.
        let allow = HostAllow::operator(&url)
            .and_then(|registry| Ok(registry.and(HostAllow::parse(["*"])?)))
            .map_err(io::Error::other)?;
        let caps = Caps { request_bytes: limits::PLUGIN_BYTES_MAX + limits::EGRESS_HEADER_BYTES_MAX, ..Caps::default() };
        let inside = Arc::new(Inside {
            egress: access.egress.with_caps(caps),
            allow,
            registry: location.host().to_owned(),
            scheme,
            secret: URL_SAFE_NO_PAD.encode(access.ambient.bytes::<24>()),
            patience: access.patience,
            blob_bytes_max: AtomicUsize::new(0),
            last: Mutex::default(),
            sent: Mutex::default(),
        });
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&inside)));
        Ok(Self { address, inside, _serving: serving })
    }

    /// What the client is told of its proxy.
    pub(crate) fn proxy(&self) -> String {
        format!("http://{USER}:{}@{}", self.inside.secret, self.address)
    }

    /// Before something is asked for: a blob may have so many bytes.
    pub(crate) fn expect(&self, blob_bytes_max: usize) {
        self.inside.blob_bytes_max.store(blob_bytes_max, Ordering::Relaxed);
        *self.inside.last.lock().unwrap_or_else(PoisonError::into_inner) = Last::default();
    }

    /// How the last request went.
    pub(crate) fn last(&self) -> Last {
        self.inside.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who is told of what the registry took from now on.
    pub(crate) fn tell(&self, sent: Option<Sent>) {
        *self.inside.sent.lock().unwrap_or_else(PoisonError::into_inner) = sent;
    }
}

async fn serve(listener: TcpListener, inside: Arc<Inside>) {
    let mut open = JoinSet::new();
    loop {
        while open.len() >= limits::REGISTRY_CONNECTIONS_MAX {
            open.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((connection, _)) => {
                    let inside = Arc::clone(&inside);
                    open.spawn(async move {
                        let service = service_fn(move |request| answer(Arc::clone(&inside), request));
                        let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
                        if let Err(error) = served {
                            tracing::debug!(%error, "a connection of the OCI client ended");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection of the OCI client was lost");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = open.join_next(), if !open.is_empty() => {}
        }
    }
}

/// One request of the client.
async fn answer(inside: Arc<Inside>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    if !inside.is_known(request.headers()) {
        return Ok(plainly(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "this is octi's own"));
    }
    let answered = Box::pin(inside.pass(request)).await;
    let mut last = inside.last.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(match answered {
        Ok(response) => {
            let status = response.status();
            let said = if status.is_success() { Bytes::new() } else { response.body().clone() };
            // A trouble stays: the client may pass over one with a token, and fail for want of it.
            (last.status, last.said) = (Some(status), said);
            response.map(Full::new)
        }
        Err(trouble) => {
            let response = plainly(StatusCode::BAD_GATEWAY, &trouble.to_string());
            *last = Last { trouble: Some(trouble), ..Last::default() };
            response
        }
    })
}

/// A body takes its time to be sent, which is not the registry's silence.
fn patience_with(patience: Duration, body_bytes: usize) -> Duration {
    let seconds = body_bytes / limits::REGISTRY_PUSH_BYTES_PER_SECOND_MIN;
    patience.saturating_add(Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)))
}

fn plainly(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    response
}

impl Inside {
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let expected = format!("Basic {}", STANDARD.encode(format!("{USER}:{}", self.secret)));
        let found = headers.get(header::PROXY_AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
        bool::from(found.ct_eq(expected.as_bytes()))
    }

    async fn pass(&self, request: Request<Incoming>) -> Result<Response<Bytes>, Trouble> {
        let (parts, body) = request.into_parts();
        let url = self.target(&parts.uri)?;
        let body = Limited::new(body, limits::PLUGIN_BYTES_MAX).collect().await;
        let body = body.map_err(|_| Trouble::TooLarge(limits::PLUGIN_BYTES_MAX))?.to_bytes();
        let sent = body.len() as u64;
        let mut request = egress::Request::new(parts.method.clone(), url);
        for name in ASKED {
            let name = HeaderName::from_static(name);
            if let Some(value) = parts.headers.get(&name) {
                let mut value = value.clone();
                value.set_sensitive(name == header::AUTHORIZATION);
                request.headers.insert(name, value);
            }
        }
        request.body = body;
        let is_reading = matches!(parts.method, Method::GET | Method::HEAD);
        let answer = if is_reading { self.repeatedly(request).await? } else { self.once(request).await? };
        if sent > 0 && answer.status().is_success() {
            let tell = self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(tell) = tell {
                tell(sent);
            }
        }
        Ok(answer)
    }

    /// Where a request is sent: to the registry as it is spoken to, elsewhere always with encryption.
    fn target(&self, uri: &Uri) -> Result<Url, Trouble> {
        let odd = || EgressError::Invalid(format!("`{uri}` is not an address that the OCI client should ask for"));
        let authority = uri.authority().map(http::uri::Authority::as_str).filter(|_| uri.scheme_str() == Some("http"));
        let authority = authority.ok_or_else(odd)?;
        let scheme = if self.is_registry(authority) { self.scheme } else { "https" };
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        Ok(Url::parse(&format!("{scheme}://{authority}{path}")).map_err(|_| odd())?)
    }

    fn is_registry(&self, authority: &str) -> bool {
        authority.eq_ignore_ascii_case(&self.registry)
    }

    async fn repeatedly(&self, request: egress::Request) -> Result<Response<Bytes>, Trouble> {
        for pause in PAUSES {
            let answer = self.once(request.clone()).await;
            let is_passing = match &answer {
                Ok(answer) => matches!(answer.status().as_u16(), 429 | 500 | 502 | 503 | 504),
                Err(trouble) => matches!(trouble, Trouble::Egress(EgressError::Failed(_))),
            };
            if !is_passing {
                return answer;
            }
            tracing::debug!(host = request.url.host_str(), "a registry is asked once more");
            tokio::time::sleep(pause).await;
        }
        self.once(request).await
    }

    async fn once(&self, request: egress::Request) -> Result<Response<Bytes>, Trouble> {
        let is_blob = request.method == Method::GET && request.url.path().contains("/blobs/");
        let silent = |_| Trouble::Silent(self.patience);
        let mut answer = timeout(patience_with(self.patience, request.body.len()), self.egress.fetch(&self.allow, request))
            .await
            .map_err(silent)??;
        let is_content = is_blob && answer.status.is_success();
        let bytes_max = if is_content { self.blob_bytes_max.load(Ordering::Relaxed) } else { limits::REGISTRY_ANSWER_BYTES_MAX };
        let mut body = Vec::new();
        loop {
            let piece = timeout(self.patience, answer.body.read(limits::EGRESS_CHUNK_BYTES_MAX)).await.map_err(silent)??;
            if piece.is_empty() {
                break;
            }
            if body.len() + piece.len() > bytes_max {
                return Err(Trouble::TooLarge(bytes_max));
            }
            body.extend_from_slice(&piece);
        }
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = answer.status;
        for name in ANSWERED {
            let name = HeaderName::from_static(name);
            if let Some(value) = answer.headers.get(&name) {
                let value = self.told(&name, value)?;
                response.headers_mut().insert(name, value);
            }
        }
        Ok(response)
    }

    /// A header as the client should see it, who knows of no encryption: see [`Self::target`].
    fn told(&self, name: &HeaderName, value: &HeaderValue) -> Result<HeaderValue, Trouble> {
        let is_address = *name == header::LOCATION || *name == header::WWW_AUTHENTICATE;
        let Some(text) = value.to_str().ok().filter(|_| is_address) else { return Ok(value.clone()) };
        let is_first = |at: usize| at == 0 || *name == header::WWW_AUTHENTICATE;
        for clear in text.match_indices("http://").filter(|(at, _)| is_first(*at)).map(|(at, begin)| &text[at + begin.len()..]) {
            let authority = clear.split(['/', '?', '"', '#']).next().unwrap_or_default();
            if !self.is_registry(authority) {
                return Err(Trouble::Clear(authority.chars().take(100).flat_map(char::escape_debug).collect()));
            }
        }
        // An address behind the first belongs to whoever made the first.
        let text = match text.strip_prefix("https://") {
            Some(rest) => format!("http://{rest}"),
            None if *name == header::WWW_AUTHENTICATE => text.replace("https://", "http://"),
            None => text.to_owned(),
        };
        HeaderValue::from_str(&text).map_err(|error| EgressError::Invalid(error.to_string()).into())
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("address", &self.address).field("registry", &self.inside.registry).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod table;
#[cfg(test)]
mod tests {
    use octi_domain::ambient::Ambient;
    use octi_security::sandbox::egress::EgressPolicy;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;
    use crate::Location;

    #[test]
    fn a_long_body_is_given_the_time_of_a_slow_connection() {
        let second = Duration::from_secs(1);
        assert_eq!(patience_with(second, limits::REGISTRY_PUSH_BYTES_PER_SECOND_MIN - 1), second);
        assert_eq!(patience_with(second, 4 * limits::REGISTRY_PUSH_BYTES_PER_SECOND_MIN), 5 * second);
    }

    #[tokio::test]
    async fn so_many_connections_are_served_at_once_and_the_next_one_waits() {
        let Ok(Location::Oci(place)) = "oci://127.0.0.1:1/plugins".parse() else { panic!("no place") };
        let door = Door::open(&place, &Access::new(Egress::new(EgressPolicy::default()), Ambient::system())).unwrap();
        let mut held = Vec::new();
        for _ in 0..limits::REGISTRY_CONNECTIONS_MAX {
            held.push(answered(door.address).await.expect("an answer"));
        }
        let one_more = answered(door.address);
        tokio::pin!(one_more);
        assert!(timeout(Duration::from_millis(200), one_more.as_mut()).await.is_err(), "it was served too");
        held.pop();
        assert!(timeout(Duration::from_secs(10), one_more).await.is_ok_and(|served| served.is_some()));
    }

    /// A connection that had an answer and stays open.
    async fn answered(address: SocketAddr) -> Option<TcpStream> {
        let mut connection = TcpStream::connect(address).await.ok()?;
        connection.write_all(b"GET http://127.0.0.1:1/v2/ HTTP/1.1\r\nHost: x\r\n\r\n").await.ok()?;
        connection.read_exact(&mut [0; 12]).await.ok()?;
        Some(connection)
    }

    #[tokio::test]
    async fn nobody_else_gets_through_the_door() {
        let Ok(Location::Oci(place)) = "oci://127.0.0.1:1/plugins".parse() else { panic!("no place") };
        let access = Access::new(Egress::new(EgressPolicy::default()), Ambient::system());
        let door = Door::open(&place, &access).unwrap();
        let address = door.proxy().rsplit('@').next().unwrap().to_owned();
        for (head, expected) in [
            ("GET http://127.0.0.1:1/v2/ HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "407"),
            ("GET http://127.0.0.1:1/v2/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic b2N0aTo=\r\n\r\n".to_owned(), "407"),
            ("CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "407"),
        ] {
            let mut connection = TcpStream::connect(&address).await.unwrap();
            connection.write_all(head.as_bytes()).await.unwrap();
            let mut answer = [0; 12];
            connection.read_exact(&mut answer).await.unwrap();
            assert!(String::from_utf8_lossy(&answer).contains(expected), "{head}");
        }
    }
}
