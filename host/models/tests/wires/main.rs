//! What the mock server of the conformance suite cannot express: recorded wires, limits, and connections that go wrong.

#[cfg(test)]
mod embed;
mod limits;
#[cfg(test)]
mod peer;

use octi_domain::message::{Part, Role, ToolCall, ToolResult};
use octi_domain::run::Usage;
use octi_models::{ChatEvent, ChatMessage, ChatRequest, Finish, ModelError, Provider, ToolChoice, ToolSchema, connect};
use peer::{ask, config, http, model, received, request, sse};
use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

const SIGNED_CALL: &str = include_str!("../fixtures/gemini_signed_call.sse");
const OVERLOADED_FIRST: &str = include_str!("../fixtures/anthropic_overloaded_first.sse");
const OVERLOADED_LATER: &str = include_str!("../fixtures/anthropic_overloaded_later.sse");
const KEEPALIVE: &str = include_str!("../fixtures/openrouter_keepalive.sse");
const SPLIT_CALLS: &str = include_str!("../fixtures/openai_split_calls.sse");

async fn always(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    server
}

fn calls(events: &[ChatEvent]) -> Vec<ToolCall> {
    let call = |event: &ChatEvent| if let ChatEvent::ToolCall(call) = event { Some(call.clone()) } else { None };
    events.iter().filter_map(call).collect()
}

fn result(call: &ToolCall) -> Part {
    let (call_id, name) = (call.id.clone(), call.name.clone());
    Part::ToolResult(ToolResult { call_id, name, content: "done".into(), is_error: false, artifact: None, files: Vec::new() })
}

#[tokio::test]
async fn a_thought_signature_goes_back_with_the_call_it_came_with() {
    let server = always(sse(SIGNED_CALL)).await;
    let model = model(Provider::Gemini, &server.uri());
    let mut asked = request("read both");
    let events = ask(&model, asked.clone()).await.unwrap();
    assert_eq!(events[0], ChatEvent::Reasoning("I need the file.".into()));
    let usage = Usage { input_tokens: 40, output_tokens: 26, estimated: false };
    assert_eq!(events[3..], [ChatEvent::Usage(usage), ChatEvent::End(Finish::ToolCalls)]);
    let calls = calls(&events);
    assert_eq!((calls[0].signature.is_some(), calls[1].signature.is_some()), (true, false));

    let results = calls.iter().map(result).collect();
    asked.messages.push(ChatMessage { role: Role::Assistant, parts: calls.into_iter().map(Part::ToolCall).collect() });
    asked.messages.push(ChatMessage { role: Role::Tool, parts: results });
    ask(&model, asked).await.unwrap();
    let sent: Value = received(&server).await[1].body_json().unwrap();
    let parts = &sent["contents"][1]["parts"];
    assert_eq!(parts[0]["thoughtSignature"], "c2lnbmVkLWJ5LWdlbWluaQ==", "{sent:#}");
    assert_eq!(parts[1].get("thoughtSignature"), None, "{sent:#}");
    assert_eq!(sent["contents"][2]["parts"][1]["functionResponse"]["name"], "filesystem__read_file", "{sent:#}");
}

#[tokio::test]
async fn a_compatible_server_gets_the_name_as_it_is_and_no_key_that_does_not_exist() {
    let server = always(sse(KEEPALIVE)).await;
    ask(&model(Provider::OpenAiCompatible, &server.uri()), request("hi")).await.unwrap();
    let received = received(&server).await;
    assert_eq!(received[0].url.path(), "/chat/completions");
    assert_eq!(received[0].headers.get("authorization"), None);
    assert_eq!(received[0].body_json::<Value>().unwrap()["model"], "m-high");
}

#[tokio::test]
async fn a_key_goes_where_the_provider_looks_for_it() {
    let cases = [
        (Provider::OpenAi, "authorization", "Bearer a-key"),
        (Provider::OpenRouter, "authorization", "Bearer a-key"),
        (Provider::Anthropic, "x-api-key", "a-key"),
        (Provider::Gemini, "x-goog-api-key", "a-key"),
        (Provider::Ollama, "authorization", "Bearer a-key"),
    ];
    for (provider, header, value) in cases {
        let server = always(sse(KEEPALIVE)).await;
        let mut config = config(provider, &server.uri());
        config.key = Some("a-key".into());
        // Only what is sent counts here; the answer is of one provider's wire.
        let _answer = ask(&connect(config, http()).unwrap(), request("hi")).await;
        let received = &received(&server).await[0];
        assert_eq!(received.headers.get(header).map(|value| value.as_bytes()), Some(value.as_bytes()), "{provider}");
        assert!(!received.url.as_str().contains("a-key"), "{provider}");
    }
}

#[tokio::test]
async fn keepalive_comments_are_no_events() {
    let server = always(sse(KEEPALIVE)).await;
    let events = ask(&model(Provider::OpenRouter, &server.uri()), request("hi")).await.unwrap();
    let usage = Usage { input_tokens: 5, output_tokens: 2, estimated: false };
    let said = [ChatEvent::Reasoning("Hm.".into()), ChatEvent::Text("Done.".into())];
    assert_eq!(events, [&said[..], &[ChatEvent::Usage(usage), ChatEvent::End(Finish::Stop)]].concat());
}

#[tokio::test]
async fn arguments_that_come_in_turns_are_put_together() {
    let server = always(sse(SPLIT_CALLS)).await;
    let events = ask(&model(Provider::OpenAi, &server.uri()), request("hi")).await.unwrap();
    let calls = calls(&events);
    assert_eq!((calls[0].id.as_str(), &calls[0].arguments), ("call_a", &json!({ "path": "ä.md" })));
    assert_eq!((calls[1].id.as_str(), &calls[1].arguments), ("call_b", &json!({})));
    assert!(matches!(events[2], ChatEvent::Usage(usage) if usage.estimated), "the wire reports no usage");
}

#[tokio::test]
async fn overload_is_asked_again_only_while_nothing_was_delivered() {
    let server = always(sse(OVERLOADED_FIRST)).await;
    let error = ask(&model(Provider::Anthropic, &server.uri()), request("hi")).await.unwrap_err();
    assert!(matches!(&error, ModelError::Overloaded(text) if text.contains("Overloaded")), "{error}");
    assert_eq!(received(&server).await.len(), peer::PATIENCE.attempts_max);

    let server = always(sse(OVERLOADED_LATER)).await;
    let error = ask(&model(Provider::Anthropic, &server.uri()), request("hi")).await.unwrap_err();
    assert!(matches!(error, ModelError::Overloaded(_)), "{error}");
    assert_eq!(received(&server).await.len(), 1);
}

#[tokio::test]
async fn how_often_it_was_asked_again_is_told_first() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).set_body_string("busy");
    Mock::given(method("POST")).respond_with(busy).up_to_n_times(2).mount(&server).await;
    Mock::given(method("POST")).respond_with(sse(KEEPALIVE)).mount(&server).await;
    let model = model(Provider::OpenRouter, &server.uri());
    let events = ask(&model, request("hi")).await.unwrap();
    assert_eq!(events[..2], [ChatEvent::Retried(2), ChatEvent::Reasoning("Hm.".into())]);
    let events = ask(&model, request("hi")).await.unwrap();
    assert_eq!(events[0], ChatEvent::Reasoning("Hm.".into()), "a call that works at once says nothing of it");
}

#[tokio::test]
async fn the_thoughts_of_a_turn_go_back_to_deepseek() {
    let server = always(sse(KEEPALIVE)).await;
    let mut asked = request("hi");
    let call = ToolCall { id: "1".into(), name: "t".into(), arguments: json!({}), signature: None };
    let result = result(&call);
    let parts = vec![Part::Reasoning("I should call it.".into()), Part::ToolCall(call)];
    asked.messages.push(ChatMessage { role: Role::Assistant, parts });
    asked.messages.push(ChatMessage { role: Role::Tool, parts: vec![result] });
    for (at, (provider, thoughts)) in
        [(Provider::DeepSeek, json!("I should call it.")), (Provider::OpenAi, Value::Null)].into_iter().enumerate()
    {
        ask(&model(provider, &server.uri()), asked.clone()).await.unwrap();
        let sent: Value = received(&server).await[at].body_json().unwrap();
        assert_eq!(sent["messages"][1]["reasoning_content"], thoughts, "{provider}");
    }
}

#[tokio::test]
async fn what_ollama_writes_into_its_stream_is_told() {
    let server =
        always(ResponseTemplate::new(200).set_body_raw("{\"error\":\"model runner has crashed\"}\n", "application/x-ndjson"))
            .await;
    let error = ask(&model(Provider::Ollama, &server.uri()), request("hi")).await.unwrap_err();
    assert!(matches!(&error, ModelError::Unavailable(text) if text.contains("model runner has crashed")), "{error}");
}

#[tokio::test]
async fn a_page_instead_of_a_stream_is_told() {
    for provider in [Provider::OpenAi, Provider::Anthropic, Provider::Gemini, Provider::Ollama] {
        let server = always(ResponseTemplate::new(200).set_body_raw("<html>sign in</html>", "text/html")).await;
        let error = ask(&model(provider, &server.uri()), request("hi")).await.unwrap_err();
        assert!(matches!(error, ModelError::Protocol(_)), "{provider}: {error}");
        assert_eq!(received(&server).await.len(), 1, "{provider}");
    }
}

#[tokio::test]
async fn a_model_without_tools_is_not_offered_any() {
    let server = always(sse(KEEPALIVE)).await;
    let mut config = config(Provider::OpenAi, &server.uri());
    config.supports_tools = false;
    let mut asked = request("hi");
    let schema = json!({ "type": "object" });
    asked.tools.push(octi_models::ToolSchema { name: "t".into(), description: "d".into(), input_schema: schema });
    ask(&connect(config, http()).unwrap(), asked).await.unwrap();
    assert_eq!(received(&server).await[0].body_json::<Value>().unwrap().get("tools"), None);
}

#[test]
fn a_provider_without_its_key_is_refused_before_anything_is_sent() {
    let mut config = config(Provider::Anthropic, "http://127.0.0.1:1/");
    config.key = None;
    let error = connect(config, http()).err().unwrap();
    assert!(matches!(&error, ModelError::Auth(text) if text.contains("`ANTHROPIC_API_KEY`")), "{error}");
}

#[tokio::test]
async fn the_demo_model_needs_no_server() {
    let mut config = config(Provider::Demo, "http://127.0.0.1:1/");
    config.name = "offline".into();
    let model = connect(config, http()).unwrap();
    assert!(model.info().is_demo && model.info().name == "offline");
    assert!(ask(&model, request("hi")).await.is_ok());
}

#[tokio::test]
async fn whether_a_tool_must_be_called_is_told_to_those_who_understand() {
    let tool = ToolSchema { name: "weather".into(), description: "Tells".into(), input_schema: json!({"type": "object"}) };
    let told = async |provider, choice| {
        let server = always(ResponseTemplate::new(400)).await;
        let asked = ChatRequest { tools: vec![tool.clone()], tool_choice: choice, ..request("sunny?") };
        assert!(ask(&model(provider, &server.uri()), asked).await.is_err());
        received(&server).await[0].body_json::<Value>().unwrap()
    };
    assert_eq!(told(Provider::OpenAiCompatible, ToolChoice::Auto).await.get("tool_choice"), None);
    assert_eq!(told(Provider::OpenAiCompatible, ToolChoice::Required).await["tool_choice"], "required");
    assert_eq!(told(Provider::OpenAiCompatible, ToolChoice::None).await["tool_choice"], "none");
    let named = told(Provider::OpenAiCompatible, ToolChoice::Tool("weather".into())).await;
    assert_eq!(named["tool_choice"]["function"]["name"], "weather");
    assert_eq!(told(Provider::Anthropic, ToolChoice::Required).await["tool_choice"]["type"], "any");
    assert_eq!(told(Provider::Ollama, ToolChoice::None).await.get("tools"), None, "it is not offered any");
}

#[tokio::test]
async fn how_words_are_chosen_is_told_in_each_providers_words() {
    let told = async |provider| {
        let server = always(ResponseTemplate::new(400)).await;
        let asked = ChatRequest {
            temperature: Some(0.5),
            top_p: Some(0.25),
            seed: Some(7),
            presence_penalty: Some(1.5),
            frequency_penalty: Some(-0.5),
            ..request("hi")
        };
        assert!(ask(&model(provider, &server.uri()), asked).await.is_err());
        received(&server).await[0].body_json::<Value>().unwrap()
    };
    for provider in [Provider::OpenAi, Provider::OpenAiCompatible, Provider::OpenRouter, Provider::DeepSeek] {
        let sent = told(provider).await;
        assert_eq!((&sent["temperature"], &sent["top_p"], &sent["seed"]), (&json!(0.5), &json!(0.25), &json!(7)), "{provider}");
        let penalties = (&sent["presence_penalty"], &sent["frequency_penalty"]);
        assert_eq!(penalties, (&json!(1.5), &json!(-0.5)), "{provider}");
        assert_eq!(sent["model"], "m-high", "{provider}");
    }
    let sent = told(Provider::Ollama).await;
    assert_eq!(sent["options"], json!({"temperature": 0.5, "top_p": 0.25, "seed": 7}));
    let sent = told(Provider::Gemini).await;
    let config = &sent["generationConfig"];
    assert_eq!((&config["temperature"], &config["topP"], &config["seed"]), (&json!(0.5), &json!(0.25), &json!(7)));
    assert_eq!(config.get("presencePenalty"), None);
    let sent = told(Provider::Anthropic).await;
    assert_eq!((&sent["temperature"], &sent["top_p"]), (&json!(0.5), &json!(0.25)));
    assert_eq!((sent.get("seed"), sent.get("presence_penalty")), (None, None));
}
