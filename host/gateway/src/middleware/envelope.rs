//! Gives every request an id, catches panics, and puts every error into the one envelope, or into OpenAI's under `/v1`.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use octi_api::error::ErrorCode;
use octi_domain::ids::RequestId;
use octi_domain::telemetry;
use tracing::Instrument;

use crate::error::ApiError;
use crate::openai;
use crate::state::Gateway;

/// The header of every answer that names the request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer.
pub(crate) async fn envelope(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let request_id = gateway.ambient.id::<RequestId>().to_string();
    let (method, route, began) = (word(request.method()), route(&request), Instant::now());
    let is_openai = request.uri().path().starts_with(openai::PREFIX);
    let span = tracing::info_span!("request", %request_id, method = %request.method(), path = request.uri().path());
    async {
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = answer.unwrap_or_else(|panic| ApiError::internal(panic_text(panic.as_ref())).into_response());
        let response = finish(response, &request_id, is_openai);
        count(method, route, response.status(), began);
        response
    }
    .instrument(span)
    .await
}

/// The request's method, as a metric may tell it: clients make up methods.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The template of the route, never the path: paths hold ids.
fn route(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned()
}

fn count(method: &'static str, route: String, status: StatusCode, began: Instant) {
    let class = match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    metrics::counter!(telemetry::HTTP_REQUESTS.name, "method" => method, "route" => route, "status" => class).increment(1);
    metrics::histogram!(telemetry::HTTP_SECONDS.name).record(began.elapsed().as_secs_f64());
}

fn finish(mut response: Response, request_id: &str, is_openai: bool) -> Response {
    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && !is_said(&response) {
        let error = response.extensions_mut().remove::<ApiError>().unwrap_or_else(|| foreign(status));
        error.record();
        let mut envelope = if is_openai {
            (status, Json(error.to_openai())).into_response()
        } else {
            (status, Json(error.to_body(request_id))).into_response()
        };
        // What was said beside the body stays; what described the old body does not.
        for name in [ALLOW, RETRY_AFTER, WWW_AUTHENTICATE] {
            if let Some(value) = response.headers_mut().remove(&name) {
                envelope.headers_mut().insert(name, value);
            }
        }
        response = envelope;
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.entry("cache-control").or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Another protocol has words of its own for errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said;

fn is_said(response: &Response) -> bool {
    response.extensions().get::<Said>().is_some()
}

/// An error of the framework and not of a handler.
fn foreign(status: StatusCode) -> ApiError {
    let (code, message) = match status {
        StatusCode::METHOD_NOT_ALLOWED => (ErrorCode::MethodNotAllowed, "this route does not take that method"),
        StatusCode::PAYLOAD_TOO_LARGE => (ErrorCode::TooLarge, "the body is larger than this route takes"),
        StatusCode::NOT_FOUND => (ErrorCode::RouteNotFound, "there is no such route; `/api/openapi.json` lists them"),
        status if status.is_client_error() => (ErrorCode::InvalidField, "the request is not what this route takes"),
        status => return ApiError::internal(format!("a layer answered {status}")),
    };
    ApiError::new(code, message)
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_keeps_its_words_for_the_log() {
        assert_eq!(panic_text(&"boom"), "a handler panicked: boom");
        assert_eq!(panic_text(&String::from("boom")), "a handler panicked: boom");
        assert_eq!(panic_text(&7_u8), "a handler panicked: without a message");
    }
}
