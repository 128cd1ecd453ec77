//! What can go wrong with a model, told apart by what a person or an agent can do about it.

use std::fmt;
use std::time::Duration;

use octi_domain::limits;

/// A model call that did not work. The text says what happened and what to do, and never contains a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The key is missing, wrong, or may not use this model.
    #[error("{0}")]
    Auth(String),
    /// The conversation is longer than the model can read.
    #[error("{0}")]
    ContextLength(String),
    /// Too many requests, or the quota is used up.
    #[error("{message}")]
    RateLimited { retry_after: Option<Duration>, message: String },
    /// The provider has more work than it can do.
    #[error("{0}")]
    Overloaded(String),
    /// The provider could not be reached or failed.
    #[error("{0}")]
    Unavailable(String),
    /// The provider does not accept the request as it is.
    #[error("{0}")]
    BadRequest(String),
    /// The model, or its provider, has no such ability.
    #[error("{0}")]
    Unsupported(String),
    /// The provider took too long.
    #[error("{}", timeout_text(*.phase, *.after))]
    Timeout { phase: Phase, after: Duration },
    /// Someone stopped the call.
    #[error("the model call was stopped before it ended")]
    Cancelled,
    /// The provider answered something that makes no sense.
    #[error("{0}")]
    Protocol(String),
    /// The answer is longer than octi takes in.
    #[error(
        "the model's answer is longer than {} bytes and was cut off: ask for a shorter answer",
        limits::MODEL_ANSWER_BYTES_MAX
    )]
    TooLarge,
}

impl ModelError {
    /// True when the same request may work a moment later.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Overloaded(_) | Self::Unavailable(_) | Self::Timeout { phase: Phase::Connect, .. }
        )
    }

    /// A short word for records and statistics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Auth(_) => "auth",
            Self::ContextLength(_) => "context_length",
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded(_) => "overloaded",
            Self::Unavailable(_) => "unavailable",
            Self::BadRequest(_) => "bad_request",
            Self::Unsupported(_) => "unsupported",
            Self::Timeout { .. } => "timeout",
            Self::Cancelled => "cancelled",
            Self::Protocol(_) => "protocol",
            Self::TooLarge => "too_large",
        }
    }
}

/// Which patience ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No connection came about.
    Connect,
    /// Connected, and then nothing more was heard.
    Silence,
    /// The answer went on for too long.
    Total,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::Silence => "silence",
            Self::Total => "total",
        })
    }
}

fn timeout_text(phase: Phase, after: Duration) -> String {
    let seconds = after.as_secs_f64();
    match phase {
        Phase::Connect => format!(
            "no connection to the model's server after {seconds} s: check the endpoint with `octi model list` and that the server runs"
        ),
        Phase::Silence => {
            format!("the model was silent for {seconds} s, so the call was given up: try again or use another model")
        }
        Phase::Total => {
            format!("the model's answer was not complete after {seconds} s: ask for less at once or use a faster model")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passing_troubles_are_retried() {
        let passing = [
            ModelError::RateLimited { retry_after: None, message: String::new() },
            ModelError::Overloaded(String::new()),
            ModelError::Unavailable(String::new()),
            ModelError::Timeout { phase: Phase::Connect, after: Duration::from_secs(1) },
        ];
        assert!(passing.iter().all(ModelError::retryable));
        let lasting = [
            ModelError::Auth(String::new()),
            ModelError::ContextLength(String::new()),
            ModelError::BadRequest(String::new()),
            ModelError::Unsupported(String::new()),
            ModelError::Timeout { phase: Phase::Silence, after: Duration::from_secs(1) },
            ModelError::Cancelled,
            ModelError::Protocol(String::new()),
            ModelError::TooLarge,
        ];
        assert!(!lasting.iter().any(ModelError::retryable));
    }

    #[test]
    fn a_timeout_names_its_seconds_and_a_way_out() {
        let text = ModelError::Timeout { phase: Phase::Silence, after: Duration::from_secs(120) }.to_string();
        assert!(text.contains("120 s") && text.contains("try again"), "{text}");
    }
}
