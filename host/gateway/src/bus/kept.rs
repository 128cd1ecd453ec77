//! The newest events of each session, kept for a client that comes back.
//!
//! Pieces of an answer that follow each other are one event here, so a long answer does not push everything else out and
//! its text is whole when it is replayed; where each piece ended is kept, so that a client can go on in the middle.

use std::collections::{HashMap, VecDeque};

use octi_api::event::{ChatDelta, EventBody, EventEnvelope};
use octi_domain::ids::{SessionId, UserId};
use octi_domain::limits;
use uuid::Uuid;

/// Bytes assumed for what an event or a piece needs besides its text.
const OVERHEAD_BYTES: usize = 64;

/// The events of all sessions.
#[derive(Debug, Default)]
pub(super) struct Kept {
    sessions: HashMap<SessionId, History>,
    bytes: usize,
    /// Grows with each use, so that the session that was used the longest ago has the smallest.
    uses: u64,
}

/// The events of one session.
#[derive(Debug)]
struct History {
    user_id: UserId,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Events were pushed out.
    cut: bool,
    used: u64,
}

/// An event, or the pieces of an answer that follow each other.
#[derive(Debug)]
struct Entry {
    event: EventEnvelope,
    bytes: usize,
    /// Pieces before the last one that are part of this event: their ids, and where in the text they end.
    pieces: Vec<(Uuid, usize)>,
}

/// What is kept after an event.
#[derive(Debug, PartialEq)]
pub(crate) struct Past {
    pub(crate) events: Vec<EventEnvelope>,
    pub(crate) gap: bool,
}

impl Kept {
    /// Keeps an event that has so many bytes as JSON. One without a session cannot be asked for, so it is not kept.
    pub(super) fn add(&mut self, user_id: UserId, session: Option<SessionId>, event: EventEnvelope, json_bytes: usize) {
        let Some(session) = session else { return };
        self.uses += 1;
        let fresh = || History { user_id, entries: VecDeque::new(), bytes: 0, cut: false, used: 0 };
        let history = self.sessions.entry(session).or_insert_with(fresh);
        history.used = self.uses;
        self.bytes -= history.bytes;
        history.push(event, json_bytes);
        self.bytes += history.bytes;
        while self.sessions.len() > limits::REPLAY_SESSIONS_MAX
            || (self.bytes > limits::REPLAY_BYTES_MAX && self.sessions.len() > 1)
        {
            self.forget_oldest();
        }
    }

    /// What happened in a person's session after an event, or all that is kept.
    pub(super) fn after(&mut self, user_id: UserId, session: SessionId, event: Option<Uuid>) -> Past {
        self.uses += 1;
        match self.sessions.get_mut(&session).filter(|history| history.user_id == user_id) {
            Some(history) => {
                history.used = self.uses;
                history.after(event)
            }
            // Either nothing happened since the host started, or it was pushed out.
            None => Past { events: Vec::new(), gap: true },
        }
    }

    /// Sessions of which something is kept.
    pub(super) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Forgets a session that was deleted.
    pub(super) fn forget(&mut self, session: SessionId) {
        if let Some(history) = self.sessions.remove(&session) {
            self.bytes -= history.bytes;
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(session) = self.sessions.iter().min_by_key(|(_, history)| history.used).map(|(session, _)| *session) {
            self.forget(session);
        }
    }
}

impl History {
    fn push(&mut self, event: EventEnvelope, json_bytes: usize) {
        let joined = self.entries.back_mut().and_then(|last| last.join(&event));
        self.bytes += joined.unwrap_or_else(|| {
            let bytes = json_bytes + OVERHEAD_BYTES;
            self.entries.push_back(Entry { event, bytes, pieces: Vec::new() });
            bytes
        });
        while self.entries.len() > limits::REPLAY_EVENTS_MAX
            || (self.bytes > limits::REPLAY_SESSION_BYTES_MAX && self.entries.len() > 1)
        {
            if let Some(oldest) = self.entries.pop_front() {
                self.bytes -= oldest.bytes;
                self.cut = true;
            }
        }
    }

    fn after(&self, event: Option<Uuid>) -> Past {
        let Some(id) = event else { return Past { events: self.from(0), gap: self.cut } };
        let found = self.entries.iter().enumerate().rev().find_map(|(index, entry)| Some((index, entry.place_after(id)?)));
        match found {
            // The client has everything we have forgotten, and more.
            Some((index, rest)) => Past { events: rest.into_iter().chain(self.from(index + 1)).collect(), gap: false },
            None => Past { events: self.from(0), gap: true },
        }
    }

    fn from(&self, index: usize) -> Vec<EventEnvelope> {
        self.entries.iter().skip(index).map(|entry| entry.event.clone()).collect()
    }
}

impl Entry {
    /// Takes in a piece that goes on where this one ends, and says how many bytes that needs; none for any other event.
    fn join(&mut self, event: &EventEnvelope) -> Option<usize> {
        let (EventBody::ChatDelta(whole), EventBody::ChatDelta(piece)) = (&mut self.event.body, &event.body) else {
            return None;
        };
        let goes_on = (whole.agent_id, whole.reasoning) == (piece.agent_id, piece.reasoning);
        let bytes = piece.text.len() + OVERHEAD_BYTES;
        if !goes_on || self.bytes + bytes > limits::REPLAY_MERGED_BYTES_MAX {
            return None;
        }
        self.pieces.push((self.event.id, whole.text.len()));
        whole.text.push_str(&piece.text);
        (self.event.id, self.event.timestamp) = (event.id, event.timestamp);
        self.bytes += bytes;
        Some(bytes)
    }

    /// When the event of this id is in here: what of this entry comes after it, if anything does.
    #[expect(clippy::option_option, reason = "not here, here and last, here and something follows")]
    fn place_after(&self, id: Uuid) -> Option<Option<EventEnvelope>> {
        if self.event.id == id {
            return Some(None);
        }
        let end = self.pieces.iter().find(|(piece, _)| *piece == id)?.1;
        let mut rest = self.event.clone();
        if let EventBody::ChatDelta(ChatDelta { text, .. }) = &mut rest.body {
            *text = text.get(end..).unwrap_or_default().to_owned();
        }
        Some(Some(rest))
    }
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
