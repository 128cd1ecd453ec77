//! octi as the authorization server of its own MCP server (OAuth 2.1): where programs find out how to ask, register, and get tokens.
//! What a person sees of it is a page, which asks `/api/programs`.
//!
//! These routes speak the protocols' own words, so they are not part of the REST API. None of them takes a cookie.

mod answer;
mod challenge;
mod here;
mod metadata;
mod register;
mod token;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, MatchedPath, State};
use axum::http::header::{CACHE_CONTROL, X_FRAME_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use octi_api::error::ErrorCode;
use octi_domain::limits;

pub(crate) use challenge::Challenge;
pub(crate) use here::Here;

use crate::assets;
use crate::credential::Credential;
use crate::error::{ApiError, ApiResult};
use crate::mcp;
use crate::state::Gateway;

pub(crate) fn routes() -> Router<Gateway> {
    Router::new()
        .route("/.well-known/oauth-protected-resource", get(metadata::resource))
        .route("/.well-known/oauth-protected-resource/mcp", get(metadata::resource))
        .route("/.well-known/oauth-protected-resource/sse", get(metadata::older_resource))
        .route("/.well-known/oauth-authorization-server", get(metadata::server))
        .route("/oauth/authorize", get(page))
        .route("/oauth/register", post(register::register))
        .route("/oauth/token", post(token::token))
        .route("/oauth/revoke", post(token::revoke))
        .layer(DefaultBodyLimit::max(limits::OAUTH_BODY_BYTES_MAX))
}

/// Whose access token this is, for a route of MCP. It is for nothing else: not for REST, not for a socket, not for clients of OpenAI's
/// API.
pub(crate) async fn let_in(parts: &mut Parts, gateway: &Gateway, token: &str) -> ApiResult<Credential> {
    let route = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    if !route.is_some_and(|route| mcp::ROUTES.contains(&route)) {
        let text =
            "this is the token of a program that was let in over MCP, and works there only: use a token of `octi token create`";
        return Err(ApiError::new(ErrorCode::Unauthenticated, text));
    }
    let Here(place) = Here::from_request_parts(parts, gateway).await?;
    let admitted = gateway.auth.by_access_token(token, &place).await?;
    Ok(Credential::Program(admitted.program, admitted.scope))
}

/// The page on which a person says whether a program may act for them. Nothing is decided here, and nobody is led anywhere: the page
/// is octi's own and asks as the person who is signed in.
async fn page(here: ApiResult<Here>, state: State<Gateway>, method: Method, headers: HeaderMap) -> ApiResult<Response> {
    here?;
    let mut response = assets::serve(state, method, Uri::from_static("/"), headers).await;
    response.headers_mut().insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
