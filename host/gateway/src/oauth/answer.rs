//! Answers in the words of OAuth.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use octi_security::auth::oauth::{OauthError, Refused, Word};
use serde_json::json;

use crate::error::ApiError;
use crate::middleware::envelope::Said;

/// Why a program does not get what it asked for. A failure of the host is told like every other.
pub(super) fn refusal(error: OauthError) -> Response {
    match error {
        OauthError::Refused(refused) => refused_with(&refused),
        OauthError::Auth(error) => ApiError::from(error).into_response(),
    }
}

pub(super) fn refused_with(refused: &Refused) -> Response {
    let status = match refused.word {
        Word::InvalidClient => StatusCode::UNAUTHORIZED,
        Word::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    tracing::debug!(word = refused.word.as_str(), reason = refused.text, "a program was refused");
    let body = json!({ "error": refused.word.as_str(), "error_description": refused.text });
    let mut response = (status, Json(body)).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, (24 * 60 * 60).into());
    }
    response.extensions_mut().insert(Said);
    response
}

/// The body could not be read.
pub(super) fn misread(text: impl Into<String>) -> Response {
    refused_with(&Refused { word: Word::InvalidRequest, text: text.into() })
}
