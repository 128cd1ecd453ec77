//! What a shell line would run, found without running it.
//!
//! A line is parsed with a real shell grammar and every simple command in it is listed: those in pipelines, lists, loops,
//! functions, substitutions, here-documents, and those behind `env`, `xargs`, `find -exec`, `sh -c`, `eval` and their like.
//! What only a running shell could tell (a command name that is an expansion, a script piped into `sh`) is marked opaque,
//! and an opaque command always needs a person's yes.
//!
//! `sh` may be bash or dash, which read some lines differently; a line that uses such syntax is opaque as a whole.

mod dispatch;
mod expand;
mod parse;
mod redirect;
mod refuse;
mod walk;
mod word;
mod wrapper;

#[cfg(test)]
mod tests;

use octi_domain::limits::{SHELL_COMMANDS_MAX, SHELL_LINE_BYTES_MAX, SHELL_OPENINGS_MAX};

/// Why a shell line could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error(
        "the command is {bytes} bytes long, more than the {SHELL_LINE_BYTES_MAX} that can be checked; \
         write it into a script file and run that"
    )]
    TooLong { bytes: usize },
    #[error(
        "the command opens more than {SHELL_OPENINGS_MAX} brackets, substitutions or blocks, too many to check; \
         run it in several steps"
    )]
    TooNested,
    #[error("the command runs more than {SHELL_COMMANDS_MAX} commands, too many to check; run it in several steps")]
    TooMany,
    #[error("the command holds the control character {0:?}, which shells read in different ways; leave it out")]
    Control(char),
    #[error("the command cannot be read as a shell line ({0}); check its quotes and brackets")]
    Syntax(String),
}

/// What no rule and no person can allow: it would destroy the machine, stop it, or open it to others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{command}` is never allowed: {why}")]
pub struct Refusal {
    /// The simple command that is refused, shortened.
    pub command: String,
    /// What it would do.
    pub why: &'static str,
}

/// One command that a line would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleCommand {
    /// Its words with one space between them, each quoted only where it must be; assignments come first. A redirection
    /// into a file is a command of its own: `> file`.
    pub text: String,
    /// The words alone, as in `text`.
    pub words: Vec<String>,
    /// Other ways to write it that a deny rule must see too: without assignments, without the program's folder, and with
    /// what is known of variables filled in.
    pub aliases: Vec<String>,
    /// Why nobody can tell what would run, if so.
    pub opaque: Option<&'static str>,
}

/// Everything a line would run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    pub commands: Vec<SimpleCommand>,
    /// The first thing in it that is never allowed.
    pub refusal: Option<Refusal>,
}

impl Script {
    /// Reads a line.
    ///
    /// # Errors
    /// [`CommandError`] when the line is too large, or is not one that a shell would accept.
    pub fn read(line: &str) -> Result<Self, CommandError> {
        walk::read(line)
    }
}

/// The simple commands of a line, in the order they stand in it.
///
/// # Errors
/// [`CommandError`] when the line is too large, or is not one that a shell would accept.
pub fn simple_commands(line: &str) -> Result<Vec<String>, CommandError> {
    Script::read(line).map(|script| script.commands.into_iter().map(|command| command.text).collect())
}

/// What in a line is never allowed, if anything. A line that cannot be parsed is judged by its bare words.
#[must_use]
pub fn refusal(line: &str) -> Option<Refusal> {
    match Script::read(line) {
        Ok(script) => script.refusal,
        Err(_) => refuse::by_bare_words(line),
    }
}
