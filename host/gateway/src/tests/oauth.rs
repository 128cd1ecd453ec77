//! Programs that are let in with OAuth: a program, a person in front of a browser, and those who would like to be either.

mod bounds;
mod peer;
mod reading;
mod refused;
mod story;

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use octi_client::api::v1::settings::SetSetting;
use octi_domain::ids::UserId;
use octi_security::auth::{csrf_token, token_hash};
use octi_store::SignIn;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::host::{Host, Person};
use super::openapi::http;

pub(super) const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";
/// Where the program listens; it registered the address without the port.
pub(super) const REDIRECT: &str = "http://127.0.0.1:49152/cb";

/// Lets a test ask more often than a stranger may.
pub(super) async fn unhurried(host: &Host) {
    let value = SetSetting { value: json!(100_000) };
    host.admin().await.client.set_setting("gateway.strangers_per_minute_max", &value).await.unwrap();
}

/// A program that registered itself.
pub(super) struct Program<'h> {
    host: &'h Host,
    pub(super) id: String,
}

/// The browser of a person who is signed in.
pub(super) struct Browser<'h> {
    host: &'h Host,
    cookie: String,
}

/// What a program was given.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) scope: String,
}

impl<'h> Program<'h> {
    pub(super) async fn register(host: &'h Host) -> Self {
        let said =
            json!({"client_name": "Editor", "redirect_uris": ["http://127.0.0.1/cb", "https://a.example/cb"], "logo_uri": "x"});
        let (status, body) = post(host, "oauth/register", &said).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        assert_eq!((&body["token_endpoint_auth_method"], &body["client_secret"]), (&json!("none"), &Value::Null));
        Self { host, id: body["client_id"].as_str().unwrap().to_owned() }
    }

    /// What it asks for, with these changes.
    pub(super) fn asks(&self, changes: &[(&str, Option<&str>)]) -> Value {
        let mut asks = json!({
            "client_id": self.id,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "state": "its own",
            "code_challenge": URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)),
            "code_challenge_method": "S256",
            "resource": self.host.url.join("mcp").unwrap(),
        });
        for (name, value) in changes {
            match value {
                Some(value) => asks[*name] = json!(value),
                None => drop(asks.as_object_mut().unwrap().remove(*name)),
            }
        }
        asks
    }

    /// Shows a code, with these changes.
    pub(super) async fn redeem(&self, code: &str, changes: &[(&str, Option<&str>)]) -> (StatusCode, Value) {
        let resource = self.host.url.join("mcp").unwrap();
        let mut form = HashMap::from([
            ("grant_type", "authorization_code"),
            ("client_id", self.id.as_str()),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", REDIRECT),
            ("resource", resource.as_str()),
        ]);
        change(&mut form, changes);
        send_form(self.host, "oauth/token", &form).await
    }

    pub(super) async fn refresh(&self, token: &str, changes: &[(&str, Option<&str>)]) -> (StatusCode, Value) {
        let mut form =
            HashMap::from([("grant_type", "refresh_token"), ("client_id", self.id.as_str()), ("refresh_token", token)]);
        change(&mut form, changes);
        send_form(self.host, "oauth/token", &form).await
    }

    /// The whole way to its first tokens.
    pub(super) async fn let_in(&self, browser: &Browser<'_>, scope: &str) -> Tokens {
        let code = browser.agree(&self.asks(&[]), scope).await;
        tokens(self.redeem(&code, &[]).await)
    }
}

fn change<'a>(form: &mut HashMap<&'a str, &'a str>, changes: &[(&'a str, Option<&'a str>)]) {
    for (name, value) in changes {
        match value {
            Some(value) => form.insert(name, value),
            None => form.remove(name),
        };
    }
}

/// The tokens in an answer that has some.
pub(super) fn tokens((status, body): (StatusCode, Value)) -> Tokens {
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (StatusCode::OK, &json!("Bearer"), &json!(3600)), "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    Tokens { access: text("access_token"), refresh: text("refresh_token"), scope: text("scope") }
}

/// The program's word in an answer that has none.
pub(super) fn word((status, body): (StatusCode, Value)) -> String {
    assert!(status.is_client_error(), "{status} {body}");
    assert!(body["error_description"].as_str().is_some_and(|text| text.len() > 10), "{body}");
    body["error"].as_str().unwrap().to_owned()
}

impl<'h> Browser<'h> {
    pub(super) async fn of(host: &'h Host, person: &Person) -> Self {
        Self::of_user(host, person.id).await
    }

    pub(super) async fn of_user(host: &'h Host, user_id: UserId) -> Self {
        let (now, ambient) = (host.gateway.ambient.now(), &host.gateway.ambient);
        let cookie = format!("cookie-of-{user_id}");
        let sign_in = SignIn {
            id: ambient.id(),
            user_id,
            user_agent: "Firefox".to_owned(),
            address: "127.0.0.1".to_owned(),
            created_at: now,
            last_seen_at: now,
            expires_at: now + TimeDelta::days(7),
        };
        let mut tx = host.gateway.store.write(&octi_domain::principal::Principal::system("test")).await.unwrap();
        tx.insert_sign_in(&sign_in, &token_hash(&cookie)).await.unwrap();
        tx.save().await.unwrap();
        Self { host, cookie }
    }

    /// What the page asks, as the page does.
    pub(super) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = http().request(method, self.host.url.join(path).unwrap());
        request.header("cookie", format!("octi_session={}", self.cookie)).header("x-octi-csrf", csrf_token(&self.cookie))
    }

    /// What a person sees of what a program asks for.
    pub(super) async fn look(&self, asks: &Value) -> (StatusCode, Value) {
        let query: Vec<(&str, &str)> =
            asks.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        let answer = self.request(Method::GET, "api/programs/request").query(&query).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// What comes of a yes or a no.
    pub(super) async fn say(&self, asks: &Value, allow: Option<&str>) -> (StatusCode, Value) {
        let body = json!({"asked": asks, "allow": allow});
        let answer = self.request(Method::POST, "api/programs/request").json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// The code that a yes leads back with.
    pub(super) async fn agree(&self, asks: &Value, scope: &str) -> String {
        let (status, body) = self.say(asks, Some(scope)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let back = Url::parse(body["redirectTo"].as_str().unwrap()).unwrap();
        assert!(back.as_str().starts_with(REDIRECT), "{back}");
        let told: HashMap<_, _> = back.query_pairs().into_owned().collect();
        assert_eq!(told["state"], "its own");
        assert_eq!(told["iss"], self.host.url.as_str().trim_end_matches('/'));
        told["code"].clone()
    }
}

pub(super) async fn post(host: &Host, path: &str, body: &Value) -> (StatusCode, Value) {
    let answer = http().post(host.url.join(path).unwrap()).json(body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

pub(super) async fn send_form(host: &Host, path: &str, form: &HashMap<&str, &str>) -> (StatusCode, Value) {
    let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = http().post(host.url.join(path).unwrap()).header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let status = answer.status();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

/// What `/mcp` answers to a message with this token: the status, and how to ask for more.
pub(super) async fn mcp(host: &Host, token: &str, message: &Value) -> (StatusCode, Option<String>) {
    let request = http().post(host.url.join("mcp").unwrap()).bearer_auth(token);
    let request = request.header("accept", "application/json, text/event-stream").json(message);
    let answer = request.send().await.unwrap();
    let challenge = answer.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    (answer.status(), challenge)
}

pub(super) fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}
    }})
}
