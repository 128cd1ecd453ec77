//! Turning texts into vectors.
//!
//! The wires are small enough to be spoken here: the library that holds conversations reads an answer of any length, and
//! wants a usage that not every compatible server sends.

mod wire;

use std::time::Duration;

use futures::StreamExt;
use octi_domain::limits;
use octi_domain::run::Usage;
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::again;
use crate::chat::ModelInfo;
use crate::cost::estimate_tokens;
use crate::error::{ModelError, Phase};
use crate::live::Peer;
use crate::provider::Provider;

/// Texts that become vectors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbedRequest {
    /// At most [`limits::EMBED_BATCH_MAX`] texts, none of them empty.
    pub inputs: Vec<String>,
    /// Numbers each vector is to have, for models that can give more or fewer.
    pub dimensions: Option<u32>,
}

/// What the texts became.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Embeddings {
    /// One vector for each text, in their order.
    pub vectors: Vec<Vec<f32>>,
    pub usage: Usage,
    /// How often the provider had to be asked again.
    pub retried: u32,
}

/// What a model that cannot embed says.
pub(crate) fn refusal(info: &ModelInfo) -> ModelError {
    let why = match info.provider {
        Provider::Demo => "it is built in and only holds conversations".to_owned(),
        provider => format!("`{provider}` has no models that do"),
    };
    ModelError::Unsupported(format!(
        "`{}` cannot turn texts into vectors, because {why}: use a model that can, such as `octi model add embedder --provider \
         ollama --model nomic-embed-text`",
        info.name
    ))
}

/// Asks the provider, again when that may help.
pub(crate) async fn embed(
    peer: &Peer,
    http: &reqwest::Client,
    info: &ModelInfo,
    request: EmbedRequest,
    cancel: CancellationToken,
) -> Result<Embeddings, ModelError> {
    let Some(sent) = wire::request(info.provider, &peer.endpoint, &info.model_id, &request) else {
        return Err(refusal(info));
    };
    let deadline = Instant::now() + peer.patience.total;
    let attempt = || attempt(peer, http, &sent);
    let (body, retried) = again::until_answered(attempt, info, peer.patience, deadline, &cancel).await?;
    let (vectors, tokens) = wire::read(info.provider, &body).map_err(|problem| strange(info, &problem))?;
    check(info, &request, &vectors)?;
    let estimated = || request.inputs.iter().map(|text| estimate_tokens(text)).sum();
    let usage = Usage { input_tokens: tokens.unwrap_or_else(estimated), output_tokens: 0, estimated: tokens.is_none() };
    Ok(Embeddings { vectors, usage, retried })
}

async fn attempt(peer: &Peer, http: &reqwest::Client, sent: &wire::Sent) -> Result<Vec<u8>, ModelError> {
    let (asked, silence) = (peer.asked(), peer.patience.silence);
    let mut request = http.post(&sent.url).json(&sent.body);
    if let Some(key) = &peer.key {
        request = match peer.provider {
            Provider::Gemini => request.header("x-goog-api-key", key.expose_secret()),
            _ => request.bearer_auth(key.expose_secret()),
        };
    }
    let response = heard(silence, request.send()).await?.map_err(|error| asked.transport(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = heard(silence, chunks.next()).await? {
        let chunk = chunk.map_err(|error| asked.transport(&error))?;
        if body.len() + chunk.len() > limits::EMBED_ANSWER_BYTES_MAX {
            return Err(ModelError::Protocol(format!(
                "`{}` sent more than {} bytes of vectors: embed fewer texts at once",
                peer.model_id,
                limits::EMBED_ANSWER_BYTES_MAX
            )));
        }
        body.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return Ok(body);
    }
    let body = String::from_utf8_lossy(&body);
    Err(match asked.refused(status.as_u16(), &body, &headers) {
        ModelError::ContextLength(_) => ModelError::ContextLength(format!(
            "a text is longer than `{}` can read: cut it into smaller ones (it said: {})",
            peer.model_id,
            asked.said(&body)
        )),
        error => error,
    })
}

async fn heard<F: Future>(silence: Duration, next: F) -> Result<F::Output, ModelError> {
    timeout(silence, next).await.map_err(|_| ModelError::Timeout { phase: Phase::Silence, after: silence })
}

/// Vectors that do not belong to the texts would be compared with others for a long time before anybody noticed.
fn check(info: &ModelInfo, request: &EmbedRequest, vectors: &[Vec<f32>]) -> Result<(), ModelError> {
    let (asked, got) = (request.inputs.len(), vectors.len());
    if asked != got {
        return Err(strange(info, &format!("{got} vectors for {asked} texts")));
    }
    let length = vectors.first().map_or(0, Vec::len);
    if vectors.iter().any(|vector| vector.is_empty() || vector.len() != length) {
        return Err(strange(info, "vectors that are empty or not of one length"));
    }
    match request.dimensions.and_then(|wanted| usize::try_from(wanted).ok()) {
        Some(wanted) if wanted != length => Err(ModelError::BadRequest(format!(
            "`{}` gives vectors of {length} numbers whatever it is asked for: leave `dimensions` out, or ask for {length}",
            info.name
        ))),
        _ => Ok(()),
    }
}

fn strange(info: &ModelInfo, problem: &str) -> ModelError {
    ModelError::Protocol(format!(
        "`{}` answered {problem}: check with `octi model list` that `{}` is a model that embeds",
        info.provider, info.model_id
    ))
}
