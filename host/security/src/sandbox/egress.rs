//! The only dialler: every outgoing connection is to a host that was allowed, at an address that was looked at.
//!
//! A request is checked in this order: scheme, user names, host, port and method against the caller's list ([`HostAllow`]); the
//! address, literal or looked up, against what may be reached at all; then that very address is dialled. Each redirect begins again at
//! the first check.

mod address;
mod body;
mod dial;
mod endpoint;
mod error;
mod fetch;
mod headers;
mod host;
mod redirect;
mod resolver;
mod trust;
mod vet;

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use octi_domain::limits;
use rustls::ClientConfig;
use url::Url;

pub use body::Body;
pub use endpoint::{ENDPOINT_SCHEME, Endpoints};
pub use error::EgressError;
pub use fetch::{Redirects, Request, Response};
pub use headers::request_headers;
pub use host::{HostAllow, PrivateTargets};
pub use resolver::{Lookup, Route, Straight, SystemLookup};
pub use trust::Authorities;

use dial::{Http, Target};
use host::Leave;
use resolver::VettingResolver;

/// How large things may be, and how long they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Address, headers and body of a request together.
    pub request_bytes: usize,
    pub header_bytes: usize,
    /// A body as it comes from the network.
    pub wire_bytes: u64,
    /// A body as it is handed out.
    pub body_bytes: u64,
    pub redirects: usize,
    pub time: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            request_bytes: limits::EGRESS_REQUEST_BYTES_MAX,
            header_bytes: limits::EGRESS_HEADER_BYTES_MAX,
            wire_bytes: limits::EGRESS_WIRE_BYTES_MAX,
            body_bytes: limits::EGRESS_BODY_BYTES_MAX,
            redirects: limits::EGRESS_REDIRECTS_MAX,
            time: Duration::from_secs(limits::EGRESS_SECONDS_MAX),
        }
    }
}

/// How this host connects.
#[derive(Clone)]
pub struct EgressPolicy {
    /// From the look-up of a name to the end of the TLS handshake.
    pub connect_timeout: Duration,
    /// Where names are looked up.
    pub lookup: Arc<dyn Lookup>,
    /// Where vetted addresses are dialled.
    pub route: Arc<dyn Route>,
    /// Private targets that the operator opened.
    pub private: PrivateTargets,
    pub authorities: Authorities,
    pub caps: Caps,
}

impl Default for EgressPolicy {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(limits::EGRESS_CONNECT_SECONDS_MAX),
            lookup: Arc::new(SystemLookup::default()),
            route: Arc::new(Straight),
            private: PrivateTargets::default(),
            authorities: Authorities::default(),
            caps: Caps::default(),
        }
    }
}

impl fmt::Debug for EgressPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressPolicy")
            .field("connect_timeout", &self.connect_timeout)
            .field("private", &self.private)
            .field("caps", &self.caps)
            .finish_non_exhaustive()
    }
}

/// The dialler. Clones share their connections.
#[derive(Clone, Default)]
pub struct Egress {
    policy: EgressPolicy,
    /// The last used stands last.
    pools: Arc<Mutex<Vec<(Target, Http)>>>,
    tls: Arc<OnceLock<Result<ClientConfig, String>>>,
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Egress {
    /// A dialler.
    #[must_use]
    pub fn new(policy: EgressPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// The same dialler with other bounds, and with connections of its own.
    #[must_use]
    pub fn with_caps(&self, caps: Caps) -> Self {
        Self::new(EgressPolicy { caps, ..self.policy.clone() })
    }

    /// A client for libraries that bring their own requests: it connects to the host of `url`, which is vetted here, and to no other name.
    /// It follows no redirect, uses no proxy and keeps no cookie.
    ///
    /// A literal address in a later URL is not looked up, so nobody could vet it on the way: give this client only addresses below `url`.
    /// Whoever needs more uses [`Egress::fetch`].
    ///
    /// # Errors
    /// When the address is refused, or the TLS library cannot be set up.
    #[expect(clippy::disallowed_methods, reason = "this is the egress door: the one place that builds HTTP clients")]
    pub fn client(&self, url: &Url, allow: &HostAllow) -> Result<reqwest::Client, EgressError> {
        let leave = self.check(url, None, allow)?;
        let (host, port) = host::host_and_port(url)?;
        let resolver = VettingResolver { policy: self.policy.clone(), host: host.to_owned(), port, leave };
        let mut tls = self.tls(url.scheme() == "https")?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(self.policy.connect_timeout)
            .dns_resolver(resolver)
            .build()
            .map_err(|error| EgressError::Setup(error.to_string()))
    }

    /// Checks a URL before anything is sent: scheme, user names, host, port, and the address when it is a literal one.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn vet_url(&self, url: &Url, allow: &HostAllow) -> Result<(), EgressError> {
        self.check(url, None, allow).map(drop)
    }

    /// Everything that [`Egress::fetch`] decides before it connects: the checks of the URL, the look-up, the vetting of what was found.
    /// Returns the addresses that would be dialled, and dials none.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub async fn decide(&self, url: &Url, method: &str, allow: &HostAllow) -> Result<Vec<IpAddr>, EgressError> {
        let leave = self.check(url, Some(method), allow)?;
        Target::of(url, leave)?.addresses(self.policy.lookup.as_ref()).await
    }

    /// Whether the operator opened exactly this target, so that it may be trusted like one behind TLS.
    #[must_use]
    pub fn is_private_target(&self, url: &Url) -> bool {
        host::host_and_port(url).is_ok_and(|(host, port)| self.policy.private.names(host, port))
    }

    fn check(&self, url: &Url, method: Option<&str>, allow: &HostAllow) -> Result<Leave, EgressError> {
        vet::url(url, method, allow, &self.policy.private)
    }

    /// The connections to a target, from earlier requests when there were any with the same rights.
    fn pool(&self, target: Target) -> Result<Http, EgressError> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = pools.iter().position(|(known, _)| *known == target) {
            let found = pools.remove(at);
            let http = found.1.clone();
            pools.push(found);
            return Ok(http);
        }
        let http = dial::client(&self.policy, target.clone(), self.tls(target.is_https())?);
        if pools.len() >= limits::EGRESS_POOLS_MAX {
            pools.remove(0);
        }
        pools.push((target, http.clone()));
        Ok(http)
    }

    /// How servers are believed; made when it is first needed.
    fn tls(&self, wanted: bool) -> Result<ClientConfig, EgressError> {
        let make = || trust::tls(wanted, &self.policy.authorities);
        let config = if wanted { self.tls.get_or_init(make).clone() } else { make() };
        config.map_err(EgressError::Setup)
    }
}

/// The last reason of a chain, without the URL, which may hold secrets in its query.
fn last_source(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = "no connection".to_owned();
    let mut next = error.source();
    while let Some(source) = next {
        text = trust::advice(source).map_or_else(|| source.to_string(), str::to_owned);
        next = source.source();
    }
    text
}
