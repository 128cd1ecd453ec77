//! `/v1/chat/completions`: the question.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A conversation, and how to answer it. Fields that octi has no use for, such as `user`, are ignored.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct ChatCompletionRequest {
    /// The name of one of the person's models.
    pub model: String,
    pub messages: Vec<ChatCompletionMessage>,
    pub tools: Option<Vec<ChatCompletionTool>>,
    pub tool_choice: Option<ChatToolChoice>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    /// From 0. Providers that have no such thing pass over it.
    pub seed: Option<i64>,
    /// From -2 to 2; anything but 0 only for models of OpenAI's wire.
    pub presence_penalty: Option<f64>,
    /// From -2 to 2; anything but 0 only for models of OpenAI's wire.
    pub frequency_penalty: Option<f64>,
    /// The older name of `max_completion_tokens`.
    pub max_tokens: Option<u32>,
    pub max_completion_tokens: Option<u32>,
    pub stop: Option<StopWords>,
    pub stream: Option<bool>,
    pub stream_options: Option<StreamOptions>,
    /// Only 1.
    pub n: Option<u32>,
    /// Only `text`.
    pub response_format: Option<ResponseFormat>,
    /// Only false.
    pub logprobs: Option<bool>,
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct ChatCompletionMessage {
    /// `system`, `developer`, `user`, `assistant` or `tool`.
    pub role: String,
    pub content: Option<ChatContent>,
    /// The calls an assistant asked for.
    pub tool_calls: Option<Vec<ChatToolCall>>,
    /// The call that a tool message answers.
    pub tool_call_id: Option<String>,
}

/// A text, or a list of parts of it.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(untagged, expecting = "content is a text or a list of parts with a `type`")]
pub enum ChatContent {
    Text(String),
    Parts(Vec<ContentPart>),
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct ContentPart {
    /// Only texts: `text`, `input_text`, `output_text` or `refusal`.
    #[serde(rename = "type")]
    pub kind: String,
    pub text: Option<String>,
    pub refusal: Option<String>,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChatToolCall {
    pub id: String,
    /// Always `function`.
    #[serde(rename = "type", default = "function")]
    pub kind: String,
    pub function: FunctionCall,
}

/// Which function, with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FunctionCall {
    pub name: String,
    /// JSON, as a text.
    pub arguments: String,
}

/// A tool that the client will run.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct ChatCompletionTool {
    /// Only `function`.
    #[serde(rename = "type")]
    pub kind: String,
    pub function: Option<FunctionDefinition>,
}

/// A function that the client will run.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct FunctionDefinition {
    pub name: String,
    pub description: Option<String>,
    /// JSON Schema of the arguments; no arguments when absent.
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Value>,
}

/// `auto`, `none`, `required`, or one function.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a tool choice is `auto`, `none`, `required` or an object with a `function`")]
pub enum ChatToolChoice {
    Word(String),
    Function { function: FunctionName },
}

/// The function that must be called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct FunctionName {
    pub name: String,
}

/// Texts before which the answer ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(untagged, expecting = "stop is a text or a list of texts")]
pub enum StopWords {
    One(String),
    Several(Vec<String>),
}

/// How to stream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub struct StreamOptions {
    /// Tell at the end what was used.
    pub include_usage: Option<bool>,
}

/// The form of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct ResponseFormat {
    /// Only `text`.
    #[serde(rename = "type")]
    pub kind: String,
}

fn function() -> String {
    "function".to_owned()
}
