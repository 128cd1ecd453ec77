//! May this call run: levels, answers, rules and the questions put to people.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::ids::{CallId, PermissionRequestId, RuleId, RunId, SessionId, UserId};

/// What a rule or a default says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    Allow,
    Ask,
    Deny,
}

impl Level {
    /// The word stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }

    /// The level of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Allow, Self::Ask, Self::Deny].into_iter().find(|level| level.as_str() == word)
    }
}

/// What a person answers to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// This call only.
    Once,
    /// Calls like this one until the session ends.
    Session,
    /// Calls like this one from now on.
    Always,
    Deny,
}

impl Answer {
    /// The word stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Session => "session",
            Self::Always => "always",
            Self::Deny => "deny",
        }
    }

    /// The answer of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Once, Self::Session, Self::Always, Self::Deny].into_iter().find(|answer| answer.as_str() == word)
    }
}

/// Who started the turn: what is asked of a person in a chat is refused where nobody is there to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A person who can be asked.
    Chat,
    /// Another program, over the Model Context Protocol: whoever sits before it is not one of octi's pages.
    Mcp,
    /// Nobody can be asked: an ask is a refusal.
    Unattended,
}

impl Origin {
    /// The word for logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Mcp => "mcp",
            Self::Unattended => "unattended",
        }
    }
}

/// One standing rule: `tool(exact | prefix:* | *)`, optionally for one operation (`tool.operation(…)`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: RuleId,
    pub user_id: UserId,
    /// The rule's text, as in `shell(git status:*)`; parsed by `octi_security::permissions`.
    pub text: String,
    pub level: Level,
    /// Only in this session; none for everywhere.
    pub session_id: Option<SessionId>,
    pub created_at: DateTime<Utc>,
}

/// How a question to a person ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestStatus {
    Pending,
    Answered(Answer),
    Expired,
}

/// A question put to a person.
#[derive(Debug, Clone, PartialEq)]
pub struct PermissionRequest {
    pub id: PermissionRequestId,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub run_id: RunId,
    pub call_id: CallId,
    /// The plugin's alias, such as `filesystem`.
    pub tool: String,
    /// Such as `write_file`.
    pub operation: String,
    /// What the rule matches on: a command, a path.
    pub subject: Option<String>,
    pub arguments: Value,
    /// Why it is asked, as a sentence.
    pub reason: String,
    /// The rule that "session" or "always" would add.
    pub suggested_rule: String,
    pub status: RequestStatus,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}
