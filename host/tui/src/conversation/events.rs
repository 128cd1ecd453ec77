//! What each event does to a conversation.

use chrono::{DateTime, Utc};
use octi_api::event::{
    AgentEnded, ChatDelta, ChatMessage, ChatResponse, EventBody, EventEnvelope, HookRewrote, ToolInvoked, ToolResult,
};
use octi_api::v1::agents::AgentStatus;
use octi_api::v1::messages::Role;
use octi_api::v1::questions::Question;
use octi_domain::limits;
use octi_domain::text::clean;
use octi_domain::tool_name::dotted;
use uuid::Uuid;

use super::{Aside, Asked, Attached, Conversation, ItemId, Kind, Message, Notice, Past, Speaker, Tone, Tool, ToolState, Turn};
use crate::wrap::shorten;

/// Of what a hook made of a call's arguments; the question and the activity show all of them.
const ARGUMENTS_CHARS_MAX: usize = 200;

impl Conversation {
    /// Applies an event that comes now, or holds it back until the replay is there.
    pub(crate) fn hear(&mut self, event: EventEnvelope) {
        match &mut self.held {
            Some(held) if event.session_id == self.session => {
                // More than the server keeps for a replay cannot be in one: the oldest are the first to be there.
                if held.events.len() < limits::WS_QUEUE_MAX {
                    held.events.push(event);
                }
            }
            _ => self.apply(event),
        }
    }

    /// Applies an event; one that was applied before changes nothing.
    pub(super) fn apply(&mut self, event: EventEnvelope) {
        if self.session.is_none() || event.session_id != self.session || !self.seen.insert(event.id) {
            return;
        }
        self.last_event = Some(event.id);
        let at = event.timestamp;
        match event.body {
            EventBody::ChatMessage(message) => self.on_message(&message),
            EventBody::ChatDelta(delta) => self.on_delta(&delta, at),
            EventBody::ChatResponse(response) => self.on_response(&response),
            EventBody::ChatError(error) => self.add_ending(error.agent_id, Tone::Error, &error.message),
            EventBody::HookBlocked(blocked) => {
                let (hook, name) = (clean(&blocked.hook), clean(&dotted(&blocked.name)));
                self.inform(Tone::Info, &format!("the hook {hook} blocked {name}: {}", blocked.reason));
            }
            EventBody::HookRewrote(rewrote) => self.on_rewrote(&rewrote),
            EventBody::CompactionStalled(stalled) => self.inform(Tone::Info, &stalled.reason),
            EventBody::AgentSpawned(spawned) => {
                self.without_continued();
                let (role, model) = (clean(&spawned.role), clean(&spawned.model));
                self.remember(spawned.agent_id, &role, &model, at);
                self.turn = Some(Turn { role, model, ..Turn::new(spawned.agent_id, at) });
            }
            EventBody::AgentIteration(iteration) => {
                self.turn_of(iteration.agent_id, at).iteration = iteration.iteration;
                self.past(iteration.agent_id, |past| past.iterations = iteration.iteration);
            }
            EventBody::AgentSkills(given) => {
                let skills = given.skills.iter().map(|name| clean(name)).collect();
                self.past(given.agent_id, |past| past.skills = skills);
            }
            EventBody::AgentCompleted(ended) => self.on_ended(&ended, AgentStatus::Completed),
            EventBody::AgentFailed(ended) => self.on_ended(&ended, AgentStatus::Failed),
            EventBody::AgentStopped(ended) => self.on_ended(&ended, AgentStatus::Stopped),
            EventBody::AgentInterrupted(ended) => self.on_ended(&ended, AgentStatus::Interrupted),
            EventBody::ToolInvoked(call) => self.on_invoked(&call),
            EventBody::ToolProgress(progress) => self.change_tool(progress.call_id, |tool| {
                tool.progress = Some((clean(&progress.message), progress.fraction));
            }),
            EventBody::ToolResult(result) => self.on_result(&result),
            EventBody::PermissionRequest(request) => self.change_tool(request.call_id, |tool| {
                tool.permission = Some(request.id);
                if tool.state == ToolState::Running {
                    tool.state = ToolState::Waiting;
                }
            }),
            EventBody::QuestionAsked(question) => self.on_asked(&question),
            EventBody::QuestionResolved(resolved) => self.change_tool(resolved.call_id, |tool| {
                if tool.state == ToolState::Waiting {
                    tool.state = ToolState::Running;
                }
            }),
            EventBody::PermissionResolved(resolved) => {
                let asked = |kind: &Kind| matches!(kind, Kind::Tool(tool) if tool.permission == Some(resolved.request_id));
                let id = self.items.iter().rev().find(|item| asked(&item.kind)).map(|item| item.id.clone());
                if let Some(id) = id {
                    self.change(&id, |kind| {
                        if let Kind::Tool(tool) = kind {
                            tool.resolution = Some(resolved.resolution);
                            if tool.state == ToolState::Waiting {
                                tool.state = ToolState::Running;
                            }
                        }
                    });
                }
            }
            _ => {}
        }
    }

    fn on_rewrote(&mut self, rewrote: &HookRewrote) {
        let (hook, name) = (clean(&rewrote.hook), clean(&dotted(&rewrote.name)));
        let arguments = shorten(&clean(&rewrote.arguments.to_string()), ARGUMENTS_CHARS_MAX, "…");
        self.inform(Tone::Info, &format!("the hook {hook} changed the arguments of {name}: {arguments}"));
    }

    fn on_asked(&mut self, question: &Question) {
        self.change_tool(question.call_id, |tool| tool.state = ToolState::Waiting);
        let (plugin, message) = (clean(&question.plugin), bounded(&question.message));
        self.inform(Tone::Info, &format!("the plugin {plugin} asks: {message}"));
    }

    fn on_message(&mut self, said: &ChatMessage) {
        if said.side_channel {
            return self.on_aside(said);
        }
        let text = bounded(&said.text);
        match said.role {
            Role::Assistant => self.close_draft(said.message_id, said.agent_id, text),
            Role::User => self.on_said(said, text),
            Role::System if self.position(&ItemId::Server(said.message_id)).is_none() => {
                let key = self.key();
                self.push(key, ItemId::Server(said.message_id), super::history::host_said(&said.text));
            }
            Role::System | Role::Tool => {}
        }
    }

    fn on_said(&mut self, said: &ChatMessage, text: String) {
        let id = ItemId::Server(said.message_id);
        if self.position(&id).is_some() {
            return;
        }
        let attachments = said.attachments.iter().map(Attached::of).collect();
        let message =
            Message { speaker: Speaker::User, injected: said.injected, attachments, text, ..Message::new(said.agent_id) };
        let local = self.items.iter().position(|item| match &item.kind {
            Kind::Message(other) => other.sending.is_some() && other.text.trim() == message.text.trim(),
            _ => false,
        });
        match local {
            Some(at) => {
                let item = &mut self.items[at];
                (item.id, item.kind) = (id, Kind::Message(message));
                item.revision += 1;
            }
            None => {
                let key = self.key();
                self.push(key, id, Kind::Message(message));
            }
        }
    }

    fn on_delta(&mut self, delta: &ChatDelta, at: DateTime<Utc>) {
        self.without_cut(delta.agent_id);
        let turn = self.turn_of(delta.agent_id, at);
        let text = if delta.reasoning { &mut turn.reasoning } else { &mut turn.draft };
        // The pieces are cleaned together when they are shown: a sequence may be cut in two.
        if text.len() + delta.text.len() <= limits::TUI_TEXT_BYTES_MAX {
            text.push_str(&delta.text);
        }
    }

    fn on_response(&mut self, response: &ChatResponse) {
        self.close_draft(response.message_id, Some(response.agent_id), bounded(&response.text));
        let tokens = response.usage.input_tokens + response.usage.output_tokens;
        self.past(response.agent_id, |past| past.tokens = past.tokens.max(tokens));
        let skills: Vec<String> = response.skills.iter().map(|name| clean(name)).collect();
        if !skills.is_empty() {
            self.change(&ItemId::Server(response.message_id), |kind| {
                if let Kind::Message(message) = kind {
                    message.skills = skills;
                }
            });
        }
    }

    /// What was being written is a message now.
    fn close_draft(&mut self, message_id: Uuid, agent: Option<Uuid>, text: String) {
        let id = ItemId::Server(message_id);
        let mut reasoning = String::new();
        if let Some(turn) = self.turn.as_mut().filter(|turn| Some(turn.agent) == agent) {
            reasoning = clean(&std::mem::take(&mut turn.reasoning));
            turn.draft.clear();
        }
        let known = self
            .items
            .iter()
            .rposition(|item| item.id == id || (item.kind.agent() == agent && is_beginning(&item.id, &item.kind, &text)));
        match known {
            Some(at) => {
                let item = &mut self.items[at];
                item.id = id;
                item.revision += 1;
                if let Kind::Message(message) = &mut item.kind {
                    (message.text, message.cut) = (text, false);
                    if !reasoning.is_empty() {
                        message.reasoning = reasoning;
                    }
                }
            }
            // An answer that is only tool calls has no text of its own.
            None if text.trim().is_empty() && reasoning.is_empty() => {}
            None => {
                let key = self.draft_key(agent);
                self.push(key, id, Kind::Message(Message { text, reasoning, ..Message::new(agent) }));
            }
        }
    }

    /// The key under which the answer being written is shown, which its message goes on with.
    pub(crate) fn draft_key(&mut self, agent: Option<Uuid>) -> u64 {
        let known = agent.and_then(|agent| self.drafts.remove(&agent));
        known.unwrap_or_else(|| self.key())
    }

    /// The same without using it up.
    pub(crate) fn peek_draft_key(&mut self, agent: Uuid) -> u64 {
        let next = self.next_key + 1;
        let key = *self.drafts.entry(agent).or_insert(next);
        self.next_key = self.next_key.max(key);
        key
    }

    /// The answer goes on, so its lost beginning is written again.
    fn without_cut(&mut self, agent: Uuid) {
        self.items.retain(|item| !matches!(&item.kind, Kind::Message(m) if m.cut && m.agent == Some(agent)));
    }

    /// A turn that nothing new was said to takes up the interrupted one and writes its answer again.
    fn without_continued(&mut self) {
        let said = |kind: &Kind| matches!(kind, Kind::Message(message) if message.speaker == Speaker::User);
        let from = self.items.iter().rposition(|item| said(&item.kind)).map_or(0, |at| at + 1);
        let mut index = 0;
        self.items.retain(|item| {
            let gone = index >= from && matches!(&item.kind, Kind::Message(message) if message.cut);
            index += 1;
            !gone
        });
    }

    fn on_invoked(&mut self, call: &ToolInvoked) {
        let id = ItemId::Server(call.call_id);
        let agent = Some(call.agent_id);
        // The stored twin of a call that is announced: the ids differ, so the place, the name and the arguments must do.
        let known = self.items.iter().position(|item| {
            item.id == id
                || matches!((&item.id, &item.kind), (ItemId::Stored(..), Kind::Tool(tool))
                    if tool.agent == agent && tool.name == call.name && tool.arguments.as_ref() == Some(&call.arguments))
        });
        if let Some(at) = known {
            let was_stored = std::mem::replace(&mut self.items[at].id, id.clone()) != id;
            self.items[at].revision += 1;
            // What was written before a stored call is stored too.
            if let Some(turn) = self.turn.as_mut().filter(|turn| was_stored && turn.agent == call.agent_id) {
                turn.draft.clear();
                turn.reasoning.clear();
            }
            return;
        }
        self.flush_draft(call.agent_id);
        let tool = Tool {
            plugin_version: Some(clean(&call.plugin_version)),
            ..Tool::new(agent, &clean(&call.name), Some(call.arguments.clone()))
        };
        let key = self.key();
        self.push(key, id, Kind::Tool(tool));
    }

    /// Text that was written before a call stays above it, even when the message that holds it is not announced.
    pub(super) fn flush_draft(&mut self, agent: Uuid) {
        let Some(turn) = self.turn.as_mut().filter(|turn| turn.agent == agent) else { return };
        if turn.draft.is_empty() && turn.reasoning.is_empty() {
            return;
        }
        let (text, reasoning) = (clean(&std::mem::take(&mut turn.draft)), clean(&std::mem::take(&mut turn.reasoning)));
        let key = self.draft_key(Some(agent));
        let message = Message { text, reasoning, ..Message::new(Some(agent)) };
        self.push(key, ItemId::Draft(agent, key), Kind::Message(message));
    }

    fn on_result(&mut self, result: &ToolResult) {
        let id = ItemId::Server(result.call_id);
        if self.position(&id).is_none() {
            let key = self.key();
            self.push(key, id, Kind::Tool(Tool::new(Some(result.agent_id), &clean(&result.name), None)));
        }
        self.change_tool(result.call_id, |tool| {
            tool.state = if result.is_error { ToolState::Failed } else { ToolState::Done };
            tool.summary = Some(bounded(&result.summary));
            tool.result.get_or_insert_with(|| bounded(&result.preview));
            tool.files = result.files.iter().map(Attached::of).collect();
            tool.duration_ms = Some(result.duration_ms);
            tool.progress = None;
        });
    }

    fn on_ended(&mut self, ended: &AgentEnded, status: AgentStatus) {
        let agent = ended.agent_id;
        self.flush_draft(agent);
        for item in &mut self.items {
            if let Kind::Tool(tool) = &mut item.kind
                && tool.agent == Some(agent)
                && tool.is_open()
            {
                (tool.state, tool.progress) = (ToolState::Unfinished, None);
                item.revision += 1;
            }
        }
        if self.turn.as_ref().is_some_and(|turn| turn.agent == agent) {
            self.turn = None;
        }
        self.past(agent, |past| {
            past.end = Some(status);
            past.iterations = ended.iterations;
            past.tokens = ended.usage.input_tokens + ended.usage.output_tokens;
        });
        // A failure was told already, with its cause.
        let told = |kind: &Kind| matches!(kind, Kind::Notice(notice) if notice.agent == Some(agent));
        if let Some((tone, text)) = ending(status, ended.reason.as_deref())
            && !self.items.iter().any(|item| told(&item.kind))
        {
            self.add_ending(agent, tone, &text);
        }
    }

    fn add_ending(&mut self, agent: Uuid, tone: Tone, text: &str) {
        let notice = Kind::Notice(Notice { agent: Some(agent), tone, text: clean(text) });
        let id = ItemId::Ending(agent);
        if self.position(&id).is_some() {
            // The same failure is known from the list of turns.
            self.change(&id, |kind| *kind = notice);
        } else {
            let key = self.key();
            self.push(key, id, notice);
        }
    }

    /// Begins to listen anew, because something between was missed: the answer being written may have a hole, and is kept only
    /// as a beginning until the server has a better one. What is sent but not confirmed stays.
    pub(super) fn restart(&mut self) {
        if let Some(agent) = self.turn.as_ref().map(|turn| turn.agent) {
            self.flush_draft(agent);
        }
        self.miss_answers();
        self.items.retain_mut(|item| match &mut item.kind {
            Kind::Message(message) if matches!(item.id, ItemId::Draft(..)) => {
                message.cut = true;
                item.revision += 1;
                !message.text.trim().is_empty()
            }
            _ => true,
        });
        self.turn = None;
        self.seen = super::Seen::default();
        self.last_event = None;
    }

    fn turn_of(&mut self, agent: Uuid, at: DateTime<Utc>) -> &mut Turn {
        if self.turn.as_ref().is_none_or(|turn| turn.agent != agent) {
            self.turn = None;
        }
        self.turn.get_or_insert_with(|| Turn::new(agent, at))
    }

    fn change_tool(&mut self, call: Uuid, change: impl FnOnce(&mut Tool)) {
        self.change(&ItemId::Server(call), |kind| {
            if let Kind::Tool(tool) = kind {
                change(tool);
            }
        });
    }

    fn remember(&mut self, agent: Uuid, role: &str, model: &str, started_at: DateTime<Utc>) {
        if self.agents.iter().any(|(id, _)| *id == agent) {
            return;
        }
        let (role, model) = (role.to_owned(), model.to_owned());
        self.agents.push((agent, Past { role, model, end: None, iterations: 0, tokens: 0, skills: Vec::new(), started_at }));
        let more = self.agents.len().saturating_sub(limits::TUI_AGENTS_MAX);
        self.agents.drain(..more);
    }

    fn past(&mut self, agent: Uuid, change: impl FnOnce(&mut Past)) {
        if let Some((_, past)) = self.agents.iter_mut().rev().find(|(id, _)| *id == agent) {
            change(past);
        }
    }
}

/// Whether a provisional message became this text: the same one, or the whole of what was cut.
pub(super) fn is_beginning(id: &ItemId, kind: &Kind, text: &str) -> bool {
    let (ItemId::Draft(..), Kind::Message(draft)) = (id, kind) else { return false };
    let begun = draft.text.trim();
    begun == text.trim() || (draft.cut && !begun.is_empty() && text.trim_start().starts_with(begun))
}

/// What a person reads below a turn that ended without an answer.
pub(super) fn ending(status: AgentStatus, reason: Option<&str>) -> Option<(Tone, String)> {
    match status {
        AgentStatus::Completed | AgentStatus::Running => None,
        AgentStatus::Stopped => Some((Tone::Stopped, "you stopped this turn".to_owned())),
        AgentStatus::Interrupted => {
            let text = "the server went away during this turn: what its tools did stands, what it was writing is cut off";
            Some((Tone::Interrupted, text.to_owned()))
        }
        AgentStatus::Failed => Some((Tone::Error, reason.unwrap_or("the turn ended without an answer").to_owned())),
    }
}

/// Whether it waits for the server to confirm it, or did not arrive.
pub(super) const fn is_unconfirmed(kind: &Kind) -> bool {
    match kind {
        Kind::Message(message) => message.sending.is_some(),
        Kind::Aside(aside) => matches!(aside, Aside::Question { state: Asked::Under | Asked::Failed(_), .. }),
        Kind::Tool(_) | Kind::Notice(_) => false,
    }
}

/// A text of a stranger: cleaned, and not longer than the screen keeps.
pub(super) fn bounded(text: &str) -> String {
    clean(&text[..text.floor_char_boundary(limits::TUI_TEXT_BYTES_MAX)])
}
