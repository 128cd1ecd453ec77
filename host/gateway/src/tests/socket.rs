//! The WebSocket: signing in, mistakes, commands, subscriptions.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use octi_client::api::frames::{AgentStop, ClientFrame, Command, Patterns, PermissionRespond, Ping, Scope, ServerFrame, close};
use octi_domain::limits;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use super::host::{Host, host, next};

/// A socket that sends what it is told, right or wrong.
pub(super) struct Raw(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What came: JSON, or the code of a goodbye.
#[derive(Debug, PartialEq)]
pub(super) enum Got {
    Frame(Value),
    Closed(u16),
}

impl Raw {
    pub(super) async fn open(host: &Host) -> Self {
        let mut url = host.url.join("/gateway").unwrap();
        url.set_scheme("ws").unwrap();
        Self(connect_async(url.as_str()).await.unwrap().0)
    }

    pub(super) async fn say(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    pub(super) async fn hear(&mut self) -> Got {
        loop {
            let message = timeout(Duration::from_secs(10), self.0.next()).await.expect("an answer within ten seconds");
            match message {
                Some(Ok(Message::Text(text))) => return Got::Frame(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => return Got::Closed(frame.code.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("the connection broke: {other:?}"),
            }
        }
    }

    pub(super) async fn frame(&mut self) -> Value {
        match self.hear().await {
            Got::Frame(frame) => frame,
            Got::Closed(code) => panic!("closed with {code}"),
        }
    }
}

pub(super) fn auth(token: &str) -> String {
    json!({"type": "auth", "method": "api_key", "credentials": token, "clientType": "tui"}).to_string()
}

#[tokio::test]
async fn good_credentials_are_told_what_they_may_use() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let mut raw = Raw::open(&host).await;
    let claim = json!({
        "type": "auth", "method": "api_key", "credentials": ann.token, "clientType": "webchat", "clientVersion": "1",
        "protocolVersion": "1.0", "userId": Uuid::nil(),
    });
    raw.say(claim.to_string()).await;
    let hello = raw.frame().await;
    assert_eq!(hello["type"], "auth_ok");
    assert_eq!(hello["userId"], ann.id.to_string(), "who one is follows from the credentials");
    assert_eq!(hello["protocolVersions"], json!(["1.0"]));
    assert_eq!(hello["budgets"]["frameBytesMax"], limits::WS_FRAME_BYTES_MAX);
    assert!(hello["capabilities"].as_array().unwrap().contains(&json!("chat.send")));
}

#[tokio::test]
async fn bad_credentials_are_refused_and_the_connection_closes() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let wrong_version =
        json!({"type": "auth", "method": "api_key", "credentials": ann.token, "clientType": "tui", "protocolVersion": "7.0"});
    let wrong_method = json!({"type": "auth", "method": "local", "credentials": ann.token, "clientType": "tui"});
    let wrong_local = json!({"type": "auth", "method": "local", "credentials": "guess", "clientType": "tui"});
    let frames = [
        auth("octi_wrong"),
        auth(""),
        json!({"type": "ping"}).to_string(),
        wrong_version.to_string(),
        wrong_method.to_string(),
        wrong_local.to_string(),
    ];
    for frame in frames {
        let mut raw = Raw::open(&host).await;
        raw.say(frame.clone()).await;
        assert_eq!(raw.frame().await["type"], "auth_error", "{frame}");
        assert_eq!(raw.hear().await, Got::Closed(close::UNAUTHENTICATED), "{frame}");
    }
}

#[tokio::test]
async fn silence_is_not_an_introduction() {
    let host = host([]).await;
    let mut raw = Raw::open(&host).await;
    let answer = raw.frame().await;
    assert!(answer["message"].as_str().unwrap().contains("within 5 seconds"), "{answer}");
    assert_eq!(raw.hear().await, Got::Closed(close::UNAUTHENTICATED));
}

#[tokio::test]
async fn a_wrong_frame_is_named_and_the_connection_stays() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let mut raw = Raw::open(&host).await;
    raw.say("{").await;
    assert_eq!(raw.frame().await["code"], "INVALID_JSON", "before signing in too");
    raw.say(auth(&ann.token)).await;
    assert_eq!(raw.frame().await["type"], "auth_ok");
    for (text, code, path) in [
        ("nonsense", "INVALID_JSON", Value::Null),
        (r#"{"type":"dance"}"#, "INVALID_FIELD", json!("type")),
        (r#"{"type":"chat.send","sessionId":"x","content":"hi"}"#, "INVALID_FIELD", json!("sessionId")),
        (r#"{"type":"ping","colour":1}"#, "INVALID_FIELD", json!("colour")),
        (r#"{"type":"subscribe","patterns":["*","no good"]}"#, "INVALID_FIELD", json!("patterns[1]")),
        (&auth(&ann.token), "REFUSED", Value::Null),
    ] {
        raw.say(text).await;
        let error = raw.frame().await;
        assert_eq!((&error["type"], &error["code"], &error["path"]), (&json!("error"), &json!(code), &path), "{text}");
        assert!(error["requestId"].is_string(), "{text}");
    }
    raw.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(raw.frame().await["code"], "INVALID_JSON");
    raw.say(r#"{"type":"ping"}"#).await;
    assert_eq!(raw.frame().await["type"], "pong");
}

#[tokio::test]
async fn commands_answer_without_a_model() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    let mut socket = ann.client.connect().await.unwrap();
    let mut results = Vec::new();
    for (name, session_id) in [
        ("help", None),
        ("/h", None),
        ("/s", Some(session.as_uuid())),
        ("cancel", None),
        ("/abort", Some(session.as_uuid())),
        ("v", None),
        ("/dance", None),
    ] {
        let command = Command { name: name.to_owned(), args: None, session_id };
        socket.send(&ClientFrame::Command(command)).await.unwrap();
        let ServerFrame::CommandResult(result) = next(&mut socket).await else { panic!("no result of {name}") };
        results.push((name, result.name, result.result, result.error));
    }
    insta::assert_debug_snapshot!("commands", results);

    let command = Command { name: "status".to_owned(), args: None, session_id: Some(Uuid::nil()) };
    socket.send(&ClientFrame::Command(command)).await.unwrap();
    let ServerFrame::Error(error) = next(&mut socket).await else { panic!("no error") };
    assert_eq!(error.code, "SESSION_NOT_FOUND");
}

#[tokio::test]
async fn what_does_not_exist_or_is_not_ones_own_has_its_code() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let mut socket = ann.client.connect().await.unwrap();
    let id = Uuid::from_u128(7);
    let frames = [
        (ClientFrame::AgentStop(AgentStop { agent_id: id }), "AGENT_NOT_FOUND"),
        (
            ClientFrame::PermissionRespond(PermissionRespond { request_id: id, approved: true, scope: Scope::Once }),
            "APPROVAL_NOT_FOUND",
        ),
    ];
    for (frame, code) in frames {
        socket.send(&frame).await.unwrap();
        let ServerFrame::Error(error) = next(&mut socket).await else { panic!("no error") };
        assert_eq!(error.code, code);
    }
    ann.chat(&mut socket, id.into(), "hi").await;
    let ServerFrame::Error(error) = next(&mut socket).await else { panic!("no error") };
    assert_eq!(error.code, "SESSION_NOT_FOUND");
}

#[tokio::test]
async fn patterns_come_and_go() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let mut socket = ann.listen(&["agent.*", "chat.delta"]).await;
    host.publish(ann.id, "one");
    assert!(matches!(next(&mut socket).await, ServerFrame::Event { .. }));
    let gone = Patterns::of(["chat.delta"]);
    socket.send(&ClientFrame::Unsubscribe(gone)).await.unwrap();
    let ServerFrame::Subscribed(left) = next(&mut socket).await else { panic!("no answer") };
    assert_eq!(left.patterns, ["agent.*"]);
    host.publish(ann.id, "two");
    socket.send(&ClientFrame::Ping(Ping {})).await.unwrap();
    assert!(matches!(next(&mut socket).await, ServerFrame::Pong(_)), "nothing came in between");
}

#[tokio::test]
async fn everybody_hears_only_of_themselves() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let (mut of_ann, mut of_bob) = (ann.listen(&["*"]).await, bob.listen(&["*"]).await);
    for round in 0..50 {
        host.publish(ann.id, &format!("ann {round}"));
        host.publish(bob.id, &format!("bob {round}"));
    }
    for (socket, person, name) in [(&mut of_ann, &ann, "ann"), (&mut of_bob, &bob, "bob")] {
        for round in 0..50 {
            let ServerFrame::Event { event } = next(socket).await else { panic!("no event") };
            assert_eq!(event.user_id, person.id.as_uuid());
            let payload = serde_json::to_value(&event.body).unwrap();
            assert_eq!(payload["payload"]["text"], format!("{name} {round}"));
        }
        socket.send(&ClientFrame::Ping(Ping {})).await.unwrap();
        assert!(matches!(next(socket).await, ServerFrame::Pong(_)), "nothing else came");
    }
}
