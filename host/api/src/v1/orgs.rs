//! `/api/admin/orgs`: organisations, and who is in them.

use chrono::{DateTime, Utc};
use octi_domain::org;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Org {
    pub id: Uuid,
    /// The word that stands for it in addresses and commands.
    pub slug: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

impl From<org::Org> for Org {
    fn from(org: org::Org) -> Self {
        let org::Org { id, slug, name, created_at, .. } = org;
        Self { id: id.into(), slug, name, created_at }
    }
}

/// One organisation with the people in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrgDetails {
    pub org: Org,
    /// By name.
    pub members: Vec<OrgMember>,
}

/// One person in an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrgMember {
    pub user_id: Uuid,
    pub username: String,
    pub role: OrgRole,
    pub joined_at: DateTime<Utc>,
}

/// What somebody is in an organisation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrgRole {
    #[default]
    Member,
    OrgAdmin,
}

impl From<org::OrgRole> for OrgRole {
    fn from(role: org::OrgRole) -> Self {
        match role {
            org::OrgRole::Member => Self::Member,
            org::OrgRole::Admin => Self::OrgAdmin,
        }
    }
}

impl From<OrgRole> for org::OrgRole {
    fn from(role: OrgRole) -> Self {
        match role {
            OrgRole::Member => Self::Member,
            OrgRole::OrgAdmin => Self::Admin,
        }
    }
}

/// An organisation to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateOrg {
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Small letters, digits and hyphens; made of the name when absent. It stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40)]
    pub slug: Option<String>,
}

/// What somebody shall be in an organisation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetOrgMember {
    pub role: OrgRole,
}
