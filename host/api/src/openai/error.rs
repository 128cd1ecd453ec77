//! The envelope in which clients of OpenAI expect errors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The envelope of every error under `/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenAiError {
    pub error: OpenAiErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenAiErrorDetail {
    /// For a person. Names what to do where there is something to do.
    pub message: String,
    /// The family of the error, such as `invalid_request_error`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The field that is wrong, such as `messages[2].content`.
    pub param: Option<String>,
    /// A stable word, such as `model_not_found`.
    pub code: Option<String>,
}
