//! Reverse proxies: whose word on the client's address counts, and what hangs on that address.

use std::time::Duration;

use octi_client::api::page::Page;
use octi_client::api::v1::audit::AuditEntry;
use octi_client::api::v1::auth::SignIn;
use octi_domain::limits;
use reqwest::{Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::host::{Host, host, host_behind_proxy};
use super::openapi::http;

const PASSWORD: &str = "correct horse battery";
const ADA_IS: &str = "198.51.100.1";
const STRANGER_IS: &str = "203.0.113.7";

async fn post(host: &Host, path: &str, forwarded_for: &str, body: &Value) -> Response {
    let request = http().post(host.url.join(path).unwrap()).header("x-forwarded-for", forwarded_for);
    request.header("x-forwarded-proto", "https").json(body).send().await.unwrap()
}

async fn sign_in(host: &Host, forwarded_for: &str, password: &str) -> Response {
    post(host, "/api/auth/session", forwarded_for, &json!({"username": "ada", "password": password})).await
}

/// A host that `ada` set up.
async fn set_up(host: &Host) {
    let first = host.gateway.auth.bootstrap_admin().await.unwrap().unwrap();
    let body = json!({"username": "ada", "password": PASSWORD, "code": first.password()});
    assert_eq!(post(host, "/api/setup", ADA_IS, &body).await.status(), StatusCode::OK);
}

/// What the signed-in browser of this answer reads.
async fn read<T: serde::de::DeserializeOwned>(host: &Host, signed_in: &Response, path: &str) -> Page<T> {
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    let request = http().get(host.url.join(path).unwrap()).header("cookie", cookie);
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn behind_a_proxy_a_strangers_guesses_lock_nobody_else_out() {
    let host = host_behind_proxy().await;
    set_up(&host).await;
    for _ in 0..limits::LOGIN_FAILURES_MAX {
        assert_eq!(sign_in(&host, STRANGER_IS, "guess").await.status(), StatusCode::UNAUTHORIZED);
    }
    let pretending = format!("{ADA_IS}, {STRANGER_IS}");
    for from in [STRANGER_IS, &pretending] {
        assert_eq!(sign_in(&host, from, "guess").await.status(), StatusCode::TOO_MANY_REQUESTS, "{from}");
    }
    let signed_in = sign_in(&host, ADA_IS, PASSWORD).await;
    assert_eq!(signed_in.status(), StatusCode::OK);
    assert!(signed_in.headers()["set-cookie"].to_str().unwrap().contains("; Secure"));
    let browsers: Page<SignIn> = read(&host, &signed_in, "/api/auth/sessions").await;
    assert!(browsers.items.len() == 2 && browsers.items.iter().all(|browser| browser.address == ADA_IS), "{browsers:?}");
    host.gateway.audit.flush().await;
    let told: Page<AuditEntry> = read(&host, &signed_in, "/api/audit").await;
    assert!(told.items.iter().any(|entry| entry.action == "login" && entry.details["address"] == ADA_IS), "{told:?}");
}

#[tokio::test]
async fn what_somebody_who_is_no_proxy_writes_does_not_count() {
    let host = host([]).await;
    set_up(&host).await;
    for guess in 0..limits::LOGIN_FAILURES_MAX {
        let status = sign_in(&host, &format!("203.0.113.{guess}"), "guess").await.status();
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let refused = sign_in(&host, ADA_IS, "guess").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "another address in a header is no other address");
    let body = json!({"username": "ada", "password": PASSWORD});
    let still = http().post(host.url.join("/api/auth/login").unwrap()).json(&body).send().await.unwrap();
    assert_eq!(still.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn sockets_that_have_not_signed_in_count_for_the_client_and_not_for_the_proxy() {
    let host = host_behind_proxy().await;
    let mut url = host.url.join("/gateway").unwrap();
    url.set_scheme("ws").unwrap();
    let open = async |from: &str| {
        let mut request = url.as_str().into_client_request().unwrap();
        request.headers_mut().insert("x-forwarded-for", from.parse().unwrap());
        timeout(Duration::from_secs(10), connect_async(request)).await.unwrap()
    };
    let mut waiting = Vec::new();
    for _ in 0..limits::WS_UNAUTHENTICATED_PER_ADDRESS_MAX {
        waiting.push(open(STRANGER_IS).await.unwrap());
    }
    assert!(open(STRANGER_IS).await.is_err());
    assert!(open(ADA_IS).await.is_ok());
}

#[tokio::test]
async fn the_local_token_is_for_this_machine_and_not_for_whoever_comes_through_its_proxy() {
    let host = host_behind_proxy().await;
    set_up(&host).await;
    let home = tempfile::tempdir().unwrap();
    let token = host.gateway.auth.local_token(home.path()).unwrap();
    let me = async |from: Option<&str>| {
        let request = http().get(host.url.join("/api/auth/me").unwrap()).bearer_auth(token.expose_secret());
        let request = from.into_iter().fold(request, |request, from| request.header("x-forwarded-for", from));
        request.send().await.unwrap().status()
    };
    assert_eq!(me(None).await, StatusCode::OK);
    assert_eq!(me(Some(STRANGER_IS)).await, StatusCode::UNAUTHORIZED);
    assert_eq!(me(Some(&format!("127.0.0.1, {STRANGER_IS}"))).await, StatusCode::UNAUTHORIZED);
}
