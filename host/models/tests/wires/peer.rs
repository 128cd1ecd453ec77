//! Models at small servers of the tests' own.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use octi_models::{ChatEvent, ChatMessage, ChatModel, ChatRequest, ModelConfig, ModelError, Patience, Provider};
use octi_models::{connect_with, with_connect_limit};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use wiremock::{MockServer, Request, ResponseTemplate};

/// Short, so that each limit can be tripped.
pub(crate) const PATIENCE: Patience = Patience {
    connect: Duration::from_millis(300),
    silence: Duration::from_millis(400),
    total: Duration::from_secs(20),
    backoff: Duration::from_millis(5),
    retry_after_max: Duration::from_secs(2),
    attempts_max: 3,
};

#[expect(clippy::disallowed_methods, reason = "tests connect to loopback servers only")]
pub(crate) fn http() -> reqwest::Client {
    // Another test of this process may have installed the provider before.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    with_connect_limit(reqwest::Client::builder().no_proxy(), &PATIENCE).build().unwrap()
}

pub(crate) fn config(provider: Provider, base: &str) -> ModelConfig {
    let mut config = ModelConfig::new("tested", provider, "m-high");
    config.endpoint = Some(base.parse().unwrap());
    config.key = provider.needs_key().then(|| SecretString::from("a-key"));
    config
}

pub(crate) fn model(provider: Provider, base: &str) -> Arc<dyn ChatModel> {
    connect_with(config(provider, base), http(), PATIENCE).unwrap()
}

pub(crate) fn request(text: &str) -> ChatRequest {
    ChatRequest { messages: vec![ChatMessage::user(text)], ..ChatRequest::default() }
}

pub(crate) async fn ask(model: &Arc<dyn ChatModel>, request: ChatRequest) -> Result<Vec<ChatEvent>, ModelError> {
    model.stream(request, CancellationToken::new()).await?.try_collect().await
}

pub(crate) fn sse(body: &'static str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")
}

pub(crate) async fn received(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

/// A server that answers one connection byte by byte, as a test says.
pub(crate) struct Wire {
    listener: TcpListener,
    pub(crate) base: String,
}

impl Wire {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        Self { listener, base }
    }

    /// The next connection, after its request.
    pub(crate) async fn accept(&self) -> TcpStream {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !request.ends_with(b"}") {
            let read = stream.read(&mut buffer).await.unwrap();
            assert_ne!(read, 0, "the request is complete");
            request.extend_from_slice(&buffer[..read]);
        }
        stream
    }
}

/// The beginning of a stream without an end.
pub(crate) async fn begin(stream: &mut TcpStream) {
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n").await.unwrap();
}

pub(crate) async fn send_text(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
    let chunk = serde_json::json!({ "choices": [{ "index": 0, "delta": { "content": text } }] });
    stream.write_all(format!("data: {chunk}\n\n").as_bytes()).await
}
