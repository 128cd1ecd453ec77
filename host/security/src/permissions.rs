//! May this call run? A pure decision from facts, and the reading of rules and shell lines it needs.
//!
//! Start at [`engine::decide`]; [`rule`] reads one rule, [`command`] reads a shell line, [`defaults`] lists the built-in rules.

pub mod command;
pub mod defaults;
pub mod engine;
pub mod rule;

pub use command::{CommandError, Refusal, refusal, simple_commands};
pub use defaults::{DEFAULT_RULES, DefaultRule};
pub use engine::{Decision, Facts, decide, subject_of};
pub use rule::{RuleError, RulePattern};
