//! `/api/agents`: the turns of agents. Inside the host one turn is a run.

mod timeline;

use chrono::{DateTime, Utc};
use octi_domain::run;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub use timeline::{AgentEvent, AgentEventBody, AgentEventQuery};

/// Where a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    Running,
    Completed,
    Failed,
    /// A person stopped it.
    Stopped,
    /// The host went away while it ran; it can be continued.
    Interrupted,
}

impl From<run::RunStatus> for AgentStatus {
    fn from(status: run::RunStatus) -> Self {
        match status {
            run::RunStatus::Running => Self::Running,
            run::RunStatus::Completed => Self::Completed,
            run::RunStatus::Failed => Self::Failed,
            run::RunStatus::Stopped => Self::Stopped,
            run::RunStatus::Interrupted => Self::Interrupted,
        }
    }
}

impl From<AgentStatus> for run::RunStatus {
    fn from(status: AgentStatus) -> Self {
        match status {
            AgentStatus::Running => Self::Running,
            AgentStatus::Completed => Self::Completed,
            AgentStatus::Failed => Self::Failed,
            AgentStatus::Stopped => Self::Stopped,
            AgentStatus::Interrupted => Self::Interrupted,
        }
    }
}

/// Tokens of one or more model calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// True when any part was counted by octi because the provider did not report it.
    pub estimated: bool,
}

impl From<run::Usage> for Usage {
    fn from(usage: run::Usage) -> Self {
        Self { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens, estimated: usage.estimated }
    }
}

/// One turn of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    pub id: Uuid,
    pub session_id: Uuid,
    pub role: String,
    pub model: String,
    pub status: AgentStatus,
    /// Why it ended otherwise than completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub iterations: u32,
    pub usage: Usage,
    /// The skills that it was given, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    pub started_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<run::Run> for Agent {
    fn from(run: run::Run) -> Self {
        Self {
            id: run.id.into(),
            session_id: run.session_id.into(),
            role: run.role,
            model: run.model,
            status: run.status.into(),
            reason: run.reason,
            iterations: run.iterations,
            usage: run.usage.into(),
            skills: run.skills,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}

/// Which turns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct AgentQuery {
    /// Only of this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    /// Only those that stand there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<AgentStatus>,
    /// Only those that started then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Rows, newest first, at most 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Whether a turn was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentStopped {
    /// False when it had already ended.
    pub stopped: bool,
}

/// A turn that was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentStarted {
    pub agent_id: Uuid,
}
