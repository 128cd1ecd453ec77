//! Errors as clients of OpenAI's API expect them: the same reasons in another envelope.

use octi_api::error::ErrorCode;
use octi_api::openai::error::{OpenAiError, OpenAiErrorDetail};

use octi_models::{ModelError, Unable};

use crate::error::ApiError;

/// The word for a model that the person does not have.
pub(crate) const MODEL_NOT_FOUND: &str = "model_not_found";
/// The word for a conversation that is too long for its model.
const CONTEXT_LENGTH: &str = "context_length_exceeded";
/// The word for what a provider did not take.
const BAD_REQUEST: &str = "invalid_request";
/// The word for a value that is right in itself, and too much for this model.
const UNSUPPORTED_VALUE: &str = "unsupported_value";
/// The word for a field of which this model has nothing.
const UNSUPPORTED_PARAMETER: &str = "unsupported_parameter";
/// Seconds to wait when the provider does not say how long.
const RETRY_SECONDS: u64 = 5;

impl ApiError {
    /// The client's half, for `/v1`.
    pub(crate) fn to_openai(&self) -> OpenAiError {
        let code = self.foreign_code().unwrap_or_else(|| word(self.code()));
        OpenAiError {
            error: OpenAiErrorDetail {
                message: self.message().to_owned(),
                kind: kind(self.code()).to_owned(),
                param: self.path().map(str::to_owned),
                code: Some(code.to_owned()),
            },
        }
    }
}

/// A wish that the model cannot fulfil.
pub(super) fn of_unable(unable: Unable) -> ApiError {
    // Without a choice the tools are offered all the same; a penalty has no place at all.
    let code = if unable.field == "tool_choice" { UNSUPPORTED_VALUE } else { UNSUPPORTED_PARAMETER };
    ApiError::field(unable.field, unable.message).with_foreign_code(code)
}

/// What a model's failure means for the client that brought a conversation.
pub(crate) fn of_model(error: ModelError) -> ApiError {
    of_model_about("messages", error)
}

/// What a model's failure means for the client that brought this field.
pub(super) fn of_model_about(field: &str, error: ModelError) -> ApiError {
    let message = error.to_string();
    let new = |code| ApiError::new(code, message.clone());
    match error {
        ModelError::ContextLength(_) => ApiError::field(field, message).with_foreign_code(CONTEXT_LENGTH),
        ModelError::BadRequest(_) => new(ErrorCode::InvalidField).with_foreign_code(BAD_REQUEST),
        ModelError::Unsupported(_) => ApiError::field("model", message).with_foreign_code(UNSUPPORTED_VALUE),
        ModelError::RateLimited { retry_after, .. } => {
            let seconds = retry_after.map_or(RETRY_SECONDS, |wait| wait.as_secs().max(1));
            new(ErrorCode::TooMany).with_retry_after(seconds)
        }
        ModelError::Overloaded(_) | ModelError::Unavailable(_) | ModelError::Cancelled => new(ErrorCode::Unavailable),
        // The client's own key is right: it is octi's that the provider did not take.
        ModelError::Auth(_) | ModelError::Timeout { .. } | ModelError::Protocol(_) | ModelError::TooLarge => {
            new(ErrorCode::Upstream)
        }
    }
}

const fn kind(code: ErrorCode) -> &'static str {
    match code.status() {
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

/// OpenAI's word where it has one for the same thing, else ours.
const fn word(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Unauthenticated => "invalid_api_key",
        ErrorCode::TooMany => "rate_limit_exceeded",
        ErrorCode::RouteNotFound => "unknown_url",
        code => code.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_speak_the_words_of_openai() {
        let detail = |error: ApiError| error.to_openai().error;
        let stranger = detail(ApiError::unauthenticated());
        assert_eq!((stranger.kind.as_str(), stranger.code.as_deref()), ("invalid_request_error", Some("invalid_api_key")));
        let missing = detail(ApiError::new(ErrorCode::NotFound, "none").with_foreign_code(MODEL_NOT_FOUND));
        assert_eq!((missing.kind.as_str(), missing.code.as_deref()), ("invalid_request_error", Some("model_not_found")));
        let many = detail(ApiError::new(ErrorCode::TooMany, "wait"));
        assert_eq!((many.kind.as_str(), many.code.as_deref()), ("rate_limit_error", Some("rate_limit_exceeded")));
        let field = detail(ApiError::field("messages[0].role", "what?"));
        assert_eq!((field.param.as_deref(), field.code.as_deref()), (Some("messages[0].role"), Some("invalid_field")));
        assert_eq!(detail(ApiError::internal("a secret")).kind, "server_error");
        assert!(!detail(ApiError::internal("a secret")).message.contains("secret"));
    }
}
