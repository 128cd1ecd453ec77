//! An answer as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt};
use octi_api::openai::error::OpenAiError;
use octi_models::{ChatEvent, ModelError};
use serde::Serialize;
use serde_json::Value;

use super::calls::Incoming;
use crate::error::ApiError;

/// How often a silent answer shows that it is still there, so that nobody between takes it for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Asks a proxy not to keep the answer back until it is whole.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The response that sends what `write` makes of each piece. When the client goes away, the answer ends.
pub(super) fn response<W>(incoming: Incoming, mut write: W) -> Response
where
    W: FnMut(Result<ChatEvent, ModelError>) -> Vec<Event> + Send + 'static,
{
    let pieces = stream::unfold(incoming, |mut incoming| async move {
        let event = incoming.next().await?;
        Some((event, incoming))
    });
    let events = pieces.flat_map(move |event| stream::iter(write(event).into_iter().map(Ok::<_, Infallible>)));
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    response.headers_mut().insert(NO_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// An event with this value.
pub(super) fn json(value: &impl Serialize) -> Event {
    // Writing our own types as JSON cannot fail.
    Event::default().json_data(value).unwrap_or_default()
}

/// An event with this value, under the name that its `type` is.
pub(super) fn named(value: &impl Serialize) -> Event {
    let value = serde_json::to_value(value).unwrap_or_default();
    let name = value.get("type").and_then(Value::as_str).unwrap_or_default();
    json(&value).event(name)
}

/// A failure in the middle of an answer, whose status was sent long ago.
pub(super) fn failure(error: ApiError) -> OpenAiError {
    error.record();
    error.to_openai()
}
