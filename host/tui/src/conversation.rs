//! One conversation: what was said and done, in order. Pure: a conversation and an event make the next conversation. Events
//! may come twice, and before the stored messages do. `web/src/conversation` is the same for browsers.

mod asides;
mod events;
mod history;
mod item;
mod seen;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use octi_api::frames::Replayed;
use octi_domain::limits;
use octi_domain::text::clean;
use uuid::Uuid;

pub(crate) use item::{Aside, Asked, Attached, Item, ItemId, Kind, Message, Notice, Sending, Speaker, Tone, Tool, ToolState};
use seen::Seen;

/// The agent that works at this moment, and what it has written that is not a message yet.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) agent: Uuid,
    pub(crate) role: String,
    pub(crate) model: String,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) iteration: u32,
    pub(crate) draft: String,
    pub(crate) reasoning: String,
}

impl Turn {
    fn new(agent: Uuid, started_at: DateTime<Utc>) -> Self {
        let (role, model, draft, reasoning) = (String::new(), String::new(), String::new(), String::new());
        Self { agent, role, model, started_at, iteration: 0, draft, reasoning }
    }
}

/// A turn that ended or runs, for the list of activity.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    pub(crate) role: String,
    pub(crate) model: String,
    /// None while it runs.
    pub(crate) end: Option<octi_api::v1::agents::AgentStatus>,
    pub(crate) iterations: u32,
    pub(crate) tokens: u64,
    /// The skills that it was given.
    pub(crate) skills: Vec<String>,
    pub(crate) started_at: DateTime<Utc>,
}

/// A conversation.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// None until the first message makes it.
    pub(crate) session: Option<Uuid>,
    pub(crate) title: Option<String>,
    /// Where it works, as the server says.
    pub(crate) workspace: Option<Uuid>,
    pub(crate) project: Option<String>,
    /// Whether the stored messages are in `items`.
    pub(crate) loaded: bool,
    pub(crate) items: Vec<Item>,
    pub(crate) turn: Option<Turn>,
    /// The turns of this conversation by the order in which they began.
    pub(crate) agents: Vec<(Uuid, Past)>,
    /// Set when something older is not shown here.
    pub(crate) is_cut: bool,
    seen: Seen,
    last_event: Option<Uuid>,
    /// Events that wait for the answer to `replay`; what is held is in that answer too.
    held: Option<Held>,
    /// The newest key when the stored messages were asked for that are not there yet.
    asked_at: Option<u64>,
    next_key: u64,
    drafts: HashMap<Uuid, u64>,
}

#[derive(Debug)]
struct Held {
    since: DateTime<Utc>,
    events: Vec<octi_api::event::EventEnvelope>,
}

/// What a replay asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AfterReplay {
    Nothing,
    /// Something may be missing: the stored messages tell.
    Reload,
}

impl Conversation {
    /// Takes over where the server says that it works.
    pub(crate) fn stands(&mut self, session: &octi_api::v1::sessions::Session) {
        self.workspace = session.workspace_id;
        self.project.clone_from(&session.project_path);
    }

    /// A conversation that the server has.
    pub(crate) fn of(session: Uuid) -> Self {
        Self { session: Some(session), ..Self::default() }
    }

    /// The last event that was applied.
    pub(crate) const fn last_event(&self) -> Option<Uuid> {
        self.last_event
    }

    /// Holds live events back until the replay that was asked for is there.
    pub(crate) fn await_replay(&mut self, now: DateTime<Utc>) {
        self.held = Some(Held { since: now, events: Vec::new() });
    }

    /// Nothing waits for a replay any more, because the connection it was asked on is gone.
    pub(crate) fn forget_replay(&mut self) {
        self.held = None;
    }

    /// The replay, and with it everything that was held back.
    pub(crate) fn replayed(&mut self, replay: Replayed) -> AfterReplay {
        if self.held.take().is_none() {
            // Too late: what it holds was loaded meanwhile.
            return AfterReplay::Nothing;
        }
        let reload = replay.gap && (self.last_event.is_some() || self.loaded);
        if reload {
            self.restart();
        }
        for event in replay.events {
            self.apply(event);
        }
        if reload { AfterReplay::Reload } else { AfterReplay::Nothing }
    }

    /// Shows what was held back when the replay takes longer than `limit`; the stored messages fill the hole.
    pub(crate) fn give_up_replay(&mut self, now: DateTime<Utc>, limit: chrono::TimeDelta) -> AfterReplay {
        if self.held.as_ref().is_none_or(|held| now - held.since < limit) {
            return AfterReplay::Nothing;
        }
        for event in self.held.take().map(|held| held.events).unwrap_or_default() {
            self.apply(event);
        }
        AfterReplay::Reload
    }

    /// Shows a message at once, before the server confirms it.
    pub(crate) fn add_sending(&mut self, text: &str, injected: bool) -> ItemId {
        let key = self.key();
        let id = ItemId::Local(key);
        let message = Message {
            speaker: Speaker::User,
            text: text.to_owned(),
            sending: Some(Sending::Under),
            injected,
            ..Message::new(None)
        };
        self.push(key, id.clone(), Kind::Message(message));
        id
    }

    /// The server did not take this message and says why.
    pub(crate) fn refuse(&mut self, id: &ItemId, problem: &str) {
        self.change(id, |kind| match kind {
            Kind::Message(message) if message.sending.is_some() => {
                message.sending = Some(Sending::Failed(clean(problem)));
            }
            _ => {}
        });
    }

    /// Whether these messages arrived is not known: the replay takes those away that did.
    pub(crate) fn mark_failed(&mut self) {
        let reason = || "the connection was lost before the server confirmed it".to_owned();
        for item in &mut self.items {
            match &mut item.kind {
                Kind::Message(message) if message.sending == Some(Sending::Under) => {
                    message.sending = Some(Sending::Failed(reason()));
                }
                Kind::Aside(Aside::Question { state: state @ Asked::Under, .. }) => *state = Asked::Failed(reason()),
                _ => continue,
            }
            item.revision += 1;
        }
    }

    /// Says something in the conversation that is no part of it.
    pub(crate) fn inform(&mut self, tone: Tone, text: &str) {
        let key = self.key();
        self.push(key, ItemId::Local(key), Kind::Notice(Notice { agent: None, tone, text: clean(text) }));
    }

    /// Says that something is under way, until it ends.
    pub(crate) fn wait(&mut self, text: &str) -> ItemId {
        let key = self.key();
        let id = ItemId::Local(key);
        self.push(key, id.clone(), Kind::Notice(Notice { agent: None, tone: Tone::Waiting, text: clean(text) }));
        id
    }

    /// What was begun first of what is under way has ended.
    pub(crate) fn end_waiting(&mut self) {
        if let Some(at) = self.items.iter().position(|item| is_waiting(&item.kind)) {
            self.items.remove(at);
        }
    }

    /// How it ends is not heard any more.
    pub(crate) fn forget_waiting(&mut self) {
        self.items.retain(|item| !is_waiting(&item.kind));
    }

    pub(crate) fn remove(&mut self, id: &ItemId) {
        self.items.retain(|item| item.id != *id);
    }

    /// Empties the screen; what is stored stays stored.
    pub(crate) fn wipe(&mut self) {
        self.items.clear();
        self.is_cut = false;
    }

    /// The call with that id.
    pub(crate) fn tool_of_call(&self, call: Uuid) -> Option<&Tool> {
        self.items.iter().rev().find_map(|item| match &item.kind {
            Kind::Tool(tool) if item.id == ItemId::Server(call) => Some(tool),
            _ => None,
        })
    }

    fn key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    fn push(&mut self, key: u64, id: ItemId, kind: Kind) {
        self.items.push(Item { key, id, kind, revision: 0 });
        self.bound();
    }

    /// Forgets the oldest items beyond the limit.
    fn bound(&mut self) {
        let more = self.items.len().saturating_sub(limits::TUI_ITEMS_MAX);
        if more > 0 {
            self.items.drain(..more);
            self.is_cut = true;
        }
    }

    fn position(&self, id: &ItemId) -> Option<usize> {
        // What changes is nearly always near the end.
        self.items.iter().rposition(|item| item.id == *id)
    }

    fn change(&mut self, id: &ItemId, change: impl FnOnce(&mut Kind)) {
        if let Some(at) = self.position(id) {
            change(&mut self.items[at].kind);
            self.items[at].revision += 1;
        }
    }
}

const fn is_waiting(kind: &Kind) -> bool {
    matches!(kind, Kind::Notice(Notice { tone: Tone::Waiting, .. }))
}

#[cfg(test)]
mod tests;
