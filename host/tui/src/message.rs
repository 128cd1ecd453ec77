//! What happens to the model, and what it asks the world to do.

use chrono::{DateTime, Utc};
use crossterm::event::KeyEvent;
use octi_api::frames::{AuthOk, ClientFrame, ServerFrame};
use octi_api::v1::agents::Agent;
use octi_api::v1::auth::User;
use octi_api::v1::messages::Message;
use octi_api::v1::models::Model as ConfiguredModel;
use octi_api::v1::questions::{AnswerQuestion, Question};
use octi_api::v1::sessions::Session;
use octi_api::v1::workspaces::Workspace;
use secrecy::SecretString;
use uuid::Uuid;

use crate::conversation::ItemId;
use crate::place::Project;

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Msg {
    Key(KeyEvent),
    Paste(String),
    Resize(u16, u16),
    /// Whether the person looks at this terminal; one that does not tell counts as looked at.
    Focus(bool),
    /// Time went by.
    Tick,
    Connecting,
    Online(AuthOk),
    Offline {
        reason: String,
        retry_at: DateTime<Utc>,
    },
    /// A frame, and what the frame was for that the server works on.
    Frame(Box<ServerFrame>, Option<Purpose>),
    Loaded {
        session: Uuid,
        outcome: Result<History, String>,
    },
    /// What became of the conversation that was asked for with this number.
    Created {
        number: u64,
        outcome: Result<Session, String>,
    },
    Sessions(Result<Vec<Session>, String>),
    Workspaces(Result<Vec<Workspace>, String>),
    /// Where a conversation works now, or why nothing changed.
    Moved {
        session: Uuid,
        outcome: Result<Session, String>,
    },
    /// Why the folder that octi was started in is not the project of the conversation that is being made.
    LetGo(String),
    Models(Result<Vec<ConfiguredModel>, String>),
    /// What plugins ask now.
    Questions(Result<Vec<Question>, String>),
    /// What became of the answer to one of them.
    Answered {
        question: Uuid,
        outcome: Result<(), String>,
    },
    /// Somebody signed in here.
    SignedIn(Result<User, String>),
    /// They signed out: who is there without them.
    SignedOut(Result<User, String>),
    WhoAmI(Result<User, String>),
}

/// What is stored of a conversation.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) session: Session,
    pub(crate) messages: Vec<Message>,
    /// In the order in which they began.
    pub(crate) agents: Vec<Agent>,
}

/// What a frame was sent for. The server works on frames in their order and answers an error without saying to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    Message(ItemId),
    /// A question beside the conversation.
    Aside(ItemId),
    Command,
    /// `/compact`, and the notice that says so.
    Compact(ItemId),
    /// The cost in the status bar, which nobody asked for.
    Cost,
    /// The list of commands, for completion.
    Help,
    Answer,
    /// Which conversation is looked at.
    Watch,
    Other,
}

/// Where a conversation is to work; what is not said stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Moving {
    /// The word of a workspace, `-` for the default one.
    pub(crate) workspace: Option<String>,
    /// An empty text for all of the workspace.
    pub(crate) project: Option<String>,
}

/// Something to be done.
#[derive(Debug)]
pub(crate) enum Effect {
    Send(ClientFrame, Purpose),
    /// Does not wait any longer for the next attempt to connect.
    ConnectNow,
    Load(Uuid),
    /// The number comes back with the answer.
    Create {
        title: String,
        number: u64,
        workspace: Option<String>,
        project: Option<Project>,
    },
    Move {
        session: Uuid,
        to: Moving,
    },
    /// Connects anew, in the workspace of that word or in the default one.
    ConnectTo(Option<String>),
    ListWorkspaces,
    ListSessions,
    ListModels,
    ListQuestions,
    /// Answers what a plugin asks.
    Answer {
        question: Uuid,
        answer: AnswerQuestion,
    },
    SignIn {
        username: String,
        password: SecretString,
    },
    SignOut,
    WhoAmI,
    /// Draws everything anew.
    Redraw,
    Quit,
}
