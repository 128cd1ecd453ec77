//! `/api/plugins`: what is installed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Where a plugin came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginSource {
    /// Inside the binary.
    Bundled,
    /// The plugins folder.
    Folder,
    /// A module of Extism, which runs in a process of its own.
    Extism,
}

/// Whether a plugin's newest version runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginState {
    /// It does.
    Running,
    /// It crashed too often and is not called for a while.
    Quarantined,
    /// It was rolled back; the version before it runs.
    RolledBack,
    /// Nothing of it runs.
    Broken,
}

/// What is wrong with a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginIncidentKind {
    /// It crashed too often and is not called for a while.
    Quarantined,
    /// A version was taken back, and the one before it runs.
    RolledBack,
    /// Its publisher or a registry revoked it.
    Revoked,
}

/// What an administrator can do about it here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginWayBack {
    /// `POST …/reload`: ends a quarantine, or tries the version that was taken back again.
    Reload,
    /// An offer of its registry's newest version, or removing it.
    Upgrade,
}

/// What is wrong with a plugin, since when, and the way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginIncident {
    pub kind: PluginIncidentKind,
    /// As a sentence.
    pub reason: String,
    /// The version that it is about.
    pub version: String,
    /// Absent when nobody noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// What to do, as a sentence.
    pub remedy: String,
    pub way_back: PluginWayBack,
}

/// One plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plugin {
    /// `publisher/name`.
    pub id: String,
    pub version: String,
    pub description: String,
    pub source: PluginSource,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    pub bytes: u64,
    pub state: PluginState,
    /// Counts the swaps since the host started, from 1.
    pub generation: u64,
    /// The version that a rollback would bring back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    pub tools: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<String>,
    /// What it may reach, one line each.
    pub capabilities: Vec<String>,
    /// Why it does not run, or why the newest file is not the one running, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The same with its parts, when it was quarantined, revoked or rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<PluginIncident>,
    /// How long making native code of this version took, in milliseconds, unless that was there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiled_ms: Option<u64>,
    /// Whether who asks has the grant to use it.
    #[serde(default = "yes")]
    pub may_use: bool,
    /// Where it came from, if from a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<PluginOrigin>,
}

/// An older server knows no grants: everybody may.
const fn yes() -> bool {
    true
}

/// Where a plugin of a registry came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginOrigin {
    /// Its name in `config.toml`.
    pub registry: String,
    /// Of the OCI manifest, `sha256:…`.
    pub package: String,
    pub publisher_key: String,
}

/// What is known of a plugin file without running it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginInspection {
    /// The manifest inside the file.
    pub manifest: Value,
    /// What it would be able to reach, one line each.
    pub capabilities: Vec<String>,
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// The functions of a component without a manifest that are no tools, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    pub bytes: u64,
}

/// How an uploaded file is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct InstallQuery {
    /// The file's name in the plugins folder; made from the plugin's id when absent. A component without a manifest is named after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// For a module of Extism: the hosts it may send requests to, such as `api.example.com:443, *.example.org:443`; none without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// For a module of Extism: its configuration, as a JSON object of texts; `{{secret:NAME}}` in a text is joined when it starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
}
