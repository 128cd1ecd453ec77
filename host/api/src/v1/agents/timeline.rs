//! `/api/agents/{id}/events`: what happened in a turn.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::AgentStatus;
use crate::v1::messages::Role;

/// One thing that happened in a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentEvent {
    /// Its place in the turn. The numbers grow in the order in which things happened, have gaps, and never change.
    pub seq: i64,
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub body: AgentEventBody,
}

/// What it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentEventBody {
    /// The turn began, or ended.
    Status {
        status: AgentStatus,
        /// Why it ended otherwise than completed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Something was said; `GET /api/sessions/{id}/messages` has the whole of it.
    #[serde(rename_all = "camelCase")]
    Message {
        message_id: Uuid,
        /// Its position in the session.
        message_seq: i64,
        role: Role,
        /// The beginning of its text, at most 2,000 characters.
        text: String,
    },
    /// A tool was called.
    #[serde(rename_all = "camelCase")]
    ToolStarted {
        call_id: Uuid,
        name: String,
        plugin: String,
        plugin_version: String,
        /// Why it might run, or might not.
        decision: String,
    },
    /// A call ended.
    #[serde(rename_all = "camelCase")]
    ToolEnded {
        call_id: Uuid,
        name: String,
        is_error: bool,
        /// How, in a line.
        outcome: String,
        duration_ms: i64,
        /// Where the whole result is, when it was large.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artifact_id: Option<Uuid>,
    },
    /// A person was asked whether a call may run.
    #[serde(rename_all = "camelCase")]
    PermissionAsked {
        request_id: Uuid,
        call_id: Uuid,
        tool: String,
        operation: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        reason: String,
    },
    /// That question ended.
    #[serde(rename_all = "camelCase")]
    PermissionResolved {
        request_id: Uuid,
        call_id: Uuid,
        /// `once`, `session`, `always`, `deny`, or `expired` when nobody answered.
        answer: String,
    },
    /// A model call ended.
    #[serde(rename_all = "camelCase")]
    Cost {
        model: String,
        provider: String,
        input_tokens: u64,
        output_tokens: u64,
        /// Absent when the price is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
        /// Who counted: `reported` by the provider, `estimated` by octi, or `unknown`.
        counted: String,
        latency_ms: i64,
        /// How often the provider had to be asked again.
        retries: i64,
    },
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct AgentEventQuery {
    /// Only those after this `seq`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 0)]
    pub after: Option<i64>,
    /// Rows, in the order in which they happened, at most 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}
