//! A conversation with small servers that answer as octi does, or as a newer one would.

use chrono::DateTime;
use futures::{SinkExt, StreamExt};
use octi_api::frames::{AuthOk, Budgets};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

use super::*;

const SESSION: Uuid = Uuid::from_u128(3);

/// Lets one connection in, and answers each of its frames with the next of these lists.
async fn server(answers: Vec<Vec<Value>>) -> (Url, JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test waits for it")]
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let mut heard = Vec::new();
        for frames in [vec![hello()]].into_iter().chain(answers) {
            let Some(Ok(Message::Text(text))) = socket.next().await else { break };
            heard.push(serde_json::from_str::<Value>(&text).unwrap()["type"].clone());
            for frame in frames {
                socket.send(Message::text(frame.to_string())).await.unwrap();
            }
        }
        // Whoever closes first must not cut off what is still read.
        while let Some(Ok(_)) = socket.next().await {}
        heard
    });
    (url, heard)
}

fn hello() -> Value {
    let hello = ServerFrame::AuthOk(AuthOk {
        connection_id: Uuid::nil(),
        user_id: Uuid::nil(),
        capabilities: Vec::new(),
        server_time: DateTime::UNIX_EPOCH,
        server_timezone: "UTC".to_owned(),
        server_version: "9.0.0".to_owned(),
        protocol_versions: Vec::new(),
        budgets: Budgets::default(),
    });
    serde_json::to_value(hello).unwrap()
}

fn event(number: u128, kind: &str, payload: Value) -> Value {
    json!({"type": "event", "event": {
        "id": Uuid::from_u128(number), "source": "agents", "sessionId": SESSION, "userId": Uuid::nil(),
        "timestamp": "2026-01-01T00:00:00Z", "type": kind, "payload": payload,
    }})
}

#[tokio::test]
async fn what_a_newer_server_says_besides_is_passed_over_and_the_turn_is_followed_to_its_end() {
    let (agent, usage) = (Uuid::from_u128(4), json!({"inputTokens": 1, "outputTokens": 1, "estimated": false}));
    let unknown = || json!({"type": "brand.new", "more": [1, 2]});
    let begun = event(1, "agent.spawned", json!({"agentId": agent, "role": "general", "model": "demo"}));
    let news = event(2, "brand.new", json!({"agentId": agent}));
    let ended = event(3, "agent.completed", json!({"agentId": agent, "iterations": 1, "usage": usage}));
    let subscribed = json!({"type": "subscribed", "patterns": ["*"]});
    let status = json!({"type": "command.result", "name": "status", "result": "fine"});
    let answers =
        vec![vec![unknown(), subscribed], vec![begun, unknown(), news, json!(["no", "object"]), ended], vec![unknown(), status]];
    let (url, heard) = server(answers).await;
    let client = Client::new(url, SecretString::from("octi_test")).unwrap();
    let mut talk = Talk::open(Printer::new(true), &client, SESSION.into(), None, false).await.unwrap();
    talk.ask("hello").await.unwrap();
    talk.command("status").await.unwrap();
    assert!(talk.is_open());
    talk.close().await;
    assert_eq!(heard.await.unwrap(), ["auth", "subscribe", "chat.send", "command"]);
}
