//! Chat completions: what is refused, and where the mistake is said to be.

use octi_domain::limits;
use octi_models::scripted::Answer;
use serde_json::{Value, json};

use super::super::host::host;
use super::{post, problem};

const PATH: &str = "/v1/chat/completions";

fn question(more: Value) -> Value {
    let mut body = json!({"model": "scripted", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn messages(messages: Value) -> Value {
    json!({ "messages": messages })
}

fn tool(name: &str, parameters: Value) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": parameters}})
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_and_named() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let image = json!([{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": "data:"}}]);
    let cases = [
        (messages(json!([])), "messages"),
        (messages(json!([{"role": "system", "content": "x"}])), "messages"),
        (messages(json!("hi")), "messages"),
        (messages(json!([{"role": "user"}])), "messages[0].content"),
        (messages(json!([{"role": "assistant", "content": null}])), "messages[0].content"),
        (messages(json!([{"role": "user", "content": 7}])), "messages[0].content"),
        (messages(json!([{"role": "user", "content": image}])), "messages[0].content[1].type"),
        (messages(json!([{"role": "user", "content": [{"type": "text"}]}])), "messages[0].content[0].text"),
        (messages(json!([{"role": "king", "content": "x"}])), "messages[0].role"),
        (messages(json!([{"role": "tool", "content": "x"}])), "messages[0].tool_call_id"),
        (messages(json!([{"role": "tool", "content": "x", "tool_call_id": "c"}])), "messages[0].tool_call_id"),
        (json!({"n": 2}), "n"),
        (json!({"logprobs": true}), "logprobs"),
        (json!({"response_format": {"type": "json_object"}}), "response_format.type"),
        (json!({"temperature": 2.5}), "temperature"),
        (json!({"top_p": 1.5}), "top_p"),
        (json!({"top_p": -0.1}), "top_p"),
        (json!({"seed": -1}), "seed"),
        (json!({"seed": 1.5}), "seed"),
        (json!({"presence_penalty": 2.5}), "presence_penalty"),
        (json!({"frequency_penalty": -2.5}), "frequency_penalty"),
        (json!({"max_tokens": 0}), "max_completion_tokens"),
        (json!({"stop": ["a", "b", "c", "d", "e"]}), "stop"),
        (json!({"stop": ""}), "stop"),
        (json!({"stop": "x".repeat(limits::OPENAI_STOP_BYTES_MAX + 1)}), "stop"),
        (json!({"stop": vec!["x"; limits::OPENAI_STOPS_MAX + 1]}), "stop"),
        (json!({"tools": [{"type": "web_search"}]}), "tools[0].type"),
        (json!({"tools": [tool("a b", json!({}))]}), "tools[0].function.name"),
        (json!({"tools": [tool("a", json!([]))]}), "tools[0].function.parameters"),
        (json!({"tools": [tool("a", json!({"title": "x".repeat(limits::SCHEMA_BYTES_MAX)}))]}), "tools[0].function.parameters"),
        (json!({"tools": vec![tool("a", json!({})); limits::OPENAI_TOOLS_MAX + 1]}), "tools"),
        (json!({"tool_choice": "required"}), "tool_choice"),
        (json!({"tool_choice": "perhaps"}), "tool_choice"),
        (json!({"tools": [tool("a", json!({}))], "tool_choice": {"function": {"name": "b"}}}), "tool_choice"),
    ];
    for (more, param) in cases {
        let (status, body) = post(&host, &ann, PATH, &question(more.clone())).await;
        let problem = problem(&body);
        assert_eq!((status, problem.param.as_deref()), (400, Some(param)), "{problem:?}");
        assert_eq!(problem.kind, "invalid_request_error");
    }
    assert!(host.model.requests().is_empty(), "the model was not asked");

    let (status, body) = post(&host, &ann, PATH, &question(json!({"model": "other"}))).await;
    assert_eq!((status, problem(&body).code.as_deref()), (404, Some("model_not_found")));
}

#[tokio::test]
async fn what_a_model_cannot_do_is_refused_and_not_passed_over() {
    let host = host([Answer::text("fine"), Answer::text("fine")]).await;
    let ann = host.person("ann").await;
    let forced = json!({"tools": [tool("a", json!({}))], "tool_choice": "required"});
    let named = json!({"tools": [tool("a", json!({}))], "tool_choice": {"type": "function", "function": {"name": "a"}}});
    let penalty = json!({"frequency_penalty": 0.5});
    let cases = [
        ("ollama", &forced, "tool_choice", "unsupported_value", "`auto`"),
        ("ollama", &named, "tool_choice", "unsupported_value", "`auto`"),
        ("ollama", &penalty, "frequency_penalty", "unsupported_parameter", "leave it out"),
        ("anthropic", &penalty, "frequency_penalty", "unsupported_parameter", "leave it out"),
    ];
    for (model, more, param, code, words) in cases {
        let mut body = question(more.clone());
        body["model"] = json!(model);
        let (status, body) = post(&host, &ann, PATH, &body).await;
        let problem = problem(&body);
        assert_eq!((status, problem.param.as_deref(), problem.code.as_deref()), (400, Some(param), Some(code)), "{problem:?}");
        assert!(problem.message.contains(words), "{problem:?}");
    }
    let functions = json!([{"type": "function", "name": "a", "parameters": {}}]);
    let body = json!({"model": "ollama", "input": "hi", "tools": functions, "tool_choice": "required"});
    let (status, body) = post(&host, &ann, "/v1/responses", &body).await;
    assert_eq!((status, problem(&body).param.as_deref()), (400, Some("tool_choice")));
    assert!(host.model.requests().is_empty(), "the model was not asked");
    let mut body = question(forced);
    body["model"] = json!("openai");
    assert_eq!(post(&host, &ann, PATH, &body).await.0, 200);
    let mut body = question(json!({"frequency_penalty": 0, "seed": 7}));
    body["model"] = json!("anthropic");
    assert_eq!(post(&host, &ann, PATH, &body).await.0, 200, "no penalty is no wish, and a seed is no promise");
}

#[tokio::test]
async fn a_conversation_has_a_greatest_length_and_size() {
    let host = host([Answer::text("a lot")]).await;
    let ann = host.person("ann").await;
    let many = |count| messages(json!(vec![json!({"role": "user", "content": "x"}); count]));
    let (status, body) = post(&host, &ann, PATH, &question(many(limits::OPENAI_MESSAGES_MAX + 1))).await;
    assert_eq!((status, problem(&body).param.as_deref()), (400, Some("messages")));
    let long = |bytes| messages(json!([{"role": "user", "content": "x".repeat(bytes)}]));
    let (status, body) = post(&host, &ann, PATH, &question(long(limits::OPENAI_BODY_BYTES_MAX))).await;
    assert_eq!((status, problem(&body).code.as_deref()), (413, Some("too_large")));
    let (status, _) = post(&host, &ann, PATH, &question(long(limits::HTTP_BODY_BYTES_MAX))).await;
    assert_eq!(status, 200, "it may be longer than other bodies");
}
