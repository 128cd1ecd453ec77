//! The sections of `config.toml`. Unknown keys are errors, so a typo cannot pass silently.

use serde::Deserialize;

/// The whole file. Every field may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    pub server: Server,
    pub database: Database,
    pub agent: Agent,
    pub sandbox: Sandbox,
}

/// Where octi listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    pub host: Option<String>,
    pub port: Option<u16>,
}

/// Where octi keeps its data.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    pub url: Option<String>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("url", &self.url.as_ref().map(|_| "…")).finish()
    }
}

/// What one turn may use; 0 means no limit for iterations and tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agent {
    pub iterations_max: Option<u32>,
    pub minutes_max: Option<u64>,
    pub tokens_max: Option<u64>,
}

/// How child processes are confined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sandbox {
    pub processes: Option<SandboxLevel>,
}

/// How much confinement is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxLevel {
    Off,
    /// As much as this machine can.
    #[default]
    Auto,
    /// Refuse to run below full confinement.
    Required,
}
