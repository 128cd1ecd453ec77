//! `GET /api/sessions/{id}/artifacts`.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::page::{Page, PageQuery};
use octi_api::v1::artifacts::Artifact;
use octi_domain::ids::SessionId;

use super::own;
use crate::error::ApiResult;
use crate::extract::{Caller, Id, Query};
use crate::state::Gateway;
use crate::v1::artifacts::to_api;
use crate::v1::{cursor, page, page_rows};

/// What is kept beside the conversation: large results, and files that were given. Oldest first.
#[utoipa::path(get, path = "/api/sessions/{id}/artifacts", tag = "sessions", params(("id" = uuid::Uuid, Path), PageQuery), responses((status = 200, body = Page<Artifact>)))]
pub(super) async fn list_artifacts(
    State(gateway): State<Gateway>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Query(query): Query<PageQuery>,
) -> ApiResult<Answer<Page<Artifact>>> {
    let rows = page_rows(query.limit)?;
    let after = query.cursor.as_deref().map(cursor::read).transpose()?;
    let mut tx = gateway.store.read(&caller.principal).await?;
    own(&mut tx, id).await?;
    let artifacts = tx.page_of_artifacts(id, after, rows).await?;
    Ok(Answer(page(artifacts, rows, |meta| cursor::write(meta.created_at, meta.id), to_api)))
}
