//! `/api/artifacts`: large results and given files, kept beside the conversation.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What an artifact is; its bytes are at `/api/artifacts/{id}/raw`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    pub id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    pub name: String,
    pub media_type: String,
    pub bytes: u64,
    /// In hex.
    pub sha256: String,
    pub created_at: DateTime<Utc>,
}

/// The file that is uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AttachmentQuery {
    /// Its name; folders are left out.
    pub name: String,
}
