//! `/v1/responses`: the same as chat completions in OpenAI's newer form. Nothing is kept, so each request brings the whole
//! conversation.

mod read;
mod write;

use axum::Json as Answer;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use octi_api::openai::response::{ResponseEvent, ResponseObject, ResponseStreamEvent};
use octi_api::openai::responses::{ResponseToolChoice, ResponsesRequest};
use octi_domain::ids::RequestId;
use octi_domain::limits;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::error::of_model;
use super::{calls, sse};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Json};
use crate::state::Gateway;
use write::Writer;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    let bodies = DefaultBodyLimit::max(limits::OPENAI_BODY_BYTES_MAX);
    OpenApiRouter::new().routes(routes!(create_response).layer(bodies))
}

/// Answers a conversation with one of the person's models. With `stream` the answer comes as server-sent events with a
/// `ResponseStreamEvent` each. What a model thinks is left out.
#[utoipa::path(post, path = "/v1/responses", tag = "openai", request_body = ResponsesRequest, responses((status = 200, body = ResponseObject)))]
async fn create_response(
    State(gateway): State<Gateway>,
    caller: Caller,
    Json(body): Json<ResponsesRequest>,
) -> ApiResult<Response> {
    let is_stream = body.stream == Some(true);
    let begun = begun(&gateway, &body);
    let asked = read::read(body)?;
    let mut incoming = calls::begin(&gateway, &caller, &begun.model, asked).await?;
    let mut writer = Writer::new(begun);
    if is_stream {
        let mut number = 0;
        return Ok(sse::response(incoming, move |event| {
            writer.take(event).into_iter().map(|event| numbered(event, &mut number)).collect()
        }));
    }
    while let Some(event) = incoming.next().await {
        let event = event.map_err(of_model)?;
        for event in writer.take(Ok(event)) {
            if let ResponseEvent::Completed { response } | ResponseEvent::Incomplete { response } = event {
                return Ok(Answer(*response).into_response());
            }
        }
    }
    Err(ApiError::internal("an answer ended without its end"))
}

/// The answer before its first word.
fn begun(gateway: &Gateway, body: &ResponsesRequest) -> ResponseObject {
    ResponseObject {
        id: format!("resp_{}", gateway.ambient.id::<RequestId>().as_uuid().simple()),
        object: "response".to_owned(),
        created_at: gateway.ambient.now().timestamp(),
        status: "in_progress".to_owned(),
        error: None,
        incomplete_details: None,
        instructions: body.instructions.clone(),
        max_output_tokens: body.max_output_tokens,
        model: body.model.clone(),
        output: Vec::new(),
        parallel_tool_calls: true,
        previous_response_id: None,
        store: false,
        temperature: body.temperature,
        top_p: body.top_p,
        tool_choice: body.tool_choice.clone().unwrap_or_else(|| ResponseToolChoice::Word("auto".to_owned())),
        tools: body.tools.clone().unwrap_or_default(),
        usage: None,
    }
}

fn numbered(event: ResponseEvent, number: &mut u64) -> Event {
    let event = ResponseStreamEvent { event, sequence_number: *number };
    *number += 1;
    sse::named(&event)
}
