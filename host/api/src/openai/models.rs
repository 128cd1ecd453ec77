//! `/v1/models`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A model that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelObject {
    /// The name under which the person set it up.
    pub id: String,
    /// Always `model`.
    pub object: String,
    /// Seconds since 1970. Always 0: octi does not know when a provider made its model.
    pub created: i64,
    /// The provider.
    pub owned_by: String,
}

/// Every model of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelList {
    /// Always `list`.
    pub object: String,
    pub data: Vec<ModelObject>,
}
