//! A question that a plugin puts to a person while its call waits.

use chrono::{DateTime, Utc};

use crate::form::Form;
use crate::ids::{CallId, QuestionId, RunId, SessionId, UserId};

/// The question.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonQuestion {
    pub id: QuestionId,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub run_id: RunId,
    pub call_id: CallId,
    /// `publisher/name` of the plugin that asks.
    pub plugin: String,
    /// The tool that was called, `<tool>__<operation>`.
    pub tool: String,
    pub message: String,
    pub form: Form,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuestionEnd {
    Given,
    /// The person said no.
    Declined,
    /// The person put it away.
    Cancelled,
    /// Nobody answered in time.
    Expired,
    /// The call that asked is over.
    Withdrawn,
}
