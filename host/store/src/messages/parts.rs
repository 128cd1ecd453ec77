//! How the parts of a message lie in the database: twins of the domain's types, so that those may change freely.

use octi_domain::ids::ArtifactId;
use octi_domain::message::{Attachment, Part, ToolCall, ToolResult};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// One part. Fields added later need `#[serde(default)]`: old rows stay as they are.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum PartRow {
    Text {
        text: String,
    },
    Attachment {
        artifact: Uuid,
        name: String,
        media_type: String,
        bytes: u64,
    },
    Reasoning {
        text: String,
    },
    ToolCall {
        id: String,
        name: String,
        arguments: Value,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    ToolResult {
        call_id: String,
        name: String,
        content: String,
        is_error: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artifact: Option<Uuid>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<FileRow>,
    },
}

/// A file that a tool gave.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FileRow {
    artifact: Uuid,
    name: String,
    media_type: String,
    bytes: u64,
}

impl From<Attachment> for FileRow {
    fn from(file: Attachment) -> Self {
        let Attachment { artifact, name, media_type, bytes } = file;
        Self { artifact: artifact.as_uuid(), name, media_type, bytes }
    }
}

impl From<FileRow> for Attachment {
    fn from(row: FileRow) -> Self {
        let FileRow { artifact, name, media_type, bytes } = row;
        Self { artifact: artifact.into(), name, media_type, bytes }
    }
}

impl From<&Part> for PartRow {
    fn from(part: &Part) -> Self {
        match part.clone() {
            Part::Text(text) => Self::Text { text },
            Part::Attachment(Attachment { artifact, name, media_type, bytes }) => {
                Self::Attachment { artifact: artifact.as_uuid(), name, media_type, bytes }
            }
            Part::Reasoning(text) => Self::Reasoning { text },
            Part::ToolCall(ToolCall { id, name, arguments, signature }) => Self::ToolCall { id, name, arguments, signature },
            Part::ToolResult(ToolResult { call_id, name, content, is_error, artifact, files }) => {
                let (artifact, files) = (artifact.map(ArtifactId::as_uuid), files.into_iter().map(FileRow::from).collect());
                Self::ToolResult { call_id, name, content, is_error, artifact, files }
            }
        }
    }
}

impl From<PartRow> for Part {
    fn from(row: PartRow) -> Self {
        match row {
            PartRow::Text { text } => Self::Text(text),
            PartRow::Attachment { artifact, name, media_type, bytes } => {
                Self::Attachment(Attachment { artifact: artifact.into(), name, media_type, bytes })
            }
            PartRow::Reasoning { text } => Self::Reasoning(text),
            PartRow::ToolCall { id, name, arguments, signature } => Self::ToolCall(ToolCall { id, name, arguments, signature }),
            PartRow::ToolResult { call_id, name, content, is_error, artifact, files } => {
                let (artifact, files) = (artifact.map(ArtifactId::from), files.into_iter().map(Attachment::from).collect());
                Self::ToolResult(ToolResult { call_id, name, content, is_error, artifact, files })
            }
        }
    }
}
