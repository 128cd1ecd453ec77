//! `/api/plugins/{publisher}/{name}/access`: who may use a plugin.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Who may use a plugin. What is said of one person counts first, then what is said of their organisations (where a no counts before
/// a yes), then what is said of everyone; where nothing is said, all may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginAccess {
    /// `publisher/name`.
    pub plugin: String,
    /// What holds for everyone of whom nothing else is said.
    pub everyone: bool,
    /// Every organisation of this host, by its word.
    pub orgs: Vec<OrgAccess>,
    /// Every person of this host, by name.
    pub people: Vec<PersonAccess>,
}

/// What is said of one organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrgAccess {
    pub org_id: Uuid,
    pub slug: String,
    pub name: String,
    /// Whether its people may use the plugin, unless something else is said of them; what holds for everyone when nothing is said of
    /// it.
    pub allowed: bool,
    /// When that was said of this very organisation; absent when it is like everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_at: Option<DateTime<Utc>>,
}

/// Whether one person may use a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonAccess {
    pub user_id: Uuid,
    pub username: String,
    /// What counts.
    pub allowed: bool,
    /// When that was said of this very person; absent when they are like their organisation or everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_at: Option<DateTime<Utc>>,
    /// The word of the organisation of theirs that decides; absent when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// Whether somebody may use a plugin from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetPluginAccess {
    /// The name of a person. Without a person and an organisation it is said of everyone of whom nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The word of an organisation, in place of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    pub allowed: bool,
}

/// Of whom nothing shall be said any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ForgetPluginAccess {
    /// The name of a person. Without a person and an organisation, everything that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The word of an organisation, in place of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
}
