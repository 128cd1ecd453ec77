//! `GET /api/sessions`.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::page::{Page, PageQuery};
use octi_api::v1::sessions::Session;

use crate::error::ApiResult;
use crate::extract::{Caller, Query};
use crate::state::Gateway;
use crate::v1::{cursor, page, page_rows};

/// Conversations, the ones used last first.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", params(PageQuery), responses((status = 200, body = Page<Session>)))]
pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> ApiResult<Answer<Page<Session>>> {
    let rows = page_rows(query.limit);
    let before = query.cursor.as_deref().map(cursor::read).transpose()?;
    let sessions = gateway.store.read(&caller.principal).await?.list_sessions(before, rows).await?;
    Ok(Answer(page(sessions, rows, |session| cursor::write(session.updated_at, session.id), Into::into)))
}
