//! Who calls. A handler that takes a [`Caller`] cannot forget to check, and has the principal every store call needs.

use std::net::SocketAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use octi_api::error::ErrorCode;
use octi_domain::ids::{SignInId, UserId};
use octi_domain::principal::Principal;
use octi_security::auth::csrf_token;
use octi_security::auth::oauth::ACCESS_PREFIX;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::credential::Credential;
use crate::error::{ApiError, ApiResult};
use crate::oauth;
use crate::origin::Origin;
use crate::state::Gateway;

/// What octi's own pages send with every change.
const CSRF_HEADER: &str = "x-octi-csrf";

/// Id or word of the workspace in which a conversation that is made begins.
pub(crate) const WORKSPACE_HEADER: &str = "x-octi-workspace";

/// A person whose credentials were checked for this request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) user_id: UserId,
    /// The browser that asks, when it is one.
    pub(crate) sign_in: Option<SignInId>,
    pub(crate) credential: Credential,
    /// What they say is their workspace, in a header or in the address of a socket.
    pub(crate) workspace: Option<String>,
}

impl Caller {
    /// Whose credential it is.
    pub(crate) async fn check(gateway: &Gateway, credential: Credential, address: Option<SocketAddr>) -> ApiResult<Self> {
        let holder = credential.check(gateway, address).await?;
        let user_id = holder.principal.user_id().ok_or_else(ApiError::unauthenticated)?;
        Ok(Self { principal: holder.principal, user_id, sign_in: holder.sign_in, credential, workspace: None })
    }

    /// Who sent this request. It may still be another site's doing: only the extractor looks at that.
    pub(crate) async fn who(parts: &mut Parts, gateway: &Gateway) -> ApiResult<Self> {
        let credential = Credential::of(&parts.headers).ok_or_else(ApiError::unauthenticated)?;
        let credential = match credential {
            Credential::Token(token) if token.expose_secret().starts_with(ACCESS_PREFIX) => {
                oauth::let_in(parts, gateway, token.expose_secret()).await?
            }
            other => other,
        };
        let origin = Origin::from_request_parts(parts, gateway).await?;
        let workspace = parts.headers.get(WORKSPACE_HEADER).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let caller = Self::check(gateway, credential, Some(origin.socket_addr())).await?;
        Ok(Self { workspace, ..caller })
    }
}

/// What a layer found out about the caller of a request, so that it is asked once.
#[derive(Debug, Clone)]
pub(crate) struct Checked(pub(crate) ApiResult<Caller>);

impl FromRequestParts<Gateway> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let caller = match parts.extensions.get::<Checked>() {
            Some(Checked(checked)) => checked.clone()?,
            None => Self::who(parts, gateway).await?,
        };
        match &caller.credential {
            Credential::Cookie(value) if changes(&parts.method) => check_csrf(parts, value.expose_secret())?,
            _ => {}
        }
        Ok(caller)
    }
}

/// A browser sends its cookie whoever asks it to, so a change must also show what only octi's own pages can read.
fn check_csrf(parts: &Parts, cookie: &str) -> ApiResult<()> {
    let shown = parts.headers.get(CSRF_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
    if bool::from(csrf_token(cookie).as_bytes().ct_eq(shown)) {
        return Ok(());
    }
    let message = "a change needs the header `X-Octi-Csrf` with the `csrfToken` of `GET /api/auth/session`; reload the page";
    Err(ApiError::new(ErrorCode::Csrf, message))
}

fn changes(method: &Method) -> bool {
    method != Method::GET && method != Method::HEAD
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
