//! `/api/sessions`: conversations.

mod artifacts;
mod attachments;
mod continue_;
mod list;
mod messages;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_agents::Move;
use octi_api::v1::sessions::{CreateSession, PatchSession, Session};
use octi_domain::ids::SessionId;
use octi_domain::limits;
use octi_domain::session;
use octi_store::Tx;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id, Json};
use crate::state::Gateway;
use crate::v1::workspaces;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create))
        .routes(routes!(get, patch, delete))
        .routes(routes!(messages::messages, messages::send))
        .merge(attachments::routes())
        .routes(routes!(artifacts::list_artifacts))
        .routes(routes!(continue_::continue_))
}

/// Begins a conversation.
#[utoipa::path(post, path = "/api/sessions", tag = "sessions", params(("X-Octi-Workspace" = Option<String>, Header, description = "Id or word of the workspace it works in; one that is not the caller's means their default one.")), request_body = CreateSession, responses((status = 201, body = Session)))]
async fn create(
    State(gateway): State<Gateway>,
    caller: Caller,
    Json(body): Json<CreateSession>,
) -> ApiResult<(StatusCode, Answer<Session>)> {
    let now = gateway.ambient.now();
    let workspace = workspaces::chosen(&gateway, &caller, body.workspace_id.as_deref()).await?;
    let to = Move { workspace, project: body.project_path };
    let (workspace_id, project) = gateway.agents.place(&caller.principal, &to).await?;
    let session = session::Session {
        id: gateway.ambient.id(),
        user_id: caller.user_id,
        title: body.title.map(title).transpose()?,
        status: session::SessionStatus::Active,
        message_count: 0,
        workspace_id: Some(workspace_id),
        project,
        created_at: now,
        updated_at: now,
    };
    let mut tx = gateway.store.write(&caller.principal).await?;
    tx.insert_session(&session).await?;
    tx.save().await?;
    Ok((StatusCode::CREATED, Answer(session.into())))
}

/// One conversation.
#[utoipa::path(get, path = "/api/sessions/{id}", tag = "sessions", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Session)))]
async fn get(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<SessionId>) -> ApiResult<Answer<Session>> {
    let mut tx = gateway.store.read(&caller.principal).await?;
    Ok(Answer(own(&mut tx, id).await?.into()))
}

/// Changes a conversation's title or status, or where it works.
#[utoipa::path(patch, path = "/api/sessions/{id}", tag = "sessions", params(("id" = uuid::Uuid, Path)), request_body = PatchSession, responses((status = 200, body = Session)))]
async fn patch(
    State(gateway): State<Gateway>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Json(body): Json<PatchSession>,
) -> ApiResult<Answer<Session>> {
    let workspace = match body.workspace_id.as_deref() {
        Some(said) => workspaces::chosen(&gateway, &caller, Some(said)).await?,
        None => None,
    };
    let title = body.title.map(title).transpose()?;
    gateway.agents.move_session(&caller.principal, id, &Move { workspace, project: body.project_path }).await?;
    let mut tx = gateway.store.write(&caller.principal).await?;
    if let Some(title) = title {
        tx.set_session_title(id, &title).await?;
    }
    if let Some(status) = body.status {
        tx.set_session_status(id, status.into()).await?;
    }
    let session = own(&mut tx, id).await?;
    tx.save().await?;
    Ok(Answer(session.into()))
}

/// Deletes a conversation with everything in it. A turn that runs in it is stopped first.
#[utoipa::path(delete, path = "/api/sessions/{id}", tag = "sessions", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
async fn delete(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<SessionId>) -> ApiResult<StatusCode> {
    gateway.agents.delete_session(&caller.principal, id).await?;
    gateway.bus.forget(id);
    Ok(StatusCode::NO_CONTENT)
}

/// The session, if it is the caller's.
pub(crate) async fn own(tx: &mut Tx<'_>, id: SessionId) -> ApiResult<session::Session> {
    tx.session(id).await?.ok_or_else(|| ApiError::not_found("session"))
}

fn title(text: String) -> ApiResult<String> {
    let count = text.trim().chars().count();
    if count == 0 || count > limits::TITLE_CHARS_MAX {
        return Err(ApiError::field("title", format!("a title has 1 to {} characters", limits::TITLE_CHARS_MAX)));
    }
    Ok(text.trim().to_owned())
}
