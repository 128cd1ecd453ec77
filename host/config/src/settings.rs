//! What can be set: one list of definitions, from which the settings page, `octi settings`, `/api/settings` and the reference page
//! are made.
//!
//! A setting is in the list only when the host obeys it. What must be known before the database is open cannot be kept in it;
//! such settings are listed, with the reason why they cannot be changed there.

mod base;
pub(crate) mod check;
mod table;

use serde_json::Value;

pub use base::{Base, Given};
pub use check::{Problem, check, parse};
pub use table::{DEFINITIONS, definition, key};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    String,
    /// A whole number, not below zero.
    Number,
    Boolean,
    /// An object.
    Json,
    StringArray,
}

/// When a change is obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effective {
    /// By everything that begins after it.
    AtOnce,
    AtNextStart,
}

/// Where a value comes from, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Database,
    Environment,
    File,
    Default,
}

impl Source {
    /// The word that clients read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its name, which is also its place in `config.toml` when it may stand there.
    pub key: &'static str,
    pub kind: Kind,
    pub description: &'static str,
    /// What holds when it is set nowhere; null for nothing.
    pub default: fn() -> Value,
    /// The values it may have; empty for any of its kind.
    pub allowed: &'static [&'static str],
    /// The least and the greatest number it may be.
    pub bounds: Option<(u64, u64)>,
    /// Its value is never shown.
    pub is_secret: bool,
    /// The environment variable that sets it.
    pub variable: Option<&'static str>,
    /// Where it stands in `config.toml`.
    pub file_key: Option<&'static str>,
    pub effective: Effective,
    /// Why it cannot be changed while the host runs.
    pub fixed: Option<&'static str>,
}

impl Definition {
    const fn new(key: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            key,
            kind,
            description,
            default: || Value::Null,
            allowed: &[],
            bounds: None,
            is_secret: false,
            variable: None,
            file_key: None,
            effective: Effective::AtOnce,
            fixed: None,
        }
    }

    const fn default(mut self, value: fn() -> Value) -> Self {
        self.default = value;
        self
    }

    const fn allowed(mut self, words: &'static [&'static str]) -> Self {
        self.allowed = words;
        self
    }

    const fn from(mut self, least: u64, most: u64) -> Self {
        self.bounds = Some((least, most));
        self
    }

    const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    const fn variable(mut self, name: &'static str) -> Self {
        self.variable = Some(name);
        self
    }

    const fn in_file(mut self) -> Self {
        self.file_key = Some(self.key);
        self
    }

    const fn at_next_start(mut self) -> Self {
        self.effective = Effective::AtNextStart;
        self
    }

    const fn fixed(mut self, why: &'static str) -> Self {
        self.fixed = Some(why);
        self.at_next_start()
    }

    /// The group it belongs to: the first word of its key.
    #[must_use]
    pub fn category(&self) -> &'static str {
        self.key.split('.').next().unwrap_or(self.key)
    }
}

/// The reference page, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Settings\n\nWritten by `cargo xtask codegen` from `host/config/src/settings/table.rs`.\n\n\
         A value in the database (the settings page, `octi settings set`, `PUT /api/settings/{key}`) is stronger than the environment, \
         that than `config.toml`, and that than the default. The key is also the place in `config.toml`.\n",
    );
    let mut category = "";
    for definition in DEFINITIONS {
        if definition.category() != category {
            category = definition.category();
            page.push_str(&format!(
                "\n## {category}\n\n| key | meaning | value | default | environment | `config.toml` | obeyed |\n| --- | --- | --- | --- | --- | --- | --- |\n"
            ));
        }
        page.push_str(&row(definition));
    }
    page
}

fn row(definition: &Definition) -> String {
    let secret = if definition.is_secret { " Never shown." } else { "" };
    let default = match (definition.default)() {
        Value::Null => String::new(),
        value => format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    };
    let variable = definition.variable.map_or_else(String::new, |name| format!("`{name}`"));
    let file = if definition.file_key.is_some() { "yes" } else { "no" };
    let obeyed = match (definition.fixed, definition.effective) {
        (Some(why), _) => format!("at the next start; it cannot be stored, because {why}"),
        (None, Effective::AtOnce) => "at once".to_owned(),
        (None, Effective::AtNextStart) => "at the next start".to_owned(),
    };
    format!(
        "| `{}` | {}{secret} | {} | {default} | {variable} | {file} | {obeyed} |\n",
        definition.key,
        definition.description,
        check::expected(definition),
    )
}
