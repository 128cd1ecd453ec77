//! Asking one provider's model at the mock server, and reading the answer.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use octi_domain::message::ToolCall;
use octi_domain::run::Usage;
use octi_models::{
    ChatEvent, ChatMessage, ChatModel, ChatRequest, Finish, ModelConfig, ModelError, Patience, Provider, ToolSchema, connect_with,
};
use secrecy::SecretString;
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// Every wire: the provider, a model of it, and its address at the mock server.
pub(crate) const WIRES: [(Provider, &str, &str); 7] = [
    (Provider::OpenAi, "gpt-5", "/v1"),
    (Provider::OpenAiCompatible, "local-model-high", "/v1"),
    (Provider::Anthropic, "claude-sonnet-4-5", "/v1"),
    (Provider::Gemini, "gemini-2.5-flash", "/v1beta"),
    (Provider::Ollama, "llama3.2:3b", "/"),
    (Provider::OpenRouter, "anthropic/claude-sonnet-4.5", "/api/v1"),
    (Provider::DeepSeek, "deepseek-reasoner", "/v1"),
];

/// The key that no sentence may contain.
pub(crate) const KEY: &str = "conformance-key";

#[expect(clippy::disallowed_methods, reason = "tests connect to loopback servers only")]
pub(crate) fn http() -> reqwest::Client {
    // Another test of this process may have installed the provider before.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn model(base: &str, (provider, model_id, path): (Provider, &str, &str)) -> Arc<dyn ChatModel> {
    let mut config = ModelConfig::new("tested", provider, model_id);
    config.endpoint = Some(format!("{base}{path}").parse().unwrap());
    config.key = provider.needs_key().then(|| SecretString::from(KEY));
    let patience = Patience { backoff: Duration::from_millis(5), silence: Duration::from_secs(10), ..Patience::default() };
    connect_with(config, http(), patience).unwrap()
}

pub(crate) fn request(text: &str) -> ChatRequest {
    let tool = |name: &str| ToolSchema {
        name: name.into(),
        description: "A tool of the conformance test.".into(),
        input_schema: json!({ "type": "object", "properties": { "path": { "type": "string" }, "limit": { "type": "integer" } } }),
    };
    ChatRequest {
        messages: vec![ChatMessage::user(text)],
        tools: vec![tool("filesystem__read_file"), tool("filesystem__list_directory")],
        ..ChatRequest::default()
    }
}

/// A whole answer, told apart.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) retried: u32,
    pub(crate) text: String,
    pub(crate) pieces: usize,
    pub(crate) reasoning: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) usage: Option<Usage>,
    pub(crate) finish: Option<Finish>,
}

pub(crate) async fn ask(model: &Arc<dyn ChatModel>, request: ChatRequest) -> Result<Answer, ModelError> {
    let events: Vec<ChatEvent> = model.stream(request, CancellationToken::new()).await?.try_collect().await?;
    let mut answer = Answer::default();
    for event in events {
        assert_eq!(answer.finish, None, "nothing comes after the end");
        match event {
            ChatEvent::Retried(count) => answer.retried = count,
            ChatEvent::Text(text) => {
                answer.pieces += 1;
                answer.text.push_str(&text);
            }
            ChatEvent::Reasoning(text) => answer.reasoning.push_str(&text),
            ChatEvent::ToolCall(call) => answer.calls.push(call),
            ChatEvent::Usage(usage) => assert_eq!(answer.usage.replace(usage), None, "usage comes once"),
            ChatEvent::End(finish) => answer.finish = Some(finish),
        }
    }
    Ok(answer)
}
