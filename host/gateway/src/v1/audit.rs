//! `/api/audit`: who did what.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::page::Page;
use octi_api::v1::audit::{AuditEntry, AuditQuery};
use octi_store::{AuditFilter, AuditRow};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiResult;
use crate::extract::{Caller, Query};
use crate::state::Gateway;
use crate::v1::{cursor, page, page_rows};

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list))
}

/// What was done in the caller's name, newest first: sign-ins, tokens, rules, secrets, models and plugins.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(AuditQuery), responses((status = 200, body = Page<AuditEntry>)))]
async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> ApiResult<Answer<Page<AuditEntry>>> {
    let rows = page_rows(query.limit)?;
    let before = query.cursor.as_deref().map(cursor::read).transpose()?;
    let filter = AuditFilter { action: query.action.as_deref(), since: query.since, until: query.until };
    let entries = gateway.store.read(&caller.principal).await?.find_audit(filter, before, rows).await?;
    Ok(Answer(page(entries, rows, |row| cursor::write(row.created_at, row.id), to_api)))
}

fn to_api(row: AuditRow) -> AuditEntry {
    let AuditRow { id, action, resource, details, created_at, user_id: _ } = row;
    AuditEntry { id: id.as_uuid(), action, resource, details, created_at }
}
