//! `/v1/embeddings`: texts become vectors.

use std::time::Duration;

use axum::Json as Answer;
use axum::extract::{DefaultBodyLimit, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use octi_agents::EmbedCall;
use octi_api::openai::embeddings::{
    EmbeddingObject, EmbeddingVector, EmbeddingsFormat, EmbeddingsInput, EmbeddingsRequest, EmbeddingsResponse, EmbeddingsUsage,
};
use octi_domain::limits;
use octi_domain::run::Usage;
use octi_models::{ModelError, Phase};
use tokio::sync::oneshot;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::ask::check_count;
use super::calls::{self, Place};
use super::error::of_model_about;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Json};
use crate::state::Gateway;

type Embedded = Result<(Vec<Vec<f32>>, Usage), ModelError>;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    let bodies = DefaultBodyLimit::max(limits::OPENAI_BODY_BYTES_MAX);
    OpenApiRouter::new().routes(routes!(create_embeddings).layer(bodies))
}

/// Turns texts into vectors with one of the person's models.
#[utoipa::path(post, path = "/v1/embeddings", tag = "openai", request_body = EmbeddingsRequest, responses((status = 200, body = EmbeddingsResponse)))]
async fn create_embeddings(
    State(gateway): State<Gateway>,
    caller: Caller,
    Json(body): Json<EmbeddingsRequest>,
) -> ApiResult<Answer<EmbeddingsResponse>> {
    let EmbeddingsRequest { model, input, encoding_format, dimensions } = body;
    let inputs = inputs(input)?;
    if dimensions.is_some_and(|count| count == 0 || count > limits::OPENAI_DIMENSIONS_MAX) {
        let message = format!("a vector has 1 to {} numbers", limits::OPENAI_DIMENSIONS_MAX);
        return Err(ApiError::field("dimensions", message));
    }
    let (place, found) = calls::admit(&gateway, &caller, &model).await?;
    let (sender, answer) = oneshot::channel();
    let task = serve(gateway.clone(), caller, EmbedCall::begin(found), (inputs, dimensions), place, sender);
    gateway.shared().calls.run(task);
    let answer = answer.await.map_err(|_| ApiError::internal("the task of a call for embeddings ended without a word"))?;
    let (vectors, usage) = answer.map_err(|error| of_model_about("input", error))?;
    let format = encoding_format.unwrap_or_default();
    let data = vectors.into_iter().enumerate().map(|(index, vector)| object(index, vector, format)).collect();
    let usage = EmbeddingsUsage { prompt_tokens: usage.input_tokens, total_tokens: usage.total() };
    Ok(Answer(EmbeddingsResponse { object: "list".to_owned(), data, model, usage }))
}

/// The texts, when they are what models take.
fn inputs(input: EmbeddingsInput) -> ApiResult<Vec<String>> {
    let (inputs, is_list) = match input {
        EmbeddingsInput::Text(text) => (vec![text], false),
        EmbeddingsInput::Texts(texts) => (texts, true),
    };
    if inputs.is_empty() {
        return Err(ApiError::field("input", "there is no text to embed: send at least one"));
    }
    check_count("input", "texts", inputs.len(), limits::OPENAI_INPUTS_MAX)?;
    for (index, text) in inputs.iter().enumerate() {
        let path = || if is_list { format!("input[{index}]") } else { "input".to_owned() };
        if text.is_empty() {
            return Err(ApiError::field(path(), "an empty text has no meaning to embed: leave it out"));
        }
        if text.len() > limits::OPENAI_INPUT_BYTES_MAX {
            let (bytes, max) = (text.len(), limits::OPENAI_INPUT_BYTES_MAX);
            return Err(ApiError::field(
                path(),
                format!("the text has {bytes} bytes; at most {max} are taken: cut it into smaller ones"),
            ));
        }
    }
    Ok(inputs)
}

/// Asks the model, also when the client has gone by then: what was used is written down.
async fn serve(
    gateway: Gateway,
    caller: Caller,
    mut call: EmbedCall,
    (inputs, dimensions): (Vec<String>, Option<u32>),
    place: Place,
    mut client: oneshot::Sender<Embedded>,
) {
    let calls = gateway.shared().calls.clone();
    let total = Duration::from_secs(limits::OPENAI_CALL_SECONDS_MAX);
    let answer = tokio::select! {
        biased;
        () = client.closed() => Err(ModelError::Cancelled),
        () = calls.stopping() => {
            let message = "octi is shutting down and ended the call: ask again in a moment";
            Err(ModelError::Unavailable(message.to_owned()))
        }
        () = tokio::time::sleep(total) => Err(ModelError::Timeout { phase: Phase::Total, after: total }),
        answer = call.ask(inputs, dimensions) => answer,
    };
    if let Some(cost) = call.cost(&gateway.ambient, caller.user_id) {
        calls::write_down(&gateway, &caller, &cost).await;
    }
    let usage = call.usage();
    drop((call, place));
    // A client that went away needs no answer.
    let _told = client.send(answer.map(|vectors| (vectors, usage)));
}

fn object(index: usize, vector: Vec<f32>, format: EmbeddingsFormat) -> EmbeddingObject {
    let embedding = match format {
        EmbeddingsFormat::Float => EmbeddingVector::Floats(vector),
        EmbeddingsFormat::Base64 => {
            let bytes: Vec<u8> = vector.into_iter().flat_map(f32::to_le_bytes).collect();
            EmbeddingVector::Base64(STANDARD.encode(bytes))
        }
    };
    EmbeddingObject { object: "embedding".to_owned(), embedding, index }
}
