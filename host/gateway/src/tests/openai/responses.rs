//! Responses: what the model hears, and what the client hears.

use octi_domain::limits;
use octi_domain::message::Part;
use octi_models::scripted::{Answer, Step};
use octi_models::{ChatEvent, ChatMessage, Finish, ModelError};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::host::{Host, Person, host};
use super::{costs, events, post, problem, send};

const PATH: &str = "/v1/responses";

fn question(more: Value) -> Value {
    let mut body = json!({"model": "scripted", "input": "hi", "store": true, "truncation": "auto"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    json!([{"type": "function", "name": "weather", "description": "Tells", "parameters": {"type": "object"}, "strict": true}])
}

/// The events of a streamed answer, whose names and numbers must be right.
async fn streamed(host: &Host, person: &Person, more: Value) -> Vec<Value> {
    let mut body = question(more);
    body["stream"] = json!(true);
    let sent = events(send(host, &person.token, Method::POST, PATH, &body).await).await;
    let read = sent.iter().enumerate().map(|(index, (name, data))| {
        let event: Value = serde_json::from_str(data).unwrap();
        assert_eq!((event["type"].as_str(), event["sequence_number"].as_u64()), (Some(name.as_str()), Some(index as u64)));
        event
    });
    read.collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap().trim_start_matches("response.")).collect()
}

#[tokio::test]
async fn a_question_is_answered_and_nothing_is_kept_but_its_cost() {
    let host = host([Answer::text("hello")]).await;
    let ann = host.person("ann").await;
    let (status, body) = post(&host, &ann, PATH, &question(json!({"instructions": "Be brief.", "max_output_tokens": 9}))).await;
    assert_eq!((status, &body["status"], &body["store"]), (200, &json!("completed"), &json!(false)), "{body}");
    let item = &body["output"][0];
    assert_eq!((&item["type"], &item["role"], &item["status"]), (&json!("message"), &json!("assistant"), &json!("completed")));
    assert_eq!(item["content"], json!([{"type": "output_text", "text": "hello", "annotations": []}]));
    assert_eq!((&body["usage"]["input_tokens"], &body["usage"]["total_tokens"]), (&json!(10), &json!(15)));
    let asked = host.model.requests().remove(0);
    assert_eq!((asked.system.as_str(), asked.messages), ("Be brief.", vec![ChatMessage::user("hi")]));
    assert_eq!(asked.max_output_tokens, Some(9));
    assert_eq!(costs(&host, &ann).await.calls, 1);
}

#[tokio::test]
async fn a_streamed_answer_is_told_step_by_step() {
    let call = Answer::calls([("c1", "weather", json!({"at": "Rome"}))]);
    let pieces = ["Hel", "lo"].map(|text| ChatEvent::Text(text.to_owned()));
    let cut = Answer::events(pieces.into_iter().chain([ChatEvent::End(Finish::Length)]));
    let host = host([cut, call]).await;
    let ann = host.person("ann").await;
    let told = streamed(&host, &ann, json!({})).await;
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "incomplete",
    ];
    assert_eq!(types(&told), expected);
    assert_eq!((&told[5]["delta"], &told[6]["text"]), (&json!("lo"), &json!("Hello")));
    let whole = &told[9]["response"];
    assert_eq!(whole["incomplete_details"]["reason"], "max_output_tokens");
    assert_eq!((&whole["output"][0], &whole["output"][0]["id"]), (&told[8]["item"], &told[4]["item_id"]));

    let told = streamed(&host, &ann, json!({"tools": weather(), "tool_choice": {"type": "function", "name": "weather"}})).await;
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(types(&told), expected);
    let item = &told[6]["response"]["output"][0];
    assert_eq!((&item["type"], &item["call_id"], &item["name"]), (&json!("function_call"), &json!("c1"), &json!("weather")));
    assert_eq!((&item["arguments"], &told[3]["delta"]), (&json!("{\"at\":\"Rome\"}"), &json!("{\"at\":\"Rome\"}")));
}

#[tokio::test]
async fn calls_and_results_come_back_as_items() {
    let host = host([Answer::text("sunny")]).await;
    let ann = host.person("ann").await;
    let input = json!([
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": [{"type": "input_text", "text": "sunny?"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "let me see", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{\"at\":\"Rome\"}", "status": "completed"},
        {"type": "function_call_output", "call_id": "c1", "output": "yes"},
    ]);
    let (status, body) = post(&host, &ann, PATH, &question(json!({"input": input, "tools": weather()}))).await;
    assert_eq!(status, 200, "{body}");
    let asked = host.model.requests().remove(0);
    assert_eq!((asked.system.as_str(), asked.messages.len()), ("Be kind.", 3));
    assert!(matches!(&asked.messages[1].parts[..], [Part::Text(_), Part::ToolCall(call)] if call.arguments["at"] == "Rome"));
    assert!(matches!(&asked.messages[2].parts[..], [Part::ToolResult(result)] if result.name == "weather"));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_and_named() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let image = json!([{"role": "user", "content": [{"type": "input_image", "image_url": "data:"}]}]);
    let cases = [
        (json!({"previous_response_id": "resp_1"}), "previous_response_id"),
        (json!({"conversation": "conv_1"}), "conversation"),
        (json!({"background": true}), "background"),
        (json!({"text": {"format": {"type": "json_schema", "name": "x", "schema": {}}}}), "text.format.type"),
        (json!({"input": []}), "input"),
        (json!({"input": 7}), "input"),
        (json!({"input": image}), "input[0].content[0].type"),
        (json!({"input": [{"role": "tool", "content": "x"}]}), "input[0].role"),
        (json!({"input": [{"role": "user"}]}), "input[0].content"),
        (json!({"input": [{"type": "item_reference", "id": "x"}]}), "input[0].type"),
        (json!({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}), "input[0].call_id"),
        (json!({"input": [{"type": "function_call", "call_id": "c"}]}), "input[0].name"),
        (json!({"input": vec![json!({"role": "user", "content": "x"}); limits::OPENAI_MESSAGES_MAX + 1]}), "input"),
        (json!({"tools": [{"type": "web_search"}]}), "tools[0].type"),
        (json!({"tools": [{"type": "function"}]}), "tools[0].name"),
        (json!({"tool_choice": "required"}), "tool_choice"),
        (json!({"max_output_tokens": 0}), "max_output_tokens"),
    ];
    for (more, param) in cases {
        let (status, body) = post(&host, &ann, PATH, &question(more.clone())).await;
        assert_eq!((status, problem(&body).param.as_deref()), (400, Some(param)), "{body}");
    }
    assert!(host.model.requests().is_empty(), "the model was not asked");
}

#[tokio::test]
async fn a_failure_ends_the_answer() {
    let half = [Step::Event(ChatEvent::Text("half".into())), Step::Fail(ModelError::Unavailable("the line broke".into()))];
    let host = host([Answer::steps(half.clone()), Answer::steps(half)]).await;
    let ann = host.person("ann").await;
    let told = streamed(&host, &ann, json!({})).await;
    let last = told.last().unwrap();
    assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.failed"), &json!("failed")));
    assert_eq!(last["response"]["error"], json!({"code": "unavailable", "message": "the line broke"}));
    let (status, body) = post(&host, &ann, PATH, &question(json!({}))).await;
    assert_eq!((status, problem(&body).message.as_str()), (503, "the line broke"));
}
