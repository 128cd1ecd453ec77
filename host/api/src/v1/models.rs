//! `/api/models`: the models a person has set up.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One configured model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    pub name: String,
    /// Such as `openai` or `ollama`.
    pub provider: String,
    /// What the provider calls it.
    pub model_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Whether a key is kept for it. Keys themselves are never shown.
    pub has_key: bool,
    /// Tokens that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u32>,
    /// US dollars per million tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_in: Option<f64>,
    /// US dollars per million tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_out: Option<f64>,
    pub supports_tools: bool,
    pub is_default: bool,
    /// The built-in model that needs no network and only plays a handful of requests.
    pub is_demo: bool,
}

/// A model to be set up. A model of that name is replaced.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddModel {
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    pub provider: String,
    /// What the provider calls it; the name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Kept encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_in: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_out: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supports_tools: Option<bool>,
    /// Use it when nothing else is asked for.
    #[serde(default)]
    pub default: bool,
}

impl fmt::Debug for AddModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddModel")
            .field("name", &self.name)
            .field("provider", &self.provider)
            .field("model_id", &self.model_id)
            .field("endpoint", &self.endpoint)
            .field("has_key", &self.key.is_some())
            .finish_non_exhaustive()
    }
}

/// What a short question to the model gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelTest {
    pub ok: bool,
    pub latency_ms: u64,
    /// What it answered, or why it did not.
    pub message: String,
}
