//! The sections of `config.toml`. Unknown keys are errors, so a typo cannot pass silently.

use std::collections::BTreeMap;
use std::path::PathBuf;

use octi_domain::plugin_limits::PluginLimits;
use serde::Deserialize;

use crate::registries::Registries;
use crate::shell::Shell;

/// The whole file. Every field may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    pub server: Server,
    pub database: Database,
    pub agent: Agent,
    pub compaction: Compaction,
    pub sandbox: Sandbox,
    /// By the plugin's id, such as `octi/filesystem`.
    pub plugins: BTreeMap<String, Plugin>,
    pub shell: Shell,
    pub registries: Registries,
    pub network: Network,
    pub workspace: Workspace,
    pub gateway: Gateway,
    pub log: Log,
}

/// Where octi listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    pub host: Option<String>,
    pub port: Option<u16>,
    /// Read through `settings`, which checks it.
    pub trusted_proxies: Option<Vec<String>>,
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

/// What turns may use; 0 means no limit for iterations and tokens. These numbers are read through `settings`, which checks them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Agent {
    pub iterations_max: Option<u64>,
    pub minutes_max: Option<u64>,
    pub tokens_max: Option<u64>,
    pub runs_active_max: Option<u64>,
}

/// When summaries are made; read through `settings` too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Compaction {
    pub auto: Option<bool>,
    pub auto_percent: Option<u64>,
    pub kept_messages: Option<u64>,
}

/// What clients may do; read through `settings` too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    pub connections_per_user_max: Option<u64>,
    pub chats_per_minute_max: Option<u64>,
    pub commands_per_minute_max: Option<u64>,
    pub subscribes_per_minute_max: Option<u64>,
    pub replays_per_minute_max: Option<u64>,
    pub requests_per_minute_max: Option<u64>,
    pub strangers_per_minute_max: Option<u64>,
    pub openai_calls_per_user_max: Option<u64>,
    pub openai_calls_max: Option<u64>,
    pub mcp_hosts: Option<Vec<String>>,
    pub mcp_stream_seconds: Option<u64>,
    pub mcp_sampling: Option<String>,
    pub public_url: Option<String>,
}

/// What is logged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub filter: Option<String>,
}

/// How child processes are confined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sandbox {
    pub processes: Option<SandboxLevel>,
}

/// Where plugins may connect besides the public internet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    pub private_targets: Option<Vec<String>>,
    pub ca_file: Option<PathBuf>,
    pub searxng_url: Option<String>,
}

/// Where agents may work besides their workspaces; read through `settings`, which checks it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workspace {
    pub additional_paths: Option<Vec<String>>,
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

/// What the administrator decides about one plugin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plugin {
    pub limits: Limits,
}

/// Limits in place of those that the plugin's manifest asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub memory_mb: Option<u64>,
    pub time_ms: Option<u64>,
    pub cpu_ms: Option<u64>,
    pub output_bytes: Option<u64>,
    pub concurrency: Option<u64>,
    pub resources: Option<u64>,
    pub log_lines: Option<u64>,
    pub fs_calls: Option<u64>,
    pub kv_calls: Option<u64>,
    pub processes: Option<u64>,
    pub http_requests: Option<u64>,
    pub warm: Option<u64>,
}

impl From<Limits> for PluginLimits {
    fn from(limits: Limits) -> Self {
        Self {
            memory_mb: limits.memory_mb,
            time_ms: limits.time_ms,
            cpu_ms: limits.cpu_ms,
            output_bytes: limits.output_bytes,
            concurrency: limits.concurrency,
            resources: limits.resources,
            log_lines: limits.log_lines,
            fs_calls: limits.fs_calls,
            kv_calls: limits.kv_calls,
            processes: limits.processes,
            http_requests: limits.http_requests,
            warm: limits.warm,
        }
    }
}
