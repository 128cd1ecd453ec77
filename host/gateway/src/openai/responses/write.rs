//! Writes answers of `/v1/responses`: a machine that takes pieces of the answer and gives the events they become.

use octi_api::openai::response::{
    IncompleteDetails, InputTokensDetails, OutputItem, OutputText, OutputTokensDetails, ResponseError, ResponseEvent,
    ResponseObject, ResponseUsage,
};
use octi_domain::message::ToolCall;
use octi_domain::run::Usage;
use octi_models::{ChatEvent, Finish, ModelError};

use crate::openai::error::of_model;
use crate::openai::sse;

/// A message while it grows.
#[derive(Debug)]
struct Growing {
    id: String,
    text: String,
}

/// An answer while it comes in.
#[derive(Debug)]
pub(super) struct Writer {
    response: ResponseObject,
    growing: Option<Growing>,
    usage: Usage,
    began: bool,
}

impl Writer {
    pub(super) fn new(response: ResponseObject) -> Self {
        Self { response, growing: None, usage: Usage::default(), began: false }
    }

    /// The events for the next piece of the answer. The last one holds the whole of it.
    pub(super) fn take(&mut self, event: Result<ChatEvent, ModelError>) -> Vec<ResponseEvent> {
        let mut events = Vec::new();
        if !self.began {
            self.began = true;
            events.push(ResponseEvent::Created { response: self.so_far() });
            events.push(ResponseEvent::InProgress { response: self.so_far() });
        }
        match event {
            Ok(ChatEvent::Text(text)) => self.say(text, &mut events),
            Ok(ChatEvent::ToolCall(call)) => self.call(call, &mut events),
            Ok(ChatEvent::Usage(usage)) => self.usage = usage,
            Ok(ChatEvent::Reasoning(_) | ChatEvent::Retried(_)) => {}
            Ok(ChatEvent::End(finish)) => self.end(finish, &mut events),
            Err(error) => self.fail(error, &mut events),
        }
        events
    }

    fn so_far(&self) -> Box<ResponseObject> {
        Box::new(self.response.clone())
    }

    /// Where the next item stands.
    const fn place(&self) -> usize {
        self.response.output.len()
    }

    fn id(&self, kind: &str) -> String {
        let id = self.response.id.trim_start_matches("resp_");
        format!("{kind}_{id}_{}", self.place())
    }

    fn say(&mut self, delta: String, events: &mut Vec<ResponseEvent>) {
        let output_index = self.place();
        let mut growing = self.growing.take().unwrap_or_else(|| {
            let id = self.id("msg");
            let item = message(&id, "in_progress", Vec::new());
            events.push(ResponseEvent::ItemAdded { output_index, item });
            events.push(ResponseEvent::PartAdded { item_id: id.clone(), output_index, content_index: 0, part: part("") });
            Growing { id, text: String::new() }
        });
        growing.text.push_str(&delta);
        events.push(ResponseEvent::TextDelta { item_id: growing.id.clone(), output_index, content_index: 0, delta });
        self.growing = Some(growing);
    }

    /// Ends the message that grows, if one does.
    fn close(&mut self, status: &str, events: &mut Vec<ResponseEvent>) {
        let Some(Growing { id, text }) = self.growing.take() else { return };
        let (output_index, content_index) = (self.place(), 0);
        let part = part(&text);
        events.push(ResponseEvent::TextDone { item_id: id.clone(), output_index, content_index, text });
        events.push(ResponseEvent::PartDone { item_id: id.clone(), output_index, content_index, part: part.clone() });
        let item = message(&id, status, vec![part]);
        events.push(ResponseEvent::ItemDone { output_index, item: item.clone() });
        self.response.output.push(item);
    }

    fn call(&mut self, call: ToolCall, events: &mut Vec<ResponseEvent>) {
        self.close("completed", events);
        let (item_id, output_index) = (self.id("fc"), self.place());
        let ToolCall { id: call_id, name, arguments, .. } = call;
        let arguments = arguments.to_string();
        let item = |status: &str, arguments: &str| OutputItem::FunctionCall {
            id: item_id.clone(),
            status: status.to_owned(),
            call_id: call_id.clone(),
            name: name.clone(),
            arguments: arguments.to_owned(),
        };
        let done = item("completed", &arguments);
        events.push(ResponseEvent::ItemAdded { output_index, item: item("in_progress", "") });
        events.push(ResponseEvent::ArgumentsDelta { item_id: item_id.clone(), output_index, delta: arguments.clone() });
        events.push(ResponseEvent::ArgumentsDone { item_id: item_id.clone(), output_index, name: name.clone(), arguments });
        events.push(ResponseEvent::ItemDone { output_index, item: done.clone() });
        self.response.output.push(done);
    }

    fn end(&mut self, finish: Finish, events: &mut Vec<ResponseEvent>) {
        let missing = match finish {
            Finish::Stop | Finish::ToolCalls => None,
            Finish::Length => Some("max_output_tokens"),
            Finish::Filtered => Some("content_filter"),
        };
        let status = if missing.is_some() { "incomplete" } else { "completed" };
        self.close(status, events);
        status.clone_into(&mut self.response.status);
        self.response.incomplete_details = missing.map(|reason| IncompleteDetails { reason: reason.to_owned() });
        self.response.usage = Some(usage(self.usage));
        let response = self.so_far();
        events.push(match missing {
            Some(_) => ResponseEvent::Incomplete { response },
            None => ResponseEvent::Completed { response },
        });
    }

    fn fail(&mut self, error: ModelError, events: &mut Vec<ResponseEvent>) {
        let detail = sse::failure(of_model(error)).error;
        self.close("incomplete", events);
        "failed".clone_into(&mut self.response.status);
        self.response.error = Some(ResponseError { code: detail.code.unwrap_or_default(), message: detail.message });
        events.push(ResponseEvent::Failed { response: self.so_far() });
    }
}

fn message(id: &str, status: &str, content: Vec<OutputText>) -> OutputItem {
    OutputItem::Message { id: id.to_owned(), status: status.to_owned(), role: "assistant".to_owned(), content }
}

fn part(text: &str) -> OutputText {
    OutputText { kind: "output_text".to_owned(), text: text.to_owned(), annotations: Vec::new() }
}

fn usage(usage: Usage) -> ResponseUsage {
    ResponseUsage {
        input_tokens: usage.input_tokens,
        input_tokens_details: InputTokensDetails::default(),
        output_tokens: usage.output_tokens,
        output_tokens_details: OutputTokensDetails::default(),
        total_tokens: usage.total(),
    }
}
