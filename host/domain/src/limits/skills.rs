//! Skills: texts that a turn is given when they help.

/// Bytes of a `SKILL.md`, and of what a skill's code writes.
pub const SKILL_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the front matter of a `SKILL.md`.
pub const SKILL_FRONT_BYTES_MAX: usize = 8 * 1024;
/// Characters of a skill's name (agentskills.io).
pub const SKILL_NAME_CHARS_MAX: usize = 64;
/// Characters of a skill's description (agentskills.io).
pub const SKILL_DESCRIPTION_CHARS_MAX: usize = 1_024;
/// Entries in each list of a skill: triggers, topics, roles and tools.
pub const SKILL_LIST_MAX: usize = 32;
/// Characters of one entry of such a list.
pub const SKILL_ENTRY_CHARS_MAX: usize = 100;
/// Skills of the skills folder; later ones by name are told and not used.
pub const SKILLS_IN_FOLDER_MAX: usize = 500;

/// Skills that one turn is given.
pub const TURN_SKILLS_MAX: usize = 3;
/// Skills that are asked for their texts in one turn: a few more than are given, for those that are too long or do not answer.
pub const TURN_SKILLS_READ_MAX: usize = 6;
/// Bytes of all texts of skills in one turn; a text that does not fit whole is left out.
pub const TURN_SKILLS_BYTES_MAX: usize = 64 * 1024;
/// The part of a model's window that skills may take: one of so many.
pub const TURN_SKILLS_WINDOW_SHARE: u32 = 4;
/// Bytes of what a person said that skills are compared with; the rest is not looked at.
pub const SKILL_SAID_BYTES_MAX: usize = 8 * 1024;
/// Skills whose code is asked whether it fits, in one turn.
pub const TURN_SKILLS_ASKED_MAX: usize = 16;
/// Seconds that a turn waits for a skill, also where its code must be compiled first; it goes on without one that takes longer.
pub const TURN_SKILL_SECONDS_MAX: u64 = 3;
/// Milliseconds that one answer of a skill's code may take.
pub const SKILL_MS_MAX: u64 = 1_000;
/// Bytes of a difference between two versions of a text that a person is shown; the rest is counted.
pub const TEXT_DIFFERENCE_BYTES_MAX: usize = 64 * 1024;
