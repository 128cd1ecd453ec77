//! From the provider's stream to ours: one answer, counted, split and checked.

use genai::chat::{ChatStreamEvent, StopReason, StreamEnd, ToolCall as SentCall};
use octi_domain::limits::MODEL_ANSWER_BYTES_MAX;
use octi_domain::message::ToolCall;
use octi_domain::run::Usage;
use serde_json::{Value, json};

use crate::chat::{ChatEvent, Finish};
use crate::cost::estimate_tokens;
use crate::error::ModelError;
use crate::provider::Provider;
use crate::request::tag;
use crate::think::{Piece, Splitter};

/// One answer while it comes in.
#[derive(Debug)]
pub(crate) struct Answer {
    provider: Provider,
    splitter: Splitter,
    bytes: usize,
    /// Bytes of the arguments of the call that is being written.
    call: (String, usize),
    input_estimate: u64,
    output_estimate: u64,
}

impl Answer {
    pub(crate) fn new(provider: Provider, input_estimate: u64) -> Self {
        Self { provider, splitter: Splitter::default(), bytes: 0, call: (String::new(), 0), input_estimate, output_estimate: 0 }
    }

    /// Takes in the next event. The answer is over when the last event given back is [`ChatEvent::End`].
    pub(crate) fn take(&mut self, event: ChatStreamEvent) -> Result<Vec<ChatEvent>, ModelError> {
        match event {
            ChatStreamEvent::Chunk(chunk) => {
                self.count(&chunk.content)?;
                Ok(self.splitter.push(&chunk.content).into_iter().map(event_of).collect())
            }
            ChatStreamEvent::ReasoningChunk(chunk) => {
                self.count(&chunk.content)?;
                Ok(vec![ChatEvent::Reasoning(chunk.content)])
            }
            ChatStreamEvent::ToolCallChunk(chunk) => self.count_call(&chunk.tool_call).map(|()| Vec::new()),
            ChatStreamEvent::End(end) => self.end(end),
            // Signatures come back with the calls at the end.
            ChatStreamEvent::ThoughtSignatureChunk(_) | ChatStreamEvent::Start | ChatStreamEvent::Heartbeat => Ok(Vec::new()),
        }
    }

    /// What it means that the connection closed without an end.
    pub(crate) fn broken_off(&self) -> ModelError {
        if self.bytes == 0 {
            return ModelError::Protocol(format!(
                "the server answered without any event of `{}`: check that the endpoint and the provider belong together",
                self.provider
            ));
        }
        ModelError::Unavailable(format!("the connection to `{}` closed in the middle of the answer: try again", self.provider))
    }

    fn count(&mut self, text: &str) -> Result<(), ModelError> {
        self.output_estimate = self.output_estimate.saturating_add(estimate_tokens(text));
        self.add_bytes(text.len())
    }

    fn add_bytes(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MODEL_ANSWER_BYTES_MAX { Err(ModelError::TooLarge) } else { Ok(()) }
    }

    /// Counts only what is new: each chunk of a call repeats its arguments from the beginning.
    fn count_call(&mut self, call: &SentCall) -> Result<(), ModelError> {
        let length = call.fn_arguments.as_str().map_or_else(|| call.fn_arguments.to_string().len(), str::len);
        if self.call.0 != call.call_id {
            self.call = (call.call_id.clone(), 0);
            self.add_bytes(call.fn_name.len())?;
        }
        let grown = length.saturating_sub(self.call.1);
        self.call.1 = length;
        self.add_bytes(grown)
    }

    fn end(&mut self, end: StreamEnd) -> Result<Vec<ChatEvent>, ModelError> {
        let finish = self.finish(&end)?;
        let mut events: Vec<ChatEvent> = self.splitter.finish().map(event_of).into_iter().collect();
        let usage = end.captured_usage.clone();
        let mut calls = self.calls(end);
        if finish == Finish::Length {
            // An answer that was cut off may have been cut off in the middle of a call's arguments.
            calls.retain(|call| call.arguments.is_object());
        }
        for call in &calls {
            self.output_estimate += estimate_tokens(&call.name) + estimate_tokens(&call.arguments.to_string());
        }
        // Gemini and Ollama say that they stopped when they wait for a tool.
        let finish = match finish {
            Finish::Stop | Finish::ToolCalls if calls.is_empty() => Finish::Stop,
            Finish::Stop => Finish::ToolCalls,
            other => other,
        };
        events.extend(calls.into_iter().map(ChatEvent::ToolCall));
        events.push(ChatEvent::Usage(self.usage(usage)));
        events.push(ChatEvent::End(finish));
        Ok(events)
    }

    fn finish(&self, end: &StreamEnd) -> Result<Finish, ModelError> {
        match &end.captured_stop_reason {
            Some(StopReason::Completed(_) | StopReason::StopSequence(_)) => Ok(Finish::Stop),
            Some(StopReason::MaxTokens(_)) => Ok(Finish::Length),
            Some(StopReason::ToolCall(_)) => Ok(Finish::ToolCalls),
            Some(StopReason::ContentFilter(_)) => Ok(Finish::Filtered),
            Some(StopReason::Other(word)) if failed(word) => Err(ModelError::Protocol(format!(
                "`{}` gave up in the middle of the answer (`{word}`): try again or use another model",
                self.provider
            ))),
            Some(StopReason::Other(_)) => Ok(Finish::Stop),
            // These two wires have no end of their own: without a reason, the end is only the connection's.
            None if matches!(self.provider, Provider::Gemini | Provider::Ollama) => Err(self.broken_off()),
            None => Ok(Finish::Stop),
        }
    }

    fn calls(&self, end: StreamEnd) -> Vec<ToolCall> {
        let calls = end.captured_into_tool_calls().unwrap_or_default();
        let mut out: Vec<ToolCall> = Vec::with_capacity(calls.len());
        for call in calls.into_iter().filter(|call| !call.fn_name.is_empty()) {
            let taken = call.call_id.is_empty() || out.iter().any(|other| other.id == call.call_id);
            let signature = call.thought_signatures.unwrap_or_default().into_iter().next();
            out.push(ToolCall {
                id: if taken { format!("{}_{}", call.call_id, out.len()) } else { call.call_id },
                name: call.fn_name,
                arguments: arguments(call.fn_arguments),
                signature: signature.map(|signature| tag(self.provider, &signature)),
            });
        }
        out
    }

    fn usage(&self, reported: Option<genai::chat::Usage>) -> Usage {
        let reported = reported.unwrap_or_default();
        let count = |tokens: Option<i32>| tokens.and_then(|tokens| u64::try_from(tokens).ok()).filter(|tokens| *tokens > 0);
        let (input, output) = (count(reported.prompt_tokens), count(reported.completion_tokens));
        // A zero is believed only for an answer that really is empty.
        let output = output.or_else(|| (self.output_estimate == 0).then_some(0));
        Usage {
            input_tokens: input.unwrap_or(self.input_estimate),
            output_tokens: output.unwrap_or(self.output_estimate),
            estimated: input.is_none() || output.is_none(),
        }
    }
}

/// The words with which providers say that the model failed.
fn failed(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["error", "fail", "malformed", "unexpected_tool_call"].iter().any(|mark| word.contains(mark))
}

/// A call without arguments has an empty object, whichever way the provider writes nothing.
fn arguments(value: Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::String(text) if text.trim().is_empty() => json!({}),
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    }
}

fn event_of(piece: Piece) -> ChatEvent {
    match piece {
        Piece::Text(text) => ChatEvent::Text(text),
        Piece::Reasoning(text) => ChatEvent::Reasoning(text),
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
