//! `/api/questions`: what plugins ask a person while their calls wait.

use chrono::{DateTime, Utc};
use octi_domain::question;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a plugin asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    pub id: Uuid,
    pub session_id: Uuid,
    pub agent_id: Uuid,
    pub call_id: Uuid,
    /// `publisher/name` of the plugin that asks; show it to the person.
    pub plugin: String,
    /// The tool that was called.
    pub tool: String,
    pub message: String,
    /// The form: a flat object of JSON Schema, as MCP's `elicitation/create` has it.
    #[schema(value_type = Object)]
    pub schema: Value,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl From<question::PersonQuestion> for Question {
    fn from(question: question::PersonQuestion) -> Self {
        Self {
            id: question.id.into(),
            session_id: question.session_id.into(),
            agent_id: question.run_id.into(),
            call_id: question.call_id.into(),
            plugin: question.plugin,
            tool: question.tool,
            message: question.message,
            schema: question.form.schema().clone(),
            created_at: question.created_at,
            expires_at: question.expires_at,
        }
    }
}

/// What a person does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionAction {
    /// Answers it, with `content`.
    Accept,
    /// Says no.
    Decline,
    /// Puts it away without an answer.
    Cancel,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerQuestion {
    pub action: QuestionAction,
    /// A value for each field of the form, with `accept`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub content: Option<Value>,
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionOutcome {
    Accepted,
    Declined,
    Cancelled,
    /// Nobody answered in time.
    Expired,
    /// The call that asked is over.
    Withdrawn,
}

impl From<question::QuestionEnd> for QuestionOutcome {
    fn from(end: question::QuestionEnd) -> Self {
        match end {
            question::QuestionEnd::Given => Self::Accepted,
            question::QuestionEnd::Declined => Self::Declined,
            question::QuestionEnd::Cancelled => Self::Cancelled,
            question::QuestionEnd::Expired => Self::Expired,
            question::QuestionEnd::Withdrawn => Self::Withdrawn,
        }
    }
}
