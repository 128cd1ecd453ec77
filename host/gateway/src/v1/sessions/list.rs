//! `GET /api/sessions`.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::page::{Page, PageQuery};
use octi_api::v1::sessions::Session;

use crate::error::ApiResult;
use crate::extract::{Caller, Query};
use crate::state::Gateway;
use crate::v1::{cursor, page_rows};

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
    let is_full = sessions.len() == rows as usize;
    let next = sessions.last().filter(|_| is_full).map(|session| cursor::write(session.updated_at, session.id));
    Ok(Answer(Page { items: sessions.into_iter().map(Into::into).collect(), next }))
}
