//! `GET /api/sessions`.

use axum::Json as Answer;
use axum::extract::State;
use chrono::{DateTime, Utc};
use octi_api::page::{Page, PageQuery};
use octi_api::v1::sessions::Session;
use octi_domain::ids::SessionId;
use octi_domain::session;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Query};
use crate::state::Gateway;
use crate::v1::page_rows;

/// Conversations, the ones used last first.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", params(PageQuery), responses((status = 200, body = Page<Session>)))]
pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> ApiResult<Answer<Page<Session>>> {
    let rows = page_rows(query.limit);
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let sessions = gateway.store.read(&caller.principal).await?.list_sessions(before, rows).await?;
    let is_full = sessions.len() == rows as usize;
    let next = sessions.last().filter(|_| is_full).map(write_cursor);
    Ok(Answer(Page { items: sessions.into_iter().map(Into::into).collect(), next }))
}

/// The place after this row. The id tells rows of the same moment apart.
fn write_cursor(session: &session::Session) -> String {
    format!("{}_{}", session.updated_at.timestamp_micros(), session.id)
}

fn read_cursor(cursor: &str) -> ApiResult<(DateTime<Utc>, SessionId)> {
    let place = cursor
        .split_once('_')
        .and_then(|(micros, id)| Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?)));
    place.ok_or_else(|| ApiError::field("cursor", "not a cursor of this list; pass `next` of the page before"))
}

#[cfg(test)]
mod tests {
    use octi_domain::session::SessionStatus;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let at = DateTime::from_timestamp_micros(1_234_567).unwrap();
        let session = session::Session {
            id: Uuid::from_u128(7).into(),
            user_id: Uuid::nil().into(),
            title: None,
            status: SessionStatus::Active,
            message_count: 0,
            created_at: at,
            updated_at: at,
        };
        assert_eq!(read_cursor(&write_cursor(&session)), Ok((at, session.id)));
    }

    #[test]
    fn another_text_is_refused_by_name() {
        for cursor in ["", "x", "1_x", "x_00000000-0000-0000-0000-000000000007"] {
            assert!(read_cursor(cursor).is_err(), "{cursor}");
        }
    }
}
