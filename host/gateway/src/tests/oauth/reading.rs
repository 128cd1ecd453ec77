//! A program that a person let read, and no more.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::super::host::host;
use super::super::openapi::http;
use super::{Browser, Program, hello, mcp, tokens};

fn call(name: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
}

#[tokio::test]
async fn a_program_that_may_read_is_told_what_to_ask_for_when_it_wants_more() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let given = program.let_in(&browser, "mcp:read").await;
    let opened = http().post(host.url.join("mcp").unwrap()).bearer_auth(&given.access);
    let opened = opened.header("accept", "application/json, text/event-stream").json(&hello()).send().await.unwrap();
    assert_eq!(opened.status(), StatusCode::OK);
    let session = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let ask = async |message: &Value| {
        let request = http().post(host.url.join("mcp").unwrap()).bearer_auth(&given.access).header("mcp-session-id", &session);
        let answer = request.header("accept", "application/json, text/event-stream").json(message).send().await.unwrap();
        let challenge = answer.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        (answer.status(), challenge)
    };
    assert_eq!(ask(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await.0, StatusCode::ACCEPTED);
    for message in [
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "resources/list"}),
        call("octi_list_sessions", &json!({})),
        call("octi_whoami", &json!({})),
    ] {
        assert_eq!(ask(&message).await, (StatusCode::OK, None), "{message}");
    }
    for message in [
        call("octi_create_session", &json!({})),
        call("octi_chat", &json!({"message": "hi"})),
        call("notes__write", &json!({"text": "x"})),
        call("octi_execute_tool", &json!({"name": "notes__write", "arguments": {"text": "x"}})),
        call("octi_execute_tool", &json!({})),
        call("made_up", &json!({})),
        json!({"jsonrpc": "2.0", "id": 2, "method": "made/up"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": 7}),
        json!([{"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, call("octi_create_session", &json!({}))]),
        json!({}),
    ] {
        let (status, challenge) = ask(&message).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{message}");
        let challenge = challenge.unwrap();
        assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.ends_with("scope=\"mcp\""), "{challenge}");
    }
    assert!(ann.client.list_sessions(&Default::default()).await.unwrap().items.is_empty(), "nothing was begun");
}

#[tokio::test]
async fn a_message_is_not_read_in_two_ways() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let given = program.let_in(&browser, "mcp:read").await;
    let twice = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"octi_create_session","arguments":{}},"method":"tools/list"}"#;
    let request =
        http().post(host.url.join("mcp").unwrap()).bearer_auth(&given.access).header("content-type", "application/json");
    request.header("accept", "application/json, text/event-stream").body(twice).send().await.unwrap();
    assert!(ann.client.list_sessions(&Default::default()).await.unwrap().items.is_empty(), "nothing was begun");
}

#[tokio::test]
async fn a_program_may_take_less_than_it_was_given() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let given = program.let_in(&browser, "mcp").await;
    let less = tokens(program.refresh(&given.refresh, &[("scope", Some("mcp:read"))]).await);
    assert_eq!(less.scope, "mcp:read");
    assert_eq!(mcp(&host, &less.access, &call("octi_create_session", &json!({}))).await.0, StatusCode::FORBIDDEN);
    assert_eq!(tokens(program.refresh(&less.refresh, &[]).await).scope, "mcp", "what the person gave stays");
}
