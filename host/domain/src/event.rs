//! What happens, told to every screen of the person it belongs to.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::ids::{
    ArtifactId, CallId, EventId, MessageId, NotificationId, PermissionRequestId, QuestionId, RunId, SessionId, UserId,
    WorkspaceId,
};
use crate::message::{Attachment, Role};
use crate::notification::Notification;
use crate::permission::{Answer, PermissionRequest};
use crate::question::{PersonQuestion, QuestionEnd};
use crate::run::{RunStatus, Usage};

/// One event. It goes to its user only.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: EventId,
    pub user_id: UserId,
    pub session_id: Option<SessionId>,
    pub at: DateTime<Utc>,
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// A message was added to the conversation. One that is `injected` was said to a turn that ran: that turn hears it at its
    /// next step, or a turn of its own answers it.
    ChatMessage {
        message_id: MessageId,
        run_id: Option<RunId>,
        role: Role,
        text: String,
        attachments: Vec<Attachment>,
        injected: bool,
    },
    /// A question beside the conversation, what it was answered, or, with the role `system`, why it was not.
    SideMessage {
        message_id: MessageId,
        role: Role,
        text: String,
        /// The question.
        answers: Option<MessageId>,
    },
    /// A piece of the answer being written.
    ChatDelta { run_id: RunId, text: String, reasoning: bool },
    /// The answer is whole.
    ChatResponse {
        run_id: RunId,
        message_id: MessageId,
        text: String,
        model: String,
        usage: Usage,
        /// The skills that the turn was given, by name.
        skills: Vec<String>,
    },
    /// The turn could not answer.
    ChatError { run_id: RunId, code: &'static str, message: String },
    /// A run began.
    AgentSpawned { run_id: RunId, role: String, model: String },
    /// A run was given skills, by name, the best first.
    SkillsGiven { run_id: RunId, skills: Vec<String> },
    /// A conversation takes most of what the model can read, and a summary did not make enough room: when more is said, the oldest
    /// messages are left out of what the model sees.
    CompactionStalled {
        run_id: RunId,
        /// Why, as a sentence for a person.
        reason: String,
        /// Of the conversation as the model would see it now, and what fits; estimated.
        tokens: u64,
        tokens_max: u64,
    },
    /// The model is being asked for the nth time in this run.
    AgentIteration { run_id: RunId, iteration: u32 },
    /// A run ended: completed, failed, stopped or interrupted.
    AgentEnded { run_id: RunId, status: RunStatus, reason: Option<String>, iterations: u32, usage: Usage },
    /// A tool call began.
    ToolInvoked { run_id: RunId, call_id: CallId, name: String, plugin_version: String, arguments: Value },
    /// What long work says while it runs.
    ToolProgress { run_id: RunId, call_id: CallId, fraction: Option<f32>, message: String },
    /// A tool call ended.
    ToolResult {
        run_id: RunId,
        call_id: CallId,
        name: String,
        is_error: bool,
        /// One line for the person watching.
        summary: String,
        /// The beginning of the result.
        preview: String,
        artifact: Option<ArtifactId>,
        /// The files that it gave.
        files: Vec<Attachment>,
        duration_ms: u64,
    },
    /// A hook refused a call, or gave no answer about it.
    HookBlocked { run_id: RunId, call_id: CallId, hook: String, name: String, reason: String },
    /// A hook changed the arguments of a call, before anybody was asked about it.
    HookRewrote { run_id: RunId, call_id: CallId, hook: String, name: String, arguments: Value },
    /// A person is asked.
    PermissionRequested(Box<PermissionRequest>),
    /// A question was answered, or expired (no answer).
    PermissionResolved { request_id: PermissionRequestId, answer: Option<Answer> },
    /// A plugin asks the person whose call it is for something.
    QuestionAsked(Box<PersonQuestion>),
    /// Such a question ended.
    QuestionResolved { question_id: QuestionId, call_id: CallId, end: QuestionEnd },
    /// Tools or roles changed while the host runs.
    PluginsChanged { plugin: String, change: String },
    /// The skills folder was read again, and something in it is another; a sentence says what.
    SkillsChanged { change: String },
    /// Settings of the host have other values; only administrators are told.
    SettingsChanged { keys: Vec<String> },
    /// The person made, renamed, chose or took away this workspace.
    WorkspacesChanged(WorkspaceId),
    /// The person is told of something.
    NotificationCreated(Box<Notification>),
    /// The person has read these, on one of their screens or because the question was answered.
    NotificationRead(ReadNotifications),
}

/// Which notifications were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadNotifications {
    These(Vec<NotificationId>),
    All,
}

/// Where events go. Publishing never waits and never fails: telemetry must not break a turn.
pub trait EventSink: Send + Sync {
    /// Delivers the event to whoever listens.
    fn publish(&self, event: Event);

    /// Whether a screen of the person shows this session at that time, as far as is known here.
    fn is_watched(&self, _user: UserId, _session: SessionId, _now: DateTime<Utc>) -> bool {
        false
    }

    /// Whether a connection of the person hears of questions in this session, as far as is known here.
    fn is_heard(&self, _user: UserId, _session: SessionId) -> bool {
        false
    }
}
