//! Why a server did not do what it was asked.

use std::time::Duration;

use octi_domain::limits;
use octi_domain::text::clean;
use octi_extension::tool::ToolError;

/// What went wrong. Every text is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// It failed too often and is left alone.
    #[error("the MCP server `{server}` failed {} times in a row and is left alone: {}", limits::MCP_FAILURES_MAX, again(*.wait))]
    Resting { server: String, wait: Option<Duration> },
    /// It cannot be started or reached, or broke off.
    #[error("the MCP server `{server}` does not work: {why}")]
    Broken { server: String, why: String },
    /// It took too long.
    #[error("the MCP server `{server}` did not answer within {ms} ms: ask for less at once, or raise `timeoutMs` of the server")]
    Slow { server: String, ms: u64 },
    /// All its places are taken.
    #[error("the MCP server `{server}` is busy: {} of its calls run already; try again", limits::MCP_SERVER_CALLS_MAX)]
    Busy { server: String },
    /// It answered with an error.
    #[error("the MCP server `{server}` refused the call: {why}")]
    Refused { server: String, why: String, bad_input: bool },
    /// It wants somebody to sign in first.
    #[error(
        "the MCP server `{server}` wants {}: an administrator of octi signs in with `octi mcp server sign-in {server}`, or on the page `MCP servers`",
        wish(.scope.as_deref())
    )]
    SignIn { server: String, scope: Option<String> },
    /// The tool is not what an administrator accepted.
    #[error("{0}")]
    Changed(String),
    /// There is no such server or tool.
    #[error("{0}")]
    Unknown(String),
}

impl Failure {
    /// Whether the server is to blame, so that it counts.
    pub(super) const fn counts(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::Slow { .. })
    }

    pub(super) fn broken(server: &str, why: impl Into<String>) -> Self {
        Self::Broken { server: server.to_owned(), why: why.into() }
    }
}

impl From<Failure> for ToolError {
    fn from(failure: Failure) -> Self {
        let text = failure.to_string();
        match failure {
            Failure::Resting { .. } | Failure::Broken { .. } | Failure::Slow { .. } | Failure::Busy { .. } => {
                Self::Unavailable(text)
            }
            Failure::Refused { bad_input: true, .. } | Failure::Unknown(_) => Self::BadInput(text),
            Failure::Refused { .. } => Self::Failed(text),
            Failure::Changed(_) | Failure::SignIn { .. } => Self::NeedsUser(text),
        }
    }
}

fn again(wait: Option<Duration>) -> String {
    match wait {
        Some(wait) => format!("it is tried again in {} s", wait.as_secs().saturating_add(1)),
        None => "a call is finding out whether it has recovered".to_owned(),
    }
}

fn wish(scope: Option<&str>) -> String {
    match scope {
        None => "to be signed in to".to_owned(),
        Some("") => "more rights than were granted at the sign-in".to_owned(),
        Some(scope) => format!("more rights than were granted at the sign-in (`{}`)", told(scope)),
    }
}

/// A stranger's text about a failure, short and safe to show.
pub(super) fn told(text: &str) -> String {
    bounded(text, limits::MCP_PROBLEM_BYTES_MAX)
}

/// A stranger's text, safe to show and at most this long.
pub(super) fn bounded(text: &str, bytes_max: usize) -> String {
    // Bounded before it is looked at, and after: cleaning never makes it longer.
    let cut = text.len() > bytes_max;
    let mut text = clean(&text[..text.floor_char_boundary(bytes_max)]);
    if cut {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_is_short_and_safe() {
        let long = "é".repeat(limits::MCP_PROBLEM_BYTES_MAX);
        let short = told(&long);
        assert!(short.ends_with('…') && short.len() <= limits::MCP_PROBLEM_BYTES_MAX + 3, "{}", short.len());
        assert_eq!(told("a\u{1b}[2Jb"), "ab");
    }

    #[test]
    fn only_what_the_server_is_to_blame_for_counts() {
        let refused = Failure::Refused { server: "a".to_owned(), why: String::new(), bad_input: false };
        assert!(Failure::broken("a", "gone").counts() && Failure::Slow { server: "a".to_owned(), ms: 1 }.counts());
        assert!(
            !refused.counts()
                && !Failure::SignIn { server: "a".to_owned(), scope: None }.counts()
                && !Failure::Busy { server: "a".to_owned() }.counts()
                && !Failure::Changed(String::new()).counts()
        );
    }
}
