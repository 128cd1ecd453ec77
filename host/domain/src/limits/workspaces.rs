//! Workspaces and projects.

/// Workspaces of one person.
pub const WORKSPACES_PER_USER_MAX: usize = 50;
/// Characters of a workspace's name.
pub const WORKSPACE_NAME_CHARS_MAX: usize = 100;
/// Characters of the word that stands for a workspace in addresses and commands.
pub const WORKSPACE_SLUG_CHARS_MAX: usize = 60;
/// Folders outside of every workspace that an administrator may open.
pub const ADDITIONAL_PATHS_MAX: usize = 32;
