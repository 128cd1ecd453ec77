//! What of a conversation the model sees: the newest part that fits, with every call beside its result.

mod older;
mod words;

use octi_domain::ids::RunId;
use octi_domain::message::{Attachment, AttachmentKind, CLEARED, Message, Part, Role, ToolCall, ToolResult};
use octi_models::ChatMessage;
use octi_models::cost::{estimate_attachment, estimate_tokens};
use octi_security::guard::Redactor;
use octi_store::CompactionRow;

pub(crate) use older::{Older, inert, told, with_files};

/// Messages of a conversation that are looked at; older ones are left to a summary.
pub const MESSAGES_MAX: u32 = 400;
/// Tokens assumed for a model that does not say how many it can read.
const WINDOW_UNKNOWN: u64 = 128_000;
/// Tokens kept free for the answer, at most; small windows keep a quarter.
const ANSWER_TOKENS: u64 = 8_000;
/// Bytes of an older result that are still shown when the conversation must be trimmed.
const TRIMMED_BYTES: usize = 200;
/// Steps whose results stay whole when the conversation must be trimmed.
const WHOLE_STEPS: usize = 1;
/// What stands for a result that was never stored.
const INTERRUPTED: &str =
    "interrupted: octi stopped before this call answered; it may or may not have had its effect, so check before you do it again";
/// The same for a model that looks on while the turn may still run.
const UNANSWERED: &str = "it still runs, or octi stopped before it answered";

/// A conversation as it grows during a turn.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// Stands for what came before the entries.
    summary: Option<CompactionRow>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// Its place among the stored messages; none for what was only heard.
    seq: Option<i64>,
    role: Role,
    parts: Vec<Part>,
}

/// How much the model can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub context_window: Option<u32>,
    /// Tokens of the system prompt and the tools.
    pub taken: u64,
    /// The model said it was too much: older results are cut and half the room is used.
    pub trim: bool,
}

/// Messages that only make sense together: an assistant's calls and their results.
struct Unit {
    messages: Vec<ChatMessage>,
    tokens: u64,
    is_user: bool,
    has_results: bool,
}

impl Conversation {
    /// The stored conversation since it was last cleared, for the run that goes on with it.
    #[must_use]
    pub fn from_messages(messages: Vec<Message>, run: RunId) -> Self {
        Self::begun(messages, Some(run))
    }

    /// The stored conversation since it was last cleared, for a model that looks on.
    #[must_use]
    pub fn looked_at(messages: Vec<Message>) -> Self {
        Self::begun(messages, None)
    }

    fn begun(messages: Vec<Message>, run: Option<RunId>) -> Self {
        let begin = messages.iter().rposition(is_cleared).map_or(0, |index| index + 1);
        let entries = messages.into_iter().skip(begin).map(|message| {
            let mut parts = message.parts;
            if run.is_none() || message.run_id != run {
                // Signatures belong to the provider that made them, and an older run may have used another one.
                parts.iter_mut().for_each(forget_signature);
            }
            Entry { seq: Some(message.seq), role: message.role, parts }
        });
        // What the host says is for people.
        let entries = entries.filter(|entry| entry.role != Role::System).collect();
        Self { summary: None, entries }
    }

    /// The conversation with a summary in the place of what it stands for. What the person last asked stays in any case.
    #[must_use]
    pub fn after(mut self, summary: Option<CompactionRow>) -> Self {
        let Some(summary) = summary else { return self };
        let last = summary.last_seq;
        let is_older = |entry: &Entry| entry.seq.is_some_and(|seq| seq <= last);
        let question = self.entries.iter().rposition(|entry| entry.role == Role::User);
        let mut index = 0;
        self.entries.retain(|entry| {
            index += 1;
            !is_older(entry) || question == Some(index - 1)
        });
        self.summary = Some(summary);
        self
    }

    /// Adds what was just heard.
    pub fn push(&mut self, role: Role, parts: Vec<Part>) {
        self.entries.push(Entry { seq: None, role, parts });
    }

    /// Adds what was just stored at that place.
    pub fn push_stored(&mut self, seq: i64, role: Role, parts: Vec<Part>) {
        self.entries.push(Entry { seq: Some(seq), role, parts });
    }

    /// Whether a model would have something to answer.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        self.entries.last().is_some_and(|last| last.role != Role::Assistant)
            || self.entries.last().is_some_and(|last| last.parts.iter().any(|part| matches!(part, Part::ToolCall(_))))
    }

    /// The newest part of the conversation that fits, beginning with something a person said.
    #[must_use]
    pub fn fit(&self, room: Room) -> Vec<ChatMessage> {
        fit(self.summary_unit(), self.units(INTERRUPTED), room)
    }

    /// The same for a model that takes no part and has no tools: calls and results are told in words, and long ones are cut,
    /// after their secrets were blacked out.
    #[must_use]
    pub fn fit_in_words(&self, room: Room, redactor: &Redactor) -> Vec<ChatMessage> {
        fit(self.summary_unit(), self.units_in_words(redactor), room)
    }

    /// Tokens of the whole conversation as a model would see it if everything fitted.
    #[must_use]
    pub(crate) fn tokens(&self) -> u64 {
        let units = self.summary_unit().into_iter().chain(self.units(INTERRUPTED));
        units.map(|unit| unit.tokens).sum()
    }

    fn summary_unit(&self) -> Option<Unit> {
        let told = self.summary.as_ref().map(|row| ChatMessage::user(older::told(row)))?;
        Some(Unit { is_user: false, ..Unit::of(vec![told]) })
    }

    fn units_in_words(&self, redactor: &Redactor) -> Vec<Unit> {
        let mut units = self.units(UNANSWERED);
        units.iter_mut().for_each(|unit| {
            unit.messages.iter_mut().for_each(|message| words::put(message, redactor));
            unit.count();
        });
        units
    }

    /// Brings results to their calls, gives every call a result, and drops what is not for the model.
    fn units(&self, unanswered: &str) -> Vec<Unit> {
        let question = self.entries.iter().rposition(|entry| entry.role == Role::User);
        let mut units = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let calls: Vec<&ToolCall> = entry.parts.iter().filter_map(call_of).collect();
            if entry.role == Role::Assistant && !calls.is_empty() {
                let results = calls.iter().map(|call| self.result_of(call, index, unanswered)).collect();
                units.push(Unit::of(vec![visible(entry), answered(results, Some(index) > question)]));
            } else if entry.role != Role::Tool {
                let message = visible(entry);
                if !message.parts.is_empty() {
                    units.push(Unit::of(vec![message]));
                }
            }
        }
        units
    }

    /// The result of a call, wherever it was stored before the next answer; ids may come again in later answers.
    fn result_of(&self, call: &ToolCall, assistant: usize, unanswered: &str) -> ToolResult {
        let until_next = self.entries[assistant + 1..].iter().take_while(|entry| entry.role != Role::Assistant);
        let found = until_next.flat_map(|entry| &entry.parts).find_map(|part| match part {
            Part::ToolResult(result) if result.call_id == call.id => Some(result.clone()),
            _ => None,
        });
        found.map_or_else(|| super::turn::refusal(call, unanswered), with_names)
    }
}

impl Unit {
    fn of(messages: Vec<ChatMessage>) -> Self {
        let is_user = messages.iter().any(|message| message.role == Role::User);
        let has_results = messages.iter().any(|message| message.role == Role::Tool);
        let mut unit = Self { messages, tokens: 0, is_user, has_results };
        unit.count();
        unit
    }

    fn count(&mut self) {
        let parts = self.messages.iter().flat_map(|message| &message.parts);
        self.tokens = parts.map(tokens_of).sum::<u64>() + 4 * self.messages.len() as u64;
    }
}

impl Room {
    /// Tokens of messages that fit beside the answer.
    pub(crate) fn tokens(self) -> u64 {
        let window = self.context_window.map_or(WINDOW_UNKNOWN, u64::from);
        let left = window.saturating_sub(self.taken).saturating_sub(ANSWER_TOKENS.min(window / 4));
        if self.trim { left / 2 } else { left }
    }
}

/// The summary, and the newest units that fit, beginning with something a person said.
fn fit(summary: Option<Unit>, mut units: Vec<Unit>, room: Room) -> Vec<ChatMessage> {
    if room.trim {
        trim(&mut units);
    }
    let mut left = room.tokens();
    // What the person last asked is always shown: without it the rest means nothing.
    let question = units.iter().rposition(|unit| unit.is_user);
    left = left.saturating_sub(question.map_or(0, |index| units[index].tokens));
    let summary = summary.filter(|summary| summary.tokens <= left);
    left -= summary.as_ref().map_or(0, |summary| summary.tokens);
    let mut first = units.len();
    while first > 0 {
        let next = first - 1;
        let tokens = if Some(next) == question { 0 } else { units[next].tokens };
        if tokens > left {
            break;
        }
        left -= tokens;
        first = next;
    }
    let from = question.filter(|_| summary.is_none()).map_or(first, |question| {
        // An answer must not come before any question; a summary tells of the questions before.
        (first..=question).find(|&index| units[index].is_user).unwrap_or(first)
    });
    let asked = question.filter(|&question| question < from);
    let shown = units.into_iter().enumerate().filter(|(index, _)| *index >= from || Some(*index) == asked);
    summary.into_iter().chain(shown.map(|(_, unit)| unit)).flat_map(|unit| unit.messages).collect()
}

/// Cuts the results of every step but the last.
fn trim(units: &mut [Unit]) {
    for unit in units.iter_mut().rev().filter(|unit| unit.has_results).skip(WHOLE_STEPS) {
        for part in unit.messages.iter_mut().flat_map(|message| &mut message.parts) {
            if let Part::ToolResult(result) = part
                && result.content.len() > TRIMMED_BYTES
            {
                let beginning = crate::tools::bound::head(&result.content, TRIMMED_BYTES);
                result.content = format!("{beginning}… [{} bytes of an older result were left out]", result.content.len());
            }
        }
        unit.count();
    }
}

/// Whether the host says there that the conversation begins anew. Only the host writes messages of this role, so nobody can clear a conversation by saying something.
pub(crate) fn is_cleared(message: &Message) -> bool {
    message.role == Role::System && message.parts.iter().any(|part| matches!(part, Part::Text(text) if text == CLEARED))
}

fn visible(entry: &Entry) -> ChatMessage {
    let parts = entry.parts.iter().filter(|part| match part {
        // Thoughts are for people; another provider would not accept them.
        Part::Reasoning(_) => false,
        Part::Text(text) => !text.is_empty(),
        Part::Attachment(_) | Part::ToolCall(_) | Part::ToolResult(_) => true,
    });
    ChatMessage { role: entry.role, parts: parts.cloned().collect() }
}

/// The results of one step. What tools drew is looked at as long as the turn goes on with it.
fn answered(results: Vec<ToolResult>, is_of_this_turn: bool) -> ChatMessage {
    let is_seen = |file: &&Attachment| is_of_this_turn && file.kind() == AttachmentKind::Image;
    let pictures: Vec<Part> =
        results.iter().flat_map(|result| &result.files).filter(is_seen).cloned().map(Part::Attachment).collect();
    ChatMessage { role: Role::Tool, parts: results.into_iter().map(Part::ToolResult).chain(pictures).collect() }
}

/// The result, and the names of the files that went to the person with it: the model can speak of them.
fn with_names(mut result: ToolResult) -> ToolResult {
    let name = |file: &Attachment| format!("`{}` ({}, {} bytes, id {})", file.name, file.media_type, file.bytes, file.artifact);
    let names: Vec<String> = result.files.iter().map(name).collect();
    if !names.is_empty() {
        result.content.push_str(&format!("\n\n[files that the person sees beside this result: {}]", names.join(", ")));
    }
    result
}

fn call_of(part: &Part) -> Option<&ToolCall> {
    match part {
        Part::ToolCall(call) => Some(call),
        _ => None,
    }
}

fn forget_signature(part: &mut Part) {
    if let Part::ToolCall(call) = part {
        call.signature = None;
    }
}

fn tokens_of(part: &Part) -> u64 {
    match part {
        Part::Text(text) => estimate_tokens(text),
        Part::Attachment(file) => estimate_attachment(file),
        Part::Reasoning(_) => 0,
        Part::ToolCall(call) => estimate_tokens(&call.name) + estimate_tokens(&call.arguments.to_string()),
        Part::ToolResult(result) => estimate_tokens(&result.content),
    }
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
