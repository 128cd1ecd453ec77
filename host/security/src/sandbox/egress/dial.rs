//! Connections for those who do not speak HTTP themselves, such as a program whose proxy this host is.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;
use url::{Host, Url};

use super::host::HostAllow;
use super::{Egress, EgressError, resolver};

impl Egress {
    /// Connects to `host:port`, after the same checks as a URL: the list, and every address that the name has.
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
        self.vet_url(&url, allow)?;
        let port = url.port_or_known_default().ok_or_else(odd)?;
        let addresses = match url.host() {
            Some(Host::Ipv4(four)) => vec![IpAddr::V4(four)],
            Some(Host::Ipv6(six)) => vec![IpAddr::V6(six)],
            Some(Host::Domain(name)) => resolver::vetted(self.policy.lookup.as_ref(), allow, name).await?,
            None => return Err(odd()),
        };
        let mut last = EgressError::NotFound { name: target.to_owned(), why: "it has no address".to_owned() };
        for address in addresses {
            let attempt = TcpStream::connect(SocketAddr::new(address, port));
            match tokio::time::timeout(self.policy.connect_timeout, attempt).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(error)) => last = EgressError::Failed(format!("`{target}` does not answer: {error}")),
                Err(_) => last = EgressError::Failed(format!("`{target}` does not answer in time")),
            }
        }
        Err(last)
    }
}
