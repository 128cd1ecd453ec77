//! What is known about providers and their models before anyone has asked them.

use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use url::Url;

use crate::provider::Provider;

/// When the windows and prices below were taken down. They are shown with this date, and what a person configures wins.
pub const FIGURES_DATE: &str = "2025-10-01";

/// How long to look for a local Ollama server.
const DETECT_TIME_MAX: Duration = Duration::from_millis(800);
/// The longest list of models that is read from it.
const DETECT_BYTES_MAX: usize = 1024 * 1024;
/// The most models that are taken from it.
const DETECT_MODELS_MAX: usize = 200;

/// How a provider is found in the environment, and which of its models to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub provider: Provider,
    /// The variable with the key.
    pub key_variable: Option<&'static str>,
    /// The variable with another address.
    pub endpoint_variable: Option<&'static str>,
    /// The model to begin with, when the provider does not say what it has.
    pub default_model: Option<&'static str>,
}

/// Every provider that can be set up from the environment, in the order they are tried.
pub const KNOWN: [Known; 6] = [
    known(Provider::Anthropic, Some("ANTHROPIC_BASE_URL"), Some("claude-sonnet-4-5")),
    known(Provider::OpenAi, Some("OPENAI_BASE_URL"), Some("gpt-5-mini")),
    known(Provider::Gemini, Some("GEMINI_BASE_URL"), Some("gemini-2.5-flash")),
    known(Provider::OpenRouter, None, Some("openrouter/auto")),
    known(Provider::DeepSeek, None, Some("deepseek-chat")),
    known(Provider::Ollama, Some("OLLAMA_HOST"), None),
];

const fn known(provider: Provider, endpoint_variable: Option<&'static str>, default_model: Option<&'static str>) -> Known {
    Known { provider, key_variable: provider.key_variable(), endpoint_variable, default_model }
}

/// What is known about a model; every part may be unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    pub context_window: Option<u32>,
    /// US dollars for a million input tokens.
    pub price_in: Option<f64>,
    /// US dollars for a million output tokens.
    pub price_out: Option<f64>,
}

type Row = (Provider, &'static str, u32, f64, f64);

const ROWS: [Row; 26] = [
    (Provider::OpenAi, "gpt-5", 400_000, 1.25, 10.0),
    (Provider::OpenAi, "gpt-5-mini", 400_000, 0.25, 2.0),
    (Provider::OpenAi, "gpt-5-nano", 400_000, 0.05, 0.4),
    (Provider::OpenAi, "gpt-4.1", 1_047_576, 2.0, 8.0),
    (Provider::OpenAi, "gpt-4.1-mini", 1_047_576, 0.4, 1.6),
    (Provider::OpenAi, "gpt-4.1-nano", 1_047_576, 0.1, 0.4),
    (Provider::OpenAi, "gpt-4o", 128_000, 2.5, 10.0),
    (Provider::OpenAi, "gpt-4o-mini", 128_000, 0.15, 0.6),
    (Provider::OpenAi, "o3", 200_000, 2.0, 8.0),
    (Provider::OpenAi, "o4-mini", 200_000, 1.1, 4.4),
    (Provider::OpenAi, "text-embedding-3-small", 8_191, 0.02, 0.0),
    (Provider::OpenAi, "text-embedding-3-large", 8_191, 0.13, 0.0),
    (Provider::OpenAi, "text-embedding-ada-002", 8_191, 0.1, 0.0),
    (Provider::Anthropic, "claude-opus-4-1", 200_000, 15.0, 75.0),
    (Provider::Anthropic, "claude-opus-4", 200_000, 15.0, 75.0),
    (Provider::Anthropic, "claude-sonnet-4-5", 200_000, 3.0, 15.0),
    (Provider::Anthropic, "claude-sonnet-4", 200_000, 3.0, 15.0),
    (Provider::Anthropic, "claude-3-7-sonnet", 200_000, 3.0, 15.0),
    (Provider::Anthropic, "claude-3-5-haiku", 200_000, 0.8, 4.0),
    (Provider::Anthropic, "claude-3-haiku", 200_000, 0.25, 1.25),
    (Provider::Gemini, "gemini-2.5-pro", 1_048_576, 1.25, 10.0),
    (Provider::Gemini, "gemini-2.5-flash", 1_048_576, 0.3, 2.5),
    (Provider::Gemini, "gemini-2.5-flash-lite", 1_048_576, 0.1, 0.4),
    (Provider::Gemini, "gemini-embedding-001", 2_048, 0.15, 0.0),
    (Provider::DeepSeek, "deepseek-chat", 128_000, 0.28, 0.42),
    (Provider::DeepSeek, "deepseek-reasoner", 128_000, 0.28, 0.42),
];

/// What is known about a provider's model, also under a dated name such as `gpt-4o-2024-08-06`.
#[must_use]
pub fn facts(provider: Provider, model_id: &str) -> Option<Facts> {
    let row = ROWS.iter().find(|row| row.0 == provider && is_version_of(model_id, row.1))?;
    Some(Facts { context_window: Some(row.2), price_in: Some(row.3), price_out: Some(row.4) })
}

/// Parts of the names of model families that look at pictures, as the models' own cards say.
const SEEING: [&str; 24] = [
    "gpt-4o",
    "gpt-4.1",
    "gpt-5",
    "chatgpt-",
    "o4-mini",
    "claude-",
    "gemini-",
    "gemma3",
    "gemma-3",
    "llava",
    "moondream",
    "pixtral",
    "minicpm-v",
    "qwen2.5vl",
    "qwen3vl",
    "-vl",
    "vision",
    "llama4",
    "llama-4",
    "mistral-small3",
    "mistral-small-3",
    "mistral-medium-3",
    "internvl",
    "phi-4-multimodal",
];

/// Whether a model takes pictures, told by its name: no provider says it in the same way.
#[must_use]
pub fn sees_images(provider: Provider, model_id: &str) -> bool {
    let name = model_id.to_ascii_lowercase();
    let is_o3 = name == "o3" || name.starts_with("o3-20") || name == "o3-pro";
    provider != Provider::DeepSeek && (is_o3 || SEEING.iter().any(|family| name.contains(family)))
}

/// True for the name itself and for the name with a date or `-latest` behind it.
fn is_version_of(model_id: &str, name: &str) -> bool {
    let Some(rest) = model_id.strip_prefix(name) else { return false };
    let dated = |rest: &str| rest.len() >= 8 && rest.chars().all(|c| c.is_ascii_digit() || c == '-');
    rest.is_empty() || rest == "-latest" || rest.strip_prefix('-').is_some_and(dated)
}

/// The models of an Ollama server on this machine; `None` when there is none.
pub async fn detect_ollama(http: &reqwest::Client) -> Option<Vec<String>> {
    let url = Url::parse(Provider::Ollama.default_endpoint()?).ok()?;
    detect_ollama_at(http, &url).await
}

/// The models of the Ollama server at that address; `None` when there is none.
pub async fn detect_ollama_at(http: &reqwest::Client, address: &Url) -> Option<Vec<String>> {
    let url = address.join("api/tags").ok()?;
    let models = async {
        let response = http.get(url).send().await.ok()?.error_for_status().ok()?;
        let mut bytes = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            bytes.extend_from_slice(&chunk.ok()?);
            if bytes.len() > DETECT_BYTES_MAX {
                return None;
            }
        }
        let value: Value = serde_json::from_slice(&bytes).ok()?;
        let models = value.get("models")?.as_array()?.iter();
        Some(models.filter_map(|model| model.get("name")?.as_str().map(str::to_owned)).take(DETECT_MODELS_MAX).collect())
    };
    tokio::time::timeout(DETECT_TIME_MAX, models).await.ok().flatten()
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
