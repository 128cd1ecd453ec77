//! The only dialler: every outgoing connection is to a host that was allowed, at an address that was looked at.

mod address;
mod dial;
mod host;
mod resolver;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::limits;
use url::{Host, Url};

pub use host::HostAllow;
pub use resolver::{Lookup, SystemLookup};

use resolver::VettingResolver;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 16;

/// How this host connects.
#[derive(Clone)]
pub struct EgressPolicy {
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// Where names are looked up.
    pub lookup: Arc<dyn Lookup>,
}

impl Default for EgressPolicy {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(limits::MODEL_CONNECT_SECONDS_MAX), lookup: Arc::new(SystemLookup) }
    }
}

impl fmt::Debug for EgressPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressPolicy").field("connect_timeout", &self.connect_timeout).finish_non_exhaustive()
    }
}

/// Why there is no connection. Every text is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The host is not on the list.
    #[error("`{host}:{port}` is not among the hosts that may be connected to: {allowed}")]
    NotAllowed { host: String, port: u16, allowed: String },
    /// The address leads where nothing may go.
    #[error("{0}")]
    Refused(String),
    /// An entry of a host list.
    #[error("`{entry}` is not a host to allow: {why}")]
    BadRule { entry: String, why: String },
    /// The name has no address.
    #[error("`{name}` was not found: {why}")]
    NotFound { name: String, why: String },
    /// The request failed on its way.
    #[error("the request failed: {0}")]
    Failed(String),
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be set up: {0}")]
    Setup(String),
}

/// The dialler.
#[derive(Debug, Clone, Default)]
pub struct Egress {
    policy: EgressPolicy,
}

impl Egress {
    /// A dialler.
    #[must_use]
    pub const fn new(policy: EgressPolicy) -> Self {
        Self { policy }
    }

    /// A client whose names are looked up and vetted here. It follows no redirect, uses no proxy and keeps no cookie.
    ///
    /// A literal address in a URL is not looked up, so nobody could vet it on the way: give this client only URLs that passed
    /// [`Egress::vet_url`], or use [`Egress::send`], which asks by itself.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    #[expect(clippy::disallowed_methods, reason = "this is the egress door: the one place that builds HTTP clients")]
    pub fn client(&self, allow: &HostAllow) -> Result<reqwest::Client, EgressError> {
        let resolver = VettingResolver { lookup: Arc::clone(&self.policy.lookup), allow: allow.clone() };
        reqwest::Client::builder()
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
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Refused(
                "the address holds a user name or a password, which hides where it leads: leave it out".to_owned(),
            ));
        }
        let (host, _) = host::host_and_port(url)?;
        let leave = allow.leave(url)?;
        match url.host() {
            Some(Host::Ipv4(four)) => resolver::vet(&host, IpAddr::V4(four), leave.private),
            Some(Host::Ipv6(six)) => resolver::vet(&host, IpAddr::V6(six), leave.private),
            _ if host::is_metadata_name(&host) => {
                Err(EgressError::Refused(format!("`{host}` is where clouds keep credentials: nothing may connect there")))
            }
            _ => Ok(()),
        }
    }

    /// Vets a request's URL and sends it.
    ///
    /// # Errors
    /// When the URL is refused or the connection fails.
    pub async fn send(&self, allow: &HostAllow, request: reqwest::Request) -> Result<reqwest::Response, EgressError> {
        self.vet_url(request.url(), allow)?;
        self.client(allow)?.execute(request).await.map_err(|error| EgressError::Failed(sources(&error)))
    }
}

/// The whole chain of reasons, without the URL, which may hold secrets in its query.
fn sources(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "no answer in time".to_owned() } else { "no connection".to_owned() };
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        text = source.to_string();
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests;
