//! The messages of a session.

use chrono::{DateTime, Utc};
use octi_domain::message;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
}

impl From<message::Role> for Role {
    fn from(role: message::Role) -> Self {
        match role {
            message::Role::System => Self::System,
            message::Role::User => Self::User,
            message::Role::Assistant => Self::Assistant,
            message::Role::Tool => Self::Tool,
        }
    }
}

/// One piece of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    Text {
        text: String,
    },
    Reasoning {
        text: String,
    },
    ToolCall {
        id: String,
        name: String,
        arguments: Value,
    },
    #[serde(rename_all = "camelCase")]
    ToolResult {
        /// The id of the call this answers.
        call_id: String,
        name: String,
        content: String,
        is_error: bool,
        /// Where the whole result is, when `content` holds only its beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artifact_id: Option<Uuid>,
    },
}

impl From<message::Part> for Part {
    fn from(part: message::Part) -> Self {
        match part {
            message::Part::Text(text) => Self::Text { text },
            message::Part::Reasoning(text) => Self::Reasoning { text },
            message::Part::ToolCall(call) => Self::ToolCall { id: call.id, name: call.name, arguments: call.arguments },
            message::Part::ToolResult(result) => Self::ToolResult {
                call_id: result.call_id,
                name: result.name,
                content: result.content,
                is_error: result.is_error,
                artifact_id: result.artifact.map(Into::into),
            },
        }
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: Uuid,
    pub session_id: Uuid,
    /// The turn that wrote it or was started by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Uuid>,
    /// Position in the session, from 1, without gaps.
    pub seq: i64,
    pub role: Role,
    pub parts: Vec<Part>,
    pub created_at: DateTime<Utc>,
}

impl From<message::Message> for Message {
    fn from(message: message::Message) -> Self {
        Self {
            id: message.id.into(),
            session_id: message.session_id.into(),
            agent_id: message.run_id.map(Into::into),
            seq: message.seq,
            role: message.role.into(),
            parts: message.parts.into_iter().map(Into::into).collect(),
            created_at: message.created_at,
        }
    }
}

/// Which messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct MessageQuery {
    /// Only those after this `seq`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// Rows, oldest first, at most 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}
