//! Who calls. A handler that takes a [`Caller`] cannot forget to check, and has the principal every store call needs.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use octi_api::error::ErrorCode;
use octi_domain::ids::UserId;
use octi_domain::principal::Principal;

use crate::error::{ApiError, ApiResult};
use crate::state::Gateway;

/// A person whose credentials were checked for this request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) user_id: UserId,
}

/// The beginning of every API token.
const TOKEN_PREFIX: &str = "octi_";

impl Caller {
    /// Checks a credential: an API token from anywhere, or the machine's own token from this machine.
    pub(crate) async fn check(gateway: &Gateway, credential: &str, address: Option<SocketAddr>) -> ApiResult<Self> {
        let principal = if credential.starts_with(TOKEN_PREFIX) {
            gateway.auth.by_token(credential).await?
        } else if address.is_some_and(|address| address.ip().to_canonical().is_loopback()) {
            gateway.auth.by_local_token(credential).await?
        } else {
            return Err(ApiError::unauthenticated());
        };
        let user_id = principal.user_id().ok_or_else(ApiError::unauthenticated)?;
        Ok(Self { principal, user_id })
    }
}

impl FromRequestParts<Gateway> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let credential = header
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, credential)| credential.trim())
            .ok_or_else(ApiError::unauthenticated)?;
        Self::check(gateway, credential, peer(parts)).await
    }
}

/// A caller who may manage the host.
#[derive(Debug, Clone)]
pub(crate) struct Admin(pub(crate) Caller);

impl FromRequestParts<Gateway> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, gateway).await?;
        if caller.principal.is_admin() {
            return Ok(Self(caller));
        }
        Err(ApiError::new(ErrorCode::Forbidden, "only an administrator may do this: it changes the host for everybody"))
    }
}

/// The other end of the connection.
pub(crate) fn peer(parts: &Parts) -> Option<SocketAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}
