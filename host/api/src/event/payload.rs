//! The payload of each type of event.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::v1::agents::Usage;
use crate::v1::messages::{Attachment, Role};
use crate::v1::permissions::Resolution;
use crate::v1::questions::QuestionOutcome;

/// Payload of `chat.message`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    pub message_id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Uuid>,
    pub role: Role,
    pub text: String,
    /// The files given with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// It was said to a turn that ran: that turn hears it at its next step, or a turn of its own answers it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub injected: bool,
    /// It was asked or answered beside the conversation (`chat.interject`): it is not stored, and no turn hears of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub side_channel: bool,
    /// The side question that this answers; with the role `system` it says why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Uuid>,
}

/// Payload of `chat.delta`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatDelta {
    pub agent_id: Uuid,
    pub text: String,
    /// A thought, not part of the answer.
    pub reasoning: bool,
}

/// Payload of `chat.response`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatResponse {
    pub agent_id: Uuid,
    pub message_id: Uuid,
    pub text: String,
    pub model: String,
    pub usage: Usage,
    /// The skills that the turn was given, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
}

/// Payload of `agent.skills`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentSkills {
    pub agent_id: Uuid,
    /// By name, the best first.
    pub skills: Vec<String>,
}

/// Payload of `skills.changed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillsChanged {
    /// What came, went or changed, as a sentence.
    pub change: String,
}

/// Payload of `chat.error`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatError {
    pub agent_id: Uuid,
    pub code: String,
    pub message: String,
}

/// Payload of `agent.spawned`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentSpawned {
    pub agent_id: Uuid,
    pub role: String,
    pub model: String,
}

/// Payload of `agent.iteration`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentIteration {
    pub agent_id: Uuid,
    pub iteration: u32,
}

/// Payload of `agent.completed`, `agent.failed`, `agent.stopped` and `agent.interrupted`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentEnded {
    pub agent_id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub iterations: u32,
    pub usage: Usage,
}

/// Payload of `session.compaction_stalled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompactionStalled {
    /// The turn in which it was noticed.
    pub agent_id: Uuid,
    /// Why there is not enough room, and what can be done, as a sentence for a person.
    pub reason: String,
    /// Of the conversation as the model would see it now, estimated.
    pub tokens: u64,
    /// What the model can read of it beside its instructions, tools and answer.
    pub tokens_max: u64,
}

/// Payload of `tool.invoked`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolInvoked {
    pub agent_id: Uuid,
    pub call_id: Uuid,
    pub name: String,
    pub plugin_version: String,
    pub arguments: Value,
}

/// Payload of `tool.progress`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolProgress {
    pub agent_id: Uuid,
    pub call_id: Uuid,
    /// In [0, 1], when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f32>,
    pub message: String,
}

/// Payload of `tool.result`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolResult {
    pub agent_id: Uuid,
    pub call_id: Uuid,
    pub name: String,
    pub is_error: bool,
    /// One line for the person watching.
    pub summary: String,
    /// The beginning of the result.
    pub preview: String,
    /// Where the whole result is, when it was too large for the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_id: Option<Uuid>,
    /// The files that the tool gave beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attachment>,
    pub duration_ms: u64,
}

/// Payload of `hook.blocked`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookBlocked {
    pub agent_id: Uuid,
    pub call_id: Uuid,
    /// The plugin, `publisher/name`.
    pub hook: String,
    /// The tool.
    pub name: String,
    /// What the hook said, or why there was no answer.
    pub reason: String,
}

/// Payload of `hook.rewrote`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookRewrote {
    pub agent_id: Uuid,
    pub call_id: Uuid,
    /// The plugin, `publisher/name`.
    pub hook: String,
    /// The tool.
    pub name: String,
    /// Those that the call is made with.
    pub arguments: Value,
}

/// Payload of `permission.resolved`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionResolved {
    pub request_id: Uuid,
    pub resolution: Resolution,
}

/// Payload of `question.resolved`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuestionResolved {
    pub question_id: Uuid,
    pub call_id: Uuid,
    pub outcome: QuestionOutcome,
}

/// Payload of `plugin.changed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginChanged {
    /// `publisher/name`.
    pub plugin: String,
    pub change: String,
}

/// Payload of `settings.changed`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SettingsChanged {
    /// Such as `agent.minutes_max`.
    pub keys: Vec<String>,
}

/// Payload of `workspace.changed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceChanged {
    pub workspace_id: Uuid,
}

/// Payload of `notification.read`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationRead {
    /// These.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Uuid>,
    /// Every one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}
