//! The files of a person's conversations.

use octi_domain::ids::ArtifactId;
use octi_domain::limits;
use octi_mcp::server::{Content, File};
use octi_store::SessionFilter;

use crate::error::ApiResult;
use crate::extract::Caller;
use crate::state::Gateway;
use crate::v1::cursor;

/// The files of the next conversations after the cursor, the ones used last first.
pub(super) async fn page(gateway: &Gateway, caller: &Caller, after: Option<&str>) -> ApiResult<(Vec<File>, Option<String>)> {
    let before = after.map(cursor::read).transpose()?;
    let rows = limits::MCP_CONVERSATIONS_PER_PAGE;
    let mut tx = gateway.store.read(&caller.principal).await?;
    let sessions = tx.find_sessions(SessionFilter { status: None, title: None }, before, rows).await?;
    let mut files = Vec::new();
    for session in &sessions {
        let artifacts = tx.page_of_artifacts(session.id, None, limits::PAGE_ROWS_MAX).await?;
        files.extend(artifacts.into_iter().map(|meta| File {
            id: meta.id.to_string(),
            name: meta.name,
            media_type: meta.media_type,
            bytes: u64::try_from(meta.bytes).unwrap_or_default(),
        }));
    }
    let is_full = sessions.len() == rows as usize;
    let next = sessions.last().filter(|_| is_full).map(|session| cursor::write(session.updated_at, session.id));
    Ok((files, next))
}

/// What stands in one of them.
pub(super) async fn content(gateway: &Gateway, caller: &Caller, id: &str) -> ApiResult<Option<Content>> {
    let Ok(id) = id.parse::<ArtifactId>() else { return Ok(None) };
    let mut tx = gateway.store.read(&caller.principal).await?;
    let Some(meta) = tx.artifact(id).await? else { return Ok(None) };
    let bytes = tx.artifact_bytes(id, 0, limits::ARTIFACT_BYTES_MAX).await?;
    Ok(bytes.map(|bytes| Content { media_type: meta.media_type, bytes }))
}
