//! The folders in which a person's agents work.

use chrono::{DateTime, Utc};

use crate::ids::{UserId, WorkspaceId};
use crate::limits;

/// The folder of the workspace that everybody has, and its slug.
pub const DEFAULT: &str = "default";

/// One workspace of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub user_id: UserId,
    /// The word that stands for it in addresses and commands; of one person's workspaces each has another.
    pub slug: String,
    pub name: String,
    /// The name of its folder below the person's own; it stays when the workspace is renamed.
    pub folder: String,
    pub is_default: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Where the tools of one call work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The folder of the workspace.
    pub folder: String,
    /// The folder in it, or an absolute one that an administrator opened; none for the whole workspace.
    pub project: Option<String>,
}

impl Default for Place {
    fn default() -> Self {
        Self { folder: DEFAULT.to_owned(), project: None }
    }
}

/// The word for a name: its letters and digits, with a hyphen where others stand. None when nothing is left of it.
#[must_use]
pub fn slug_of(name: &str) -> Option<String> {
    let mut slug = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(limits::WORKSPACE_SLUG_CHARS_MAX);
    slug.truncate(slug.trim_end_matches('-').len());
    is_slug(&slug).then_some(slug)
}

/// Whether this may stand for a workspace. An id may not, because both are given in the same places.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= limits::WORKSPACE_SLUG_CHARS_MAX
        && text.starts_with(plain)
        && text.ends_with(plain)
        && text.chars().all(|c| plain(c) || c == '-')
        && text.parse::<WorkspaceId>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_a_word_that_can_be_typed() {
        assert_eq!(slug_of("  Tax & Co. 2026! ").as_deref(), Some("tax-co-2026"));
        assert_eq!(slug_of(&"x".repeat(500)).map(|slug| slug.len()), Some(limits::WORKSPACE_SLUG_CHARS_MAX));
        for nothing in ["", "…", "---", "018f4e5a-7c1d-7b3a-9f00-0123456789ab"] {
            assert_eq!(slug_of(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_could_be_a_path_or_an_id_is_no_word() {
        for wrong in ["", "-", "-a", "a-", "A", "a/b", "..", "a.b", "018f4e5a7c1d7b3a9f000123456789ab"] {
            assert!(!is_slug(wrong), "{wrong}");
        }
        assert!(is_slug("a") && is_slug("tax-2026"));
        assert!(!is_slug(&"a".repeat(limits::WORKSPACE_SLUG_CHARS_MAX + 1)));
    }
}
