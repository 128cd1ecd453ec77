//! The document, and what must hold for every route in it.

use octi_api::openai::error::OpenAiError;
use octi_domain::limits;
use std::collections::BTreeSet;

use octi_api::event::EventBody;
use octi_api::frames::ClientFrame;
use octi_api::v1::messages::Part;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::host::host;

/// Routes that need no credentials, on purpose.
const PUBLIC: &[&str] = &[
    "GET /health",
    "GET /api/health",
    "GET /api/health/live",
    "GET /api/health/ready",
    "GET /api/openapi.json",
    "POST /api/auth/login",
    "POST /api/auth/session",
    "GET /api/setup",
    "POST /api/setup",
];

/// What the routes begin with whose errors are in OpenAI's envelope.
const OPENAI: &str = "/v1/";

/// Every route of the document, as (method, path).
fn routes() -> Vec<(Method, String)> {
    let document = serde_json::to_value(crate::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut routes = Vec::new();
    for (path, item) in paths {
        for method in item.as_object().unwrap().keys() {
            routes.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    assert!(routes.len() > 30, "{routes:?}");
    routes
}

/// The path with something in place of each parameter.
fn filled(path: &str) -> String {
    let id = "018f4e5a-7c1d-7b3a-9f00-0123456789ab";
    path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/")
}

pub(super) fn http() -> reqwest::Client {
    let _ = octi_client::Client::anonymous("http://127.0.0.1:1".parse().unwrap());
    #[expect(clippy::disallowed_methods, reason = "the test talks to its own server")]
    reqwest::Client::builder().build().unwrap()
}

#[test]
fn the_document_is_as_reviewed() {
    insta::assert_json_snapshot!("openapi", crate::document());
}

#[test]
fn every_route_is_described_once_and_says_what_it_does() {
    let document = serde_json::to_value(crate::document()).unwrap();
    let mut ids = BTreeSet::new();
    for (method, path) in routes() {
        let operation = &document["paths"][&path][method.as_str().to_lowercase()];
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty(), "{method} {path} has no summary");
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        assert!(ids.insert(id), "{method} {path} shares its id with another route");
        assert!(operation["responses"]["default"].is_object(), "{method} {path} has no error");
    }
}

/// The words that the document gives for `type` in a list of alternatives.
fn types_of(schema: &str) -> Vec<String> {
    let document = serde_json::to_value(crate::document()).unwrap();
    let alternatives = document["components"]["schemas"][schema]["oneOf"].as_array().unwrap().clone();
    let word = |alternative: &Value| {
        let own = [alternative].into_iter().chain(alternative["allOf"].as_array().into_iter().flatten());
        own.filter_map(|part| part["properties"]["type"]["enum"][0].as_str()).map(str::to_owned).next()
    };
    alternatives.iter().map(|alternative| word(alternative).unwrap_or_else(|| panic!("{alternative}"))).collect()
}

#[test]
fn frames_events_and_parts_are_described_by_their_names_on_the_wire() {
    assert_eq!(types_of("ClientFrame"), ClientFrame::TYPES);
    let events: Vec<&str> = EventBody::CATALOGUE.iter().map(|event| event.name).collect();
    assert_eq!(types_of("EventBody"), events);
    let part = Part::ToolResult {
        call_id: "1".to_owned(),
        name: "a__b".to_owned(),
        content: String::new(),
        is_error: false,
        artifact_id: Some(uuid::Uuid::nil()),
        files: Vec::new(),
    };
    let wire = serde_json::to_value(part).unwrap();
    let document = serde_json::to_value(crate::document()).unwrap();
    let described = document["components"]["schemas"]["Part"]["oneOf"][3]["properties"].as_object().unwrap();
    // An empty list is left out.
    let named = wire.as_object().unwrap().keys().map(String::as_str).chain(["files"]);
    assert_eq!(named.collect::<BTreeSet<_>>(), described.keys().map(String::as_str).collect());
}

/// Each is tried three times.
const ROUTES_EACH: usize = limits::STRANGERS_PER_MINUTE_MAX / 4;

#[tokio::test]
async fn every_route_refuses_strangers() {
    let (mut stranger, http) = (host([]).await, http());
    for (number, (method, path)) in routes().into_iter().enumerate() {
        if number % ROUTES_EACH == ROUTES_EACH - 1 {
            // A host answers a stranger only so many times a minute.
            stranger = host([]).await;
        }
        let name = format!("{method} {path}");
        let url = stranger.url.join(&filled(&path)).unwrap();
        for token in [None, Some("octi_wrong"), Some("wrong")] {
            let mut request = http.request(method.clone(), url.clone());
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.unwrap();
            let status = response.status();
            if PUBLIC.contains(&name.as_str()) {
                assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{name}");
                continue;
            }
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{name} {token:?}");
            let body: Value = response.json().await.unwrap();
            let code = if path.starts_with(OPENAI) { "invalid_api_key" } else { "unauthenticated" };
            assert_eq!(body["error"]["code"], code, "{name}");
        }
    }
}

#[tokio::test]
async fn no_route_fails_on_a_bad_body_and_every_error_is_in_the_envelope() {
    let (host, http) = (host([]).await, http());
    let admin = host.admin().await;
    let bodies = ["", "{", "[]", "null", "7", "\"x\"", r#"{"unknown":1}"#, "{\"name\":1,\"rule\":[],\"arguments\":0}"];
    for (method, path) in routes() {
        for body in bodies {
            let request = http.request(method.clone(), host.url.join(&filled(&path)).unwrap());
            let request = request.bearer_auth(&admin.token).header("content-type", "application/json").body(body);
            let response = request.send().await.unwrap();
            let status = response.status();
            assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path} {body}");
            let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap().to_owned();
            if !status.is_success() && path.starts_with(OPENAI) {
                let error: OpenAiError = response.json().await.unwrap();
                assert!(!error.error.message.is_empty(), "{method} {path}");
            } else if !status.is_success() {
                let error: octi_api::error::ErrorBody = response.json().await.unwrap();
                assert_eq!(error.error.code.status(), status.as_u16(), "{method} {path}");
                assert_eq!(error.error.request_id, id, "{method} {path}");
            }
        }
    }
}
