//! `/api/tools`: what agents can do, and doing it by hand.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::messages::Attachment;
use super::permissions::Level;

/// One operation of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// `<tool>__<operation>`, as models see it.
    pub name: String,
    pub tool: String,
    pub operation: String,
    /// `publisher/name` of its plugin.
    pub plugin: String,
    pub plugin_version: String,
    pub description: String,
    /// JSON Schema 2020-12 of the arguments.
    pub input_schema: Value,
    /// What holds when no rule says otherwise.
    pub permission: Level,
    /// What it does to the world, such as `read` or `write`.
    pub effects: Vec<String>,
}

/// A call made by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExecuteTool {
    /// As the operation's schema asks for.
    #[serde(default = "no_arguments")]
    #[schema(value_type = Object)]
    pub arguments: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    /// Yes to the question that this call would raise.
    #[serde(default)]
    pub approve: bool,
}

fn no_arguments() -> Value {
    Value::Object(serde_json::Map::new())
}

/// What the call gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolOutcome {
    /// JSON for a success, a sentence for an error; bounded.
    pub content: String,
    pub is_error: bool,
    /// `ok`, or why it failed: `bad_input`, `time_limit` and so on.
    pub code: String,
    /// One line for a person.
    pub summary: String,
    /// Where the whole result is, when `content` holds only its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_id: Option<Uuid>,
    /// The files that the tool gave beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attachment>,
    /// Why `files` cannot be fetched, if they cannot; they are kept beside the session that the call names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files_lost: Option<String>,
    pub duration_ms: u64,
}
