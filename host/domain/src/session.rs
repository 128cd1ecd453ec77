//! Conversations and the people they belong to.

use chrono::{DateTime, Utc};

use crate::ids::{SessionId, UserId, WorkspaceId};

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub is_admin: bool,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
    pub last_login_at: Option<DateTime<Utc>>,
}

/// Where a conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionStatus {
    Active,
    Completed,
}

impl SessionStatus {
    /// The word stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Completed => "completed",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Completed].into_iter().find(|status| status.as_str() == word)
    }
}

/// One conversation of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub title: Option<String>,
    pub status: SessionStatus,
    pub message_count: i64,
    /// Where it works; none for the person's default workspace.
    pub workspace_id: Option<WorkspaceId>,
    /// The folder in the workspace, or the absolute one that an administrator opened; none for the whole workspace.
    pub project: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
