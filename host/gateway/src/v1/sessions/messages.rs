//! `/api/sessions/{id}/messages`: what is said.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_agents::{Move, Said, TurnOptions};
use octi_api::page::Page;
use octi_api::v1::messages::{Message, MessageQuery, MessageSent, OutputMode, SendMessage};
use octi_domain::ids::{ArtifactId, SessionId};
use octi_domain::permission::Origin;

use super::own;
use crate::error::ApiResult;
use crate::extract::{Caller, Id, Json, Query};
use crate::state::Gateway;
use crate::v1::{page, page_rows, workspaces};

/// What was said, oldest first. `next` is the `after` of the following page.
#[utoipa::path(get, path = "/api/sessions/{id}/messages", tag = "sessions", params(("id" = uuid::Uuid, Path), MessageQuery), responses((status = 200, body = Page<Message>)))]
pub(super) async fn messages(
    State(gateway): State<Gateway>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Query(query): Query<MessageQuery>,
) -> ApiResult<Answer<Page<Message>>> {
    let rows = page_rows(query.limit)?;
    let mut tx = gateway.store.read(&caller.principal).await?;
    own(&mut tx, id).await?;
    let messages = tx.messages(id, query.after.unwrap_or(0), rows).await?;
    Ok(Answer(page(messages, rows, |message| message.seq.to_string(), Into::into)))
}

/// Says something: starts a turn, or steers the one that runs. The answer comes as events, and as messages.
#[utoipa::path(post, path = "/api/sessions/{id}/messages", tag = "sessions", params(("id" = uuid::Uuid, Path)), request_body = SendMessage, responses((status = 202, body = MessageSent)))]
pub(super) async fn send(
    State(gateway): State<Gateway>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Json(body): Json<SendMessage>,
) -> ApiResult<(StatusCode, Answer<MessageSent>)> {
    let attachments = body.file_refs.into_iter().map(ArtifactId::from).collect();
    let said = Said { text: body.content, attachments };
    let workspace = match body.workspace_id.as_deref() {
        Some(said) => workspaces::chosen(&gateway, &caller, Some(said)).await?,
        None => None,
    };
    let to = Move { workspace, project: body.project_path };
    let as_file = body.output_mode == OutputMode::File;
    let options = TurnOptions { model: body.model, origin: Origin::Chat, to, as_file };
    let sent = gateway.agents.send(&caller.principal, id, said, options).await?;
    let answer = MessageSent { message_id: sent.message_id.into(), agent_id: sent.run_id.into(), injected: sent.steered };
    Ok((StatusCode::ACCEPTED, Answer(answer)))
}
