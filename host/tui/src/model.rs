//! The whole state of the screen.

use chrono::{DateTime, TimeDelta, Utc};
use octi_api::v1::permissions::PermissionRequest;
use octi_api::v1::sessions::Session;
use uuid::Uuid;

use crate::conversation::{Conversation, ItemId};
use crate::form::Asked;
use crate::glyphs::{GlyphSet, Glyphs};
use crate::input::Input;
use crate::keys::KeyMap;
use crate::overlay::Overlay;
use crate::place::Place;
use crate::transcript::Transcript;

/// How long a short note stays.
const NOTE_TIME: TimeDelta = TimeDelta::seconds(6);
/// How long a second press of a key counts as one.
pub(crate) const AGAIN_TIME: TimeDelta = TimeDelta::seconds(3);

/// The connection to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    Connecting,
    Online,
    Offline { reason: String, retry_at: DateTime<Utc> },
}

/// A command that the server knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerCommand {
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) meaning: String,
}

/// What the conversation used, as the server counts it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cost {
    pub(crate) tokens: u64,
    /// None when no price is known.
    pub(crate) usd: Option<f64>,
}

/// What this connection was told that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watched {
    /// Nothing was told yet.
    Untold,
    Session(Option<Uuid>),
}

/// A short word to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) text: String,
    pub(crate) until: DateTime<Utc>,
}

/// The question on the screen.
#[derive(Debug, Default)]
pub(crate) struct Prompt {
    /// Which one, and since when.
    pub(crate) shown: Option<(Uuid, DateTime<Utc>)>,
    /// The answer that needs its key once more, and until when.
    pub(crate) armed: Option<(char, DateTime<Utc>)>,
    /// First line of the question that is shown.
    pub(crate) scroll: usize,
}

/// The whole state.
#[derive(Debug)]
pub(crate) struct Model {
    /// Columns and rows.
    pub(crate) size: (u16, u16),
    pub(crate) glyphs: &'static Glyphs,
    pub(crate) keys: KeyMap,
    /// The server's address, and who is signed in.
    pub(crate) server: String,
    pub(crate) user: Option<String>,
    /// Whether it was signed in from here, so that it can be signed out.
    pub(crate) signed_in: bool,
    pub(crate) link: Link,
    pub(crate) was_online: bool,
    pub(crate) watched: Watched,
    /// Whether the person looks at this terminal.
    pub(crate) focused: bool,
    pub(crate) capabilities: Vec<String>,
    pub(crate) commands: Vec<ServerCommand>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) place: Place,
    pub(crate) default_model: Option<String>,
    pub(crate) cost: Option<Cost>,
    pub(crate) conversation: Conversation,
    pub(crate) transcript: Transcript,
    /// Open questions of all conversations, in the order of asking.
    pub(crate) questions: Vec<PermissionRequest>,
    pub(crate) prompt: Prompt,
    /// What plugins ask, in all conversations, with what was written so far.
    pub(crate) asked: Vec<Asked>,
    pub(crate) input: Input,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) panel: bool,
    pub(crate) details: bool,
    /// Said before the conversation was there: sent as soon as it is.
    pub(crate) outbox: Vec<(ItemId, String)>,
    /// The number of the conversation that is being made, and how many were asked for.
    pub(crate) creating: Option<u64>,
    pub(crate) created: u64,
    pub(crate) note: Option<Note>,
    /// Until when Ctrl+C leaves.
    pub(crate) leaving: Option<DateTime<Utc>>,
    pub(crate) now: DateTime<Utc>,
    /// Counts up while something works, for the spinner.
    pub(crate) beat: usize,
}

impl Model {
    pub(crate) fn new(server: &str, keys: KeyMap, glyphs: GlyphSet, session: Option<Uuid>, now: DateTime<Utc>) -> Self {
        Self {
            size: (80, 24),
            glyphs: glyphs.glyphs(),
            keys,
            server: server.to_owned(),
            user: None,
            signed_in: false,
            link: Link::Connecting,
            was_online: false,
            watched: Watched::Untold,
            focused: true,
            capabilities: Vec::new(),
            commands: Vec::new(),
            sessions: Vec::new(),
            place: Place::default(),
            default_model: None,
            cost: None,
            conversation: session.map(Conversation::of).unwrap_or_default(),
            transcript: Transcript::default(),
            questions: Vec::new(),
            prompt: Prompt::default(),
            asked: Vec::new(),
            input: Input::default(),
            overlay: None,
            panel: false,
            details: false,
            outbox: Vec::new(),
            creating: None,
            created: 0,
            note: None,
            leaving: None,
            now,
            beat: 0,
        }
    }

    pub(crate) fn is_online(&self) -> bool {
        self.link == Link::Online
    }

    /// Whether the server takes frames of this type; an older one may not.
    pub(crate) fn can_send(&self, kind: &str) -> bool {
        self.capabilities.iter().any(|known| known == kind)
    }

    /// Shows a short word for some seconds.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.note = Some(Note { text: text.into(), until: self.now + NOTE_TIME });
    }

    /// The first question of this conversation.
    pub(crate) fn question(&self) -> Option<&PermissionRequest> {
        self.questions.iter().find(|question| self.is_here(question))
    }

    /// The first thing that a plugin asks in this conversation.
    pub(crate) fn asked(&self) -> Option<&Asked> {
        self.asked.iter().find(|asked| Some(asked.question.session_id) == self.conversation.session)
    }

    /// Whether somebody waits in that conversation for an answer.
    pub(crate) fn waits(&self, session: Uuid) -> bool {
        let asked = self.asked.iter().map(|asked| asked.question.session_id);
        self.questions.iter().map(|question| question.session_id).chain(asked).any(|other| other == session)
    }

    /// How many questions of permission wait in this conversation, and how many questions of any kind elsewhere.
    pub(crate) fn questions_here_and_elsewhere(&self) -> (usize, usize) {
        let here = self.questions.iter().filter(|question| self.is_here(question)).count();
        let session = self.conversation.session;
        let asked = self.asked.iter().filter(|asked| Some(asked.question.session_id) != session).count();
        (here, self.questions.len() - here + asked)
    }

    fn is_here(&self, question: &PermissionRequest) -> bool {
        Some(question.session_id) == self.conversation.session
    }

    /// Whether something on the screen moves by itself.
    pub(crate) fn is_lively(&self) -> bool {
        self.conversation.turn.is_some()
            || !self.is_online()
            || self.question().is_some()
            || self.asked().is_some()
            || self.creating.is_some()
    }
}
