//! Figures and detection.

use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

#[expect(clippy::disallowed_methods, reason = "tests connect to loopback servers only")]
fn http() -> reqwest::Client {
    // Another test of this process may have installed the provider before.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[test]
fn a_dated_name_is_known_and_a_longer_name_is_another_model() {
    let window = |id| facts(Provider::OpenAi, id).and_then(|facts| facts.context_window);
    assert_eq!(window("gpt-4o-2024-08-06"), Some(128_000));
    assert_eq!(facts(Provider::OpenAi, "gpt-4o-mini").and_then(|facts| facts.price_in), Some(0.15));
    assert_eq!(window("gpt-4o-realtime-preview"), None);
    assert_eq!(facts(Provider::Ollama, "gpt-4o"), None);
}

#[test]
fn every_known_provider_has_a_model_to_begin_with_or_can_say_what_it_has() {
    for known in KNOWN {
        assert!(known.default_model.is_some() || known.provider == Provider::Ollama, "{}", known.provider);
        assert_eq!(known.key_variable, known.provider.key_variable());
    }
}

#[tokio::test]
async fn a_running_ollama_tells_its_models() {
    let server = MockServer::start().await;
    let body = json!({ "models": [{ "name": "llama3.2:3b" }, { "name": "qwen3:8b" }, { "size": 3 }] });
    let answer = ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method("GET")).and(path("/api/tags")).respond_with(answer).mount(&server).await;
    let url = Url::parse(&format!("{}/", server.uri())).unwrap();
    assert_eq!(detect_ollama_at(&http(), &url).await, Some(vec!["llama3.2:3b".into(), "qwen3:8b".into()]));
}

#[tokio::test]
async fn no_list_and_a_list_without_end_are_no_ollama() {
    let server = MockServer::start().await;
    let url = Url::parse(&format!("{}/", server.uri())).unwrap();
    assert_eq!(detect_ollama_at(&http(), &url).await, None);
    let answer = ResponseTemplate::new(200).set_body_bytes(vec![b' '; DETECT_BYTES_MAX + 1]);
    Mock::given(method("GET")).respond_with(answer).mount(&server).await;
    assert_eq!(detect_ollama_at(&http(), &url).await, None);
}

#[test]
fn models_with_eyes_are_known_by_their_family() {
    for (provider, name) in [
        (Provider::OpenAi, "gpt-4o-2024-08-06"),
        (Provider::OpenAi, "o3"),
        (Provider::Anthropic, "claude-sonnet-4-5"),
        (Provider::OpenRouter, "qwen/qwen3-vl-8b-instruct"),
        (Provider::Ollama, "llama3.2-vision:11b"),
    ] {
        assert!(sees_images(provider, name), "{name}");
    }
    for (provider, name) in [
        (Provider::OpenAi, "o3-mini"),
        (Provider::OpenAi, "gpt-3.5-turbo"),
        (Provider::DeepSeek, "deepseek-chat"),
        (Provider::Ollama, "llama3.2:3b"),
        (Provider::OpenRouter, "openrouter/auto"),
    ] {
        assert!(!sees_images(provider, name), "{name}");
    }
}
