//! Stored messages as items, and how they come together with what was heard in the meantime.

use std::collections::{HashMap, HashSet};

use octi_api::v1::agents::{Agent, AgentStatus};
use octi_api::v1::messages::{Message as Stored, Part, Role};
use octi_domain::text::clean;
use uuid::Uuid;

use super::events::{bounded, ending, is_beginning, is_unconfirmed};
use super::{Attached, Conversation, Item, ItemId, Kind, Message, Notice, Past, Speaker, Tone, Tool, ToolState, Turn};

/// An item that has no key yet.
type New = (ItemId, Kind);

impl Conversation {
    /// Puts the stored messages and turns below what was heard before they came. The turns are in the order they began.
    pub(crate) fn load(&mut self, messages: &[Stored], agents: &[Agent]) {
        let mut stored = items_of(messages);
        add_endings(&mut stored, agents);
        let mut keys: HashMap<usize, (u64, u32)> = HashMap::new();
        let heard = std::mem::take(&mut self.items);
        // What is on the screen by its own id is nobody else's twin: the same words may be said twice.
        let taken: HashSet<ItemId> = heard.iter().map(|item| item.id.clone()).collect();
        for live in heard {
            let own = |item: &New| item.0 == live.id || !taken.contains(&item.0);
            let at = stored.iter().position(|item| own(item) && is_twin(item, &live));
            match at {
                Some(at) => {
                    keys.insert(at, (live.key, live.revision + 1));
                    let (id, kind) = &mut stored[at];
                    merge(id, kind, live);
                }
                None => {
                    // A message that is not confirmed has no turn yet and belongs at the end.
                    let at = place_of(&stored, &live.kind);
                    keys = keys.into_iter().map(|(index, key)| (if index >= at { index + 1 } else { index }, key)).collect();
                    keys.insert(at, (live.key, live.revision));
                    stored.insert(at, (live.id, live.kind));
                }
            }
        }
        self.items = Vec::with_capacity(stored.len());
        for (index, (id, kind)) in stored.into_iter().enumerate() {
            let (key, revision) = keys.get(&index).copied().unwrap_or_else(|| (self.key(), 0));
            self.items.push(Item { key, id, kind, revision });
        }
        self.settle_turn(messages, agents);
        self.loaded = true;
        self.is_cut |= messages.first().is_some_and(|first| first.seq > 1);
        self.bound();
    }

    fn settle_turn(&mut self, messages: &[Stored], agents: &[Agent]) {
        let ended: HashSet<Uuid> =
            agents.iter().filter(|agent| agent.status != AgentStatus::Running).map(|agent| agent.id).collect();
        self.turn = self.turn.take().filter(|turn| !ended.contains(&turn.agent));
        if self.turn.is_none() {
            self.turn = agents.iter().find(|agent| agent.status == AgentStatus::Running).map(|agent| Turn {
                role: clean(&agent.role),
                model: clean(&agent.model),
                iteration: agent.iterations,
                ..Turn::new(agent.id, agent.started_at)
            });
        }
        if let Some(turn) = &mut self.turn {
            without_stored(turn, messages);
        }
        let running = self.turn.as_ref().map(|turn| turn.agent);
        for item in &mut self.items {
            // A stored call without a result is running while its turn is.
            if let Kind::Tool(tool) = &mut item.kind
                && tool.state == ToolState::Unfinished
                && tool.agent.is_some()
                && tool.agent == running
            {
                tool.state = ToolState::Running;
                item.revision += 1;
            }
        }
        for agent in agents {
            let past = past_of(agent);
            match self.agents.iter_mut().find(|(id, _)| *id == agent.id) {
                Some((_, known)) if known.end.is_some() => {}
                Some((_, known)) => *known = past,
                None => self.agents.push((agent.id, past)),
            }
        }
        self.agents.sort_by_key(|(_, past)| past.started_at);
        let more = self.agents.len().saturating_sub(octi_domain::limits::TUI_AGENTS_MAX);
        self.agents.drain(..more);
    }
}

/// What the host says: where a conversation began anew, so that later answers do not recall what stands above, or what was
/// summarised for them.
pub(super) fn host_said(text: &str) -> Kind {
    let (tone, text) = match text {
        octi_domain::message::CLEARED => (Tone::Rule, "what was said before is not recalled".to_owned()),
        other => (Tone::Info, clean(other)),
    };
    Kind::Notice(Notice { agent: None, tone, text })
}

fn past_of(agent: &Agent) -> Past {
    Past {
        role: clean(&agent.role),
        model: clean(&agent.model),
        end: (agent.status != AgentStatus::Running).then_some(agent.status),
        iterations: agent.iterations,
        tokens: agent.usage.input_tokens + agent.usage.output_tokens,
        started_at: agent.started_at,
    }
}

/// Turns the stored messages of a session into items.
fn items_of(messages: &[Stored]) -> Vec<New> {
    let mut items = Vec::new();
    let mut calls: HashMap<(Option<Uuid>, String), usize> = HashMap::new();
    let mut begun = HashSet::new();
    for message in messages {
        if message.role == Role::System {
            let text = message.parts.iter().find_map(|part| match part {
                Part::Text { text } => Some(text.as_str()),
                _ => None,
            });
            items.push((ItemId::Server(message.id), host_said(text.unwrap_or_default())));
            continue;
        }
        // A turn begins with what is said to it; what is said later was said while it ran.
        let injected = message.role == Role::User && message.agent_id.is_some_and(|agent| begun.contains(&agent));
        items.extend(text_of(message, injected));
        begun.extend(message.agent_id);
        for part in &message.parts {
            match part {
                Part::ToolCall { id, name, arguments } => {
                    calls.insert((message.agent_id, id.clone()), items.len());
                    let mut tool = Tool::new(message.agent_id, &clean(name), Some(arguments.clone()));
                    (tool.state, tool.is_stored) = (ToolState::Unfinished, true);
                    items.push((ItemId::Stored(message.agent_id, id.clone()), Kind::Tool(tool)));
                }
                Part::ToolResult { call_id, name, content, is_error, .. } => {
                    let key = (message.agent_id, call_id.clone());
                    let at = *calls.entry(key).or_insert_with(|| {
                        let mut tool = Tool::new(message.agent_id, &clean(name), None);
                        tool.is_stored = true;
                        items.push((ItemId::Stored(message.agent_id, call_id.clone()), Kind::Tool(tool)));
                        items.len() - 1
                    });
                    if let Some((_, Kind::Tool(tool))) = items.get_mut(at) {
                        tool.state = if *is_error { ToolState::Failed } else { ToolState::Done };
                        tool.result = Some(bounded(content));
                    }
                }
                Part::Text { .. } | Part::Reasoning { .. } | Part::Attachment(_) => {}
            }
        }
    }
    items
}

fn text_of(stored: &Stored, injected: bool) -> Option<New> {
    let speaker = match stored.role {
        Role::User => Speaker::User,
        Role::Assistant => Speaker::Assistant,
        Role::System | Role::Tool => return None,
    };
    let mut message = Message { speaker, injected, ..Message::new(stored.agent_id) };
    for part in &stored.parts {
        match part {
            Part::Text { text } => message.text.push_str(&bounded(text)),
            Part::Reasoning { text } => message.reasoning.push_str(&bounded(text)),
            Part::Attachment(file) => message.attachments.push(Attached { name: clean(&file.name), bytes: file.bytes }),
            Part::ToolCall { .. } | Part::ToolResult { .. } => {}
        }
    }
    let is_empty = message.text.trim().is_empty() && message.reasoning.is_empty() && message.attachments.is_empty();
    (!is_empty).then(|| (ItemId::Server(stored.id), Kind::Message(message)))
}

/// Says below the last item of a turn how it ended, when that was not with an answer.
fn add_endings(items: &mut Vec<New>, agents: &[Agent]) {
    for agent in agents {
        if let Some((tone, text)) = ending(agent.status, agent.reason.as_deref()) {
            let notice = Kind::Notice(Notice { agent: Some(agent.id), tone, text: clean(&text) });
            let at = place_of(items, &notice);
            items.insert(at, (ItemId::Ending(agent.id), notice));
        }
    }
}

/// Behind what its turn said and did, before how the turn ended; at the end without a turn.
fn place_of(items: &[New], kind: &Kind) -> usize {
    let Some(agent) = kind.agent() else { return items.len() };
    let own = |(_, other): &New| other.agent() == Some(agent);
    let Some(last) = items.iter().rposition(own) else { return items.len() };
    let ending = items.iter().position(|item| own(item) && matches!(item.1, Kind::Notice(_)));
    match ending {
        Some(at) if !matches!(kind, Kind::Notice(_)) => at,
        _ => last + 1,
    }
}

fn is_twin((id, kind): &New, live: &Item) -> bool {
    if *id == live.id {
        return true;
    }
    match (kind, &live.kind) {
        (Kind::Message(stored), Kind::Message(heard)) => {
            stored.speaker == heard.speaker
                && if is_unconfirmed(heard) {
                    stored.text.trim() == heard.text.trim()
                } else {
                    is_beginning(&live.id, &live.kind, &stored.text)
                }
        }
        (Kind::Tool(stored), Kind::Tool(heard)) => {
            matches!(id, ItemId::Stored(..))
                && stored.agent == heard.agent
                && stored.name == heard.name
                && stored.arguments == heard.arguments
        }
        (Kind::Notice(stored), Kind::Notice(heard)) => {
            stored.agent.is_some() && stored.agent == heard.agent && stored.tone == heard.tone
        }
        _ => false,
    }
}

/// Adds what only the events said to the stored item.
fn merge(id: &mut ItemId, kind: &mut Kind, live: Item) {
    match (kind, live.kind) {
        (Kind::Tool(stored), Kind::Tool(heard)) => {
            let finished = matches!(stored.state, ToolState::Done | ToolState::Failed);
            let state = if finished { stored.state } else { heard.state };
            let result = stored.result.take().or_else(|| heard.result.clone());
            *stored = Tool { state, result, is_stored: true, ..heard };
            *id = live.id;
        }
        (Kind::Message(stored), Kind::Message(heard)) if stored.reasoning.is_empty() => stored.reasoning = heard.reasoning,
        (kind @ Kind::Notice(_), heard @ Kind::Notice(_)) => *kind = heard,
        _ => {}
    }
}

/// What is being written may have been stored between the last event and the list of messages.
fn without_stored(turn: &mut Turn, messages: &[Stored]) {
    let own = |message: &&Stored| message.role == Role::Assistant && message.agent_id == Some(turn.agent);
    let Some(last) = messages.iter().rev().find(own) else { return };
    let text: String = last
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    if !turn.draft.is_empty() && text.starts_with(&turn.draft) {
        turn.draft.clear();
        turn.reasoning.clear();
    }
}
