//! `GET /api/sessions`.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::page::Page;
use octi_api::v1::sessions::{Session, SessionQuery};
use octi_domain::limits;
use octi_store::SessionFilter;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Query};
use crate::state::Gateway;
use crate::v1::{cursor, page, page_rows};

/// Conversations, the ones used last first.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", params(SessionQuery), responses((status = 200, body = Page<Session>)))]
pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    Query(query): Query<SessionQuery>,
) -> ApiResult<Answer<Page<Session>>> {
    let rows = page_rows(query.limit)?;
    let before = query.cursor.as_deref().map(cursor::read).transpose()?;
    if query.title.as_ref().is_some_and(|title| title.chars().count() > limits::TITLE_CHARS_MAX) {
        return Err(ApiError::field("title", format!("a title has at most {} characters", limits::TITLE_CHARS_MAX)));
    }
    let filter = SessionFilter { status: query.status.map(Into::into), title: query.title.as_deref() };
    let sessions = gateway.store.read(&caller.principal).await?.find_sessions(filter, before, rows).await?;
    Ok(Answer(page(sessions, rows, |session| cursor::write(session.updated_at, session.id), Into::into)))
}
