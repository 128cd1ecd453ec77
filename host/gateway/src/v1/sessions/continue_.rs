//! `POST /api/sessions/{id}/continue`.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::v1::agents::AgentStarted;
use octi_domain::ids::SessionId;

use crate::error::ApiResult;
use crate::extract::{Caller, Id};
use crate::state::Gateway;

/// Goes on with the turn that was interrupted when the host went away.
#[utoipa::path(post, path = "/api/sessions/{id}/continue", tag = "sessions", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = AgentStarted)))]
pub(super) async fn continue_(
    State(gateway): State<Gateway>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> ApiResult<Answer<AgentStarted>> {
    let run_id = gateway.agents.continue_run(&caller.principal, id).await?;
    Ok(Answer(AgentStarted { agent_id: run_id.into() }))
}
