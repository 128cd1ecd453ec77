//! A program that a person let read, and no more: what it sends is looked at before the protocol sees it.
//!
//! Only what is known to change nothing goes on; what goes on is what was looked at, written anew, so that nobody can read it in
//! another way.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Method;
use axum::http::header::CONTENT_LENGTH;
use octi_api::error::ErrorCode;
use octi_domain::limits;
use octi_extension::manifest::Effect;
use serde_json::Value;

use super::{operations, schema};
use crate::error::ApiError;
use crate::state::Gateway;

/// Why a message does not go on.
pub(super) enum Stopped {
    /// It would do more than read.
    NeedsMore,
    /// It cannot be looked at.
    Unfit(ApiError),
}

/// Messages that change nothing whatever they say, and beginnings of such.
const METHODS: &[&str] = &[
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "prompts/",
    "resources/",
    "completion/complete",
    "logging/setLevel",
    "subscriptions/listen",
    "notifications/",
];

/// The request, when it only reads.
pub(super) async fn only(gateway: &Gateway, request: Request) -> Result<Request, Stopped> {
    // Listening, and ending a session.
    if request.method() != Method::POST {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let bytes = to_bytes(body, limits::MCP_MESSAGE_BYTES_MAX)
        .await
        .map_err(|_| Stopped::Unfit(ApiError::new(ErrorCode::TooLarge, "the message is larger than this route takes")))?;
    let message: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Stopped::Unfit(ApiError::new(ErrorCode::InvalidJson, format!("this is not JSON: {error}"))))?;
    let all = message.as_array().map_or(std::slice::from_ref(&message), Vec::as_slice);
    if !all.iter().all(|message| changes_nothing(gateway, message)) {
        return Err(Stopped::NeedsMore);
    }
    parts.headers.remove(CONTENT_LENGTH);
    Ok(Request::from_parts(parts, Body::from(message.to_string())))
}

fn changes_nothing(gateway: &Gateway, message: &Value) -> bool {
    let Some(method) = message.get("method") else {
        // An answer to what octi asked about a call that was let through.
        return message.get("result").is_some() || message.get("error").is_some();
    };
    let Some(method) = method.as_str() else { return false };
    if method == "tools/call" {
        let called = &message["params"];
        let name = called["name"].as_str().unwrap_or_default();
        let inner = called["arguments"]["name"].as_str().unwrap_or_default();
        return reads(gateway, if name == schema::EXECUTE { inner } else { name });
    }
    METHODS.iter().any(|known| method == *known || (known.ends_with('/') && method.starts_with(known)))
}

/// Whether what is called that tells programs that it only reads.
fn reads(gateway: &Gateway, name: &str) -> bool {
    if let Some(operation) = operations::described().get(name) {
        return operation.effects.is_read_only;
    }
    let changing = [Effect::Write, Effect::Process, Effect::Money];
    let tool = gateway.registry.snapshot().tools.get(name).cloned();
    tool.is_some_and(|tool| !tool.spec().effects.iter().any(|effect| changing.contains(effect)))
}
