//! `/v1/embeddings`: texts, and the vectors they become.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Texts to turn into vectors.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct EmbeddingsRequest {
    /// The name of one of the person's models; it must be one that embeds.
    pub model: String,
    pub input: EmbeddingsInput,
    /// `float` when absent.
    pub encoding_format: Option<EmbeddingsFormat>,
    /// Numbers of each vector, for models that can give more or fewer.
    #[schema(minimum = 1)]
    pub dimensions: Option<u32>,
}

/// One text, or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "input is a text or a list of texts; tokens are not taken, because each model reads them in its own way: send the text"
)]
pub enum EmbeddingsInput {
    Text(String),
    Texts(Vec<String>),
}

/// How vectors are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingsFormat {
    #[default]
    Float,
    /// The numbers as 32-bit floats, little-endian, in Base64.
    Base64,
}

/// The vectors of all texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EmbeddingsResponse {
    /// Always `list`.
    pub object: String,
    /// In the order of the texts.
    pub data: Vec<EmbeddingObject>,
    pub model: String,
    pub usage: EmbeddingsUsage,
}

/// The vector of one text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EmbeddingObject {
    /// Always `embedding`.
    pub object: String,
    pub embedding: EmbeddingVector,
    /// Which of the texts.
    pub index: usize,
}

/// The numbers, as `encoding_format` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum EmbeddingVector {
    Floats(Vec<f32>),
    Base64(String),
}

/// The tokens of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EmbeddingsUsage {
    pub prompt_tokens: u64,
    pub total_tokens: u64,
}
