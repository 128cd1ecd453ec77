//! `/api/sessions`: conversations.

use chrono::{DateTime, Utc};
use octi_domain::session;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    Active,
    Completed,
}

impl From<session::SessionStatus> for SessionStatus {
    fn from(status: session::SessionStatus) -> Self {
        match status {
            session::SessionStatus::Active => Self::Active,
            session::SessionStatus::Completed => Self::Completed,
        }
    }
}

impl From<SessionStatus> for session::SessionStatus {
    fn from(status: SessionStatus) -> Self {
        match status {
            SessionStatus::Active => Self::Active,
            SessionStatus::Completed => Self::Completed,
        }
    }
}

/// One conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub status: SessionStatus,
    pub message_count: i64,
    /// Where it works; the default workspace when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<Uuid>,
    /// The folder in the workspace, or the absolute one that an administrator opened; all of the workspace when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_path: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<session::Session> for Session {
    fn from(session: session::Session) -> Self {
        Self {
            id: session.id.into(),
            title: session.title,
            status: session.status.into(),
            message_count: session.message_count,
            workspace_id: session.workspace_id.map(Into::into),
            project_path: session.project,
            created_at: session.created_at,
            updated_at: session.updated_at,
        }
    }
}

/// A conversation to be begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateSession {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// Id or word of a workspace of the caller's own; what is not theirs means their default one. Without one, the one of
    /// the header `X-Octi-Workspace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// A folder of the workspace, or an absolute one below a folder of the setting `workspace.additional_paths`; an empty text for
    /// the whole workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_path: Option<String>,
}

/// What to change; absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchSession {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SessionStatus>,
    /// Id or word of a workspace of the caller's own; what is not theirs means their default one. Not while a turn runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// A folder of the workspace, or an absolute one below a folder of the setting `workspace.additional_paths`; an empty text for
    /// the whole workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_path: Option<String>,
}

/// Which conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct SessionQuery {
    /// Only those that stand there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<SessionStatus>,
    /// Only those with this in their titles, in large or small letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 200)]
    pub title: Option<String>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Rows of the page, the ones used last first, at most 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}
