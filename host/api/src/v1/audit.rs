//! `/api/audit`: who did what.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// One entry of the audit log. It never holds a secret's value, what was said, or what a tool was called with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    pub id: Uuid,
    /// What was done, such as `token_created`.
    pub action: String,
    /// To what, such as `token:018f…`.
    pub resource: String,
    /// More words of it, by name.
    pub details: Value,
    pub created_at: DateTime<Utc>,
}
