//! The person whose call it is, as far as they can be asked something while it runs.

use std::time::Duration;

use async_trait::async_trait;
use octi_domain::form::Form;
use serde_json::{Map, Value};

/// What a plugin asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// `publisher/name` of the plugin that asks. The person is told.
    pub plugin: String,
    pub message: String,
    pub form: Form,
    /// How long the person has.
    pub time_max: Duration,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// It need not fit the form: whoever passes it to the plugin checks that.
    Given(Map<String, Value>),
    /// The person said no.
    Declined,
    /// The person put the question away.
    Cancelled,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Nobody is there, as a sentence that says why.
    #[error("{0}")]
    Nobody(String),
    /// Nobody answered in time.
    #[error("nobody answered in time")]
    TimedOut,
}

/// Carries questions to a person, and their answers back.
#[async_trait]
pub trait Person: Send + Sync {
    /// Asks, and waits for the answer, at most as long as the question says. The question is gone when the future is dropped.
    ///
    /// # Errors
    /// [`AskError`].
    async fn ask(&self, question: Question) -> Result<Reply, AskError>;
}

/// For calls that nobody sits before.
#[derive(Debug, Clone, Copy)]
pub struct NobodyThere(pub &'static str);

#[async_trait]
impl Person for NobodyThere {
    async fn ask(&self, _question: Question) -> Result<Reply, AskError> {
        Err(AskError::Nobody(self.0.to_owned()))
    }
}
