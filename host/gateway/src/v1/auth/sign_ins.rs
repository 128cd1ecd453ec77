//! `/api/auth/sessions`: every browser a person is signed in with.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::page::Page;
use octi_api::v1::auth::SignIn;
use octi_domain::ids::SignInId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id};
use crate::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list_sign_ins)).routes(routes!(revoke_sign_in))
}

/// The browsers a person is signed in with, the last used first.
#[utoipa::path(get, path = "/api/auth/sessions", tag = "auth", responses((status = 200, body = Page<SignIn>)))]
async fn list_sign_ins(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<Page<SignIn>>> {
    let sign_ins = gateway.store.read(&caller.principal).await?.list_sign_ins().await?;
    let to_api = |sign_in: octi_store::SignIn| SignIn {
        id: sign_in.id.into(),
        user_agent: sign_in.user_agent,
        address: sign_in.address,
        created_at: sign_in.created_at,
        last_seen_at: sign_in.last_seen_at,
        expires_at: sign_in.expires_at,
        current: caller.sign_in == Some(sign_in.id),
    };
    Ok(Answer(Page::whole(sign_ins.into_iter().map(to_api).collect())))
}

/// Signs a browser out, and closes its WebSockets.
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "auth", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
async fn revoke_sign_in(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<SignInId>) -> ApiResult<StatusCode> {
    if !gateway.auth.sign_out(&caller.principal, id).await? {
        return Err(ApiError::not_found("sign-in"));
    }
    gateway.recheck(caller.user_id);
    Ok(StatusCode::NO_CONTENT)
}
