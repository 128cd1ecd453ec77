//! Names become addresses here, and every address is looked at before anybody connects to it.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use async_trait::async_trait;
use octi_domain::limits;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::host::{Leave, is_metadata_name};
use super::vet::{self, metadata_refusal};
use super::{EgressError, EgressPolicy};

/// Asks for the addresses of a name. The system's resolver in a host, a table in tests.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The addresses of a name.
    ///
    /// # Errors
    /// When the name has none or nobody answers.
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system. It blocks a thread for each question, so only so many are asked at once.
#[derive(Debug, Clone)]
pub struct SystemLookup {
    places: Arc<Semaphore>,
}

impl Default for SystemLookup {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(limits::EGRESS_LOOKUPS_MAX)) }
    }
}

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        let name = name.to_owned();
        // The place is given back when the system has answered, not when the asker has lost patience.
        let asked = tokio::task::spawn_blocking(move || {
            let _place = place;
            (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
        });
        asked.await.map_err(io::Error::other)?
    }
}

/// Where a vetted address is dialled. That very address in a host; a server on the loopback interface in tests, which could not
/// reach a public address.
pub trait Route: Send + Sync {
    /// The socket for a vetted address.
    fn route(&self, vetted: SocketAddr) -> SocketAddr;
}

/// The address itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Straight;

impl Route for Straight {
    fn route(&self, vetted: SocketAddr) -> SocketAddr {
        vetted
    }
}

/// What reqwest asks, for the one host of a model. It connects to exactly what is answered here, so an answer that changes later
/// changes nothing.
pub(super) struct VettingResolver {
    pub policy: EgressPolicy,
    pub host: String,
    pub port: u16,
    pub leave: Leave,
}

impl Resolve for VettingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, leave, port) = (self.policy.clone(), self.leave.clone(), self.port);
        let (host, name) = (self.host.clone(), name.as_str().to_owned());
        Box::pin(async move {
            if octi_extension::host::bare(&name) != host {
                return Err(EgressError::NotAllowed { host: name, port, allowed: format!("`{host}:{port}`") }.into());
            }
            let addresses = vetted(policy.lookup.as_ref(), &host, &leave).await?;
            let sockets: Vec<SocketAddr> =
                addresses.into_iter().map(|address| policy.route.route(SocketAddr::new(address, port))).collect();
            Ok(Box::new(sockets.into_iter()) as Addrs)
        })
    }
}

/// The addresses of a name, when every one of them may be connected to. One bad address spoils the name: a name that is half public is
/// a trick, not a service.
pub(super) async fn vetted(lookup: &dyn Lookup, name: &str, leave: &Leave) -> Result<Vec<IpAddr>, EgressError> {
    if is_metadata_name(name) {
        return Err(metadata_refusal(name));
    }
    let found =
        lookup.lookup(name).await.map_err(|error| EgressError::NotFound { name: name.to_owned(), why: error.to_string() })?;
    if found.is_empty() {
        return Err(EgressError::NotFound { name: name.to_owned(), why: "it has no address".to_owned() });
    }
    for address in &found {
        vet::address(name, *address, leave)?;
    }
    Ok(found.into_iter().take(limits::EGRESS_ADDRESSES_MAX).collect())
}
