//! The one error of the gateway: a text for the client, a text for the log, and the code that joins them.

mod from;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use octi_api::error::{ErrorBody, ErrorCode, ErrorDetail};
use octi_api::frames::ErrorFrame;

pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// Why a request or frame could not be obeyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    code: ErrorCode,
    message: String,
    path: Option<String>,
    /// What clients of OpenAI's API call it, when that says more than the code.
    foreign_code: Option<&'static str>,
    /// What really happened, when the client must not read it.
    log: Option<String>,
    /// Seconds after which trying again makes sense.
    retry_after: Option<u64>,
}

impl ApiError {
    /// An error whose text is fit for the client.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), path: None, foreign_code: None, log: None, retry_after: None }
    }

    /// A bad field of the body.
    pub(crate) fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::new(ErrorCode::InvalidField, message) }
    }

    /// There is no such thing, or it belongs to someone else: the client cannot tell which.
    pub(crate) fn not_found(noun: &str) -> Self {
        let code = match noun {
            "session" => ErrorCode::SessionNotFound,
            "agent" => ErrorCode::AgentNotFound,
            "permission request" => ErrorCode::ApprovalNotFound,
            _ => ErrorCode::NotFound,
        };
        Self::new(code, format!("there is no such {noun}, or it is not yours"))
    }

    /// A failure of the host. `log` never leaves it.
    pub(crate) fn internal(log: impl Into<String>) -> Self {
        let message = "octi failed to do this; the log has the reason under the request id";
        Self { log: Some(log.into()), ..Self::new(ErrorCode::Internal, message) }
    }

    /// Nobody is signed in.
    pub(crate) fn unauthenticated() -> Self {
        let message = "sign in first: send `Authorization: Bearer octi_…` with a token of `octi token create`";
        Self::new(ErrorCode::Unauthenticated, message)
    }

    /// Adds what only the log may say.
    pub(crate) fn with_log(mut self, log: Option<String>) -> Self {
        self.log = log;
        self
    }

    /// Adds when to try again.
    pub(crate) const fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds the word under which clients of OpenAI's API know this error.
    pub(crate) const fn with_foreign_code(mut self, code: &'static str) -> Self {
        self.foreign_code = Some(code);
        self
    }

    pub(crate) const fn foreign_code(&self) -> Option<&'static str> {
        self.foreign_code
    }

    pub(crate) fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    pub(crate) const fn code(&self) -> ErrorCode {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Writes the log's half. A client's mistake is no news; a failure of the host is.
    pub(crate) fn record(&self) {
        let (code, status) = (self.code.as_str(), self.code.status());
        let reason = self.log.as_deref().unwrap_or(&self.message);
        if status >= 500 {
            tracing::error!(code, status, reason, "request failed");
        } else {
            tracing::debug!(code, status, reason, "request refused");
        }
    }

    /// The client's half, for REST.
    pub(crate) fn to_body(&self, request_id: &str) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail {
                code: self.code,
                message: self.message.clone(),
                request_id: request_id.to_owned(),
                path: self.path.clone(),
            },
        }
    }

    /// The client's half, for the WebSocket.
    pub(crate) fn to_frame(&self, request_id: &str) -> ErrorFrame {
        ErrorFrame {
            code: self.code.frame_code(),
            message: self.message.clone(),
            path: self.path.clone(),
            retry_after_seconds: self.retry_after,
            request_id: Some(request_id.to_owned()),
        }
    }
}

impl IntoResponse for ApiError {
    /// The body is written by `middleware::envelope`, which knows the request id.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}
