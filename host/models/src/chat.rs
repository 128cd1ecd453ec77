//! What is asked of a model and what it answers, without any provider's wire format.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures::Stream;
use octi_domain::ids::ArtifactId;
use octi_domain::message::{Part, Role, ToolCall};
use octi_domain::run::Usage;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::embed::{self, EmbedRequest, Embeddings};
use crate::error::ModelError;
use crate::provider::Provider;

/// A model that can hold a conversation.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// What is known about the model.
    fn info(&self) -> &ModelInfo;

    /// Asks for the next answer. The stream ends after [`ChatEvent::End`] or after its first error. Dropping the stream,
    /// or cancelling the token, closes the connection to the provider.
    ///
    /// # Errors
    /// When the provider refused the request or could not be reached, after the retries this kind of failure deserves.
    async fn stream(&self, request: ChatRequest, cancel: CancellationToken) -> Result<ChatStream, ModelError>;

    /// Turns texts into vectors. Whether a model can is up to its provider: many can only do this, or only answer.
    ///
    /// # Errors
    /// [`ModelError::Unsupported`] when the provider has no such models, else as [`ChatModel::stream`].
    async fn embed(&self, _request: EmbedRequest, _cancel: CancellationToken) -> Result<Embeddings, ModelError> {
        Err(embed::refusal(self.info()))
    }
}

/// What is known about a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// What the person calls it.
    pub name: String,
    pub provider: Provider,
    /// What the provider calls it.
    pub model_id: String,
    /// Tokens a request and its answer may have together.
    pub context_window: Option<u32>,
    /// Tokens an answer may have, unless the request says less.
    pub max_output: Option<u32>,
    pub supports_tools: bool,
    /// It can look at pictures.
    pub supports_images: bool,
    /// US dollars for a million input tokens.
    pub price_in: Option<f64>,
    /// US dollars for a million output tokens.
    pub price_out: Option<f64>,
    /// True for the built-in model that only follows patterns.
    pub is_demo: bool,
}

/// One message of the conversation, as the model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatMessage {
    pub role: Role,
    pub parts: Vec<Part>,
}

impl ChatMessage {
    /// What a person said.
    #[must_use]
    pub fn user(text: impl Into<String>) -> Self {
        Self { role: Role::User, parts: vec![Part::Text(text.into())] }
    }

    /// What the model said.
    #[must_use]
    pub fn assistant(text: impl Into<String>) -> Self {
        Self { role: Role::Assistant, parts: vec![Part::Text(text.into())] }
    }
}

/// A tool the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSchema {
    /// `<tool>__<operation>`.
    pub name: String,
    pub description: String,
    /// JSON Schema of the arguments.
    pub input_schema: Value,
}

/// Whether the model has to call a tool. Providers that cannot be told decide for themselves, except that none is offered
/// where none may be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model likes.
    #[default]
    Auto,
    /// It must not call any.
    None,
    /// It must call one.
    Required,
    /// It must call this one.
    Tool(String),
}

/// What lies in files.
pub type Files = HashMap<ArtifactId, Arc<[u8]>>;

/// One question to a model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatRequest {
    /// The system prompt; empty means none.
    pub system: String,
    pub messages: Vec<ChatMessage>,
    /// The content of attachments in the messages. Of one that is not here the model hears only its name.
    pub files: Files,
    pub tools: Vec<ToolSchema>,
    pub tool_choice: ToolChoice,
    pub max_output_tokens: Option<u32>,
    pub temperature: Option<f64>,
    /// The share of the likeliest tokens that are chosen from, above 0 up to 1.
    pub top_p: Option<f64>,
    /// Asks for the same answer to the same question, as far as the provider can; those that cannot pass over it.
    pub seed: Option<u64>,
    /// How much a token counts less because it was said at all, from -2 to 2.
    pub presence_penalty: Option<f64>,
    /// How much a token counts less for each time it was said, from -2 to 2.
    pub frequency_penalty: Option<f64>,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The model said all it wanted to say.
    Stop,
    /// The answer reached the longest it may be.
    Length,
    /// The model waits for the results of its tool calls.
    ToolCalls,
    /// The provider held the answer back.
    Filtered,
}

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    /// The provider had to be asked again this often before it answered. Comes first, and only when it had to.
    Retried(u32),
    /// More of the text.
    Text(String),
    /// More of what the model thinks before it answers.
    Reasoning(String),
    /// A whole tool call.
    ToolCall(ToolCall),
    /// What the call used; once, before the end.
    Usage(Usage),
    /// The last event.
    End(Finish),
}

/// The answer as it comes in.
pub type ChatStream = Pin<Box<dyn Stream<Item = Result<ChatEvent, ModelError>> + Send>>;
