//! `/api/auth`: signing in and tokens.

pub(crate) mod browser;
mod login;
mod password;
mod sign_ins;
mod ticket;
mod tokens;

use axum::Json;
use axum::extract::State;
use octi_api::v1::auth::User;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(me))
        .routes(routes!(password::change_password))
        .routes(routes!(ticket::ws_ticket))
        .merge(browser::routes())
        .merge(sign_ins::routes())
        .merge(tokens::routes())
}

/// Who the credentials belong to.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth", responses((status = 200, body = User)))]
async fn me(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Json<User>> {
    let user = gateway.store.read(&caller.principal).await?.user(caller.user_id).await?;
    Ok(Json(user.ok_or_else(ApiError::unauthenticated)?.into()))
}
