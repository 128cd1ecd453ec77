//! Embeddings: what the model is given, and what the client gets.

use octi_domain::limits;
use octi_models::EmbedRequest;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::host::{host, host_on};
use super::{costs, post, problem, send};

const PATH: &str = "/v1/embeddings";

fn texts(more: Value) -> Value {
    let mut body = json!({"model": "scripted", "input": "the sun", "user": "me"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

octi_testkit::on_both! {
    async fn texts_become_vectors_and_their_cost_is_written_down(db) {
        let host = host_on(db, []).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let more = json!({"input": ["the sun", "ä"], "dimensions": 2});
        let (status, body) = post(&host, &ann, PATH, &texts(more)).await;
        assert_eq!(status, 200, "{body}");
        let data = json!([
            {"object": "embedding", "index": 0, "embedding": [7.0, 0.5]},
            {"object": "embedding", "index": 1, "embedding": [2.0, 0.5]},
        ]);
        assert_eq!((&body["object"], &body["model"], &body["data"]), (&json!("list"), &json!("scripted"), &data));
        assert_eq!(body["usage"], json!({"prompt_tokens": 6, "total_tokens": 6}));
        let inputs = vec!["the sun".to_owned(), "ä".to_owned()];
        assert_eq!(host.model.embedded(), [EmbedRequest { inputs, dimensions: Some(2) }]);
        let cost = costs(&host, &ann).await;
        assert_eq!((cost.calls, cost.input_tokens, cost.output_tokens), (1, 6, 0));
        assert_eq!(costs(&host, &bob).await.calls, 0, "one's cost is not another's");
    }
}

#[tokio::test]
async fn a_client_may_ask_for_base64_and_for_one_text() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (_, body) = post(&host, &ann, PATH, &texts(json!({"encoding_format": "base64"}))).await;
    // 7.0 and 0.5 as 32-bit floats, the lowest byte first.
    assert_eq!(body["data"], json!([{"object": "embedding", "index": 0, "embedding": "AADgQAAAAD8="}]));
    let (_, body) = post(&host, &ann, PATH, &texts(json!({"encoding_format": "float"}))).await;
    assert_eq!(body["data"][0]["embedding"], json!([7.0, 0.5]));
}

#[tokio::test]
async fn what_cannot_be_embedded_is_refused_and_named() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let long = "x".repeat(limits::OPENAI_INPUT_BYTES_MAX + 1);
    let cases = [
        (json!({"input": []}), "input", "at least one"),
        (json!({"input": ""}), "input", "empty"),
        (json!({"input": ["a", ""]}), "input[1]", "empty"),
        (json!({"input": [1, 2, 3]}), "input", "tokens are not taken"),
        (json!({"input": [[1, 2], [3]]}), "input", "tokens are not taken"),
        (json!({"input": vec!["a"; limits::OPENAI_INPUTS_MAX + 1]}), "input", "at most 1024"),
        (json!({"input": long}), "input", "at most 65536"),
        (json!({"input": ["a", long]}), "input[1]", "at most 65536"),
        (json!({"encoding_format": "int8"}), "encoding_format", "`float` or `base64`"),
        (json!({"dimensions": 0}), "dimensions", "1 to"),
        (json!({"dimensions": limits::OPENAI_DIMENSIONS_MAX + 1}), "dimensions", "1 to"),
    ];
    for (more, param, words) in cases {
        let (status, body) = post(&host, &ann, PATH, &texts(more)).await;
        let problem = problem(&body);
        assert_eq!((status, problem.param.as_deref()), (400, Some(param)), "{problem:?}");
        assert!(problem.message.contains(words), "{problem:?}");
    }
    assert!(host.model.embedded().is_empty(), "the model was not asked");
    let long = &long[1..];
    assert_eq!(post(&host, &ann, PATH, &texts(json!({"input": long, "dimensions": limits::OPENAI_DIMENSIONS_MAX}))).await.0, 200);
    let (status, _) = post(&host, &ann, PATH, &texts(json!({"input": vec!["a"; limits::OPENAI_INPUTS_MAX]}))).await;
    assert_eq!(status, 200);
    let many = vec![long; limits::OPENAI_BODY_BYTES_MAX / long.len() + 1];
    assert_eq!(post(&host, &ann, PATH, &texts(json!({ "input": many }))).await.0, 413);
}

#[tokio::test]
async fn a_model_that_cannot_embed_says_so() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (status, body) = post(&host, &ann, PATH, &texts(json!({"model": "talker"}))).await;
    let refusal = problem(&body);
    assert_eq!((status, refusal.code.as_deref(), refusal.param.as_deref()), (400, Some("unsupported_value"), Some("model")));
    assert!(refusal.message.contains("cannot turn texts into vectors"), "{}", refusal.message);
    let (status, body) = post(&host, &ann, PATH, &texts(json!({"model": "none"}))).await;
    assert_eq!((status, problem(&body).code.as_deref()), (404, Some("model_not_found")));
    assert_eq!(send(&host, "octi_wrong", Method::POST, PATH, &texts(json!({}))).await.status(), 401);
    assert_eq!(costs(&host, &ann).await.calls, 0);
}

#[tokio::test]
async fn what_was_read_before_a_failure_is_paid() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let mut inputs = vec!["a"; limits::EMBED_BATCH_MAX];
    inputs.push("too long");
    let (status, body) = post(&host, &ann, PATH, &texts(json!({ "input": inputs }))).await;
    let refusal = problem(&body);
    let expected = (400, Some("context_length_exceeded"), Some("input"));
    assert_eq!((status, refusal.code.as_deref(), refusal.param.as_deref()), expected);
    let cost = costs(&host, &ann).await;
    assert_eq!((cost.calls, cost.input_tokens), (1, 3 * limits::EMBED_BATCH_MAX as u64));
}
