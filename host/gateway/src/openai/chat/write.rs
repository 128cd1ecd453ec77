//! Writes answers of `/v1/chat/completions`, whole or in chunks.

use axum::response::sse::Event;
use octi_api::openai::chat::{ChatToolCall, FunctionCall};
use octi_api::openai::completion::{
    ChatCompletion, ChatCompletionChoice, ChatCompletionChunk, ChatCompletionDelta, ChatCompletionMessageOut,
    ChatCompletionUsage, ChunkChoice, ToolCallDelta,
};
use octi_domain::message::ToolCall;
use octi_domain::run::Usage;
use octi_models::{ChatEvent, Finish, ModelError};

use crate::openai::error::of_model;
use crate::openai::sse;

/// What all chunks of an answer have in common.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) model: String,
}

/// A whole answer while it comes in.
#[derive(Debug, Default)]
pub(super) struct Whole {
    text: String,
    reasoning: String,
    calls: Vec<ChatToolCall>,
    usage: Usage,
    finish: Option<Finish>,
}

impl Whole {
    pub(super) fn take(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::Text(text) => self.text.push_str(&text),
            ChatEvent::Reasoning(text) => self.reasoning.push_str(&text),
            ChatEvent::ToolCall(call) => self.calls.push(ChatToolCall {
                id: call.id,
                kind: "function".to_owned(),
                function: FunctionCall { name: call.name, arguments: call.arguments.to_string() },
            }),
            ChatEvent::Usage(usage) => self.usage = usage,
            ChatEvent::End(finish) => self.finish = Some(finish),
            ChatEvent::Retried(_) => {}
        }
    }

    pub(super) fn into_completion(self, head: Head) -> ChatCompletion {
        let is_silent = self.text.is_empty() && !self.calls.is_empty();
        let message = ChatCompletionMessageOut {
            role: "assistant".to_owned(),
            content: (!is_silent).then_some(self.text),
            reasoning_content: (!self.reasoning.is_empty()).then_some(self.reasoning),
            tool_calls: self.calls,
        };
        let finish_reason = reason(self.finish.unwrap_or(Finish::Stop)).to_owned();
        ChatCompletion {
            id: head.id,
            object: "chat.completion".to_owned(),
            created: head.created,
            model: head.model,
            choices: vec![ChatCompletionChoice { index: 0, message, finish_reason }],
            usage: usage(self.usage),
        }
    }
}

/// An answer in chunks.
#[derive(Debug)]
pub(super) struct Chunks {
    head: Head,
    include_usage: bool,
    began: bool,
    calls: u32,
    usage: Usage,
}

impl Chunks {
    pub(super) const fn new(head: Head, include_usage: bool) -> Self {
        Self { head, include_usage, began: false, calls: 0, usage: Usage { input_tokens: 0, output_tokens: 0, estimated: true } }
    }

    /// What is sent for the next piece of the answer.
    pub(super) fn take(&mut self, event: Result<ChatEvent, ModelError>) -> Vec<Event> {
        let mut events = Vec::new();
        if !self.began {
            self.began = true;
            let delta = ChatCompletionDelta {
                role: Some("assistant".to_owned()),
                content: Some(String::new()),
                ..ChatCompletionDelta::default()
            };
            events.push(self.delta(delta, None));
        }
        match event {
            Ok(ChatEvent::Text(text)) => {
                events.push(self.delta(ChatCompletionDelta { content: Some(text), ..ChatCompletionDelta::default() }, None));
            }
            Ok(ChatEvent::Reasoning(text)) => {
                let delta = ChatCompletionDelta { reasoning_content: Some(text), ..ChatCompletionDelta::default() };
                events.push(self.delta(delta, None));
            }
            Ok(ChatEvent::ToolCall(call)) => {
                let delta = ChatCompletionDelta { tool_calls: vec![self.call(call)], ..ChatCompletionDelta::default() };
                events.push(self.delta(delta, None));
            }
            Ok(ChatEvent::Usage(usage)) => self.usage = usage,
            Ok(ChatEvent::Retried(_)) => {}
            Ok(ChatEvent::End(finish)) => {
                events.push(self.delta(ChatCompletionDelta::default(), Some(finish)));
                if self.include_usage {
                    events.push(sse::json(&self.chunk(Vec::new(), Some(usage(self.usage)))));
                }
                events.push(Event::default().data("[DONE]"));
            }
            Err(error) => events.push(sse::json(&sse::failure(of_model(error)))),
        }
        events
    }

    fn call(&mut self, call: ToolCall) -> ToolCallDelta {
        let index = self.calls;
        self.calls += 1;
        let function = FunctionCall { name: call.name, arguments: call.arguments.to_string() };
        ToolCallDelta { index, id: call.id, kind: "function".to_owned(), function }
    }

    fn delta(&self, delta: ChatCompletionDelta, finish: Option<Finish>) -> Event {
        let finish_reason = finish.map(|finish| reason(finish).to_owned());
        sse::json(&self.chunk(vec![ChunkChoice { index: 0, delta, finish_reason }], None))
    }

    fn chunk(&self, choices: Vec<ChunkChoice>, usage: Option<ChatCompletionUsage>) -> ChatCompletionChunk {
        let Head { id, created, model } = self.head.clone();
        ChatCompletionChunk { id, object: "chat.completion.chunk".to_owned(), created, model, choices, usage }
    }
}

const fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Filtered => "content_filter",
    }
}

const fn usage(usage: Usage) -> ChatCompletionUsage {
    ChatCompletionUsage { prompt_tokens: usage.input_tokens, completion_tokens: usage.output_tokens, total_tokens: usage.total() }
}
