//! The door to the network as the models use it: through a client that a library drives.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use octi_models::{ChatEvent, ChatMessage, ChatRequest, ModelConfig, ModelError, Patience, Provider, connect_with};
use octi_security::sandbox::egress::{Egress, EgressPolicy, HostAllow};
use octi_testkit::egress::{Allowed, Caller, Dials, Names, Row, Server};
use tokio_util::sync::CancellationToken;
use url::Url;

/// One attempt: another one would be another question to the name server.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(5),
    silence: Duration::from_secs(5),
    total: Duration::from_secs(10),
    backoff: Duration::from_millis(1),
    retry_after_max: Duration::from_millis(1),
    attempts_max: 1,
};

/// Asks a model at that address, the way a turn does.
async fn ask(egress: &Egress, url: &Url, allow: &HostAllow) -> Result<Vec<ChatEvent>, String> {
    // Another test of this process may have installed the provider before.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let http = egress.client(url, allow).map_err(|error| error.to_string())?;
    let mut config = ModelConfig::new("tested", Provider::OpenAiCompatible, "m");
    config.endpoint = Some(url.clone());
    let asked = async {
        let model = connect_with(config, http, PATIENCE)?;
        let request = ChatRequest { messages: vec![ChatMessage::user("hello")], ..ChatRequest::default() };
        model.stream(request, CancellationToken::new()).await?.try_collect().await
    };
    asked.await.map_err(|error: ModelError| error.to_string())
}

struct Model;

#[async_trait]
impl Caller for Model {
    async fn try_to(&self, row: &Row, egress: Egress, dials: &Dials) -> Result<(), String> {
        let mut url = Url::parse(row.url).map_err(|error| error.to_string())?;
        let allow = match row.allowed {
            Allowed::Hosts(hosts) => HostAllow::parse(hosts.iter().copied()),
            Allowed::Operator => HostAllow::operator(&url),
        };
        let allow = allow.map_err(|error| error.to_string())?;
        // An endpoint has neither; the table's other callers send them.
        url.set_query(None);
        url.set_fragment(None);
        let outcome = ask(&egress, &url, &allow).await.map(drop);
        if dials.seen().is_empty() { outcome } else { Ok(()) }
    }

    /// When the name server's answer is refused, a person reads that there was no connection.
    fn says(&self, _: &Row, text: &str, reason: &str) -> bool {
        text.contains(reason) || text.contains("no connection to the model's server")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_holds_for_models() {
    octi_testkit::egress::run(&Model).await;
}

#[tokio::test]
async fn a_model_server_cannot_redirect_its_client() {
    let inside = Server::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()).await;
    let location = format!("http://{}/", inside.address());
    let server =
        Server::start(format!("HTTP/1.1 307 Moved\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"))
            .await;
    let egress =
        Egress::new(EgressPolicy { lookup: Arc::new(Names::of(&[("*", &[&["127.0.0.1"]])])), ..EgressPolicy::default() });
    let url = Url::parse(&format!("http://models.corp:{}/v1", server.address().port())).unwrap();
    let outcome = ask(&egress, &url, &HostAllow::operator(&url).unwrap()).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert_eq!((server.requests().len(), inside.requests().len()), (1, 0));
}
