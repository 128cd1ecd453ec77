//! `/api/setup`: the first run.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use octi_api::v1::auth::{BrowserSession, SetUp, SetupState};
use octi_security::auth::AuthError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::origin::Origin;
use crate::state::Gateway;
use crate::v1::auth::browser::{browser, welcome};

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(setup_state, set_up))
}

/// Whether this octi has been set up.
#[utoipa::path(get, path = "/api/setup", tag = "setup", security(()), responses((status = 200, body = SetupState)))]
async fn setup_state(State(gateway): State<Gateway>) -> ApiResult<Answer<SetupState>> {
    Ok(Answer(SetupState { needed: gateway.auth.needs_setup().await?, code_required: true }))
}

/// Gives the first administrator a name and a password, and signs the browser in.
#[utoipa::path(post, path = "/api/setup", tag = "setup", security(()), request_body = SetUp, responses((status = 200, body = BrowserSession)))]
async fn set_up(
    State(gateway): State<Gateway>,
    origin: Origin,
    headers: HeaderMap,
    Json(body): Json<SetUp>,
) -> ApiResult<Response> {
    let signed_in = gateway.auth.set_up(&body.code, &body.username, &body.password, &browser(origin, &headers)).await;
    let signed_in = signed_in.map_err(|error| match error {
        AuthError::WrongPassword => {
            ApiError::field("code", "this is not the code that the server showed at its first start; copy it from there")
        }
        error => error.into(),
    })?;
    tracing::info!(user_id = %signed_in.user.id, "set up");
    Ok(welcome(&gateway, signed_in, origin))
}
