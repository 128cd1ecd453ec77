//! What programs say of themselves at their own addresses, read through the egress door.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::limits;
use octi_gateway::ports::{PortError, ProgramDocuments};
use octi_security::sandbox::egress::{Egress, HostAllow, Redirects, Request};
use url::Url;

/// Reads them: from public addresses, which is what a door without an operator's word opens to.
pub(crate) struct Documents(pub(crate) Arc<Egress>);

#[async_trait]
impl ProgramDocuments for Documents {
    async fn read(&self, url: &str) -> Result<Vec<u8>, PortError> {
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        self.fetched(url, &host).await.map_err(|why| {
            PortError::Upstream(format!("the program describes itself at `{host}`, and that cannot be read: {why}"))
        })
    }
}

impl Documents {
    async fn fetched(&self, url: &str, host: &str) -> Result<Vec<u8>, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let port = url.port_or_known_default().unwrap_or(443);
        let allow = HostAllow::parse([format!("{host}:{port}").as_str()]).map_err(|error| error.to_string())?;
        let mut request = Request::new(http::Method::GET, url);
        request.redirects = Redirects::Refuse;
        request.time_max = Duration::from_secs(limits::OAUTH_DOCUMENT_SECONDS_MAX);
        let mut response = self.0.fetch(&allow, request).await.map_err(|error| error.to_string())?;
        if response.status != http::StatusCode::OK {
            return Err(format!("it answers with {}", response.status.as_u16()));
        }
        let mut bytes = Vec::new();
        loop {
            let room = limits::OAUTH_DOCUMENT_BYTES_MAX + 1 - bytes.len();
            let more = response.body.read(room).await.map_err(|error| error.to_string())?;
            if more.is_empty() {
                return Ok(bytes);
            }
            bytes.extend_from_slice(&more);
            if bytes.len() > limits::OAUTH_DOCUMENT_BYTES_MAX {
                return Err(format!("it has more than {} bytes", limits::OAUTH_DOCUMENT_BYTES_MAX));
            }
        }
    }
}
