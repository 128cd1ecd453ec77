//! `/v1/chat/completions`: a conversation that the client brings, and its answer.

mod read;
mod write;

use axum::Json as Answer;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use octi_api::openai::chat::ChatCompletionRequest;
use octi_api::openai::completion::ChatCompletion;
use octi_domain::ids::RequestId;
use octi_domain::limits;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::error::of_model;
use super::{calls, sse};
use crate::error::ApiResult;
use crate::extract::{Caller, Json};
use crate::state::Gateway;
use write::{Chunks, Head, Whole};

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    let bodies = DefaultBodyLimit::max(limits::OPENAI_BODY_BYTES_MAX);
    OpenApiRouter::new().routes(routes!(create_chat_completion).layer(bodies))
}

/// Answers a conversation with one of the person's models. With `stream` the answer comes as server-sent events with a
/// `ChatCompletionChunk` each, and `[DONE]` at the end.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "openai", request_body = ChatCompletionRequest, responses((status = 200, body = ChatCompletion)))]
async fn create_chat_completion(
    State(gateway): State<Gateway>,
    caller: Caller,
    Json(body): Json<ChatCompletionRequest>,
) -> ApiResult<Response> {
    let model = body.model.clone();
    let is_stream = body.stream == Some(true);
    let include_usage = body.stream_options.as_ref().and_then(|options| options.include_usage) == Some(true);
    let asked = read::read(body)?;
    let mut incoming = calls::begin(&gateway, &caller, &model, asked).await?;
    let id = gateway.ambient.id::<RequestId>().as_uuid().simple();
    let head = Head { id: format!("chatcmpl-{id}"), created: gateway.ambient.now().timestamp(), model };
    if is_stream {
        let mut chunks = Chunks::new(head, include_usage);
        return Ok(sse::response(incoming, move |event| chunks.take(event)));
    }
    let mut whole = Whole::default();
    while let Some(event) = incoming.next().await {
        whole.take(event.map_err(of_model)?);
    }
    Ok(Answer(whole.into_completion(head)).into_response())
}
