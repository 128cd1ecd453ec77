//! `/api/search`: finding what was said.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::page::Page;
use octi_api::v1::search::{SearchHit, SearchQuery, SnippetPiece};
use octi_domain::limits;
use octi_store::{Found, Piece};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{cursor, page, page_rows};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Query};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(search))
}

/// Messages of all conversations with these words, the newest first.
#[utoipa::path(get, path = "/api/search", tag = "search", params(SearchQuery), responses((status = 200, body = Page<SearchHit>)))]
async fn search(
    State(gateway): State<Gateway>,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> ApiResult<Answer<Page<SearchHit>>> {
    if query.q.len() > limits::SEARCH_BYTES_MAX {
        return Err(ApiError::field("q", format!("search for at most {} bytes", limits::SEARCH_BYTES_MAX)));
    }
    if !query.q.contains(char::is_alphanumeric) {
        return Err(ApiError::field("q", "say at least one word to look for"));
    }
    let rows = page_rows(query.limit)?;
    let before = query.cursor.as_deref().map(cursor::read).transpose()?;
    let found = gateway.store.read(&caller.principal).await?.search_messages(&query.q, before, rows).await?;
    Ok(Answer(page(found, rows, |found| cursor::write(found.created_at, found.message_id), to_api)))
}

fn to_api(found: Found) -> SearchHit {
    let piece = |Piece { text, is_hit }| SnippetPiece { text, hit: is_hit };
    SearchHit {
        session_id: found.session_id.into(),
        session_title: found.session_title,
        message_id: found.message_id.into(),
        seq: found.seq,
        role: found.role.into(),
        created_at: found.created_at,
        snippet: found.snippet.into_iter().map(piece).collect(),
    }
}
