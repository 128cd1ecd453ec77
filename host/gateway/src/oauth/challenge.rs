//! What `/mcp` says to whoever may not come in: where to ask, and for what (RFC 6750, RFC 9728).

use axum::http::HeaderValue;
use axum::http::header::WWW_AUTHENTICATE;
use axum::response::{IntoResponse, Response};
use octi_api::error::ErrorCode;
use octi_security::auth::oauth::{Place, Scope};

use crate::error::ApiError;

/// What is said of one route.
#[derive(Debug, Clone, Default)]
pub(crate) struct Challenge {
    /// Where that route's metadata is; none when the request names no host of octi's.
    metadata: Option<String>,
    /// A token was shown.
    shown: bool,
}

impl Challenge {
    pub(crate) fn new(place: Option<&Place>, route: &str, shown: bool) -> Self {
        let of = if route == "/mcp" { "/mcp" } else { "/sse" };
        let metadata = place.map(|place| place.at(&format!("/.well-known/oauth-protected-resource{of}")));
        Self { metadata, shown }
    }

    /// The refusal with what the program can do about it.
    pub(crate) fn refuse(&self, error: ApiError) -> Response {
        let is_stranger = error.code() == ErrorCode::Unauthenticated;
        let mut response = error.into_response();
        if is_stranger {
            self.add(&mut response, self.shown.then_some("invalid_token"));
        }
        response
    }

    /// The same to a program that was let in for less.
    pub(crate) fn needs_more(&self) -> Response {
        let text = "the person let this program read and no more: ask them again, for the scope `mcp`";
        let mut response = ApiError::new(ErrorCode::Forbidden, text).into_response();
        self.add(&mut response, Some("insufficient_scope"));
        response
    }

    fn add(&self, response: &mut Response, error: Option<&str>) {
        let mut text = "Bearer realm=\"octi\"".to_owned();
        let scope = self.metadata.as_ref().map(|_| Scope::Everything.as_str());
        for (name, value) in [("error", error), ("resource_metadata", self.metadata.as_deref()), ("scope", scope)] {
            if let Some(value) = value {
                text.push_str(&format!(", {name}=\"{value}\""));
            }
        }
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
    }
}
