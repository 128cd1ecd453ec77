//! What each provider is sent, and what it answers.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::EmbedRequest;
use crate::provider::Provider;

/// One request.
#[derive(Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) url: String,
    pub(super) body: Value,
}

/// The request; none for a provider without such models. `endpoint` ends with a `/`.
pub(super) fn request(provider: Provider, endpoint: &str, model_id: &str, request: &EmbedRequest) -> Option<Sent> {
    let EmbedRequest { inputs, dimensions } = request;
    let (path, body) = match provider {
        Provider::OpenAi | Provider::OpenAiCompatible | Provider::OpenRouter => {
            ("embeddings".to_owned(), with(json!({ "model": model_id, "input": inputs }), "dimensions", *dimensions))
        }
        Provider::Ollama => {
            ("api/embed".to_owned(), with(json!({ "model": model_id, "input": inputs }), "dimensions", *dimensions))
        }
        Provider::Gemini => {
            let mut contents = inputs.iter().map(|text| {
                let content = json!({ "model": format!("models/{model_id}"), "content": { "parts": [{ "text": text }] } });
                with(content, "outputDimensionality", *dimensions)
            });
            match inputs.len() {
                1 => (format!("models/{model_id}:embedContent"), contents.next()?),
                _ => (format!("models/{model_id}:batchEmbedContents"), json!({ "requests": contents.collect::<Vec<_>>() })),
            }
        }
        Provider::Anthropic | Provider::DeepSeek | Provider::Demo => return None,
    };
    Some(Sent { url: format!("{endpoint}{path}"), body })
}

fn with(mut body: Value, name: &str, number: Option<u32>) -> Value {
    if let Some(number) = number {
        body[name] = number.into();
    }
    body
}

#[derive(Deserialize)]
struct OpenAiAnswer {
    data: Vec<OpenAiVector>,
    #[serde(default)]
    usage: OpenAiUsage,
}

#[derive(Deserialize)]
struct OpenAiVector {
    embedding: Vec<f32>,
    #[serde(default)]
    index: usize,
}

#[derive(Default, Deserialize)]
struct OpenAiUsage {
    prompt_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OllamaAnswer {
    embeddings: Vec<Vec<f32>>,
    prompt_eval_count: Option<u64>,
}

/// One vector or several. Not an untagged enum, which would hold the answer as a tree first.
#[derive(Deserialize)]
struct GeminiAnswer {
    embedding: Option<GeminiVector>,
    #[serde(default)]
    embeddings: Vec<GeminiVector>,
}

#[derive(Deserialize)]
struct GeminiVector {
    values: Vec<f32>,
}

/// The vectors in the order of their texts, and the tokens the provider counted, when it did.
pub(super) fn read(provider: Provider, body: &[u8]) -> Result<(Vec<Vec<f32>>, Option<u64>), String> {
    let (vectors, tokens) = match provider {
        Provider::Ollama => {
            let OllamaAnswer { embeddings, prompt_eval_count } = parsed(body)?;
            (embeddings, prompt_eval_count)
        }
        Provider::Gemini => {
            let GeminiAnswer { embedding, embeddings } = parsed(body)?;
            (embedding.into_iter().chain(embeddings).map(|vector| vector.values).collect(), None)
        }
        _ => {
            let OpenAiAnswer { mut data, usage } = parsed(body)?;
            data.sort_by_key(|vector| vector.index);
            (data.into_iter().map(|vector| vector.embedding).collect(), usage.prompt_tokens)
        }
    };
    // A server that does not count says zero.
    Ok((vectors, tokens.filter(|tokens| *tokens > 0)))
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("something that is no list of vectors ({error})"))
}
