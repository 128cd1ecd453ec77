//! `/api/me/workspaces`: the folders in which the caller's agents work.

use chrono::{DateTime, Utc};
use octi_domain::workspace;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    pub id: Uuid,
    /// The word that stands for it in addresses, headers and commands.
    pub slug: String,
    pub name: String,
    /// Whether conversations begin in it.
    pub is_default: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<workspace::Workspace> for Workspace {
    fn from(workspace: workspace::Workspace) -> Self {
        let workspace::Workspace { id, slug, name, is_default, created_at, updated_at, .. } = workspace;
        Self { id: id.into(), slug, name, is_default, created_at, updated_at }
    }
}

/// A workspace to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateWorkspace {
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Small letters, digits and hyphens; made of the name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 60)]
    pub slug: Option<String>,
}

/// What to change; absent fields stay. The files stay where they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchWorkspace {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 60)]
    pub slug: Option<String>,
}
