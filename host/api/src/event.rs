//! Events as clients see them: an envelope, and a payload per type.

use chrono::{DateTime, Utc};
use octi_domain::event::{Event, EventKind, ReadNotifications};
use octi_domain::run::RunStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

mod payload;

pub use payload::*;

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventEnvelope {
    pub id: Uuid,
    /// The part of the host it comes from.
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    pub user_id: Uuid,
    pub timestamp: DateTime<Utc>,
    #[serde(flatten)]
    pub body: EventBody,
}

/// A type of event, for the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType {
    /// Such as `chat.delta`.
    pub name: &'static str,
    /// The part of the host it comes from.
    pub source: &'static str,
    /// The path of the payload's type; its last part is the name of its schema.
    pub payload: &'static str,
    pub meaning: &'static str,
}

macro_rules! events {
    ($($name:tt, $variant:ident($payload:ty), $source:literal, $meaning:literal;)*) => {
        /// What happened: `type` and `payload`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(tag = "type", content = "payload")]
        pub enum EventBody {
            $(#[doc = $meaning] #[serde(rename = $name)] $variant($payload),)*
        }

        impl EventBody {
            /// Every type, for the reference.
            pub const CATALOGUE: &[EventType] = &[$(EventType {
                name: $name,
                source: $source,
                payload: stringify!($payload),
                meaning: $meaning,
            }),*];

            /// The type, such as `chat.delta`.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),* }
            }

            const fn source(&self) -> &'static str {
                match self { $(Self::$variant(_) => $source),* }
            }
        }
    };
}

events! {
    "chat.message", ChatMessage(ChatMessage), "agents", "A message was added to the conversation.";
    "chat.delta", ChatDelta(ChatDelta), "agents", "A piece of the answer being written.";
    "chat.response", ChatResponse(ChatResponse), "agents", "The answer is whole.";
    "chat.error", ChatError(ChatError), "agents", "The turn could not answer.";
    "agent.spawned", AgentSpawned(AgentSpawned), "agents", "A turn began.";
    "agent.iteration", AgentIteration(AgentIteration), "agents", "The model is being asked for the nth time in this turn.";
    "agent.completed", AgentCompleted(AgentEnded), "agents", "A turn ended with an answer.";
    "agent.failed", AgentFailed(AgentEnded), "agents", "A turn ended without an answer.";
    "agent.stopped", AgentStopped(AgentEnded), "agents", "A person stopped a turn.";
    "agent.interrupted", AgentInterrupted(AgentEnded), "agents", "The host went away during a turn; it can be continued.";
    "agent.skills", AgentSkills(AgentSkills), "agents", "A turn was given skills: texts that may help, and permit nothing.";
    "session.compaction_stalled", CompactionStalled(CompactionStalled), "agents", "A conversation is nearly too long for its model, and a summary did not make enough room.";
    "tool.invoked", ToolInvoked(ToolInvoked), "tools", "A tool call began.";
    "tool.progress", ToolProgress(ToolProgress), "tools", "What long work says while it runs.";
    "tool.result", ToolResult(ToolResult), "tools", "A tool call ended.";
    "hook.blocked", HookBlocked(HookBlocked), "hooks", "A hook refused a tool call, or gave no answer about it, so the call was not made.";
    "hook.rewrote", HookRewrote(HookRewrote), "hooks", "A hook changed the arguments of a tool call before anybody was asked about it.";
    "permission.request", PermissionRequest(crate::v1::permissions::PermissionRequest), "permissions", "A person is asked.";
    "permission.resolved", PermissionResolved(PermissionResolved), "permissions", "A question was answered, or expired.";
    "question.asked", QuestionAsked(crate::v1::questions::Question), "questions", "A plugin asks the person whose call it is for something.";
    "question.resolved", QuestionResolved(QuestionResolved), "questions", "That question was answered, or its time or its call is over.";
    "plugin.changed", PluginChanged(PluginChanged), "plugins", "Tools or roles changed while the host runs.";
    "skills.changed", SkillsChanged(SkillsChanged), "skills", "The skills folder was read again, and something in it is another.";
    "settings.changed", SettingsChanged(SettingsChanged), "settings", "Settings of the host have other values. Only administrators are told.";
    "workspace.changed", WorkspaceChanged(WorkspaceChanged), "workspaces", "The person made, renamed, chose or took away a workspace.";
    "notification.created", NotificationCreated(crate::v1::notifications::Notification), "notifications", "The person is told of something.";
    "notification.read", NotificationRead(NotificationRead), "notifications", "Notifications were read, on one screen of the person or because a question was answered.";
}

impl EventEnvelope {
    /// The wire twin of a domain event.
    #[must_use]
    pub fn from_domain(event: &Event) -> Self {
        let body = EventBody::from_domain(&event.kind);
        Self {
            id: event.id.into(),
            source: body.source().to_owned(),
            session_id: event.session_id.map(Into::into),
            user_id: event.user_id.into(),
            timestamp: event.at,
            body,
        }
    }
}

impl EventBody {
    /// The wire twin of what happened.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one table, an arm for each event")]
    pub fn from_domain(kind: &EventKind) -> Self {
        match kind.clone() {
            EventKind::ChatMessage { message_id, run_id, role, text, attachments, injected } => {
                let (message_id, agent_id) = (message_id.into(), run_id.map(Into::into));
                let attachments = attachments.into_iter().map(Into::into).collect();
                let (role, side_channel, answers) = (role.into(), false, None);
                Self::ChatMessage(ChatMessage { message_id, agent_id, role, text, attachments, injected, side_channel, answers })
            }
            EventKind::SideMessage { message_id, role, text, answers } => {
                let (message_id, role, answers) = (message_id.into(), role.into(), answers.map(Into::into));
                let (agent_id, attachments, injected, side_channel) = (None, Vec::new(), false, true);
                Self::ChatMessage(ChatMessage { message_id, agent_id, role, text, attachments, injected, side_channel, answers })
            }
            EventKind::ChatDelta { run_id, text, reasoning } => {
                Self::ChatDelta(ChatDelta { agent_id: run_id.into(), text, reasoning })
            }
            EventKind::ChatResponse { run_id, message_id, text, model, usage, skills } => {
                let (agent_id, message_id, usage) = (run_id.into(), message_id.into(), usage.into());
                Self::ChatResponse(ChatResponse { agent_id, message_id, text, model, usage, skills })
            }
            EventKind::SkillsGiven { run_id, skills } => Self::AgentSkills(AgentSkills { agent_id: run_id.into(), skills }),
            EventKind::ChatError { run_id, code, message } => {
                Self::ChatError(ChatError { agent_id: run_id.into(), code: code.to_owned(), message })
            }
            EventKind::AgentSpawned { run_id, role, model } => {
                Self::AgentSpawned(AgentSpawned { agent_id: run_id.into(), role, model })
            }
            EventKind::CompactionStalled { run_id, reason, tokens, tokens_max } => {
                Self::CompactionStalled(CompactionStalled { agent_id: run_id.into(), reason, tokens, tokens_max })
            }
            EventKind::AgentIteration { run_id, iteration } => {
                Self::AgentIteration(AgentIteration { agent_id: run_id.into(), iteration })
            }
            EventKind::AgentEnded { run_id, status, reason, iterations, usage } => {
                Self::ended(status, AgentEnded { agent_id: run_id.into(), reason, iterations, usage: usage.into() })
            }
            EventKind::ToolInvoked { run_id, call_id, name, plugin_version, arguments } => {
                let (agent_id, call_id) = (run_id.into(), call_id.into());
                Self::ToolInvoked(ToolInvoked { agent_id, call_id, name, plugin_version, arguments })
            }
            EventKind::ToolProgress { run_id, call_id, fraction, message } => {
                Self::ToolProgress(ToolProgress { agent_id: run_id.into(), call_id: call_id.into(), fraction, message })
            }
            EventKind::ToolResult { run_id, call_id, name, is_error, summary, preview, artifact, files, duration_ms } => {
                let (agent_id, call_id, artifact_id) = (run_id.into(), call_id.into(), artifact.map(Into::into));
                let files = files.into_iter().map(Into::into).collect();
                Self::ToolResult(ToolResult {
                    agent_id,
                    call_id,
                    name,
                    is_error,
                    summary,
                    preview,
                    artifact_id,
                    files,
                    duration_ms,
                })
            }
            EventKind::HookBlocked { run_id, call_id, hook, name, reason } => {
                Self::HookBlocked(HookBlocked { agent_id: run_id.into(), call_id: call_id.into(), hook, name, reason })
            }
            EventKind::HookRewrote { run_id, call_id, hook, name, arguments } => {
                Self::HookRewrote(HookRewrote { agent_id: run_id.into(), call_id: call_id.into(), hook, name, arguments })
            }
            EventKind::PermissionRequested(request) => Self::PermissionRequest((*request).into()),
            EventKind::PermissionResolved { request_id, answer } => {
                Self::PermissionResolved(PermissionResolved { request_id: request_id.into(), resolution: answer.into() })
            }
            EventKind::QuestionAsked(question) => Self::QuestionAsked((*question).into()),
            EventKind::QuestionResolved { question_id, call_id, end } => {
                let (question_id, call_id) = (question_id.into(), call_id.into());
                Self::QuestionResolved(QuestionResolved { question_id, call_id, outcome: end.into() })
            }
            EventKind::PluginsChanged { plugin, change } => Self::PluginChanged(PluginChanged { plugin, change }),
            EventKind::SkillsChanged { change } => Self::SkillsChanged(SkillsChanged { change }),
            EventKind::SettingsChanged { keys } => Self::SettingsChanged(SettingsChanged { keys }),
            EventKind::WorkspacesChanged(id) => Self::WorkspaceChanged(WorkspaceChanged { workspace_id: id.into() }),
            EventKind::NotificationCreated(notification) => Self::NotificationCreated((*notification).into()),
            EventKind::NotificationRead(ReadNotifications::These(ids)) => {
                Self::NotificationRead(NotificationRead { ids: ids.into_iter().map(Into::into).collect(), all: false })
            }
            EventKind::NotificationRead(ReadNotifications::All) => {
                Self::NotificationRead(NotificationRead { ids: Vec::new(), all: true })
            }
        }
    }

    fn ended(status: RunStatus, ended: AgentEnded) -> Self {
        match status {
            RunStatus::Completed => Self::AgentCompleted(ended),
            RunStatus::Stopped => Self::AgentStopped(ended),
            RunStatus::Interrupted => Self::AgentInterrupted(ended),
            RunStatus::Failed | RunStatus::Running => Self::AgentFailed(ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use octi_domain::ids::{RunId, SessionId, UserId};
    use octi_domain::run::Usage;

    use super::*;
    use crate::frames::ServerFrame;

    fn event(kind: EventKind) -> Event {
        let id = Uuid::from_u128;
        Event {
            id: id(1).into(),
            user_id: UserId::from(id(2)),
            session_id: Some(SessionId::from(id(3))),
            at: DateTime::UNIX_EPOCH,
            kind,
        }
    }

    #[test]
    fn an_event_frame_reads_back_as_it_was_written() {
        let run_id = RunId::from(Uuid::from_u128(4));
        let kind = EventKind::ChatDelta { run_id, text: "hel".to_owned(), reasoning: false };
        let frame = ServerFrame::Event { event: EventEnvelope::from_domain(&event(kind)) };
        let text = serde_json::to_string_pretty(&frame).unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(serde_json::from_str::<ServerFrame>(&text).unwrap(), frame);
    }

    #[test]
    fn how_a_turn_ended_is_its_type() {
        let run_id = RunId::from(Uuid::from_u128(4));
        let ended = |status| {
            let kind = EventKind::AgentEnded { run_id, status, reason: None, iterations: 1, usage: Usage::default() };
            EventBody::from_domain(&kind).type_name()
        };
        assert_eq!(ended(RunStatus::Completed), "agent.completed");
        assert_eq!(ended(RunStatus::Failed), "agent.failed");
        assert_eq!(ended(RunStatus::Stopped), "agent.stopped");
        assert_eq!(ended(RunStatus::Interrupted), "agent.interrupted");
    }

    #[test]
    fn types_are_unique() {
        for (index, event) in EventBody::CATALOGUE.iter().enumerate() {
            assert_eq!(EventBody::CATALOGUE.iter().position(|other| other.name == event.name), Some(index));
        }
    }
}
