//! What a program may do.

use super::{Refused, Word};

/// What a person may let a program do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// See what is there, and call what says that it changes nothing.
    Read,
    /// Everything that the person may do over MCP.
    Everything,
}

impl Scope {
    /// Every one, the widest first.
    pub const ALL: [Self; 2] = [Self::Everything, Self::Read];

    /// The word programs ask with.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everything => "mcp",
            Self::Read => "mcp:read",
        }
    }

    /// The scope of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    /// The widest of those that are asked for; without any, everything, of which the person can take some away.
    pub(super) fn asked(words: Option<&str>) -> Result<Self, Refused> {
        let mut widest = None;
        for word in words.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
            let scope = Self::parse(word)
                .ok_or_else(|| Refused::new(Word::InvalidScope, "octi has the scopes `mcp` and `mcp:read` and no other"))?;
            widest = Some(scope.max(widest.unwrap_or(scope)));
        }
        Ok(widest.unwrap_or(Self::Everything))
    }

    /// The wider of both.
    fn max(self, other: Self) -> Self {
        if self.covers(other) { self } else { other }
    }

    /// Whether whoever may do this may do that.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        matches!((self, other), (Self::Everything, _) | (Self::Read, Self::Read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_scope_that_is_asked_for_counts_and_none_means_everything() {
        for (words, scope) in [
            (None, Scope::Everything),
            (Some(""), Scope::Everything),
            (Some("mcp:read"), Scope::Read),
            (Some("mcp:read  mcp"), Scope::Everything),
            (Some("mcp mcp:read"), Scope::Everything),
        ] {
            assert_eq!(Scope::asked(words), Ok(scope), "{words:?}");
        }
        for words in ["admin", "mcp admin", "MCP", "mcp\tmcp:read"] {
            assert_eq!(Scope::asked(Some(words)).unwrap_err().word, Word::InvalidScope, "{words}");
        }
    }
}
