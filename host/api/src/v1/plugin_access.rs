//! `/api/plugins/{publisher}/{name}/access`: who may use a plugin.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Who may use a plugin. What is said of one person counts before what is said of everyone; where nothing is said, all may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginAccess {
    /// `publisher/name`.
    pub plugin: String,
    /// What holds for everyone of whom nothing else is said.
    pub everyone: bool,
    /// Every person of this host, by name.
    pub people: Vec<PersonAccess>,
}

/// Whether one person may use a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonAccess {
    pub user_id: Uuid,
    pub username: String,
    /// What counts.
    pub allowed: bool,
    /// When that was said of this very person; absent when they are like everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_at: Option<DateTime<Utc>>,
}

/// Whether somebody may use a plugin from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetPluginAccess {
    /// The name of a person; absent for everyone of whom nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    pub allowed: bool,
}

/// Of whom nothing shall be said any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ForgetPluginAccess {
    /// The name of a person; absent for everything that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}
