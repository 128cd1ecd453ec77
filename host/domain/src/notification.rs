//! What a person is told of while they look elsewhere.

use chrono::{DateTime, Utc};

use crate::ids::{NotificationId, PermissionRequestId, RunId, SessionId, UserId};

/// Why a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationKind {
    /// A turn ended with an answer.
    AgentCompleted,
    /// A turn ended without one.
    AgentFailed,
    /// A call may not run before the person answers.
    PermissionRequest,
}

impl NotificationKind {
    /// The word stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentCompleted => "agent_completed",
            Self::AgentFailed => "agent_failed",
            Self::PermissionRequest => "permission_request",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::AgentCompleted, Self::AgentFailed, Self::PermissionRequest].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One thing a person was told. Its texts are free of the person's secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub id: NotificationId,
    pub user_id: UserId,
    pub kind: NotificationKind,
    /// One line.
    pub title: String,
    /// The beginning of the answer, or the reason.
    pub body: String,
    pub session_id: Option<SessionId>,
    pub run_id: Option<RunId>,
    /// The question it is about: it is read when that is answered.
    pub request_id: Option<PermissionRequestId>,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

/// Which kinds a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationPreferences {
    pub agent_completed: bool,
    pub agent_failed: bool,
    pub permission_request: bool,
}

impl Default for NotificationPreferences {
    fn default() -> Self {
        Self { agent_completed: true, agent_failed: true, permission_request: true }
    }
}

impl NotificationPreferences {
    /// Whether the person wants to be told of this.
    #[must_use]
    pub const fn wants(&self, kind: NotificationKind) -> bool {
        match kind {
            NotificationKind::AgentCompleted => self.agent_completed,
            NotificationKind::AgentFailed => self.agent_failed,
            NotificationKind::PermissionRequest => self.permission_request,
        }
    }
}
