//! The list of models.

use octi_api::v1::models::AddModel;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::host::host;
use super::{get, problem, send};

fn wanted(name: &str) -> AddModel {
    serde_json::from_value(json!({"name": name, "provider": "openai", "modelId": "gpt-5", "key": "sk-secret"})).unwrap()
}

#[tokio::test]
async fn a_persons_models_are_listed_under_their_own_names() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    ann.client.add_model(&wanted("big")).await.unwrap();
    ann.client.add_model(&wanted("org/small one")).await.unwrap();
    let (status, body) = get(&host, &ann, "/v1/models").await;
    let big = json!({"id": "big", "object": "model", "created": 0, "owned_by": "openai"});
    assert_eq!((status, &body["object"], &body["data"][0]), (200, &json!("list"), &big));
    assert_eq!(get(&host, &ann, "/v1/models/big").await, (200, big));
    assert_eq!(get(&host, &ann, "/v1/models/org%2Fsmall%20one").await.1["id"], "org/small one");
    assert!(!body.to_string().contains("sk-secret"));
}

#[tokio::test]
async fn errors_come_in_the_envelope_of_openai() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (status, body) = get(&host, &ann, "/v1/models/nonsense").await;
    let missing = problem(&body);
    assert_eq!((status, missing.code.as_deref()), (404, Some("model_not_found")));
    assert!(missing.message.contains("`nonsense`"), "{}", missing.message);

    let response = send(&host, "octi_wrong", Method::GET, "/v1/models", &Value::Null).await;
    assert_eq!(response.status(), 401);
    assert!(response.headers().contains_key("x-request-id"));
    let stranger = problem(&response.json().await.unwrap());
    assert_eq!((stranger.kind.as_str(), stranger.code.as_deref()), ("invalid_request_error", Some("invalid_api_key")));

    let (status, body) = get(&host, &ann, "/v1/moderations").await;
    assert_eq!((status, problem(&body).code.as_deref()), (404, Some("unknown_url")));
}
