//! `/api/settings`: what holds for everybody on this host.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    String,
    /// A whole number, not below zero.
    Number,
    Boolean,
    /// An object.
    Json,
    StringArray,
}

/// Where a value comes from, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    Database,
    Environment,
    /// `config.toml`.
    File,
    Default,
}

/// When a change is obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingEffective {
    /// By everything that begins after it.
    AtOnce,
    AtNextStart,
}

/// One setting, and the value that holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Such as `agent.minutes_max`.
    pub key: String,
    /// The group it belongs to.
    pub category: String,
    pub kind: SettingKind,
    pub description: String,
    /// Nothing for a secret, and for what has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    pub value: Option<Value>,
    /// What holds when it is set nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    pub default: Option<Value>,
    pub source: SettingSource,
    /// Its value is never shown.
    pub secret: bool,
    /// Whether somebody set it: here, in the environment or in the file.
    pub is_set: bool,
    /// The environment variable that sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env_var: Option<String>,
    /// Its place in `config.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_key: Option<String>,
    /// It cannot be changed while the host runs.
    pub read_only: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only_reason: Option<String>,
    pub effective: SettingEffective,
    /// The values it may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<String>>,
    /// The least number it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u64>,
    /// The greatest number it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u64>,
    /// Why what is stored is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The new value of one setting.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetSetting {
    /// Of the setting's kind. A secret is kept encrypted.
    pub value: Value,
}

/// The new values of several settings: all are stored, or none.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetSettings {
    /// By key.
    pub values: BTreeMap<String, Value>,
}

impl fmt::Debug for SetSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetSetting").finish_non_exhaustive()
    }
}

impl fmt::Debug for SetSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetSettings").field("keys", &self.values.keys()).finish_non_exhaustive()
    }
}
