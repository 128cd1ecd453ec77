//! From a host to a connection: look up, vet, dial the vetted address. Nobody looks the name up a second time.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use octi_domain::limits;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;
use url::{Host, Url};

use super::host::{HostAllow, Leave, host_and_port};
use super::resolver::{Lookup, vetted};
use super::{Egress, EgressError, EgressPolicy, vet};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Boxed<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// The connections to one target.
pub(super) type Http = Client<Timed<HttpsConnector<Dialler>>, Full<Bytes>>;

/// One host, one port, one scheme, one set of rights: what a connection was vetted for, and the only thing it is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    https: bool,
    host: String,
    port: u16,
    literal: Option<IpAddr>,
    leave: Leave,
}

impl Target {
    pub(super) fn of(url: &Url, leave: Leave) -> Result<Self, EgressError> {
        let (host, port) = host_and_port(url)?;
        let literal = match url.host() {
            Some(Host::Ipv4(four)) => Some(IpAddr::V4(four)),
            Some(Host::Ipv6(six)) => Some(IpAddr::V6(six)),
            _ => None,
        };
        Ok(Self { https: url.scheme() == "https", host: host.to_owned(), port, literal, leave })
    }

    pub(super) const fn is_https(&self) -> bool {
        self.https
    }

    /// Where a connection may go: the literal address, or those of the name, every one of them vetted.
    pub(super) async fn addresses(&self, lookup: &dyn Lookup) -> Result<Vec<IpAddr>, EgressError> {
        match self.literal {
            Some(address) => vet::address(&self.host, address, &self.leave).map(|()| vec![address]),
            None => vetted(lookup, &self.host, &self.leave).await,
        }
    }
}

/// A client whose every connection goes to that target.
pub(super) fn client(policy: &EgressPolicy, target: Target, tls: ClientConfig) -> Http {
    let dialler = Dialler { policy: policy.clone(), target };
    let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions().wrap_connector(dialler);
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(limits::EGRESS_IDLE_SECONDS_MAX))
        .pool_max_idle_per_host(limits::EGRESS_IDLE_MAX)
        .http1_max_buf_size(policy.caps.header_bytes)
        .http1_max_headers(limits::EGRESS_HEADERS_MAX)
        .http2_max_header_list_size(u32::try_from(policy.caps.header_bytes).unwrap_or(u32::MAX))
        .build(Timed { inner: https, limit: policy.connect_timeout })
}

/// Opens the connections of a client to its target.
#[derive(Clone)]
pub(super) struct Dialler {
    policy: EgressPolicy,
    target: Target,
}

impl Dialler {
    async fn connect(self, uri: Uri) -> Result<TokioIo<TcpStream>, EgressError> {
        let Target { host, port, .. } = &self.target;
        // Cannot happen: a client is asked for its own target only. If it ever does, it must not be the wrong connection.
        let asked = uri.host().map(octi_extension::host::bare);
        if asked != Some(host.as_str()) {
            return Err(EgressError::NotAllowed {
                host: uri.host().unwrap_or_default().to_owned(),
                port: *port,
                allowed: format!("`{host}:{port}`"),
            });
        }
        self.open().await.map(TokioIo::new)
    }

    /// Looks up, vets, dials.
    async fn open(&self) -> Result<TcpStream, EgressError> {
        let Target { host, port, .. } = &self.target;
        let addresses = self.target.addresses(self.policy.lookup.as_ref()).await?;
        let deadline = Instant::now() + self.policy.connect_timeout;
        let mut last = "it has no address".to_owned();
        for (tried, address) in addresses.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            // Each address gets its share, so that one that swallows everything does not keep the others from being tried.
            let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1).max(1);
            let socket = self.policy.route.route(SocketAddr::new(*address, *port));
            match timeout_at(Instant::now() + share, TcpStream::connect(socket)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true).map_err(|error| EgressError::Failed(error.to_string()))?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error.to_string(),
                Err(_) => "no answer in time".clone_into(&mut last),
            }
        }
        Err(EgressError::Failed(format!("no connection to `{host}:{port}`: {last}")))
    }
}

impl Egress {
    /// Connects to `host:port` for those who speak for themselves, such as a program whose proxy this host is. The checks are
    /// those of a URL.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(in crate::sandbox) async fn dial(&self, allow: &HostAllow, target: &str) -> Result<TcpStream, EgressError> {
        let odd = || EgressError::Refused(format!("`{}` is not a host and a port", target.escape_debug()));
        // Parsed as a URL's, because that is where the many spellings of one host become the same.
        let url = Url::parse(&format!("https://{target}/")).map_err(|_| odd())?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || target.contains('/') {
            return Err(odd());
        }
        let leave = self.check(&url, None, allow)?;
        Dialler { policy: self.policy.clone(), target: Target::of(&url, leave)? }.open().await
    }
}

impl Service<Uri> for Dialler {
    type Response = TokioIo<TcpStream>;
    type Error = EgressError;
    type Future = Boxed<Self::Response, EgressError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), EgressError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// Bounds the whole way to a connection: look-up, dialling, TLS.
#[derive(Clone)]
pub(super) struct Timed<C> {
    inner: C,
    limit: Duration,
}

impl<C> Service<Uri> for Timed<C>
where
    C: Service<Uri, Error = BoxError>,
    C::Response: Send,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Boxed<C::Response, BoxError>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (limit, connecting) = (self.limit, self.inner.call(uri));
        Box::pin(async move {
            match tokio::time::timeout(limit, connecting).await {
                Ok(connected) => connected,
                Err(_) => {
                    Err(EgressError::Timeout { what: "connecting", ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX) }
                        .into())
                }
            }
        })
    }
}
