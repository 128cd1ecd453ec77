//! `/api/notifications`: what a person was told of while they looked elsewhere.

use chrono::{DateTime, Utc};
use octi_domain::notification;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Why a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// A turn ended with an answer.
    AgentCompleted,
    /// A turn ended without one.
    AgentFailed,
    /// A call may not run before the person answers.
    PermissionRequest,
}

impl From<notification::NotificationKind> for NotificationKind {
    fn from(kind: notification::NotificationKind) -> Self {
        match kind {
            notification::NotificationKind::AgentCompleted => Self::AgentCompleted,
            notification::NotificationKind::AgentFailed => Self::AgentFailed,
            notification::NotificationKind::PermissionRequest => Self::PermissionRequest,
        }
    }
}

/// One thing a person was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    pub id: Uuid,
    pub kind: NotificationKind,
    /// One line.
    pub title: String,
    /// The beginning of the answer, or the reason.
    pub body: String,
    /// The conversation it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    /// The turn it is about; other routes call it `agentId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    /// Absent while it is unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<DateTime<Utc>>,
}

impl From<notification::Notification> for Notification {
    fn from(told: notification::Notification) -> Self {
        Self {
            id: told.id.into(),
            kind: told.kind.into(),
            title: told.title,
            body: told.body,
            session_id: told.session_id.map(Into::into),
            run_id: told.run_id.map(Into::into),
            created_at: told.created_at,
            read_at: told.read_at,
        }
    }
}

/// One page of notifications, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationPage {
    pub items: Vec<Notification>,
    /// Pass it as `cursor` to read on; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many are unread on all pages.
    pub unread: i64,
}

/// Which notifications.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct NotificationQuery {
    /// Only the unread ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[param(required = false)]
    pub unread: bool,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Rows of the page, at most 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Which kinds a person is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotificationPreferences {
    /// A turn ended while no screen showed its conversation.
    pub agent_completed: bool,
    /// A turn ended without an answer.
    pub agent_failed: bool,
    /// A call may not run before the person answers.
    pub permission_request: bool,
}

impl From<notification::NotificationPreferences> for NotificationPreferences {
    fn from(preferences: notification::NotificationPreferences) -> Self {
        let notification::NotificationPreferences { agent_completed, agent_failed, permission_request } = preferences;
        Self { agent_completed, agent_failed, permission_request }
    }
}

impl From<NotificationPreferences> for notification::NotificationPreferences {
    fn from(preferences: NotificationPreferences) -> Self {
        let NotificationPreferences { agent_completed, agent_failed, permission_request } = preferences;
        Self { agent_completed, agent_failed, permission_request }
    }
}
