//! `/api/agents`: turns.

mod events;

use axum::Json as Answer;
use axum::extract::State;
use octi_api::page::Page;
use octi_api::v1::agents::{Agent, AgentQuery, AgentStopped};
use octi_domain::ids::RunId;
use octi_store::RunFilter;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{cursor, page, page_rows};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id, Query};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(stop)).routes(routes!(events::events))
}

/// Turns, newest first.
#[utoipa::path(get, path = "/api/agents", tag = "agents", params(AgentQuery), responses((status = 200, body = Page<Agent>)))]
async fn list(State(gateway): State<Gateway>, caller: Caller, Query(query): Query<AgentQuery>) -> ApiResult<Answer<Page<Agent>>> {
    let rows = page_rows(query.limit)?;
    let before = query.cursor.as_deref().map(cursor::read).transpose()?;
    let filter =
        RunFilter { session: query.session_id.map(Into::into), status: query.status.map(Into::into), since: query.since };
    let runs = gateway.store.read(&caller.principal).await?.find_runs(filter, before, rows).await?;
    Ok(Answer(page(runs, rows, |run| cursor::write(run.started_at, run.id), Into::into)))
}

/// One turn.
#[utoipa::path(get, path = "/api/agents/{id}", tag = "agents", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Agent)))]
async fn get(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<RunId>) -> ApiResult<Answer<Agent>> {
    let run = gateway.store.read(&caller.principal).await?.run(id).await?;
    Ok(Answer(run.ok_or_else(|| ApiError::not_found("agent"))?.into()))
}

/// Stops a turn.
#[utoipa::path(post, path = "/api/agents/{id}/stop", tag = "agents", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = AgentStopped)))]
async fn stop(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<RunId>) -> ApiResult<Answer<AgentStopped>> {
    Ok(Answer(AgentStopped { stopped: stop_own(&gateway, &caller, id).await? }))
}

/// Stops a turn of the caller; false when it had already ended.
pub(crate) async fn stop_own(gateway: &Gateway, caller: &Caller, id: RunId) -> ApiResult<bool> {
    let run = gateway.store.read(&caller.principal).await?.run(id).await?;
    if run.is_none() {
        return Err(ApiError::not_found("agent"));
    }
    Ok(gateway.agents.stop(&caller.principal, id).await?)
}
