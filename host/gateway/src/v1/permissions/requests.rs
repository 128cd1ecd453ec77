//! `/api/permission-requests`.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_agents::AnswerOutcome;
use octi_api::error::ErrorCode;
use octi_api::frames::PermissionRespond;
use octi_api::page::Page;
use octi_api::v1::permissions::{PermissionRequest, Respond};
use octi_domain::ids::PermissionRequestId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::pending;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id, Json};
use crate::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(respond))
}

/// Questions that wait for an answer.
#[utoipa::path(get, path = "/api/permission-requests/pending", tag = "permissions", responses((status = 200, body = Page<PermissionRequest>)))]
async fn list(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<Page<PermissionRequest>>> {
    Ok(Answer(Page::whole(pending(&gateway, &caller).await?)))
}

/// Answers a question.
#[utoipa::path(post, path = "/api/permission-requests/{id}/respond", tag = "permissions", params(("id" = uuid::Uuid, Path)), request_body = Respond, responses((status = 204)))]
async fn respond(
    State(gateway): State<Gateway>,
    caller: Caller,
    Id(id): Id<PermissionRequestId>,
    Json(body): Json<Respond>,
) -> ApiResult<StatusCode> {
    answer(&gateway, &caller, &body.to_frame(id.into())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers a question of the caller, from REST or a frame.
pub(crate) async fn answer(gateway: &Gateway, caller: &Caller, respond: &PermissionRespond) -> ApiResult<()> {
    let outcome = gateway.agents.answer(&caller.principal, respond.request_id.into(), respond.answer()).await?;
    match outcome {
        AnswerOutcome::Accepted => Ok(()),
        AnswerOutcome::NotFound => Err(ApiError::not_found("permission request")),
        AnswerOutcome::Late(_) => {
            Err(ApiError::new(ErrorCode::ApprovalExpired, "the question was answered or expired before this answer came"))
        }
    }
}
