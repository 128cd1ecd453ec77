//! What was said, by whom, and what tools answered.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::ids::{ArtifactId, MessageId, RunId, SessionId};

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
}

impl Role {
    /// The word stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::System, Self::User, Self::Assistant, Self::Tool].into_iter().find(|role| role.as_str() == word)
    }
}

/// The message of the host that says where a conversation begins anew: a model sees nothing of what stands before it.
pub const CLEARED: &str = "The conversation was cleared here: what was said before is not recalled.";

/// A model's wish to run a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The provider's id, which the result must carry back.
    pub id: String,
    /// `<tool>__<operation>`, such as `filesystem__read_file`.
    pub name: String,
    pub arguments: Value,
    /// What some providers attach to a call and want back unchanged (Gemini's thought signatures).
    pub signature: Option<String>,
}

/// What a tool answered, as the model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// The id of the [`ToolCall`] this answers.
    pub call_id: String,
    pub name: String,
    /// JSON for a success, a sentence for an error; bounded.
    pub content: String,
    pub is_error: bool,
    /// Where the whole result is, when `content` holds only its beginning.
    pub artifact: Option<ArtifactId>,
    /// The files that the tool gave beside it.
    pub files: Vec<Attachment>,
}

/// A file that a person gave with a message, or a tool with its result. Its content lies with the conversation's artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub artifact: ArtifactId,
    /// Without folders, fit to be shown.
    pub name: String,
    /// As the host found it, not only as it was declared: what is called text is text.
    pub media_type: String,
    pub bytes: u64,
}

/// What a model can do with an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentKind {
    /// It can be read as it is.
    Text,
    /// A picture in a format that every model with eyes takes.
    Image,
    Pdf,
    /// Only its name can be told.
    Other,
}

impl Attachment {
    /// What a model can do with it.
    #[must_use]
    pub fn kind(&self) -> AttachmentKind {
        match self.media_type.as_str() {
            "image/png" | "image/jpeg" | "image/gif" | "image/webp" => AttachmentKind::Image,
            "application/pdf" => AttachmentKind::Pdf,
            other if other.starts_with("text/") => AttachmentKind::Text,
            _ => AttachmentKind::Other,
        }
    }
}

/// One piece of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Text(String),
    Attachment(Attachment),
    /// What a model thought before it answered; shown folded, never sent to another provider.
    Reasoning(String),
    ToolCall(ToolCall),
    ToolResult(ToolResult),
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub id: MessageId,
    pub session_id: SessionId,
    /// The run that wrote it or was started by it.
    pub run_id: Option<RunId>,
    /// Position in the session, from 1, without gaps.
    pub seq: i64,
    pub role: Role,
    pub parts: Vec<Part>,
    pub created_at: DateTime<Utc>,
}

/// The text of a list of parts, without reasoning and tool traffic.
#[must_use]
pub fn plain_text(parts: &[Part]) -> String {
    parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
