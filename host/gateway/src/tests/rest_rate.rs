//! How many requests one caller may make.

use octi_client::api::error::ErrorCode;
use octi_domain::principal::Principal;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::host::{Host, host, host_behind_proxy};
use super::openapi::http;

/// Allows so few requests that a test trips it.
#[expect(clippy::disallowed_methods, reason = "the test made this administrator, so there is nothing to check")]
async fn allow(host: &Host, key: &str, count: u64) {
    let root = Principal::authenticated(host.admin().await.id, true);
    host.gateway.settings.set(&root, &[(key.to_owned(), json!(count))]).await.unwrap();
}

async fn get(host: &Host, path: &str, from: &str, token: Option<&str>) -> Response {
    let request = http().get(host.url.join(path).unwrap()).header("x-forwarded-for", from);
    token.into_iter().fold(request, |request, token| request.bearer_auth(token)).send().await.unwrap()
}

#[tokio::test]
async fn a_person_who_asks_too_much_is_told_when_to_come_back_and_nobody_else_notices() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    allow(&host, "gateway.requests_per_minute_max", 3).await;
    for _ in 0..3 {
        assert_eq!(get(&host, "/api/auth/me", "", Some(&ann.token)).await.status(), StatusCode::OK);
    }
    let refused = get(&host, "/api/auth/me", "", Some(&ann.token)).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=120).contains(&seconds), "{seconds}");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], "rate_limited");
    assert!(body["error"]["message"].as_str().unwrap().starts_with("3 requests were made within a minute"), "{body}");
    assert_eq!(ann.client.me().await.unwrap_err().code(), Some(ErrorCode::RateLimited), "whatever the route");
    let as_openai: Value = get(&host, "/v1/models", "", Some(&ann.token)).await.json().await.unwrap();
    assert!(as_openai["error"]["type"].is_string(), "in the envelope of whoever asks: {as_openai}");

    assert_eq!(bob.client.me().await.unwrap().username, "bob");
    for path in ["/health", "/api/health/ready", "/api/health/detailed", "/", "/assets/app-1234.js", "/api/docs"] {
        assert_eq!(get(&host, path, "", Some(&ann.token)).await.status(), StatusCode::OK, "{path} is not counted");
    }
    assert!(ann.client.connect().await.is_ok(), "a socket has budgets of its own");
}

#[tokio::test]
async fn an_address_that_shows_nobodys_credentials_is_counted_alone() {
    let host = host_behind_proxy().await;
    let ann = host.person("ann").await;
    allow(&host, "gateway.strangers_per_minute_max", 3).await;
    let (here, there) = ("203.0.113.7", "203.0.113.8");
    assert_eq!(get(&host, "/api/setup", here, None).await.status(), StatusCode::OK);
    assert_eq!(get(&host, "/api/auth/me", here, Some("octi_guess")).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(get(&host, "/api/auth/me", here, None).await.status(), StatusCode::UNAUTHORIZED);
    let guess = get(&host, "/api/auth/me", here, Some("octi_guess")).await;
    assert_eq!(guess.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(guess.headers().contains_key("retry-after"));
    assert_eq!(get(&host, "/api/setup", there, None).await.status(), StatusCode::OK);
    assert_eq!(get(&host, "/api/auth/me", here, Some(&ann.token)).await.status(), StatusCode::OK, "who signs in is no stranger");
}
