//! `/api/auth/session`: the browser that asks.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use octi_api::v1::auth::{BrowserSession, Login};
use octi_security::auth::{Browser, SignedIn, csrf_token};
use secrecy::ExposeSecret;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::credential::{self, Credential};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Json};
use crate::origin::Origin;
use crate::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(sign_in, session, sign_out))
}

/// Signs the browser in: name and password for a cookie that scripts cannot read.
#[utoipa::path(post, path = "/api/auth/session", tag = "auth", security(()), request_body = Login, responses((status = 200, body = BrowserSession)))]
async fn sign_in(
    State(gateway): State<Gateway>,
    origin: Origin,
    headers: HeaderMap,
    Json(body): Json<Login>,
) -> ApiResult<Response> {
    let signed_in = gateway.auth.sign_in(&body.username, &body.password, &browser(origin, &headers)).await?;
    tracing::info!(user_id = %signed_in.user.id, "signed in with a browser");
    Ok(welcome(&gateway, signed_in, origin))
}

/// Who is signed in with this browser, and the token that its changes need.
#[utoipa::path(get, path = "/api/auth/session", tag = "auth", responses((status = 200, body = BrowserSession)))]
async fn session(State(gateway): State<Gateway>, headers: HeaderMap) -> ApiResult<Answer<BrowserSession>> {
    let Some(Credential::Cookie(value)) = Credential::of(&headers) else {
        return Err(ApiError::unauthenticated());
    };
    let (_, sign_in, user) = gateway.auth.by_cookie(value.expose_secret()).await?;
    let csrf_token = csrf_token(value.expose_secret());
    Ok(Answer(BrowserSession { user: user.into(), csrf_token, expires_at: sign_in.expires_at }))
}

/// Signs this browser out.
#[utoipa::path(delete, path = "/api/auth/session", tag = "auth", responses((status = 204)))]
async fn sign_out(State(gateway): State<Gateway>, caller: Caller, origin: Origin) -> ApiResult<Response> {
    let Some(id) = caller.sign_in else {
        return Err(ApiError::not_found("sign-in of a browser"));
    };
    gateway.auth.sign_out(&caller.principal, id).await?;
    gateway.recheck(caller.user_id);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, credential::no_cookie(origin))]).into_response())
}

/// What the request says of the browser.
pub(crate) fn browser(origin: Origin, headers: &HeaderMap) -> Browser {
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    Browser { address: origin.address, user_agent }
}

/// The answer to a browser that has just signed in.
pub(crate) fn welcome(gateway: &Gateway, signed_in: SignedIn, origin: Origin) -> Response {
    let (csrf_token, expires_at) = (signed_in.csrf_token(), signed_in.sign_in.expires_at);
    let cookie = credential::cookie(&signed_in.cookie, expires_at, gateway.ambient.now(), origin);
    let session = BrowserSession { user: signed_in.user.into(), csrf_token, expires_at };
    ([(SET_COOKIE, cookie)], Answer(session)).into_response()
}
