//! `/v1` as clients of OpenAI's API see it.

mod chat;
mod chat_limits;
mod embeddings;
mod models;
mod peers;
mod responses;

use octi_api::openai::error::OpenAiErrorDetail;
use octi_domain::principal::Principal;
use octi_store::CostSum;
use reqwest::{Method, Response};
use serde_json::Value;

use super::host::{Host, Person};

/// Sends a request as a client of OpenAI would.
pub(super) async fn send(host: &Host, token: &str, method: Method, path: &str, body: &Value) -> Response {
    #[expect(clippy::disallowed_methods, reason = "the test talks to its own server")]
    let http = reqwest::Client::builder().build().unwrap();
    let mut request = http.request(method, host.url.join(path).unwrap()).bearer_auth(token);
    if !body.is_null() {
        request = request.json(body);
    }
    request.send().await.unwrap()
}

/// Status and answer of a question.
async fn post(host: &Host, person: &Person, path: &str, body: &Value) -> (u16, Value) {
    let response = send(host, &person.token, Method::POST, path, body).await;
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The name and the data of every event of a streamed answer.
async fn events(response: Response) -> Vec<(String, String)> {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.unwrap();
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    let blocks = text.split("\n\n").filter(|block| !block.is_empty() && !block.starts_with(':'));
    blocks.map(|block| (field(block, "event:"), field(block, "data:"))).collect()
}

/// What a person's calls outside of conversations cost.
#[expect(clippy::disallowed_methods, reason = "the test made this user")]
async fn costs(host: &Host, person: &Person) -> CostSum {
    let principal = Principal::authenticated(person.id, false);
    host.gateway.store.read(&principal).await.unwrap().cost_outside_sessions().await.unwrap()
}

/// Status and answer of a request without a body.
async fn get(host: &Host, person: &Person, path: &str) -> (u16, Value) {
    let response = send(host, &person.token, Method::GET, path, &Value::Null).await;
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The error in OpenAI's envelope.
fn problem(body: &Value) -> OpenAiErrorDetail {
    serde_json::from_value(body["error"].clone()).unwrap()
}
