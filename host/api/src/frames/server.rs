//! What the server sends.

use chrono::{DateTime, Utc};
use octi_domain::limits;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::event::EventEnvelope;
use crate::v1::permissions::PermissionRequest;

/// The credentials are good; the connection is active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthOk {
    pub connection_id: Uuid,
    pub user_id: Uuid,
    /// The frame types this connection may send.
    pub capabilities: Vec<String>,
    pub server_time: DateTime<Utc>,
    pub server_timezone: String,
    pub server_version: String,
    /// The protocols the server speaks, newest last.
    pub protocol_versions: Vec<String>,
    pub budgets: Budgets,
}

/// What one connection may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Budgets {
    /// Connections of one user.
    pub connections_max: usize,
    /// Bytes of one frame.
    pub frame_bytes_max: usize,
    /// Subscription patterns of one connection.
    pub patterns_max: usize,
    /// Events a connection may be behind before some are dropped.
    pub queue_max: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            connections_max: limits::WS_CONNECTIONS_PER_USER_MAX,
            frame_bytes_max: limits::WS_FRAME_BYTES_MAX,
            patterns_max: limits::WS_PATTERNS_MAX,
            queue_max: limits::WS_QUEUE_MAX,
        }
    }
}

/// The connection was refused and closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthError {
    pub message: String,
}

/// What a command answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandResult {
    /// The command's own name, also when an alias was sent.
    pub name: String,
    /// For a person.
    pub result: String,
    /// Why it did nothing, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same for a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// A frame could not be obeyed; the connection stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorFrame {
    /// A code of the error table, in capitals.
    pub code: String,
    pub message: String,
    /// The first bad field of the frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Seconds after which the same frame will be taken, when only time is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// Quote it when asking for help: the log has the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The answer to `ping`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pong {
    pub server_time: DateTime<Utc>,
}

/// What holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subscribed {
    pub patterns: Vec<String>,
    /// Of all sessions, these only; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
}

/// Events were lost: reload what is shown by REST.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventsDropped {
    pub count: u64,
    pub reason: String,
}

/// Every question that waits for an answer; live events about questions come after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionPending {
    pub requests: Vec<PermissionRequest>,
}

/// What happened in a session after the event that was named, the oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    pub session_id: Uuid,
    /// Events of every type, whatever is subscribed to. Pieces of an answer that follow each other are one `chat.delta`
    /// with the id of the last, so the text is whole.
    pub events: Vec<EventEnvelope>,
    /// Something may be missing before these events: reload the conversation by REST.
    pub gap: bool,
}

/// A frame from the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum ServerFrame {
    #[serde(rename = "auth_ok")]
    AuthOk(AuthOk),
    #[serde(rename = "auth_error")]
    AuthError(AuthError),
    #[serde(rename = "event")]
    Event { event: EventEnvelope },
    #[serde(rename = "command.result")]
    CommandResult(CommandResult),
    #[serde(rename = "error")]
    Error(ErrorFrame),
    #[serde(rename = "pong")]
    Pong(Pong),
    #[serde(rename = "subscribed")]
    Subscribed(Subscribed),
    #[serde(rename = "events_dropped")]
    EventsDropped(EventsDropped),
    #[serde(rename = "permission.pending")]
    PermissionPending(PermissionPending),
    #[serde(rename = "replay")]
    Replay(Replayed),
}
