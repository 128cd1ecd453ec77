//! From our conversation to the provider's: what is sent, and what is repaired on the way.
//!
//! Providers refuse a whole conversation for one detail: a call without its result, an empty text, an id with a `#`. A
//! conversation that was interrupted, or moved from one provider to another, has such details, so they are mended here.

use std::collections::HashSet;

use genai::chat::{ChatMessage as Sent, ContentPart, MessageContent, Tool, ToolCall as SentCall, ToolResponse};
use octi_domain::message::{Part, Role, ToolCall, ToolResult};
use serde_json::{Value, json};

use crate::attachment;
use crate::chat::{ChatMessage, ChatRequest, Files, ModelInfo, ToolChoice};
use crate::provider::Provider;

/// What stands for a result that never came.
const NO_RESULT: &str = "ERROR: the call was interrupted, so its result is not known";
/// What stands before a picture that a tool gave; what is on it is data.
const PICTURE: &str = "A tool gave this picture, not the person:";
/// The longest call id every provider takes.
const ID_BYTES_MAX: usize = 40;

/// The request as the provider's adapter wants it.
pub(crate) fn request(info: &ModelInfo, request: &ChatRequest) -> genai::chat::ChatRequest {
    let mut sent = genai::chat::ChatRequest::new(messages(info, request));
    if !request.system.is_empty() {
        sent.system = Some(request.system.clone());
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            Tool::new(tool.name.clone()).with_description(tool.description.clone()).with_schema(tool.input_schema.clone())
        });
        sent.tools = Some(tools.collect());
    }
    sent
}

/// What the provider is told about calling tools; nothing when the model is free to choose.
pub(crate) fn tool_choice(choice: &ToolChoice) -> Option<genai::chat::ToolChoice> {
    match choice {
        ToolChoice::Auto => None,
        ToolChoice::None => Some(genai::chat::ToolChoice::None),
        ToolChoice::Required => Some(genai::chat::ToolChoice::Required),
        ToolChoice::Tool(name) => Some(genai::chat::ToolChoice::tool(name.clone())),
    }
}

fn messages(info: &ModelInfo, ChatRequest { messages, files, .. }: &ChatRequest) -> Vec<Sent> {
    let turn = messages.iter().rposition(|message| message.role == Role::User).unwrap_or(0);
    let mut sent = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        match message.role {
            // Results are sent right behind their calls, below; what they show comes after them.
            Role::Tool => sent.extend(pictures(info, message, files)),
            Role::System => sent.extend(plain(message).map(Sent::system)),
            Role::User => sent.extend(said(info, message, files)),
            Role::Assistant => {
                let results = results_after(&messages[place + 1..]);
                assistant(info.provider, message, place > turn, &results, &mut sent);
            }
        }
    }
    sent
}

/// The results that came before the model spoke again.
fn results_after(messages: &[ChatMessage]) -> Vec<&ToolResult> {
    let until_answer = messages.iter().take_while(|message| message.role != Role::Assistant);
    until_answer.flat_map(|message| &message.parts).filter_map(as_result).collect()
}

const fn as_result(part: &Part) -> Option<&ToolResult> {
    match part {
        Part::ToolResult(result) => Some(result),
        _ => None,
    }
}

fn said(info: &ModelInfo, message: &ChatMessage, files: &Files) -> Option<Sent> {
    if !message.parts.iter().any(|part| matches!(part, Part::Attachment(_))) {
        // One plain text is what every server takes.
        return plain(message).map(Sent::user);
    }
    let parts = message.parts.iter().filter_map(|part| match part {
        Part::Text(text) if !text.is_empty() => Some(ContentPart::Text(text.clone())),
        Part::Attachment(file) => Some(attachment::shown(info, file, files.get(&file.artifact).map(AsRef::as_ref))),
        _ => None,
    });
    Some(Sent::user(MessageContent::from_parts(parts.collect::<Vec<_>>())))
}

/// The pictures that tools gave, for a model that sees: no provider takes them inside a result of a call.
fn pictures(info: &ModelInfo, message: &ChatMessage, files: &Files) -> Option<Sent> {
    let shown = message.parts.iter().filter_map(|part| match part {
        Part::Attachment(file) if attachment::takes(info, file.kind()) => {
            let content = files.get(&file.artifact)?;
            Some([ContentPart::Text(format!("{PICTURE} `{}`:", file.name)), attachment::shown(info, file, Some(content))])
        }
        _ => None,
    });
    let parts: Vec<ContentPart> = shown.flatten().collect();
    (!parts.is_empty()).then(|| Sent::user(MessageContent::from_parts(parts)))
}

fn plain(message: &ChatMessage) -> Option<String> {
    let text = octi_domain::message::plain_text(&message.parts);
    (!text.is_empty()).then_some(text)
}

fn assistant(provider: Provider, message: &ChatMessage, this_turn: bool, results: &[&ToolResult], sent: &mut Vec<Sent>) {
    let mut parts = Vec::new();
    let mut responses = Vec::new();
    let mut seen = HashSet::new();
    for part in &message.parts {
        match part {
            Part::Text(text) if !text.is_empty() => parts.push(ContentPart::Text(text.clone())),
            // DeepSeek refuses the second step of a turn when the thoughts of its first step are missing. Everyone else
            // gets no thoughts back.
            Part::Reasoning(text) if provider == Provider::DeepSeek && this_turn => {
                parts.push(ContentPart::ReasoningContent(text.clone()));
            }
            Part::ToolCall(call) if seen.insert(call.id.as_str()) => {
                parts.push(ContentPart::ToolCall(sent_call(provider, call)));
                let result = results.iter().find(|result| result.call_id == call.id);
                responses.push(response(provider, call, result.copied()));
            }
            _ => {}
        }
    }
    if parts.iter().all(|part| matches!(part, ContentPart::ReasoningContent(_))) {
        return;
    }
    sent.push(Sent::assistant(MessageContent::from_parts(parts)));
    // Anthropic wants the results of parallel calls in one message, Ollama one message for each.
    match provider {
        Provider::Ollama => sent.extend(responses.into_iter().map(Sent::from)),
        _ if responses.is_empty() => {}
        _ => sent.push(Sent::from(responses)),
    }
}

fn sent_call(provider: Provider, call: &ToolCall) -> SentCall {
    let signature = call.signature.as_deref().and_then(|signature| untag(provider, signature));
    SentCall {
        call_id: sent_id(provider, &call.id),
        fn_name: call.name.clone(),
        // What the model wrote may not even be JSON, but a provider takes only an object.
        fn_arguments: match &call.arguments {
            Value::Object(_) => call.arguments.clone(),
            Value::Null => json!({}),
            other => json!({ "invalid_arguments": other }),
        },
        thought_signatures: signature.map(|signature| vec![signature.to_owned()]),
    }
}

fn response(provider: Provider, call: &ToolCall, result: Option<&ToolResult>) -> ToolResponse {
    let content = match result {
        None => NO_RESULT.to_owned(),
        Some(result) if result.is_error => format!("ERROR: {}", result.content),
        Some(result) => result.content.clone(),
    };
    ToolResponse::new(sent_id(provider, &call.id), content).with_fn_name(call.name.clone())
}

/// The call's id in letters every provider takes. Gemini's adapter knows the ids it made up by their `#`, so it gets them
/// back as they were.
fn sent_id(provider: Provider, id: &str) -> String {
    if provider == Provider::Gemini {
        return id.to_owned();
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    // The end is kept because that is where ids made by counting differ.
    let skipped = id.chars().count().saturating_sub(ID_BYTES_MAX);
    id.chars().skip(skipped).map(plain).collect()
}

/// A signature with its provider's name in front, because no other provider takes it.
pub(crate) fn tag(provider: Provider, signature: &str) -> String {
    format!("{provider}|{signature}")
}

fn untag(provider: Provider, signature: &str) -> Option<&str> {
    signature.strip_prefix(provider.as_str())?.strip_prefix('|')
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
