//! Stored messages as items, and how they come together with what was heard in the meantime.

use std::collections::{HashMap, HashSet};

use octi_api::v1::agents::{Agent, AgentStatus};
use octi_api::v1::messages::{Message as Stored, Part, Role};
use octi_domain::text::clean;
use uuid::Uuid;

use super::events::{bounded, ending, is_beginning, is_unconfirmed};
use super::{Attached, Conversation, Item, ItemId, Kind, Message, Notice, Past, Speaker, Tone, Tool, ToolState, Turn};

/// An item that may have no key yet.
struct New {
    id: ItemId,
    kind: Kind,
    /// Key and revision of the item on the screen that it goes on.
    known: Option<(u64, u32)>,
}

/// What was on the screen before the stored messages came.
enum Heard {
    /// It is stored, and goes on under this key.
    Stored(u64),
    Only(Box<Item>),
}

impl Conversation {
    /// The newest stored messages are asked for now: what was heard until now is among them or older.
    pub(crate) fn await_load(&mut self) {
        self.asked_at.get_or_insert(self.next_key);
    }

    /// Puts the stored messages and turns below what was heard before they came. The turns are in the order they began.
    pub(crate) fn load(&mut self, messages: &[Stored], agents: &[Agent]) {
        let mut items = items_of(messages);
        add_skills(&mut items, agents);
        add_endings(&mut items, agents);
        let heard = find_twins(&mut items, std::mem::take(&mut self.items));
        let is_part = messages.first().is_some_and(|first| first.seq > 1);
        let asked_at = self.asked_at.take().filter(|_| is_part).unwrap_or(0);
        put_back(&mut items, heard, asked_at);
        self.items = Vec::with_capacity(items.len());
        for New { id, kind, known } in items {
            let (key, revision) = known.unwrap_or_else(|| (self.key(), 0));
            self.items.push(Item { key, id, kind, revision });
        }
        self.settle_turn(messages, agents);
        self.loaded = true;
        self.is_cut |= is_part;
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

/// Adds what was heard to the stored items that are the same thing.
fn find_twins(items: &mut [New], heard: Vec<Item>) -> Vec<Heard> {
    // What is on the screen by its own id is nobody else's twin: the same words may be said twice.
    let taken: HashSet<ItemId> = heard.iter().map(|item| item.id.clone()).collect();
    let find = |live: Item| {
        let own = |item: &New| item.id == live.id || !taken.contains(&item.id);
        let Some(twin) = items.iter_mut().find(|item| own(item) && is_twin(item, &live)) else {
            return Heard::Only(Box::new(live));
        };
        let key = live.key;
        twin.known = Some((key, live.revision + 1));
        merge(twin, live);
        Heard::Stored(key)
    };
    heard.into_iter().map(find).collect()
}

/// Puts what only this screen has where it was heard: behind what stood above it, as long as something stored stands below.
/// When nothing stored was heard before, what was heard until `asked_at` is older than all of it and is left out, because
/// something between may be missing.
fn put_back(items: &mut Vec<New>, heard: Vec<Heard>, asked_at: u64) {
    let last_stored = heard.iter().rposition(|heard| matches!(heard, Heard::Stored(_)));
    let below = heard.iter().find_map(|heard| match heard {
        Heard::Stored(key) => Some(*key),
        Heard::Only(_) => None,
    });
    let place = |items: &[New], key: u64| items.iter().position(|item| item.known.is_some_and(|(known, _)| known == key));
    let mut above = None;
    for (index, heard) in heard.into_iter().enumerate() {
        let live = match heard {
            Heard::Stored(key) => {
                above = Some(key);
                continue;
            }
            Heard::Only(live) => *live,
        };
        let at = if is_unconfirmed(&live.kind) {
            // It has no turn yet, and is the newest that was said.
            items.len()
        } else if last_stored.is_some_and(|last| index < last) {
            let behind = above.and_then(|key| place(items, key)).map(|at| at + 1);
            behind.or_else(|| below.and_then(|key| place(items, key))).unwrap_or(items.len())
        } else if last_stored.is_none() && live.key <= asked_at && own_turn(items, &live.kind).is_none() {
            continue;
        } else {
            place_of(items, &live.kind)
        };
        if !is_unconfirmed(&live.kind) {
            above = Some(live.key);
        }
        items.insert(at, New { id: live.id, kind: live.kind, known: Some((live.key, live.revision)) });
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
        skills: agent.skills.iter().map(|name| clean(name)).collect(),
        started_at: agent.started_at,
    }
}

const fn new(id: ItemId, kind: Kind) -> New {
    New { id, kind, known: None }
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
            items.push(new(ItemId::Server(message.id), host_said(text.unwrap_or_default())));
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
                    items.push(new(ItemId::Stored(message.agent_id, id.clone()), Kind::Tool(tool)));
                }
                Part::ToolResult { call_id, name, content, is_error, files, .. } => {
                    let key = (message.agent_id, call_id.clone());
                    let at = *calls.entry(key).or_insert_with(|| {
                        let mut tool = Tool::new(message.agent_id, &clean(name), None);
                        tool.is_stored = true;
                        items.push(new(ItemId::Stored(message.agent_id, call_id.clone()), Kind::Tool(tool)));
                        items.len() - 1
                    });
                    if let Some(New { kind: Kind::Tool(tool), .. }) = items.get_mut(at) {
                        tool.state = if *is_error { ToolState::Failed } else { ToolState::Done };
                        tool.result = Some(bounded(content));
                        tool.files = files.iter().map(Attached::of).collect();
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
            Part::Attachment(file) => message.attachments.push(Attached::of(file)),
            Part::ToolCall { .. } | Part::ToolResult { .. } => {}
        }
    }
    let is_empty = message.text.trim().is_empty() && message.reasoning.is_empty() && message.attachments.is_empty();
    (!is_empty).then(|| new(ItemId::Server(stored.id), Kind::Message(message)))
}

/// Says at the answer of a turn which skills it was given, as the event of the answer does.
fn add_skills(items: &mut [New], agents: &[Agent]) {
    for agent in agents.iter().filter(|agent| agent.status == AgentStatus::Completed && !agent.skills.is_empty()) {
        let is_its = |message: &Message| message.speaker == Speaker::Assistant && message.agent == Some(agent.id);
        let own = items.iter_mut().rev().find_map(|item| match &mut item.kind {
            Kind::Message(message) if is_its(message) => Some(message),
            _ => None,
        });
        if let Some(message) = own {
            message.skills = agent.skills.iter().map(|name| clean(name)).collect();
        }
    }
}

/// Says below the last item of a turn how it ended, when that was not with an answer.
fn add_endings(items: &mut Vec<New>, agents: &[Agent]) {
    for agent in agents {
        if let Some((tone, text)) = ending(agent.status, agent.reason.as_deref()) {
            let notice = Kind::Notice(Notice { agent: Some(agent.id), tone, text: clean(&text) });
            let at = place_of(items, &notice);
            items.insert(at, new(ItemId::Ending(agent.id), notice));
        }
    }
}

/// Behind what its turn said and did, before how the turn ended; at the end without a turn.
fn place_of(items: &[New], kind: &Kind) -> usize {
    let Some(last) = own_turn(items, kind) else { return items.len() };
    let ending = items.iter().position(|item| item.kind.agent() == kind.agent() && matches!(item.kind, Kind::Notice(_)));
    match ending {
        Some(at) if !matches!(kind, Kind::Notice(_)) => at,
        _ => last + 1,
    }
}

/// The last thing of its turn.
fn own_turn(items: &[New], kind: &Kind) -> Option<usize> {
    let agent = kind.agent()?;
    items.iter().rposition(|item| item.kind.agent() == Some(agent))
}

fn is_twin(New { id, kind, .. }: &New, live: &Item) -> bool {
    if *id == live.id {
        return true;
    }
    match (kind, &live.kind) {
        (Kind::Message(stored), Kind::Message(heard)) => {
            stored.speaker == heard.speaker
                && if heard.sending.is_some() {
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
fn merge(item: &mut New, live: Item) {
    match (&mut item.kind, live.kind) {
        (Kind::Tool(stored), Kind::Tool(heard)) => {
            let finished = matches!(stored.state, ToolState::Done | ToolState::Failed);
            let state = if finished { stored.state } else { heard.state };
            let result = stored.result.take().or_else(|| heard.result.clone());
            *stored = Tool { state, result, is_stored: true, ..heard };
            item.id = live.id;
        }
        (Kind::Message(stored), Kind::Message(heard)) => {
            if stored.reasoning.is_empty() {
                stored.reasoning = heard.reasoning;
            }
            if stored.skills.is_empty() {
                stored.skills = heard.skills;
            }
        }
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
