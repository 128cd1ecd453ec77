//! Names become addresses here, and every address is looked at before anybody connects to it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::{Reach, reach};
use super::host::{HostAllow, is_metadata_name, normal};
use super::{ADDRESSES_MAX, EgressError};

/// Asks for the addresses of a name. The system's resolver in a host, a table in tests.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The addresses of a name.
    ///
    /// # Errors
    /// When the name has none or nobody answers.
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// What the HTTP client asks. It connects to exactly what is answered here, so an answer that changes later changes nothing.
pub(super) struct VettingResolver {
    pub lookup: Arc<dyn Lookup>,
    pub allow: HostAllow,
}

impl Resolve for VettingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, allow, name) = (Arc::clone(&self.lookup), self.allow.clone(), name.as_str().to_owned());
        Box::pin(async move {
            let addresses = vetted(lookup.as_ref(), &allow, &name).await?;
            let sockets: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(sockets)
        })
    }
}

/// The addresses of a name, when every one of them may be connected to. One bad address spoils the name: a name that is half public is
/// a trick, not a service.
pub(super) async fn vetted(lookup: &dyn Lookup, allow: &HostAllow, name: &str) -> Result<Vec<IpAddr>, EgressError> {
    let name = normal(name);
    let Some(leave) = allow.leave_for_name(&name) else {
        return Err(EgressError::Refused(format!("`{name}` is not among the hosts that may be connected to: {allow}")));
    };
    if is_metadata_name(&name) {
        return Err(metadata_refusal(&name));
    }
    let found =
        lookup.lookup(&name).await.map_err(|error| EgressError::NotFound { name: name.clone(), why: error.to_string() })?;
    if found.is_empty() {
        return Err(EgressError::NotFound { name, why: "it has no address".to_owned() });
    }
    for address in &found {
        vet(&name, *address, leave.private)?;
    }
    Ok(found.into_iter().take(ADDRESSES_MAX).collect())
}

/// Refuses an address that this host may not be led to.
pub(super) fn vet(host: &str, address: IpAddr, private: bool) -> Result<(), EgressError> {
    match reach(address) {
        Reach::Public => Ok(()),
        Reach::Private if private => Ok(()),
        Reach::Private => Err(EgressError::Refused(format!(
            "`{host}` is at {address}, which is not on the public internet: only a host that the operator names may be private"
        ))),
        Reach::Metadata => Err(metadata_refusal(host)),
    }
}

fn metadata_refusal(host: &str) -> EgressError {
    EgressError::Refused(format!(
        "`{host}` is where a cloud gives out the credentials of its machines: nothing may connect there"
    ))
}
