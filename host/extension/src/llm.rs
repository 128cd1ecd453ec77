//! Answers of a model for a plugin, paid by the person whose call it is.

use std::time::Duration;

use async_trait::async_trait;
use octi_domain::message::Role;

/// What a model is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// `publisher/name` of the plugin that asks.
    pub plugin: String,
    /// A topic of its manifest.
    pub topic: String,
    pub system: Option<String>,
    /// Of the roles `user` and `assistant`, the last one of `user`.
    pub messages: Vec<(Role, String)>,
    /// Tokens of the answer.
    pub output_max: u32,
    pub temperature: Option<f32>,
    /// How long it may take.
    pub time_max: Duration,
}

/// Why the answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Finished,
    /// It reached the longest it may be.
    Length,
    /// The provider held the rest back.
    Filtered,
}

/// The answer, free of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    pub text: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub stop: Stop,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// The model does not take the request as it is.
    #[error("{0}")]
    Invalid(String),
    /// May work later.
    #[error("{0}")]
    Unavailable(String),
    #[error("{0}")]
    Failed(String),
    #[error("the model did not answer in time")]
    TimedOut,
}

/// Lets a model answer. Whatever it used is in the books of the person, however the call ends.
#[async_trait]
pub trait Llm: Send + Sync {
    /// The answer of the model that the host chooses.
    ///
    /// # Errors
    /// [`LlmError`].
    async fn complete(&self, prompt: Prompt) -> Result<Completion, LlmError>;
}

/// For calls that nobody pays for.
#[derive(Debug, Clone, Copy)]
pub struct NoModel(pub &'static str);

#[async_trait]
impl Llm for NoModel {
    async fn complete(&self, _prompt: Prompt) -> Result<Completion, LlmError> {
        Err(LlmError::Unavailable(self.0.to_owned()))
    }
}
