//! `/v1/responses`: the question.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::chat::{ChatContent, ResponseFormat};

/// A conversation, and how to answer it. Nothing of it is kept: each request brings all of it.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct ResponsesRequest {
    /// The name of one of the person's models.
    pub model: String,
    pub input: ResponseInput,
    /// The system prompt.
    pub instructions: Option<String>,
    pub tools: Option<Vec<ResponseTool>>,
    pub tool_choice: Option<ResponseToolChoice>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub max_output_tokens: Option<u32>,
    pub stream: Option<bool>,
    /// Only absent: octi keeps no responses.
    pub previous_response_id: Option<String>,
    /// Only absent: octi keeps no responses.
    #[schema(value_type = Option<Object>)]
    pub conversation: Option<Value>,
    /// Only false.
    pub background: Option<bool>,
    pub text: Option<ResponseText>,
}

/// One question, or the whole conversation.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(untagged, expecting = "input is a text or a list of items")]
pub enum ResponseInput {
    Text(String),
    Items(Vec<InputItem>),
}

/// A message, a call, or a result of a call.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct InputItem {
    /// `message`, `function_call`, `function_call_output`, or `reasoning`, which is passed over; `message` when absent.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Of a message: `system`, `developer`, `user` or `assistant`.
    pub role: Option<String>,
    /// Of a message.
    pub content: Option<ChatContent>,
    /// Of a call and its result.
    pub call_id: Option<String>,
    /// Of a call.
    pub name: Option<String>,
    /// Of a call: JSON, as a text.
    pub arguments: Option<String>,
    /// Of a result.
    pub output: Option<ChatContent>,
}

/// A function that the client will run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResponseTool {
    /// Only `function`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub name: String,
    pub description: Option<String>,
    /// JSON Schema of the arguments; no arguments when absent.
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Value>,
    pub strict: Option<bool>,
}

/// `auto`, `none`, `required`, or one function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a tool choice is `auto`, `none`, `required` or an object with a `type` and a `name`")]
pub enum ResponseToolChoice {
    Word(String),
    Function {
        #[serde(rename = "type")]
        kind: String,
        name: String,
    },
}

/// The form of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct ResponseText {
    pub format: Option<ResponseFormat>,
}
