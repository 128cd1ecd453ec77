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

/// A file that a person gave with a message, or a tool with its result; `GET /api/artifacts/{artifactId}/raw` has its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    pub artifact_id: Uuid,
    pub name: String,
    pub media_type: String,
    pub bytes: u64,
}

impl From<message::Attachment> for Attachment {
    fn from(attachment: message::Attachment) -> Self {
        let message::Attachment { artifact, name, media_type, bytes } = attachment;
        Self { artifact_id: artifact.into(), name, media_type, bytes }
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
        /// The files that the tool gave beside it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Attachment>,
    },
    Attachment(Attachment),
}

impl From<message::Part> for Part {
    fn from(part: message::Part) -> Self {
        match part {
            message::Part::Text(text) => Self::Text { text },
            message::Part::Attachment(attachment) => Self::Attachment(attachment.into()),
            message::Part::Reasoning(text) => Self::Reasoning { text },
            message::Part::ToolCall(call) => Self::ToolCall { id: call.id, name: call.name, arguments: call.arguments },
            message::Part::ToolResult(result) => Self::ToolResult {
                call_id: result.call_id,
                name: result.name,
                content: result.content,
                is_error: result.is_error,
                artifact_id: result.artifact.map(Into::into),
                files: result.files.into_iter().map(Into::into).collect(),
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

/// What becomes of an answer besides being said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputMode {
    /// Nothing.
    #[default]
    Inline,
    /// It is kept as a Markdown file of the conversation.
    File,
}

impl OutputMode {
    /// Whether nothing else becomes of it, which need not be said.
    #[must_use]
    pub const fn is_inline(&self) -> bool {
        matches!(self, Self::Inline)
    }
}

/// Something to be said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendMessage {
    /// May be empty when there are files.
    #[serde(default)]
    pub content: String,
    /// Files of the same session, from `POST /api/sessions/{id}/attachments`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub file_refs: Vec<Uuid>,
    /// A configured model's name; the default model when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Id or word of a workspace of the caller's own; what is not theirs means their default one. The conversation
    /// works there from this message on; refused while a turn runs elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// A folder of the workspace, or an absolute one below a folder of the setting `workspace.additional_paths`; an empty text for
    /// the whole workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_path: Option<String>,
    /// Whether the answer is kept as a file of the conversation too; the message then says where.
    #[serde(default, skip_serializing_if = "OutputMode::is_inline")]
    pub output_mode: OutputMode,
}

/// A message that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageSent {
    pub message_id: Uuid,
    /// The turn that answers it.
    pub agent_id: Uuid,
    /// The turn ran already, and hears the message at its next step.
    pub injected: bool,
}
