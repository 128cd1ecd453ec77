//! Chat completions: what the model hears, and what the client hears.

use octi_domain::message::{Part, Role, ToolCall};
use octi_models::scripted::{Answer, Step};
use octi_models::{ChatEvent, ChatMessage, Finish, ModelError, ToolChoice};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::host::{Host, Person, host, host_on};
use super::{costs, events, post, problem, send};

const PATH: &str = "/v1/chat/completions";

fn question(more: Value) -> Value {
    let mut body = json!({"model": "scripted", "messages": [{"role": "user", "content": "hi"}], "seed": 7, "user": "me"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    json!([{"type": "function", "function": {"name": "weather", "description": "Tells", "parameters": {"type": "object"}}}])
}

/// The chunks of a streamed answer, which must be complete.
async fn chunks(host: &Host, person: &Person, more: Value) -> Vec<Value> {
    let mut body = question(more);
    body["stream"] = json!(true);
    let mut events = events(send(host, &person.token, Method::POST, PATH, &body).await).await;
    assert_eq!(events.pop().unwrap().1, "[DONE]");
    events.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect()
}

octi_testkit::on_both! {
    async fn a_conversation_is_answered_and_its_cost_written_down(db) {
        let host = host_on(db, [Answer::text("hello")]).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let messages = json!([
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be "}, {"type": "text", "text": "kind."}]},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "yes?"},
            {"role": "system", "content": "Now in French."},
            {"role": "user", "content": [{"type": "text", "text": "again"}]},
        ]);
        let more = json!({"messages": messages, "temperature": 0.5, "max_tokens": 9});
        let (status, body) = post(&host, &ann, PATH, &question(more)).await;
        assert_eq!(status, 200, "{body}");
        assert!(body["id"].as_str().unwrap().starts_with("chatcmpl-") && body["created"].is_i64());
        assert_eq!((&body["object"], &body["model"]), (&json!("chat.completion"), &json!("scripted")));
        let choice = json!([{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]);
        assert_eq!(body["choices"], choice);
        assert_eq!(body["usage"], json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}));

        let asked = host.model.requests().remove(0);
        assert_eq!(asked.system, "Be brief.\n\nBe kind.");
        let later = ChatMessage { role: Role::System, parts: vec![Part::Text("Now in French.".to_owned())] };
        let heard = [ChatMessage::user("hi"), ChatMessage::assistant("yes?"), later, ChatMessage::user("again")];
        assert_eq!(asked.messages, heard);
        assert_eq!((asked.temperature, asked.max_output_tokens), (Some(0.5), Some(9)));
        let cost = costs(&host, &ann).await;
        assert_eq!((cost.calls, cost.input_tokens, cost.output_tokens), (1, 10, 5));
        assert_eq!(costs(&host, &bob).await.calls, 0);
    }
}

#[tokio::test]
async fn how_words_are_chosen_reaches_the_model() {
    let host = host([Answer::text("one"), Answer::text("two"), Answer::text("three")]).await;
    let ann = host.person("ann").await;
    let sampling = json!({
        "model": "openai", "temperature": 0.2, "top_p": 0.9, "seed": 42, "presence_penalty": 0.5, "frequency_penalty": -1,
        "max_completion_tokens": 9, "max_tokens": 5,
    });
    assert_eq!(post(&host, &ann, PATH, &question(sampling)).await.0, 200);
    assert_eq!(
        post(&host, &ann, PATH, &json!({"model": "scripted", "messages": [{"role": "user", "content": "hi"}]})).await.0,
        200
    );
    let body = json!({"model": "scripted", "input": "hi", "temperature": 0.1, "top_p": 0.3});
    let (_, response) = post(&host, &ann, "/v1/responses", &body).await;
    assert_eq!((&response["temperature"], &response["top_p"]), (&json!(0.1), &json!(0.3)));
    let [asked, plain, last] = &host.model.requests()[..] else { panic!("three questions were asked") };
    assert_eq!((asked.temperature, asked.top_p, asked.seed), (Some(0.2), Some(0.9), Some(42)));
    assert_eq!((asked.presence_penalty, asked.frequency_penalty), (Some(0.5), Some(-1.0)));
    assert_eq!(asked.max_output_tokens, Some(9), "the newer name counts");
    assert_eq!((plain.temperature, plain.top_p, plain.seed), (None, None, None));
    assert_eq!((last.temperature, last.top_p), (Some(0.1), Some(0.3)));
}

#[tokio::test]
async fn a_streamed_answer_comes_in_chunks() {
    let pieces = ["Hel", "lo"].map(|text| ChatEvent::Text(text.to_owned()));
    let thought = ChatEvent::Reasoning("hm".to_owned());
    let answer = || Answer::events([thought.clone()].into_iter().chain(pieces.clone()).chain([ChatEvent::End(Finish::Length)]));
    let host = host([answer(), answer()]).await;
    let ann = host.person("ann").await;
    let sent = chunks(&host, &ann, json!({})).await;
    let deltas: Vec<&Value> = sent.iter().map(|chunk| &chunk["choices"][0]["delta"]).collect();
    let expected = [
        json!({"role": "assistant", "content": ""}),
        json!({"reasoning_content": "hm"}),
        json!({"content": "Hel"}),
        json!({"content": "lo"}),
        json!({}),
    ];
    assert_eq!(deltas, expected.iter().collect::<Vec<_>>());
    let reasons: Vec<&Value> = sent.iter().map(|chunk| &chunk["choices"][0]["finish_reason"]).collect();
    assert_eq!(reasons, [&json!(null), &json!(null), &json!(null), &json!(null), &json!("length")]);
    assert!(sent.iter().all(|chunk| chunk["id"] == sent[0]["id"] && chunk["object"] == "chat.completion.chunk"));

    let sent = chunks(&host, &ann, json!({"stream_options": {"include_usage": true}})).await;
    let last = sent.last().unwrap();
    assert_eq!((&last["choices"], sent.len()), (&json!([]), 6));
    assert!(last["usage"]["completion_tokens"].as_u64().unwrap() > 0, "estimated, for the model reported none");
    assert_eq!(costs(&host, &ann).await.calls, 2);
}

#[tokio::test]
async fn tools_are_called_by_the_client_and_their_results_come_back() {
    let calls = || Answer::calls([("c1", "weather", json!({"at": "Rome"})), ("c2", "weather", json!({}))]);
    let host = host([calls(), calls(), Answer::text("sunny")]).await;
    let ann = host.person("ann").await;
    let with_tools = json!({"tools": weather(), "tool_choice": {"type": "function", "function": {"name": "weather"}}});
    let (_, body) = post(&host, &ann, PATH, &question(with_tools)).await;
    let choice = &body["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["content"]), (&json!("tool_calls"), &json!(null)));
    let call = json!({"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"at\":\"Rome\"}"}});
    assert_eq!(choice["message"]["tool_calls"][0], call);
    let asked = host.model.requests().remove(0);
    assert_eq!((asked.tools[0].name.as_str(), asked.tool_choice), ("weather", ToolChoice::Tool("weather".to_owned())));

    let sent = chunks(&host, &ann, json!({"tools": weather(), "tool_choice": "required"})).await;
    let deltas: Vec<&Value> = sent.iter().map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"][0]).collect();
    assert_eq!((&deltas[1]["index"], &deltas[1]["id"]), (&json!(0), &json!("c1")));
    assert_eq!((&deltas[2]["index"], &deltas[2]["function"]["arguments"]), (&json!(1), &json!("{}")));
    assert_eq!(sent.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");

    let messages = json!([
        {"role": "user", "content": "sunny?"},
        {"role": "assistant", "content": null, "tool_calls": choice["message"]["tool_calls"]},
        {"role": "tool", "tool_call_id": "c1", "content": "yes"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "no"}]},
    ]);
    let (_, body) = post(&host, &ann, PATH, &question(json!({"messages": messages, "tools": weather()}))).await;
    assert_eq!(body["choices"][0]["message"]["content"], "sunny");
    let heard = host.model.requests().remove(2).messages;
    let call = ToolCall { id: "c1".into(), name: "weather".into(), arguments: json!({"at": "Rome"}), signature: None };
    assert_eq!(heard[1].parts[0], Part::ToolCall(call));
    let Part::ToolResult(result) = &heard[3].parts[0] else { panic!("{heard:?}") };
    assert_eq!((result.call_id.as_str(), result.name.as_str(), result.content.as_str()), ("c2", "weather", "no"));
}

#[tokio::test]
async fn an_answer_ends_at_its_stop_and_costs_what_was_said() {
    let pieces = ["one ST", "OP two", " three"].map(|text| ChatEvent::Text(text.to_owned()));
    let host = host([Answer::events(pieces)]).await;
    let ann = host.person("ann").await;
    let (_, body) = post(&host, &ann, PATH, &question(json!({"stop": ["STOP"]}))).await;
    assert_eq!(
        (&body["choices"][0]["message"]["content"], &body["choices"][0]["finish_reason"]),
        (&json!("one "), &json!("stop"))
    );
    let cost = costs(&host, &ann).await;
    assert!(cost.calls == 1 && cost.output_tokens > 0, "{cost:?}");
}

#[tokio::test]
async fn failures_of_the_model_have_their_status_before_and_an_event_after_the_beginning() {
    let limited = ModelError::RateLimited { retry_after: Some(std::time::Duration::from_secs(7)), message: "slow down".into() };
    let cases = [
        (limited, 429, "rate_limit_exceeded"),
        (ModelError::ContextLength("too long".into()), 400, "context_length_exceeded"),
        (ModelError::BadRequest("what?".into()), 400, "invalid_request"),
        (ModelError::Auth("the provider did not take the key".into()), 502, "upstream"),
        (ModelError::Overloaded("busy".into()), 503, "unavailable"),
    ];
    let host = host(cases.iter().map(|(error, ..)| Answer::refuse(error.clone()))).await;
    let ann = host.person("ann").await;
    for (index, (error, status, code)) in cases.iter().enumerate() {
        let body = question(json!({"stream": index % 2 == 0}));
        let response = send(&host, &ann.token, Method::POST, PATH, &body).await;
        assert_eq!(response.status().as_u16(), *status, "{error}");
        assert_eq!(response.headers().get("retry-after").is_some(), *status == 429, "{error}");
        let problem = problem(&response.json().await.unwrap());
        assert_eq!((problem.code.as_deref(), problem.message), (Some(*code), error.to_string()));
    }
    let middle = [Step::Event(ChatEvent::Text("half".into())), Step::Fail(ModelError::Unavailable("the line broke".into()))];
    host.model.push(Answer::steps(middle));
    let sent = events(send(&host, &ann.token, Method::POST, PATH, &question(json!({"stream": true}))).await).await;
    let last: Value = serde_json::from_str(&sent.last().unwrap().1).unwrap();
    assert_eq!((problem(&last).message.as_str(), problem(&last).kind.as_str()), ("the line broke", "server_error"));
    assert_eq!(costs(&host, &ann).await.calls, 1, "half an answer costs, none does not");
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_call_and_pays_for_what_it_heard() {
    let half = [Step::Event(ChatEvent::Text("half".into())), Step::Block];
    let host = host([Answer::steps(half), Answer::text("late").blocked()]).await;
    let ann = host.person("ann").await;
    let mut response = send(&host, &ann.token, Method::POST, PATH, &question(json!({"stream": true}))).await;
    assert!(response.chunk().await.unwrap().is_some());
    host.model.until_blocked(1).await;
    drop(response);
    until_idle(&host).await;
    assert_eq!(costs(&host, &ann).await.calls, 1);

    let body = question(json!({}));
    let waiting = send(&host, &ann.token, Method::POST, PATH, &body);
    tokio::select! {
        _ = waiting => panic!("the model is blocked"),
        () = host.model.until_blocked(2) => {}
    }
    until_idle(&host).await;
    assert_eq!(costs(&host, &ann).await.calls, 1, "nothing was answered");
}

/// Waits until no answer is under way.
async fn until_idle(host: &Host) {
    for _ in 0..500 {
        if host.gateway.shared().calls.under_way() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("an answer is still under way");
}

#[tokio::test]
async fn a_host_that_goes_away_says_so_in_the_answer() {
    let half = [Step::Event(ChatEvent::Text("half".into())), Step::Block];
    let host = host([Answer::steps(half)]).await;
    let ann = host.person("ann").await;
    let response = send(&host, &ann.token, Method::POST, PATH, &question(json!({"stream": true}))).await;
    host.model.until_blocked(1).await;
    host.gateway.shared().calls.stop(std::time::Duration::from_secs(5)).await;
    let sent = events(response).await;
    let last: Value = serde_json::from_str(&sent.last().unwrap().1).unwrap();
    assert!(problem(&last).message.contains("shutting down"), "{last}");
    assert_eq!(costs(&host, &ann).await.calls, 1);
}
