//! Organisations.

/// Organisations of one host.
pub const ORGS_MAX: usize = 100;
/// People in one organisation.
pub const ORG_MEMBERS_MAX: usize = 500;
/// Characters of an organisation's name.
pub const ORG_NAME_CHARS_MAX: usize = 100;
/// Characters of the word that stands for an organisation in addresses and commands.
pub const ORG_SLUG_CHARS_MAX: usize = 40;
