//! Under which address a request reaches octi: an administrator said so, or the request does, within what octi knows as its own.

use axum::extract::FromRequestParts;
use axum::http::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use octi_api::error::ErrorCode;
use octi_mcp::server::Server;
use octi_security::auth::oauth::Place;

use crate::error::{ApiError, ApiResult};
use crate::mcp::McpHost;
use crate::origin::Origin;
use crate::state::Gateway;

/// Where octi is, for whoever sent this request.
#[derive(Debug, Clone)]
pub(crate) struct Here(pub(crate) Place);

impl FromRequestParts<Gateway> for Here {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> ApiResult<Self> {
        let asked = asked(parts);
        let settings = gateway.settings.now();
        Server::<McpHost>::admit(&asked, &settings.mcp_hosts())
            .map_err(|refused| ApiError::new(ErrorCode::Forbidden, refused.to_string()))?;
        let origin = match settings.public_url() {
            Some(url) => url.to_owned(),
            None => {
                let scheme = if Origin::from_request_parts(parts, gateway).await?.is_https { "https" } else { "http" };
                let named = asked.headers().get(HOST).and_then(|value| value.to_str().ok());
                let host = named.or_else(|| asked.uri().authority().map(axum::http::uri::Authority::as_str)).unwrap_or_default();
                format!("{scheme}://{host}")
            }
        };
        let place = Place::new(&origin);
        place
            .map(Self)
            .map_err(|error| ApiError::new(ErrorCode::InvalidPath, format!("`{origin}` is no address of octi: {error}")))
    }
}

/// As much of the request as says where it goes and which page it comes from.
fn asked(parts: &Parts) -> Request<()> {
    let mut asked = Request::new(());
    asked.uri_mut().clone_from(&parts.uri);
    for name in [HOST, ORIGIN] {
        if let Some(value) = parts.headers.get(&name) {
            asked.headers_mut().insert(name, value.clone());
        }
    }
    asked
}
