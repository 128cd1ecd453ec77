//! Answers of a language model, paid from the budget of the person whose call it is. Needs `capabilities.llm`.
//!
//! The host chooses the model. What it says is data: it calls no tools, and nothing that it says is done.

use crate::HostError;
use crate::raw::bindings::octi::llm::model as raw;

/// A request that is being put together.
#[derive(Debug, Clone)]
pub struct Request(raw::Request);

/// Why an answer ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The model said all that it wanted to say.
    Finished,
    /// It reached the longest it may be; the text is its beginning.
    Length,
    /// The provider held the rest back.
    Filtered,
    Other(String),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    pub text: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub stop: Stop,
}

impl Completion {
    /// Whether it is all that the model wanted to say.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.stop == Stop::Finished
    }
}

/// A request about a topic of the manifest, with an answer of at most so many tokens.
#[must_use]
pub fn request(topic: &str, max_tokens: u32) -> Request {
    Request(raw::Request { topic: topic.to_owned(), system: None, messages: Vec::new(), max_tokens, temperature: None })
}

/// Asks one thing.
///
/// # Errors
/// As [`Request::complete`].
pub fn ask(topic: &str, max_tokens: u32, text: &str) -> Result<Completion, HostError> {
    request(topic, max_tokens).user(text).complete()
}

impl Request {
    /// What the model is told before the messages.
    #[must_use]
    pub fn system(mut self, text: &str) -> Self {
        self.0.system = Some(text.to_owned());
        self
    }

    /// Adds what is said to the model.
    #[must_use]
    pub fn user(self, text: &str) -> Self {
        self.message(raw::Role::User, text)
    }

    /// Adds what the model said.
    #[must_use]
    pub fn assistant(self, text: &str) -> Self {
        self.message(raw::Role::Assistant, text)
    }

    /// How freely it chooses its words, from 0 to 2.
    #[must_use]
    pub const fn temperature(mut self, temperature: f32) -> Self {
        self.0.temperature = Some(temperature);
        self
    }

    fn message(mut self, role: raw::Role, text: &str) -> Self {
        self.0.messages.push(raw::Message { role, text: text.to_owned() });
        self
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// [`HostError::Denied`] when the topic is not granted, [`HostError::Quota`] when its tokens are used up,
    /// [`HostError::Unavailable`] when no model answers now.
    pub fn complete(&self) -> Result<Completion, HostError> {
        let raw::Completion { text, input_tokens, output_tokens, stop_reason } = raw::complete(&self.0)?;
        let stop = match stop_reason {
            raw::StopReason::Finished => Stop::Finished,
            raw::StopReason::Length => Stop::Length,
            raw::StopReason::Filtered => Stop::Filtered,
            raw::StopReason::Other(word) => Stop::Other(word),
        };
        Ok(Completion { text, input_tokens, output_tokens, stop })
    }
}
