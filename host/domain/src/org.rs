//! Organisations: people of whom something can be said together.

use chrono::{DateTime, Utc};

use crate::ids::{OrgId, UserId};
use crate::limits;
use crate::workspace;

/// One organisation of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Org {
    pub id: OrgId,
    /// The word that stands for it in addresses and commands; each has another.
    pub slug: String,
    pub name: String,
    /// The administrator who made it.
    pub created_by: UserId,
    pub created_at: DateTime<Utc>,
}

/// One person in one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgMember {
    pub org_id: OrgId,
    pub user_id: UserId,
    pub role: OrgRole,
    pub joined_at: DateTime<Utc>,
}

/// What somebody is in an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrgRole {
    Member,
    Admin,
}

impl OrgRole {
    /// The word stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "org_admin",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Member, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }
}

/// Whether this may stand for an organisation: a word such as a workspace has, and shorter.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    text.len() <= limits::ORG_SLUG_CHARS_MAX && workspace::is_slug(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_path_or_an_id_is_no_word() {
        for wrong in ["", "-a", "a-", "A", "a/b", "..", "a_b", "018f4e5a7c1d7b3a9f000123456789ab"] {
            assert!(!is_slug(wrong), "{wrong}");
        }
        assert!(is_slug("a") && is_slug("house-2") && is_slug(&"a".repeat(limits::ORG_SLUG_CHARS_MAX)));
        assert!(!is_slug(&"a".repeat(limits::ORG_SLUG_CHARS_MAX + 1)));
    }

    #[test]
    fn a_role_is_found_by_its_word() {
        for role in [OrgRole::Member, OrgRole::Admin] {
            assert_eq!(OrgRole::parse(role.as_str()), Some(role));
        }
        assert_eq!(OrgRole::parse("admin"), None);
    }
}
