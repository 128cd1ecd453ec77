//! The client against small servers that answer as octi does, and against ones that do not.

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use octi_api::error::ErrorCode;
use octi_api::page::PageQuery;
use octi_domain::ids::SessionId;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;
use uuid::Uuid;

use crate::{Client, ClientError};

/// Serves the routes until the returned set is dropped.
async fn serve(router: Router) -> (Url, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, tasks)
}

fn client(base: Url) -> Client {
    Client::new(base, SecretString::from("octi_test")).unwrap()
}

#[tokio::test]
async fn an_error_carries_code_path_and_request_id() {
    let body = serde_json::json!({"error": {
        "code": "session_not_found", "message": "there is no such session", "request_id": "r1", "path": "x"
    }});
    let router = Router::new().route("/api/sessions/{id}", get(move || async move { (StatusCode::NOT_FOUND, Json(body)) }));
    let (url, _tasks) = serve(router).await;
    let error = client(url).session(SessionId::from(Uuid::nil())).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::SessionNotFound));
    assert_eq!(error.request_id(), Some("r1"));
    assert_eq!(error.to_string(), "there is no such session");
    assert!(matches!(error, ClientError::Server { status: 404, path: Some(path), .. } if path == "x"));
}

#[tokio::test]
async fn a_code_of_a_newer_server_is_still_an_error_of_the_server() {
    let body = serde_json::json!({"error": {"code": "brand_new", "message": "m", "request_id": "r"}});
    let router = Router::new().route("/health", get(move || async move { (StatusCode::IM_A_TEAPOT, Json(body)) }));
    let (url, _tasks) = serve(router).await;
    let error = client(url).health().await.unwrap_err();
    assert!(matches!(error, ClientError::Server { status: 418, code: None, .. }), "{error:?}");
}

#[tokio::test]
async fn another_program_at_that_address_is_told_apart() {
    let router = Router::new().route("/health", get(|| async { "<html>" }));
    let (url, _tasks) = serve(router).await;
    let error = client(url.clone()).health().await.unwrap_err();
    assert!(matches!(error, ClientError::Protocol { .. }), "{error:?}");
    let error = client(url).list_sessions(&PageQuery::default()).await.unwrap_err();
    assert!(error.to_string().contains("does not answer like an octi server"), "{error}");
}

#[tokio::test]
async fn nothing_at_that_address_says_what_to_do() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let error = client(url.clone()).health().await.unwrap_err().to_string();
    assert!(error.contains("octi serve") && error.contains("refused"), "{error}");
    let error = client(url).connect().await.unwrap_err().to_string();
    assert!(error.contains("octi serve"), "{error}");
}

#[tokio::test]
async fn names_with_slashes_stay_one_segment() {
    let router = Router::new().route(
        "/api/models/{name}/test",
        post(|axum::extract::Path(name): axum::extract::Path<String>| async move {
            Json(serde_json::json!({"ok": true, "latencyMs": 1, "message": name}))
        }),
    );
    let (url, _tasks) = serve(router).await;
    assert_eq!(client(url).test_model("acme/large v2").await.unwrap().message, "acme/large v2");
}

#[test]
fn only_http_addresses_are_taken() {
    let error = Client::anonymous(Url::parse("ftp://host/").unwrap()).unwrap_err().to_string();
    assert!(error.contains("http://127.0.0.1:3005"), "{error}");
}

#[test]
fn the_token_stays_out_of_logs() {
    let client = client(Url::parse("http://127.0.0.1:1/").unwrap());
    assert!(!format!("{client:?}").contains("octi_test"));
}

#[tokio::test]
async fn what_no_name_can_be_is_refused_before_it_becomes_another_address() {
    let client = client(Url::parse("http://127.0.0.1:1/").unwrap());
    for name in ["", ".", ".."] {
        let refused = client.get::<serde_json::Value>(&["api", "plugins", name]).await;
        assert!(matches!(&refused, Err(ClientError::Name { name: told }) if told == name), "{refused:?}");
    }
}
