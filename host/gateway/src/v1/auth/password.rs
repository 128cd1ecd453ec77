//! `POST /api/auth/password`.

use axum::extract::State;
use axum::http::StatusCode;
use octi_api::v1::auth::ChangePassword;
use octi_security::auth::AuthError;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Json};
use crate::origin::Origin;
use crate::state::Gateway;

/// Gives the person another password, and signs out every other browser.
#[utoipa::path(post, path = "/api/auth/password", tag = "auth", request_body = ChangePassword, responses((status = 204)))]
pub(super) async fn change_password(
    State(gateway): State<Gateway>,
    origin: Origin,
    caller: Caller,
    Json(body): Json<ChangePassword>,
) -> ApiResult<StatusCode> {
    let passwords = (body.current.as_str(), body.new.as_str());
    match gateway.auth.change_password(&caller.principal, passwords, origin.address, caller.sign_in).await {
        // Whoever asks is signed in: 401 would send them to the sign-in page.
        Err(AuthError::WrongPassword) => return Err(ApiError::field("current", "this is not the password you have now")),
        Err(error @ AuthError::PasswordLength) => return Err(ApiError::field("new", error.to_string())),
        changed => changed?,
    }
    gateway.recheck(caller.user_id);
    Ok(StatusCode::NO_CONTENT)
}
