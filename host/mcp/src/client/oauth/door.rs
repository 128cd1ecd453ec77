//! Requests to authorization servers, through the egress door.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use octi_domain::limits;
use octi_security::sandbox::egress::{Egress, EgressError, HostAllow, Redirects, Request};
use rmcp::transport::auth::{OAuthHttpClient, OAuthHttpClientFuture, OAuthHttpRedirectPolicy, OAuthHttpRequest};
use url::Url;

use super::super::stream;

/// Whom a server names as its authorization server is the server's word. So it opens nothing: public hosts with TLS, and private ones
/// only when the operator opened that very target.
pub(super) struct OverEgress {
    egress: Arc<Egress>,
}

impl OverEgress {
    pub(super) const fn new(egress: Arc<Egress>) -> Self {
        Self { egress }
    }

    async fn send(&self, asked: OAuthHttpRequest) -> Result<http::Response<Vec<u8>>, EgressError> {
        let (parts, body) = asked.request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|error| EgressError::Invalid(error.to_string()))?;
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
        let allow = HostAllow::parse([format!("{host}:{port}").as_str()])?;
        let mut request = Request::new(parts.method, url);
        request.headers = parts.headers;
        if let Some(value) = request.headers.get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        request.body = Bytes::from(body);
        // Followed within that host only, because no other is allowed.
        request.redirects = match asked.redirect_policy {
            OAuthHttpRedirectPolicy::Follow => Redirects::Follow,
            _ => Redirects::Refuse,
        };
        let most = Duration::from_secs(limits::MCP_OAUTH_SECONDS_MAX);
        request.time_max = asked.timeout.map_or(most, |wanted| wanted.min(most));
        let answer = self.egress.fetch(&allow, request).await?;
        let body = stream::whole(answer.body, limits::MCP_OAUTH_BYTES_MAX).await?;
        let mut response = http::Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

impl OAuthHttpClient for OverEgress {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(async move { self.send(request).await.map_err(Into::into) })
    }
}
