//! Embeddings: what is sent to each provider, what is read of its answer, and what is not believed.

use std::time::Duration;

use octi_domain::limits::EMBED_ANSWER_BYTES_MAX;
use octi_domain::run::Usage;
use octi_models::{EmbedRequest, Embeddings, ModelError, Phase, Provider};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;
use wiremock::ResponseTemplate;

use crate::always;
use crate::peer::{PATIENCE, Wire, model, received};

fn texts(inputs: &[&str], dimensions: Option<u32>) -> EmbedRequest {
    EmbedRequest { inputs: inputs.iter().map(|text| (*text).to_owned()).collect(), dimensions }
}

async fn embed(provider: Provider, base: &str, request: EmbedRequest) -> Result<Embeddings, ModelError> {
    model(provider, base).embed(request, CancellationToken::new()).await
}

/// What a server that always answers this makes of two texts.
async fn answered(provider: Provider, answer: Value) -> Result<Embeddings, ModelError> {
    let server = always(ResponseTemplate::new(200).set_body_json(answer)).await;
    embed(provider, &server.uri(), texts(&["a", "b"], None)).await
}

/// Path, key and body of the one request that came.
async fn sent(provider: Provider, request: EmbedRequest, answer: Value) -> (String, String, Value) {
    let server = always(ResponseTemplate::new(200).set_body_json(answer)).await;
    embed(provider, &server.uri(), request).await.expect("an embedding");
    let received = received(&server).await.remove(0);
    let header = |name: &str| received.headers.get(name).map(|value| value.to_str().expect("text").to_owned());
    let key = header("authorization").or_else(|| header("x-goog-api-key")).unwrap_or_default();
    (received.url.path().to_owned(), key, received.body_json().expect("JSON"))
}

#[tokio::test]
async fn each_provider_is_asked_in_its_own_words() {
    let data = json!({"data": [{"embedding": [1.0, 2.0], "index": 0}, {"embedding": [3.0, 4.0], "index": 1}]});
    let two = || texts(&["a", "b"], Some(2));
    for (provider, key) in
        [(Provider::OpenAi, "Bearer a-key"), (Provider::OpenRouter, "Bearer a-key"), (Provider::OpenAiCompatible, "")]
    {
        let body = json!({"model": "m-high", "input": ["a", "b"], "dimensions": 2});
        assert_eq!(sent(provider, two(), data.clone()).await, ("/embeddings".to_owned(), key.to_owned(), body), "{provider}");
    }

    let vectors = json!({"embeddings": [[1.0, 2.0], [3.0, 4.0]]});
    let body = json!({"model": "m-high", "input": ["a", "b"], "dimensions": 2});
    assert_eq!(sent(Provider::Ollama, two(), vectors).await, ("/api/embed".to_owned(), String::new(), body));

    let content =
        |text: &str| json!({"model": "models/m-high", "content": {"parts": [{"text": text}]}, "outputDimensionality": 2});
    let body = json!({"requests": [content("a"), content("b")]});
    let values = json!({"embeddings": [{"values": [1.0, 2.0]}, {"values": [3.0, 4.0]}]});
    let path = "/models/m-high:batchEmbedContents".to_owned();
    assert_eq!(sent(Provider::Gemini, two(), values).await, (path, "a-key".to_owned(), body));
    let one = json!({"embedding": {"values": [1.0, 2.0]}});
    let path = "/models/m-high:embedContent".to_owned();
    assert_eq!(sent(Provider::Gemini, texts(&["a"], Some(2)), one).await, (path, "a-key".to_owned(), content("a")));
}

#[tokio::test]
async fn vectors_come_in_the_order_of_their_texts_with_what_was_counted() {
    let swapped = json!({
        "data": [{"embedding": [2.0], "index": 1}, {"embedding": [1.0], "index": 0}],
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    });
    let answer = answered(Provider::OpenAi, swapped).await.unwrap();
    assert_eq!(answer.vectors, [[1.0], [2.0]]);
    assert_eq!(answer.usage, Usage { input_tokens: 8, output_tokens: 0, estimated: false });

    // As an Ollama server of version 0.12 answers.
    let ollama = json!({
        "model": "all-minilm", "embeddings": [[0.010071029, -0.0017594862], [-0.0098027, 0.06042469]],
        "total_duration": 14_143_917, "load_duration": 1_019_500, "prompt_eval_count": 8,
    });
    let answer = answered(Provider::Ollama, ollama).await.unwrap();
    assert_eq!(answer.vectors, [[0.010_071_029, -0.001_759_486_2], [-0.009_802_7, 0.060_424_69]]);
    assert_eq!(answer.usage, Usage { input_tokens: 8, output_tokens: 0, estimated: false });

    let answer = answered(Provider::Gemini, json!({"embeddings": [{"values": [1.0]}, {"values": [2.0]}]})).await.unwrap();
    assert_eq!(answer.usage, Usage { input_tokens: 2, output_tokens: 0, estimated: true });
}

#[tokio::test]
async fn vectors_that_cannot_belong_to_the_texts_are_not_believed() {
    let one = json!({"data": [{"embedding": [1.0], "index": 0}]});
    let uneven = json!({"data": [{"embedding": [1.0], "index": 0}, {"embedding": [1.0, 2.0], "index": 1}]});
    let empty = json!({"data": [{"embedding": [], "index": 0}, {"embedding": [], "index": 1}]});
    for (answer, words) in
        [(one, "1 vectors for 2 texts"), (uneven, "one length"), (empty, "empty"), (json!({"hello": 1}), "no list of vectors")]
    {
        let error = answered(Provider::OpenAi, answer).await.unwrap_err();
        assert!(matches!(&error, ModelError::Protocol(text) if text.contains(words)), "{error}");
    }
    let data = json!({"data": [{"embedding": [1.0, 2.0, 3.0], "index": 0}]});
    let server = always(ResponseTemplate::new(200).set_body_json(data)).await;
    let error = embed(Provider::OpenAi, &server.uri(), texts(&["a"], Some(2))).await.unwrap_err();
    assert!(matches!(&error, ModelError::BadRequest(text) if text.contains("or ask for 3")), "{error}");
}

#[tokio::test]
async fn a_text_that_is_too_long_is_told_in_words_about_texts() {
    let said = json!({"error": {"message": "This model's maximum context length is 8192 tokens", "code": null}});
    let server = always(ResponseTemplate::new(400).set_body_json(said)).await;
    let error = embed(Provider::OpenAi, &server.uri(), texts(&["a"], None)).await.unwrap_err();
    let words = |text: &str| text.contains("cut it into smaller ones") && text.contains("8192");
    assert!(matches!(&error, ModelError::ContextLength(text) if words(text)), "{error}");
}

#[tokio::test]
async fn a_passing_trouble_is_counted_and_an_answer_without_end_is_given_up() {
    let server = wiremock::MockServer::start().await;
    let post = || wiremock::Mock::given(wiremock::matchers::method("POST"));
    post().respond_with(ResponseTemplate::new(503)).up_to_n_times(2).mount(&server).await;
    let data = json!({"data": [{"embedding": [1.0], "index": 0}]});
    post().respond_with(ResponseTemplate::new(200).set_body_json(data)).mount(&server).await;
    assert_eq!(embed(Provider::OpenAi, &server.uri(), texts(&["a"], None)).await.unwrap().retried, 2);

    let large = " ".repeat(EMBED_ANSWER_BYTES_MAX + 1);
    let server = always(ResponseTemplate::new(200).set_body_string(large)).await;
    let error = embed(Provider::OpenAi, &server.uri(), texts(&["a"], None)).await.unwrap_err();
    assert!(matches!(&error, ModelError::Protocol(text) if text.contains("fewer texts")), "{error}");
}

#[tokio::test]
async fn a_silent_server_and_a_stop_end_the_call() {
    let wire = Wire::listen().await;
    let (answer, ()) = tokio::join!(embed(Provider::OpenAi, &wire.base, texts(&["a"], None)), async {
        let mut stream = wire.accept().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
        tokio::time::sleep(PATIENCE.silence + Duration::from_millis(100)).await;
    });
    assert_eq!(answer, Err(ModelError::Timeout { phase: Phase::Silence, after: PATIENCE.silence }));

    let (model, cancel) = (model(Provider::OpenAi, &wire.base), CancellationToken::new());
    let (answer, _stream) = tokio::join!(model.embed(texts(&["a"], None), cancel.clone()), async {
        let stream = wire.accept().await;
        cancel.cancel();
        stream
    });
    assert_eq!(answer, Err(ModelError::Cancelled));
}
