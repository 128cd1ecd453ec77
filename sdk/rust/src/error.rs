//! Errors, typed by who can act on them.

use crate::raw::bindings::exports::octi::plugin::tools as raw_tools;
use crate::raw::bindings::octi::types::common as raw;

/// Why a tool could not do what it was asked. The variant says who can act on it; the text says what was wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The model can mend this and try again: what was wrong, what is valid.
    #[error("{0}")]
    BadInput(String),
    /// The world said no: not found, conflict, refusal. Trying the same again is pointless.
    #[error("{0}")]
    Failed(String),
    /// The person must do something: grant, sign in, choose.
    #[error("{0}")]
    NeedsUser(String),
    /// May work later.
    #[error("{0}")]
    Unavailable(String),
    /// The plugin's own bug.
    #[error("{0}")]
    Internal(String),
}

/// Why the host refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Not granted. The text names the missing grant.
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    NotFound(String),
    /// The argument, and what is wrong with it.
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Conflict(String),
    #[error("the limit `{}` of {} is reached{}", .0.name, .0.limit, later(.0.retry_after_ms))]
    Quota(Quota),
    #[error("the host took too long")]
    Timeout,
    #[error("the call was cancelled")]
    Cancelled,
    /// Try later: a peer or a resource is away.
    #[error("{0}")]
    Unavailable(String),
    #[error("{0}")]
    Other(String),
}

/// A limit that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// As it stands in the manifest or the settings.
    pub name: String,
    pub limit: u64,
    /// When trying again makes sense, if it ever does.
    pub retry_after_ms: Option<u64>,
}

fn later(retry_after_ms: Option<u64>) -> String {
    retry_after_ms.map(|ms| format!("; try again in {} s", ms.div_ceil(1_000))).unwrap_or_default()
}

impl HostError {
    /// Whether the thing named does not exist.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }

    /// Whether something is in the way: it exists already, or changed meanwhile.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

impl From<HostError> for ToolError {
    fn from(error: HostError) -> Self {
        let text = error.to_string();
        match error {
            HostError::Denied(_) => Self::NeedsUser(text),
            HostError::Invalid(_) => Self::BadInput(text),
            HostError::NotFound(_) | HostError::Conflict(_) | HostError::Cancelled | HostError::Other(_) => Self::Failed(text),
            HostError::Quota(Quota { retry_after_ms: None, .. }) => Self::Failed(text),
            HostError::Quota(_) | HostError::Timeout | HostError::Unavailable(_) => Self::Unavailable(text),
        }
    }
}

impl From<raw::HostError> for HostError {
    fn from(error: raw::HostError) -> Self {
        match error {
            raw::HostError::Denied(text) => Self::Denied(text),
            raw::HostError::NotFound(text) => Self::NotFound(text),
            raw::HostError::Invalid(text) => Self::Invalid(text),
            raw::HostError::Conflict(text) => Self::Conflict(text),
            raw::HostError::Quota(raw::Quota { name, limit, retry_after_ms }) => {
                Self::Quota(Quota { name, limit, retry_after_ms })
            }
            raw::HostError::Timeout => Self::Timeout,
            raw::HostError::Cancelled => Self::Cancelled,
            raw::HostError::Unavailable(text) => Self::Unavailable(text),
            raw::HostError::Other(text) => Self::Other(text),
        }
    }
}

impl From<ToolError> for raw_tools::ToolError {
    fn from(error: ToolError) -> Self {
        match error {
            ToolError::BadInput(text) => Self::BadInput(text),
            ToolError::Failed(text) => Self::Failed(text),
            ToolError::NeedsUser(text) => Self::NeedsUser(text),
            ToolError::Unavailable(text) => Self::Unavailable(text),
            ToolError::Internal(text) => Self::Internal(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_the_host_reach_the_one_who_can_act() {
        let text = || "why".to_owned();
        for (host, tool) in [
            (HostError::Denied(text()), ToolError::NeedsUser(text())),
            (HostError::NotFound(text()), ToolError::Failed(text())),
            (HostError::Conflict(text()), ToolError::Failed(text())),
            (HostError::Invalid(text()), ToolError::BadInput(text())),
            (HostError::Unavailable(text()), ToolError::Unavailable(text())),
            (HostError::Other(text()), ToolError::Failed(text())),
            (HostError::Timeout, ToolError::Unavailable("the host took too long".to_owned())),
            (HostError::Cancelled, ToolError::Failed("the call was cancelled".to_owned())),
        ] {
            assert_eq!(ToolError::from(host), tool);
        }
    }

    #[test]
    fn a_quota_that_refills_is_worth_a_later_try() {
        let quota = |retry_after_ms| HostError::Quota(Quota { name: "kv.bytes_max".to_owned(), limit: 10, retry_after_ms });
        assert_eq!(ToolError::from(quota(None)), ToolError::Failed("the limit `kv.bytes_max` of 10 is reached".to_owned()));
        assert_eq!(
            ToolError::from(quota(Some(1_500))),
            ToolError::Unavailable("the limit `kv.bytes_max` of 10 is reached; try again in 2 s".to_owned())
        );
    }
}
