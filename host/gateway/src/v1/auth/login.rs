//! `POST /api/auth/login`.

use axum::Json as Answer;
use axum::extract::State;
use chrono::TimeDelta;
use octi_api::v1::auth::{LoggedIn, Login};
use octi_domain::limits;

use crate::error::ApiResult;
use crate::extract::Json;
use crate::origin::Origin;
use crate::state::Gateway;

/// Signs in with name and password, and gives a token that works for thirty days.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", security(()), request_body = Login, responses((status = 200, body = LoggedIn)))]
pub(super) async fn login(
    State(gateway): State<Gateway>,
    origin: Origin,
    Json(body): Json<Login>,
) -> ApiResult<Answer<LoggedIn>> {
    let (principal, user) = gateway.auth.login(&body.username, &body.password, origin.address).await?;
    let expires_at = gateway.ambient.now() + TimeDelta::days(limits::LOGIN_TOKEN_DAYS);
    let (_, token) = gateway.auth.create_login_token(&principal, expires_at).await?;
    tracing::info!(user_id = %user.id, "signed in");
    Ok(Answer(LoggedIn { token, expires_at, user: user.into() }))
}
