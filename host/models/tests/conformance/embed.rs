//! Embeddings over the wires that the mock server speaks. It knows neither Gemini's batches nor Ollama's own route; those are
//! among the recorded wires.

use octi_models::{EmbedRequest, ModelError, Provider};
use tokio_util::sync::CancellationToken;

use crate::aimock::Aimock;
use crate::talk::{KEY, WIRES, http, model};

type Wire = (Provider, &'static str, &'static str);

/// The wires whose embeddings the mock speaks, and the texts it takes at once.
fn embedding() -> impl Iterator<Item = (Wire, usize)> {
    WIRES.into_iter().filter_map(|wire| match wire.0 {
        Provider::OpenAi | Provider::OpenAiCompatible | Provider::OpenRouter => Some((wire, 3)),
        Provider::Gemini => Some((wire, 1)),
        _ => None,
    })
}

fn texts(text: &str, count: usize) -> EmbedRequest {
    EmbedRequest { inputs: vec![text.to_owned(); count], dimensions: None }
}

#[tokio::test]
async fn texts_become_vectors_over_each_wire() {
    let server = Aimock::start("conformance.json");
    for (wire, count) in embedding() {
        let request = texts("the sun", count);
        let answer = model(&server.base, wire).embed(request, CancellationToken::new()).await.unwrap();
        assert_eq!(answer.vectors, vec![[0.25, -0.5, 1.0]; count], "{}", wire.0);
        assert!(answer.usage.estimated && answer.usage.input_tokens > 0, "{}: the mock counts no tokens", wire.0);
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart_and_asked_again_only_when_it_may_help() {
    let server = Aimock::start("conformance.json");
    let attempts = octi_domain::limits::MODEL_ATTEMPTS_MAX;
    for (text, status, kind, asked) in
        [("embed with the wrong key", 401, "auth", 1), ("embed and be overloaded", 503, "overloaded", attempts)]
    {
        for (at, (wire, _)) in embedding().enumerate() {
            let request = texts(text, 1);
            let error = model(&server.base, wire).embed(request, CancellationToken::new()).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{}: {error}", wire.0);
            assert!(!wire.0.needs_key() || !error.to_string().contains(KEY), "{}: {error}", wire.0);
            assert_eq!(server.count(&http(), text, status).await, (at + 1) * asked, "{}", wire.0);
        }
    }
}

#[tokio::test]
async fn a_provider_without_such_models_is_not_asked() {
    for wire in WIRES.into_iter().filter(|wire| matches!(wire.0, Provider::Anthropic | Provider::DeepSeek)) {
        let error = model("http://127.0.0.1:1", wire).embed(texts("the sun", 1), CancellationToken::new()).await.unwrap_err();
        assert!(matches!(&error, ModelError::Unsupported(text) if text.contains(wire.0.as_str())), "{error}");
    }
}
