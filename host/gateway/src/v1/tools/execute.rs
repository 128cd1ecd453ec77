//! `POST /api/tools/{tool}/tools/{operation}/execute`.

use axum::Json as Answer;
use axum::extract::State;
use octi_agents::CallOptions;
use octi_api::v1::tools::{ExecuteTool, ToolOutcome};
use octi_domain::tool_name;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Json, Path};
use crate::state::Gateway;
use crate::v1::workspaces;

/// Calls one operation, on the same path as an agent's calls: schema, permission, secrets, bounds and record.
/// A call that must be approved is refused with `approval_required` until it is sent with `approve`.
#[utoipa::path(post, path = "/api/tools/{tool}/tools/{operation}/execute", tag = "tools", params(("tool" = String, Path), ("operation" = String, Path), ("X-Octi-Workspace" = Option<String>, Header, description = "Id or word of the workspace it works in, when no session is named.")), request_body = ExecuteTool, responses((status = 200, body = ToolOutcome)))]
pub(super) async fn execute(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path((tool, operation)): Path<(String, String)>,
    Json(body): Json<ExecuteTool>,
) -> ApiResult<Answer<ToolOutcome>> {
    if !body.arguments.is_object() {
        return Err(ApiError::field("arguments", "arguments are an object, such as `{\"path\": \"notes.md\"}`"));
    }
    let workspace = workspaces::chosen(&gateway, &caller, None).await?;
    let options = CallOptions { session: body.session_id.map(Into::into), workspace, approved: body.approve };
    let outcome =
        gateway.agents.call_tool(&caller.principal, &tool_name::joined(&tool, &operation), body.arguments, options).await?;
    Ok(Answer(ToolOutcome {
        files: outcome.files().into_iter().map(Into::into).collect(),
        files_lost: outcome.lost.map(str::to_owned),
        content: outcome.content,
        is_error: outcome.is_error,
        code: outcome.code.to_owned(),
        summary: outcome.summary,
        artifact_id: outcome.artifact.map(Into::into),
        duration_ms: u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
    }))
}
