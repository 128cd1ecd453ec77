//! Requests that are sent again: `Idempotency-Key` and `If-None-Match`.

use octi_domain::ids::SessionId;
use octi_domain::limits;
use octi_models::scripted::Answer;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::host::{Host, Person, host, host_on, until};
use super::openapi::http;

async fn post(host: &Host, person: &Person, path: &str, key: &str, body: &Value) -> (StatusCode, bool, Value) {
    let request = http().post(host.url.join(path).unwrap()).bearer_auth(&person.token);
    let response = request.header("Idempotency-Key", key).json(body).send().await.unwrap();
    let replayed = response.headers().contains_key("idempotency-replayed");
    (response.status(), replayed, response.json().await.unwrap())
}

octi_testkit::on_both! {
    async fn the_same_request_again_has_no_second_effect_and_the_same_answer(db) {
        let host = host_on(db, [Answer::text("Hello.")]).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let body = json!({"title": "Once"});
        let first = post(&host, &ann, "/api/sessions", "k-1", &body).await;
        assert_eq!((first.0, first.1), (StatusCode::CREATED, false));
        let again = post(&host, &ann, "/api/sessions", "k-1", &body).await;
        assert_eq!(again, (StatusCode::CREATED, true, first.2.clone()));
        let (status, _, other) = post(&host, &ann, "/api/sessions", "k-1", &json!({"title": "Other"})).await;
        assert_eq!((status, &other["error"]["code"]), (StatusCode::CONFLICT, &json!("key_reused")));
        assert_eq!(ann.client.list_sessions(&Default::default()).await.unwrap().items.len(), 1);
        let theirs = post(&host, &bob, "/api/sessions", "k-1", &body).await;
        assert_eq!((theirs.0, theirs.1), (StatusCode::CREATED, false), "a key is its owner's");
        assert_ne!(theirs.2["id"], first.2["id"]);

        let session: SessionId = first.2["id"].as_str().unwrap().parse().unwrap();
        let mut socket = ann.listen(&["agent.*"]).await;
        let path = format!("/api/sessions/{session}/messages");
        let sent = post(&host, &ann, &path, "k-2", &json!({"content": "hi"})).await;
        until(&mut socket, "agent.completed").await;
        assert_eq!(post(&host, &ann, &path, "k-2", &json!({"content": "hi"})).await, (StatusCode::ACCEPTED, true, sent.2));
        assert_eq!(host.model.requests().len(), 1, "the model was asked once");
    }
}

#[tokio::test]
async fn what_was_refused_may_be_sent_again_and_a_bad_key_is_named() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let refused = post(&host, &ann, "/api/sessions", "k", &json!({"title": ""})).await;
    assert_eq!(refused.0, StatusCode::BAD_REQUEST);
    assert_eq!(post(&host, &ann, "/api/sessions", "k", &json!({"title": "Now"})).await.0, StatusCode::CREATED);
    let long = "k".repeat(limits::IDEMPOTENCY_KEY_BYTES_MAX + 1);
    let (status, _, error) = post(&host, &ann, "/api/sessions", &long, &json!({})).await;
    assert_eq!((status, &error["error"]["path"]), (StatusCode::BAD_REQUEST, &json!("Idempotency-Key")));

    let stranger = http().post(host.url.join("/api/sessions").unwrap()).header("Idempotency-Key", "k");
    assert_eq!(stranger.json(&json!({})).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_large_file_may_have_a_key_and_one_that_is_too_large_may_not() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    let upload = async |bytes: usize| -> Response {
        let url = host.url.join(&format!("/api/sessions/{session}/attachments?name=a.bin")).unwrap();
        let request = http().post(url).bearer_auth(&ann.token).header("Idempotency-Key", format!("k-{bytes}"));
        request.body(vec![0; bytes]).send().await.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(upload(limits::ATTACHMENT_BYTES_MAX).await.status(), StatusCode::CREATED);
    }
    assert_eq!(upload(limits::ATTACHMENT_BYTES_MAX + 1).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ann.client.list_artifacts(session, &Default::default()).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let kept = ann.client.attach(ann.session().await, "a.txt", None, b"hello".to_vec()).await.unwrap();
    for path in [format!("/api/artifacts/{}/raw", kept.id), "/api/openapi.json".to_owned()] {
        let ask = |tag: String| {
            let request = http().get(host.url.join(&path).unwrap()).bearer_auth(&ann.token);
            request.header("If-None-Match", tag).send()
        };
        let first = ask("\"other\"".to_owned()).await.unwrap();
        assert_eq!(first.status(), StatusCode::OK, "{path}");
        let tag = first.headers()["etag"].to_str().unwrap().to_owned();
        let again = ask(tag).await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert!(again.bytes().await.unwrap().is_empty());
    }
}
