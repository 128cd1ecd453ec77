//! The document and the host agree: every route is called with input that the document calls valid, and with every kind of input
//! that it does not. Answers are checked against what the document says of them.

mod sample;
mod world;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use self::sample::Schemas;
use self::world::{Sent, World};

/// Valid input that is refused all the same, and why the world of this test has nothing that would be accepted.
const REFUSED: &[(&str, u16, &str)] = &[
    ("POST /api/setup", 409, "the host is set up, or nobody could call the rest; `browser.rs` does it"),
    ("POST /api/sessions/{id}/continue", 409, "the last turn of the session was completed"),
    ("POST /api/questions/{id}/answer", 410, "no plugin asks anything here; the stories of agents do it"),
];

/// One operation of the document.
struct Operation {
    method: Method,
    path: String,
    about: Value,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The schema of its JSON body.
    fn body(&self) -> Option<&Value> {
        self.about["requestBody"]["content"].get("application/json").map(|content| &content["schema"])
    }

    fn parameters(&self, place: &str) -> impl Iterator<Item = &Value> {
        let all = self.about["parameters"].as_array().into_iter().flatten();
        all.filter(move |parameter| parameter["in"] == place)
    }

    /// What is taken away comes last, and what everything else needs at the very end.
    fn order(&self) -> u8 {
        match (self.method.as_str(), self.path.as_str()) {
            ("GET", _) => 0,
            ("DELETE", "/api/auth/session") => 9,
            ("POST", "/api/auth/password") => 8,
            ("DELETE", "/api/sessions/{id}" | "/api/admin/orgs/{slug}") => 7,
            ("DELETE", _) => 6,
            _ => 1,
        }
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, about) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            all.push(Operation { method, path: path.clone(), about: about.clone() });
        }
    }
    all.sort_by_key(Operation::order);
    assert!(all.len() > 60, "only {} operations", all.len());
    all
}

#[tokio::test]
async fn valid_input_is_taken_and_answered_as_the_document_says() {
    let document = serde_json::to_value(crate::document()).unwrap();
    let (schemas, world) = (Schemas::new(&document), Box::pin(World::new()).await);
    for operation in operations(&document) {
        let name = operation.name();
        let body = operation.body().map(|schema| world.body(&name, schemas.sample(schema)));
        let answer = world.send(&operation.method, &world.filled(&name, &operation.path), body.as_ref()).await;
        let status = answer.status;
        if let Some((_, refused, why)) = REFUSED.iter().find(|(route, ..)| *route == name) {
            assert_eq!(status, *refused, "{name} is expected to be refused: {why}; got {answer:?}");
            continue;
        }
        assert!((200..300).contains(&status), "{name} with {body:?}: {answer:?}");
        let described = &operation.about["responses"][status.to_string()];
        assert!(described.is_object(), "{name} answered {status}, which the document does not name");
        if let Some(content) = described["content"].get("application/json") {
            let told = answer.json.as_ref().unwrap_or_else(|| panic!("{name} answers JSON: {answer:?}"));
            schemas.check(&name, &content["schema"], told);
        }
    }
}

#[tokio::test]
async fn broken_input_is_refused_with_the_place_of_the_mistake() {
    let document = serde_json::to_value(crate::document()).unwrap();
    let (schemas, world) = (Schemas::new(&document), Box::pin(World::new()).await);
    let mut tried = 0;
    for operation in operations(&document) {
        let name = operation.name();
        let path = world.filled(&name, &operation.path);
        let valid = operation.body().map(|schema| (schema, world.body(&name, schemas.sample(schema))));
        for (field, broken) in valid.iter().flat_map(|(schema, body)| schemas.broken(schema, body)) {
            if field == sample::UNKNOWN && operation.path.starts_with("/v1/") {
                // Clients of OpenAI's API send fields that octi has never heard of.
                continue;
            }
            refused(&name, &field, &world.send(&operation.method, &path, Some(&broken)).await);
            tried += 1;
        }
        let body = valid.map(|(_, body)| body);
        if body.is_some() {
            for (kind, text) in [("application/json", "{"), ("application/json", ""), ("text/plain", "{}")] {
                let answer = world.send_text(&operation.method, &path, (kind, text)).await;
                let expected = if kind == "text/plain" { 415 } else { 400 };
                assert_eq!(answer.status, expected, "{name} with `{text}` as {kind}: {answer:?}");
                tried += 1;
            }
        }
        for parameter in operation.parameters("query") {
            let (field, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let mut wrong: Vec<String> = schemas.forbidden(schema, &Value::Null).iter().filter_map(in_query).collect();
            if !schemas.types(schema).contains("string") {
                wrong.push("many".to_owned());
            }
            for wrong in wrong {
                let answer = world.send(&operation.method, &with_query(&path, field, &wrong), body.as_ref()).await;
                refused(&name, field, &answer);
                tried += 1;
            }
        }
        for parameter in operation.parameters("path").filter(|parameter| parameter["schema"]["format"] == "uuid") {
            let field = format!("{{{}}}", parameter["name"].as_str().unwrap());
            let answer = world.send(&operation.method, &operation.path.replace(&field, "nonsense"), body.as_ref()).await;
            assert_eq!(answer.status, 400, "{name} with a nonsense id: {answer:?}");
            tried += 1;
        }
    }
    assert!(tried > 250, "only {tried} mistakes were tried");
}

/// The value as a query holds it, when it can: to a query everything is a text.
fn in_query(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.replace(' ', "%20")),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The path with this in place of what its query says of the field.
fn with_query(path: &str, field: &str, value: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let others = query.split('&').filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(field));
    let pairs: Vec<String> = others.map(str::to_owned).chain([format!("{field}={value}")]).collect();
    format!("{path}?{}", pairs.join("&"))
}

fn refused(name: &str, field: &str, answer: &Sent) {
    assert!((400..500).contains(&answer.status), "{name} with a broken `{field}`: {answer:?}");
    let error = &answer.json.as_ref().unwrap_or_else(|| panic!("{name}: {answer:?}"))["error"];
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{name} {field}: {error}");
    if error["code"] == "invalid_field" {
        let path = error["path"].as_str().or_else(|| error["param"].as_str()).unwrap_or_default();
        // Of a value with several forms, only the whole can be named.
        let is_inside = !path.is_empty() && field.contains(['.', '[']) && field.starts_with(path);
        let same = path.starts_with(field) || is_inside || field == sample::UNKNOWN && path == sample::UNKNOWN;
        assert!(same, "{name}: the mistake is in `{field}`, the answer names `{path}`: {error}");
    }
}

#[test]
fn the_list_of_refusals_names_routes_that_exist() {
    let document = serde_json::to_value(crate::document()).unwrap();
    let names: BTreeSet<String> = operations(&document).iter().map(Operation::name).collect();
    for (route, ..) in REFUSED {
        assert!(names.contains(*route), "{route}");
    }
    assert_eq!(document["openapi"], json!("3.1.0"));
}
