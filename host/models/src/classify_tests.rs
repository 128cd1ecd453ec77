//! Bodies as the providers send them.

use serde_json::json;

use super::*;

const KEY: &str = "sk-very-secret";

fn classify(provider: Provider, status: u16, body: &str) -> ModelError {
    with_key(|key| asked(provider, key).status(status, body, None))
}

fn with_key<T>(then: impl FnOnce(&SecretString) -> T) -> T {
    then(&SecretString::from(KEY))
}

fn asked(provider: Provider, key: &SecretString) -> Asked<'_> {
    let second = Duration::from_secs(1);
    Asked { provider, model_id: "m-1", endpoint: "http://h/", key: Some(key), connect: second, silence: second }
}

#[test]
fn errors_are_told_apart_by_status_and_body() {
    use Provider::{Anthropic, DeepSeek, Gemini, Ollama, OpenAi, OpenAiCompatible, OpenRouter};
    let cases = [
        (OpenAi, 401, r#"{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}"#, "auth"),
        (Anthropic, 403, r#"{"error":{"type":"permission_error","message":"no"}}"#, "auth"),
        (Gemini, 400, r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}"#, "auth"),
        (OpenAi, 429, r#"{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}"#, "auth"),
        (OpenRouter, 402, r#"{"error":{"message":"Insufficient credits"}}"#, "auth"),
        (Anthropic, 400, r#"{"error":{"message":"Your credit balance is too low"}}"#, "auth"),
        (OpenAi, 400, r#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#, "context_length"),
        (Anthropic, 400, r#"{"error":{"message":"prompt is too long: 210000 tokens > 200000"}}"#, "context_length"),
        (Anthropic, 413, r#"{"error":{"type":"request_too_large"}}"#, "context_length"),
        (Gemini, 400, r#"{"error":{"message":"The input token count (9) exceeds the maximum"}}"#, "context_length"),
        (OpenAiCompatible, 400, r#"{"error":{"type":"exceed_context_size_error","message":"x"}}"#, "context_length"),
        (DeepSeek, 400, r#"{"error":{"message":"This model's maximum context length is 131072"}}"#, "context_length"),
        (OpenAi, 429, r#"{"error":{"message":"Rate limit reached"}}"#, "rate_limited"),
        (Anthropic, 529, r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#, "overloaded"),
        (Gemini, 503, r#"{"error":{"status":"UNAVAILABLE","message":"overloaded"}}"#, "overloaded"),
        (OpenAi, 500, "oops", "unavailable"),
        (OpenAiCompatible, 502, "<html>bad gateway</html>", "unavailable"),
        (Ollama, 404, r#"{"error":"model 'm-1' not found"}"#, "bad_request"),
        (OpenAi, 422, r#"{"detail":"wrong"}"#, "bad_request"),
        (OpenAi, 301, "", "bad_request"),
    ];
    for (provider, status, body, kind) in cases {
        let error = classify(provider, status, body);
        assert_eq!(error.kind(), kind, "{provider} {status} {body}: {error}");
    }
}

#[test]
fn the_sentence_says_what_to_do_and_what_the_provider_said() {
    let text = classify(Provider::Anthropic, 401, r#"{"error":{"message":"invalid x-api-key"}}"#).to_string();
    assert_eq!(
        text,
        "`anthropic` does not accept the key for `m-1`: store one with `octi model add` or set `ANTHROPIC_API_KEY` \
         (it said: invalid x-api-key)"
    );
    let text = classify(Provider::Ollama, 404, r#"{"error":"model 'm-1' not found"}"#).to_string();
    assert!(text.contains("ollama pull m-1"), "{text}");
}

#[test]
fn no_sentence_contains_the_key_or_more_than_a_little_of_the_body() {
    for status in [400, 401, 402, 404, 413, 429, 500, 503, 529] {
        let body = json!({ "error": { "message": format!("{KEY}\u{1b}[31m\n{}", "long ".repeat(2_000)) } }).to_string();
        let text = classify(Provider::OpenAi, status, &body).to_string();
        assert!(!text.contains(KEY) && text.contains("[REDACTED_SECRET]"), "{text}");
        assert!(text.len() < 700 && !text.contains('\u{1b}') && !text.contains('\n'), "{text}");
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_not_tried_again_and_the_sentence_says_what_to_do() {
    let error = std::io::Error::other("invalid peer certificate: UnknownIssuer");
    let error = with_key(|key| asked(Provider::OpenAiCompatible, key).transport(&error));
    assert!(!error.retryable() && error.to_string().contains("`OCTI_CA_FILE`"), "{error}");
    let error = std::io::Error::other("connection refused");
    let error = with_key(|key| asked(Provider::OpenAiCompatible, key).transport(&error));
    assert!(error.retryable() && error.to_string().contains("(connection refused)"), "{error}");
}

#[test]
fn errors_inside_a_stream_are_told_apart() {
    let cases = [
        (json!({ "type": "error", "error": { "type": "overloaded_error", "message": "Overloaded" } }), "overloaded"),
        (json!({ "message": "slow down", "type": "rate_limit_error" }), "rate_limited"),
        (json!({ "error": { "code": 503, "message": "busy", "status": "UNAVAILABLE" } }), "overloaded"),
        (json!({ "error": { "code": 429, "message": "quota", "status": "RESOURCE_EXHAUSTED" } }), "rate_limited"),
        (json!({ "type": "error", "error": { "type": "api_error", "message": "internal" } }), "unavailable"),
        (json!({ "message": "maximum context length", "type": "invalid_request_error" }), "context_length"),
        (json!({ "message": "no", "type": "authentication_error" }), "auth"),
        (json!({ "finishReason": null, "usageMetadata": null }), "protocol"),
    ];
    for (body, kind) in cases {
        let error = with_key(|key| asked(Provider::Anthropic, key).in_stream(&body));
        assert_eq!(error.kind(), kind, "{body}: {error}");
    }
}

#[test]
fn waiting_times_are_read_in_seconds_and_milliseconds() {
    let read = |name: &'static str, value: &str| {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        retry_after(&headers)
    };
    assert_eq!(read("retry-after", "7"), Some(Duration::from_secs(7)));
    assert_eq!(read("retry-after-ms", "250"), Some(Duration::from_millis(250)));
    assert_eq!(read("retry-after", "-1"), None);
    assert_eq!(read("retry-after", "1e300"), None);
    assert_eq!(read("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), None);
}
