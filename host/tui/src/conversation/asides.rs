//! Questions beside the conversation, and their answers. `web/src/conversation/asides.ts` is the same for browsers.

use octi_api::event::ChatMessage;
use octi_api::v1::messages::Role;
use octi_domain::text::clean;
use uuid::Uuid;

use super::events::bounded;
use super::{Aside, Asked, Conversation, ItemId, Kind};

impl Conversation {
    /// Shows a question at once, before the server confirms it.
    pub(crate) fn add_aside(&mut self, question: &str) -> ItemId {
        let key = self.key();
        let id = ItemId::Local(key);
        self.push(key, id.clone(), Kind::Aside(Aside::Question { text: question.to_owned(), state: Asked::Under }));
        id
    }

    /// The server did not take a question and says why.
    pub(crate) fn refuse_aside(&mut self, id: &ItemId, problem: &str) {
        self.change(id, |kind| {
            if let Kind::Aside(Aside::Question { state: state @ Asked::Under, .. }) = kind {
                *state = Asked::Failed(clean(problem));
            }
        });
    }

    /// A question, its answer, or why it has none: each may come twice, and the answer without its question.
    pub(super) fn on_aside(&mut self, said: &ChatMessage) {
        let id = ItemId::Server(said.message_id);
        if self.position(&id).is_some() {
            return;
        }
        let text = bounded(&said.text);
        match said.answers {
            None if said.role == Role::User => self.on_question(said.message_id, text),
            None => {}
            Some(to) => {
                let question = self.answered(to);
                let outcome = if said.role == Role::System { Err(text) } else { Ok(text) };
                let key = self.key();
                self.push(key, id, Kind::Aside(Aside::Answer { to, question, outcome }));
            }
        }
    }

    fn on_question(&mut self, message_id: Uuid, text: String) {
        let id = ItemId::Server(message_id);
        let is_answered =
            self.items.iter().any(|item| matches!(&item.kind, Kind::Aside(Aside::Answer { to, .. }) if *to == message_id));
        let state = if is_answered { Asked::Answered } else { Asked::Waiting };
        let local = self.items.iter().position(|item| match &item.kind {
            Kind::Aside(Aside::Question { text: other, state: Asked::Under | Asked::Failed(_) }) => other.trim() == text.trim(),
            _ => false,
        });
        let kind = Kind::Aside(Aside::Question { text, state });
        match local {
            Some(at) => {
                let item = &mut self.items[at];
                (item.id, item.kind) = (id, kind);
                item.revision += 1;
            }
            None => {
                let key = self.key();
                self.push(key, id, kind);
            }
        }
    }

    /// The question has its answer; gives what it was.
    fn answered(&mut self, question: Uuid) -> String {
        let mut asked = String::new();
        self.change(&ItemId::Server(question), |kind| {
            if let Kind::Aside(Aside::Question { text, state }) = kind {
                asked.clone_from(text);
                *state = Asked::Answered;
            }
        });
        asked
    }

    /// Something was missed: an answer that does not come from now on was in it.
    pub(super) fn miss_answers(&mut self) {
        for item in &mut self.items {
            if let Kind::Aside(Aside::Question { state: state @ Asked::Waiting, .. }) = &mut item.kind {
                *state = Asked::Missed;
                item.revision += 1;
            }
        }
    }
}
