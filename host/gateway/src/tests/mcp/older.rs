//! The transport of 2024, as its clients speak it.

use futures::StreamExt;
use futures::stream::BoxStream;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::super::host::{Host, Person, host};
use super::http;

/// An open stream, and the address it named.
struct Stream {
    bytes: BoxStream<'static, Vec<u8>>,
    read: String,
    messages: String,
}

impl Stream {
    async fn open(host: &Host, person: &Person) -> Self {
        let answer = http().get(host.url.join("sse").unwrap()).bearer_auth(&person.token).send().await.unwrap();
        assert_eq!((answer.status(), &answer.headers()["content-type"]), (StatusCode::OK, &"text/event-stream".parse().unwrap()));
        let bytes = answer.bytes_stream().map(|bytes| bytes.unwrap().to_vec()).boxed();
        let mut stream = Self { bytes, read: String::new(), messages: String::new() };
        let (name, messages) = stream.next().await;
        assert_eq!(name, "endpoint");
        stream.messages = messages;
        stream
    }

    /// The next event: its name and what it carries.
    async fn next(&mut self) -> (String, String) {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.read = rest;
                let (name, data) = event.split_once('\n').unwrap();
                return (name.strip_prefix("event: ").unwrap().to_owned(), data.strip_prefix("data: ").unwrap().to_owned());
            }
            self.read.push_str(&String::from_utf8(self.bytes.next().await.unwrap()).unwrap());
        }
    }

    async fn send(&self, host: &Host, person: &Person, message: Value) -> StatusCode {
        let request = http().post(host.url.join(&self.messages).unwrap()).bearer_auth(&person.token);
        request.json(&message).send().await.unwrap().status()
    }

    async fn answer(&mut self) -> Value {
        let (name, data) = self.next().await;
        assert_eq!(name, "message");
        serde_json::from_str(&data).unwrap()
    }
}

fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "old", "version": "1"}
    }})
}

#[tokio::test]
async fn an_older_client_lists_and_calls() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let mut stream = Stream::open(&host, &ann).await;
    assert_eq!(stream.send(&host, &ann, hello()).await, StatusCode::ACCEPTED);
    let greeted = stream.answer().await;
    assert_eq!((&greeted["id"], &greeted["result"]["protocolVersion"]), (&json!(1), &json!("2024-11-05")));
    stream.send(&host, &ann, json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "notes__read", "arguments": {"text": "milk"}}});
    assert_eq!(stream.send(&host, &ann, call).await, StatusCode::ACCEPTED);
    let answer = stream.answer().await;
    assert_eq!(answer["result"]["content"][0]["text"], r#"{"did":"read","with":"milk"}"#);
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let mut stream = Stream::open(&host, &ann).await;
    let tokens = ann.client.list_tokens().await.unwrap().items;
    ann.client.revoke_token(tokens[0].id.into()).await.unwrap();
    let end = tokio::time::timeout(std::time::Duration::from_secs(10), stream.bytes.next()).await;
    assert_eq!(end.expect("the stream ends within ten seconds"), None);
}

#[tokio::test]
async fn a_stream_is_of_whoever_opened_it() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let stream = Stream::open(&host, &ann).await;
    assert_eq!(stream.send(&host, &bob, hello()).await, StatusCode::NOT_FOUND);
    let nobody = http().get(host.url.join("sse").unwrap()).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let page =
        http().get(host.url.join("sse").unwrap()).bearer_auth(&ann.token).header("origin", "https://evil.example").send().await;
    assert_eq!(page.unwrap().status(), StatusCode::FORBIDDEN);
    let unreadable =
        http().post(host.url.join(&stream.messages).unwrap()).bearer_auth(&ann.token).body("{").send().await.unwrap();
    assert_eq!(unreadable.status(), StatusCode::BAD_REQUEST);
}
