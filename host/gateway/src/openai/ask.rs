//! From a client's request to a question for a model. What a model could not be asked is refused and not left out.

use std::collections::HashMap;

use octi_api::openai::chat::{ChatContent, ContentPart};
use octi_domain::limits;
use octi_domain::message::{Part, Role, ToolCall, ToolResult};
use octi_models::{ChatMessage, ChatRequest, ToolChoice, ToolSchema};
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};

/// Letters of a function's name, as every provider takes them.
const FUNCTION_NAME_CHARS_MAX: usize = 64;
/// The highest temperature of OpenAI's API.
const TEMPERATURE_MAX: f64 = 2.0;
/// The highest penalty of OpenAI's API; the lowest is as far below zero.
const PENALTY_MAX: f64 = 2.0;

/// A question, and the texts before which its answer ends.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Asked {
    pub(super) request: ChatRequest,
    pub(super) stops: Vec<String>,
}

/// A conversation while it is read.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    system: Vec<String>,
    messages: Vec<ChatMessage>,
    /// The tool of each call, because results name only the call.
    calls: HashMap<String, String>,
}

impl Conversation {
    /// What the model is told. At the beginning it is the system prompt, later a message of its own.
    pub(super) fn system(&mut self, text: String) {
        if self.messages.is_empty() {
            self.system.push(text);
        } else {
            self.messages.push(ChatMessage { role: Role::System, parts: vec![Part::Text(text)] });
        }
    }

    pub(super) fn user(&mut self, text: String) {
        self.messages.push(ChatMessage::user(text));
    }

    /// What the model said. Its text and its calls belong to one message, however many items a client makes of them.
    pub(super) fn assistant(&mut self, part: Part) {
        if let Part::ToolCall(call) = &part {
            self.calls.insert(call.id.clone(), call.name.clone());
        }
        match self.messages.last_mut() {
            Some(last) if last.role == Role::Assistant => last.parts.push(part),
            _ => self.messages.push(ChatMessage { role: Role::Assistant, parts: vec![part] }),
        }
    }

    /// What a tool answered. `path` is where the client wrote the call's id.
    pub(super) fn result(&mut self, path: &str, call_id: &str, content: String) -> ApiResult<()> {
        let Some(name) = self.calls.get(call_id).cloned() else {
            let message = format!("no earlier message calls a tool with the id `{call_id}`: send the call before its result");
            return Err(ApiError::field(path, message));
        };
        let result =
            ToolResult { call_id: call_id.to_owned(), name, content, is_error: false, artifact: None, files: Vec::new() };
        self.messages.push(ChatMessage { role: Role::Tool, parts: vec![Part::ToolResult(result)] });
        Ok(())
    }

    /// The question. `path` is where the client wrote the conversation.
    pub(super) fn asked(self, path: &str) -> ApiResult<ChatRequest> {
        if self.messages.is_empty() {
            return Err(ApiError::field(path, "there is no message to answer: send at least one of the role `user`"));
        }
        Ok(ChatRequest { system: self.system.join("\n\n"), messages: self.messages, ..ChatRequest::default() })
    }
}

/// A call as the client gives it back.
pub(super) fn call(id: String, name: String, arguments: &str) -> ToolCall {
    let arguments = if arguments.trim().is_empty() { json!({}) } else { parsed(arguments) };
    ToolCall { id, name, arguments, signature: None }
}

/// What a model wrote may not be JSON; then it goes back to it as it was.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// The text of a message.
pub(super) fn text(path: &str, content: ChatContent) -> ApiResult<String> {
    match content {
        ChatContent::Text(text) => Ok(text),
        ChatContent::Parts(parts) => {
            let texts = parts.into_iter().enumerate().map(|(index, part)| part_text(path, index, part));
            texts.collect()
        }
    }
}

fn part_text(path: &str, index: usize, part: ContentPart) -> ApiResult<String> {
    let text = match part.kind.as_str() {
        "text" | "input_text" | "output_text" => part.text,
        "refusal" => part.refusal,
        other => {
            let message = format!(
                "octi takes only texts here, and this part is `{other}`: images, sounds and files do not reach the model"
            );
            return Err(ApiError::field(format!("{path}[{index}].type"), message));
        }
    };
    text.ok_or_else(|| ApiError::field(format!("{path}[{index}].text"), "the part has no text"))
}

/// Refuses a conversation or a list of tools that is too long.
pub(super) fn check_count(path: &str, noun: &str, count: usize, max: usize) -> ApiResult<()> {
    if count <= max {
        return Ok(());
    }
    Err(ApiError::field(path, format!("there are {count} {noun}; at most {max} are taken in one request")))
}

/// A tool that the client runs. `path` is where its name and parameters stand.
pub(super) fn tool(path: &str, name: String, description: Option<String>, parameters: Option<Value>) -> ApiResult<ToolSchema> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > FUNCTION_NAME_CHARS_MAX || !name.chars().all(is_letter) {
        let message = format!("a function's name has 1 to {FUNCTION_NAME_CHARS_MAX} letters, digits, `_` and `-`");
        return Err(ApiError::field(format!("{path}.name"), message));
    }
    let input_schema = parameters.unwrap_or_else(|| json!({ "type": "object", "properties": {} }));
    let place = || format!("{path}.parameters");
    if !input_schema.is_object() {
        return Err(ApiError::field(place(), "the parameters are a JSON Schema, which is an object"));
    }
    if input_schema.to_string().len() > limits::SCHEMA_BYTES_MAX {
        return Err(ApiError::field(place(), format!("a schema has at most {} bytes", limits::SCHEMA_BYTES_MAX)));
    }
    Ok(ToolSchema { name, description: description.unwrap_or_default(), input_schema })
}

/// Whether a tool must be called, in a word.
pub(super) fn choice_word(word: &str) -> ApiResult<ToolChoice> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" => Ok(ToolChoice::Required),
        other => {
            let message = format!("`{other}` is no tool choice: it is `auto`, `none`, `required` or one function");
            Err(ApiError::field("tool_choice", message))
        }
    }
}

/// A choice that the tools allow.
pub(super) fn check_choice(choice: ToolChoice, tools: &[ToolSchema]) -> ApiResult<ToolChoice> {
    let possible = match &choice {
        ToolChoice::Auto | ToolChoice::None => true,
        ToolChoice::Required => !tools.is_empty(),
        ToolChoice::Tool(name) => tools.iter().any(|tool| tool.name == *name),
    };
    if possible {
        return Ok(choice);
    }
    Err(ApiError::field("tool_choice", "the tool that must be called is not among `tools`"))
}

/// How words are chosen, as the client wishes it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sampling {
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) seed: Option<i64>,
    pub(super) presence_penalty: Option<f64>,
    pub(super) frequency_penalty: Option<f64>,
}

impl Sampling {
    /// The question with these wishes, when they are such as models take.
    pub(super) fn applied(self, request: ChatRequest) -> ApiResult<ChatRequest> {
        let seed = self.seed.map(u64::try_from).transpose();
        Ok(ChatRequest {
            temperature: within("temperature", self.temperature, 0.0, TEMPERATURE_MAX)?,
            top_p: within("top_p", self.top_p, 0.0, 1.0)?,
            seed: seed.map_err(|_| ApiError::field("seed", "a seed is a whole number from 0"))?,
            presence_penalty: within("presence_penalty", self.presence_penalty, -PENALTY_MAX, PENALTY_MAX)?,
            frequency_penalty: within("frequency_penalty", self.frequency_penalty, -PENALTY_MAX, PENALTY_MAX)?,
            ..request
        })
    }
}

fn within(path: &str, asked: Option<f64>, min: f64, max: f64) -> ApiResult<Option<f64>> {
    if asked.is_some_and(|value| !(min..=max).contains(&value)) {
        return Err(ApiError::field(path, format!("`{path}` is from {min} to {max}")));
    }
    Ok(asked)
}

/// A length of which an answer can be.
pub(super) fn tokens(path: &str, asked: Option<u32>) -> ApiResult<Option<u32>> {
    if asked == Some(0) {
        return Err(ApiError::field(path, "an answer needs at least one token"));
    }
    Ok(asked)
}
