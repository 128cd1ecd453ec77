//! `/api/secrets`: what a person's tools may send for them and never see.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A secret, without its value: nothing ever shows that again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// What a placeholder calls it: `{{secret:NAME}}`.
    pub name: String,
    pub created_at: DateTime<Utc>,
    /// When the value was last set.
    pub updated_at: DateTime<Utc>,
    /// The plugins that may use it, and where each may send it.
    pub uses: Vec<SecretUse>,
}

/// One place a plugin may send a secret to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretUse {
    pub plugin: String,
    /// With its port when that is not 443.
    pub host: String,
    pub header: String,
    /// Why, in the plugin's words.
    pub reason: String,
}

/// The value of a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetSecret {
    /// Kept encrypted.
    #[schema(min_length = 8, max_length = 65536)]
    pub value: String,
}

impl fmt::Debug for SetSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetSecret").finish_non_exhaustive()
    }
}
