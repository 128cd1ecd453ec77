//! Requests to authorization servers, through the egress door.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use octi_domain::limits;
use octi_security::sandbox::egress::{Egress, EgressError, HostAllow, Redirects, Request};
use rmcp::transport::auth::{OAuthHttpClient, OAuthHttpClientFuture, OAuthHttpRedirectPolicy, OAuthHttpRequest};
use serde_json::Value;
use url::Url;

use super::super::stream;

/// What an authorization server without a path says of itself (RFC 8414).
const ROOT: &str = "/.well-known/oauth-authorization-server";

/// Whom a server names as its authorization server is the server's word. So it opens nothing: public hosts with TLS, and private ones
/// only when the operator opened that very target.
pub(super) struct OverEgress {
    egress: Arc<Egress>,
    /// Somebody said by now which authorization server the server trusts.
    is_named: AtomicBool,
}

impl OverEgress {
    pub(super) fn new(egress: Arc<Egress>) -> Self {
        Self { egress, is_named: AtomicBool::new(false) }
    }

    pub(super) async fn send(
        &self,
        request: http::Request<Vec<u8>>,
        redirects: Redirects,
        time_max: Option<Duration>,
    ) -> Result<http::Response<Vec<u8>>, EgressError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|error| EgressError::Invalid(error.to_string()))?;
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
        let allow = HostAllow::parse([format!("{host}:{port}").as_str()])?;
        let mut request = Request::new(parts.method, url.clone());
        request.headers = parts.headers;
        if let Some(value) = request.headers.get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        request.body = Bytes::from(body);
        request.redirects = redirects;
        let most = Duration::from_secs(limits::MCP_OAUTH_SECONDS_MAX);
        request.time_max = time_max.map_or(most, |wanted| wanted.min(most));
        let answer = self.egress.fetch(&allow, request).await?;
        let body = stream::whole(answer.body, limits::MCP_OAUTH_BYTES_MAX).await?;
        let body = self.read(&url, body);
        let mut response = http::Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }

    /// Servers of 2025-03-26 name no authorization server: theirs lies at the root of their own origin, whatever it calls itself. rmcp
    /// holds it to RFC 8414 (3.3), where the name is the place. Who answers at the root speaks for the whole origin, so a name in there
    /// is taken for the origin's; any other is still refused.
    fn read(&self, url: &Url, body: Vec<u8>) -> Vec<u8> {
        let Ok(Value::Object(mut said)) = serde_json::from_slice(&body) else { return body };
        if said.contains_key("authorization_servers") {
            self.is_named.store(true, Ordering::Relaxed);
        }
        let issuer = said.get("issuer").and_then(Value::as_str).and_then(|issuer| Url::parse(issuer).ok());
        let is_at_the_root = url.path() == ROOT && issuer.is_some_and(|issuer| issuer.origin() == url.origin());
        if !is_at_the_root || self.is_named.load(Ordering::Relaxed) {
            return body;
        }
        said.insert("issuer".to_owned(), url.origin().ascii_serialization().into());
        serde_json::to_vec(&said).unwrap_or(body)
    }
}

impl OAuthHttpClient for OverEgress {
    fn execute(&self, asked: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        // Followed within that host only, because no other is allowed.
        let redirects = match asked.redirect_policy {
            OAuthHttpRedirectPolicy::Follow => Redirects::Follow,
            _ => Redirects::Refuse,
        };
        Box::pin(async move { self.send(asked.request, redirects, asked.timeout).await.map_err(Into::into) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn issuer(door: &OverEgress, url: &str, issuer: &str) -> String {
        let body = json!({"issuer": issuer, "token_endpoint": "https://mcp.example/token"}).to_string();
        let said: Value = serde_json::from_slice(&door.read(&Url::parse(url).unwrap(), body.into_bytes())).unwrap();
        assert_eq!(said["token_endpoint"], "https://mcp.example/token");
        said["issuer"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_name_within_the_origin_is_the_origins_until_somebody_is_named() {
        let root = "https://mcp.example/.well-known/oauth-authorization-server";
        let door = OverEgress::new(Arc::default());
        assert_eq!(issuer(&door, root, "https://mcp.example/oauth"), "https://mcp.example");
        for elsewhere in ["https://other.example/oauth", "http://mcp.example/oauth", "https://mcp.example:8443/oauth"] {
            assert_eq!(issuer(&door, root, elsewhere), elsewhere);
        }
        assert_eq!(issuer(&door, &format!("{root}/a"), "https://mcp.example/b"), "https://mcp.example/b");
        let named = json!({"authorization_servers": ["https://mcp.example/a"]}).to_string().into_bytes();
        door.read(&Url::parse("https://mcp.example/.well-known/oauth-protected-resource").unwrap(), named);
        assert_eq!(issuer(&door, root, "https://mcp.example/a"), "https://mcp.example/a");
    }
}
