//! What a conversation consists of.

use octi_api::v1::messages::Attachment;
use octi_api::v1::permissions::Resolution;
use octi_domain::text::clean;
use serde_json::Value;
use uuid::Uuid;

/// One thing in a conversation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// Stays when the id changes: what is read keeps its place by it.
    pub(crate) key: u64,
    pub(crate) id: ItemId,
    pub(crate) kind: Kind,
    /// Goes up with each change, so that lines that were laid out before can be used again.
    pub(crate) revision: u32,
}

/// What an item is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ItemId {
    /// Of a message, a call or an event.
    Server(Uuid),
    /// Of a call that is only known from the stored messages: the turn's, and the provider's.
    Stored(Option<Uuid>, String),
    /// The beginning of an answer, before its own id is known.
    Draft(Uuid, u64),
    /// How a turn ended.
    Ending(Uuid),
    /// Nothing the server knows.
    Local(u64),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Message(Message),
    Tool(Tool),
    Notice(Notice),
    Aside(Aside),
}

impl Kind {
    /// The turn it belongs to.
    pub(crate) const fn agent(&self) -> Option<Uuid> {
        match self {
            Self::Message(message) => message.agent,
            Self::Tool(tool) => tool.agent,
            Self::Notice(notice) => notice.agent,
            Self::Aside(_) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    User,
    Assistant,
}

/// Where a message stands that the server has not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sending {
    Under,
    /// Why it did not arrive.
    Failed(String),
}

/// A file of a message, or of a tool's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attached {
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

impl Attached {
    pub(crate) fn of(file: &Attachment) -> Self {
        Self { name: clean(&file.name), bytes: file.bytes }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) speaker: Speaker,
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) agent: Option<Uuid>,
    /// None once the server has it.
    pub(crate) sending: Option<Sending>,
    /// It was said to a turn that ran.
    pub(crate) injected: bool,
    pub(crate) attachments: Vec<Attached>,
    /// The beginning of an answer that the server lost before it was whole: only this screen has it.
    pub(crate) cut: bool,
    /// The skills of the turn whose answer it is.
    pub(crate) skills: Vec<String>,
}

impl Message {
    /// An empty answer.
    pub(crate) const fn new(agent: Option<Uuid>) -> Self {
        Self {
            speaker: Speaker::Assistant,
            text: String::new(),
            reasoning: String::new(),
            agent,
            sending: None,
            injected: false,
            attachments: Vec::new(),
            cut: false,
            skills: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToolState {
    Running,
    /// A person is asked.
    Waiting,
    Done,
    Failed,
    /// The turn ended before the call did.
    Unfinished,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tool {
    pub(crate) agent: Option<Uuid>,
    /// As models write it: `filesystem__read_file`.
    pub(crate) name: String,
    pub(crate) plugin_version: Option<String>,
    pub(crate) arguments: Option<Value>,
    pub(crate) state: ToolState,
    /// What it says while it works, and how far it is in [0, 1].
    pub(crate) progress: Option<(String, Option<f32>)>,
    pub(crate) summary: Option<String>,
    /// The beginning of what it gave.
    pub(crate) result: Option<String>,
    /// The files that it gave.
    pub(crate) files: Vec<Attached>,
    pub(crate) duration_ms: Option<u64>,
    /// The question about this call.
    pub(crate) permission: Option<Uuid>,
    pub(crate) resolution: Option<Resolution>,
    /// Whether the stored messages have it.
    pub(crate) is_stored: bool,
}

impl Tool {
    pub(crate) fn new(agent: Option<Uuid>, name: &str, arguments: Option<Value>) -> Self {
        Self {
            agent,
            name: name.to_owned(),
            plugin_version: None,
            arguments,
            state: ToolState::Running,
            progress: None,
            summary: None,
            result: None,
            files: Vec::new(),
            duration_ms: None,
            permission: None,
            resolution: None,
            is_stored: false,
        }
    }

    /// Whether it has not ended.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.state, ToolState::Running | ToolState::Waiting)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Info,
    Error,
    Stopped,
    Interrupted,
    /// Something is under way; the notice goes when it ends.
    Waiting,
    /// A line between what is recalled and what is not.
    Rule,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notice {
    pub(crate) agent: Option<Uuid>,
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

/// What is asked beside the conversation. The answer is a thing of its own below what came meanwhile, where it is seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Aside {
    Question {
        text: String,
        state: Asked,
    },
    Answer {
        /// The question's id, and what it was where that is known.
        to: Uuid,
        question: String,
        /// The answer, or why there is none.
        outcome: Result<String, String>,
    },
}

/// Where a question stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The server has not confirmed it.
    Under,
    /// Why it did not arrive.
    Failed(String),
    /// The model has it.
    Waiting,
    Answered,
    /// Something was missed, and the answer may have been in it.
    Missed,
}
