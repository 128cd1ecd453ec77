//! Why a command failed, by whose turn it is: the person's, ours, or somebody outside.

use std::fmt;
use std::process::ExitCode;

use crate::output::Printer;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The person can mend it: exit code 1.
    User,
    /// A bug or a broken installation: exit code 2.
    Us,
    /// A server, model or database is away: exit code 3.
    External,
}

/// A failed command: one sentence, its causes, what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) blame: Blame,
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    pub(crate) hints: Vec<String>,
}

impl Failure {
    /// The person can mend it.
    pub(crate) fn user(message: impl Into<String>) -> Self {
        Self::new(Blame::User, message)
    }

    /// Something outside is away.
    pub(crate) fn external(message: impl Into<String>) -> Self {
        Self::new(Blame::External, message)
    }

    /// A bug or a broken installation.
    pub(crate) fn us(message: impl Into<String>) -> Self {
        Self::new(Blame::Us, message)
    }

    fn new(blame: Blame, message: impl Into<String>) -> Self {
        Self { blame, message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds why, from an error and everything behind it.
    pub(crate) fn because(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = Some(error);
        while let Some(cause) = next {
            let text = cause.to_string();
            if !self.causes.contains(&text) && text != self.message {
                self.causes.push(text);
            }
            next = cause.source();
        }
        self
    }

    /// Says everything and gives the exit code.
    pub(crate) fn report(&self, printer: Printer) -> ExitCode {
        if printer.is_json() {
            let kind = match self.blame {
                Blame::User => "user",
                Blame::Us => "internal",
                Blame::External => "external",
            };
            let error = serde_json::json!({ "kind": kind, "message": self.message, "causes": self.causes, "hints": self.hints });
            printer.err(&format!("{}\n", serde_json::json!({ "error": error })));
        } else {
            printer.error(&self.message);
            for cause in &self.causes {
                printer.note(&format!("  caused by: {cause}"));
            }
            for hint in &self.hints {
                printer.hint(hint);
            }
        }
        self.exit_code()
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.blame {
            Blame::User => 1,
            Blame::Us => 2,
            Blame::External => 3,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What every command gives.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;
