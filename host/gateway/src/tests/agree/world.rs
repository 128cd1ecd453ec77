//! A host in which every route has something to work on, and one who calls them.

use octi_api::v1::messages::SendMessage;
use octi_client::api::v1::auth::BrowserSession;
use octi_domain::ids::UserId;
use octi_models::scripted::Answer;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::tests::host::{Host, Person, host, until};
use crate::tests::oauth::{Browser, Program};
use crate::tests::openapi::http;

const PASSWORD: &str = "correct horse battery";

/// The host, and what there is in it.
pub(super) struct World {
    host: Host,
    cookie: String,
    csrf: String,
    session: String,
    agent: String,
    artifact: String,
    question: String,
    token: String,
    other_browser: String,
    rule: String,
    bearer: String,
    notification: String,
    workspace: String,
    default_workspace: String,
    program: String,
    /// What another program asks for.
    asks: Value,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) status: u16,
    pub(super) json: Option<Value>,
}

impl World {
    /// One administrator with two browsers, a conversation, a file in it, a question that waits, a rule, a model, a secret.
    pub(super) async fn new() -> Self {
        let asks = Answer::calls([("c1", "notes__write", json!({"text": "x"}))]);
        let answers = [Answer::text("Hello."), asks].into_iter().chain((0..20).map(|_| Answer::text("Fine.")));
        let host = host(answers).await;
        let first = host.gateway.auth.bootstrap_admin().await.unwrap().unwrap();
        let set_up = json!({"username": "ada", "password": PASSWORD, "code": first.password()});
        let (cookie, csrf) = signed_in(&host, "/api/setup", &set_up).await;
        let login = json!({"username": "ada", "password": PASSWORD});
        signed_in(&host, "/api/auth/session", &login).await;
        let empty = String::new;
        let mut world = Self {
            host,
            cookie,
            csrf,
            session: empty(),
            agent: empty(),
            artifact: empty(),
            question: empty(),
            token: empty(),
            other_browser: empty(),
            rule: empty(),
            bearer: empty(),
            notification: empty(),
            workspace: empty(),
            default_workspace: empty(),
            program: empty(),
            asks: Value::Null,
        };
        world.fill().await;
        world
    }

    async fn fill(&mut self) {
        self.made(Method::PUT, "/api/settings/gateway.requests_per_minute_max", json!({"value": 100_000})).await;
        let made = self.made(Method::POST, "/api/auth/api-tokens", json!({"name": "spare"})).await;
        self.token = made["token"]["id"].as_str().unwrap().to_owned();
        let made = self.made(Method::POST, "/api/auth/api-tokens", json!({"name": "used"})).await;
        self.bearer = made["secret"].as_str().unwrap().to_owned();
        let client = self.host.client(&self.bearer);
        let ada = Person { id: client.me().await.unwrap().id.into(), token: self.bearer.clone(), client };
        let session = ada.session().await;
        self.session = session.to_string();
        self.artifact = ada.client.attach(session, "a.txt", None, b"x".to_vec()).await.unwrap().id.to_string();
        let say = |content: &str| SendMessage { content: content.to_owned(), ..SendMessage::default() };
        let mut socket = ada.listen(&["agent.*", "permission.*"]).await;
        self.agent = ada.client.send_message(session, &say("hi")).await.unwrap().agent_id.to_string();
        until(&mut socket, "agent.completed").await;
        let asking = ada.session().await;
        ada.client.send_message(asking, &say("write")).await.unwrap();
        until(&mut socket, "permission.request").await;
        let pending = self.send(&Method::GET, "/api/permission-requests/pending", None).await.json.unwrap();
        self.question = pending["items"][0]["id"].as_str().unwrap().to_owned();
        let browsers = self.send(&Method::GET, "/api/auth/sessions", None).await.json.unwrap();
        let other = browsers["items"].as_array().unwrap().iter().find(|browser| browser["current"] == false);
        self.other_browser = other.unwrap()["id"].as_str().unwrap().to_owned();
        let rule = self.made(Method::PUT, "/api/tools/permissions", json!({"rule": "notes.read", "level": "allow"})).await;
        self.rule = rule["id"].as_str().unwrap().to_owned();
        self.made(Method::POST, "/api/models", json!({"name": "mine", "provider": "demo"})).await;
        self.made(Method::PUT, "/api/secrets/weather_key", json!({"value": "sunny-and-warm"})).await;
        let made = self.made(Method::POST, "/api/me/workspaces", json!({"name": "Site"})).await;
        self.workspace = made["id"].as_str().unwrap().to_owned();
        let all = self.send(&Method::GET, "/api/me/workspaces", None).await.json.unwrap();
        self.default_workspace = all["items"][0]["id"].as_str().unwrap().to_owned();
        self.made(Method::POST, "/api/admin/orgs", json!({"name": "House"})).await;
        self.host.gateway.agents.flush().await;
        let told = self.send(&Method::GET, "/api/notifications", None).await.json.unwrap();
        self.notification = told["items"][0]["id"].as_str().unwrap().to_owned();
        (self.program, self.asks) = let_in(&self.host, ada.id).await;
    }

    async fn made(&self, method: Method, path: &str, body: Value) -> Value {
        let sent = self.send(&method, path, Some(&body)).await;
        assert!((200..300).contains(&sent.status), "{path}: {sent:?}");
        sent.json.unwrap()
    }

    /// The path with what there is in place of its parameters, and the query that the route needs.
    pub(super) fn filled(&self, name: &str, path: &str) -> String {
        let id = match path {
            path if path.starts_with("/api/sessions/") => &self.session,
            path if path.starts_with("/api/agents/") => &self.agent,
            path if path.starts_with("/api/artifacts/") => &self.artifact,
            path if path.starts_with("/api/auth/api-tokens/") => &self.token,
            path if path.starts_with("/api/auth/sessions/") => &self.other_browser,
            path if path.starts_with("/api/permission-requests/") => &self.question,
            path if path.starts_with("/api/tools/permissions/") => &self.rule,
            path if path.starts_with("/api/notifications/") => &self.notification,
            path if path.ends_with("/default") && path.contains("workspaces") => &self.default_workspace,
            path if path.starts_with("/api/me/workspaces/") => &self.workspace,
            path if path.starts_with("/api/programs/") => &self.program,
            _ => "018f4e5a-7c1d-7b3a-9f00-0123456789ab",
        };
        let is_installed = name.starts_with("GET /api/plugins") || name.ends_with("/reload") || name.ends_with("/access");
        let named = if path.starts_with("/api/models/") { "mine" } else { "weather_key" };
        let plugin = if is_installed { "notes" } else { "new" };
        let named = if path.starts_with("/api/plugins/") { plugin } else { named };
        let named = if path.starts_with("/api/skills/") { "code-review" } else { named };
        let filled = path
            .replace("{id}", id)
            .replace("{publisher}", "acme")
            .replace("{name}", named)
            .replace("{tool}", "notes")
            .replace("{operation}", "read")
            .replace("{model}", "mine")
            .replace("{key}", "agent.minutes_max")
            .replace("{slug}", "house")
            .replace("{username}", "ada");
        match path {
            "/api/search" => format!("{filled}?q=hi"),
            "/api/programs/request" => {
                let query = self.asks.as_object().unwrap().iter().map(|(name, value)| (name, value.as_str().unwrap()));
                format!("{filled}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish())
            }
            "/api/sessions/{id}/attachments" => format!("{filled}?name=b.txt"),
            _ => filled,
        }
    }

    /// What the document cannot say of a valid body, because it is about what there is.
    pub(super) fn body(&self, name: &str, sample: Value) -> Value {
        match name {
            "POST /api/auth/login" | "POST /api/auth/session" => json!({"username": "ada", "password": PASSWORD}),
            "POST /api/auth/password" => json!({"current": PASSWORD, "new": "battery horse correct"}),
            "PUT /api/plugins/{publisher}/{name}/access" => json!({"allowed": true, "user": "ada"}),
            "PUT /api/settings" => json!({"values": {"agent.minutes_max": 5}}),
            "PUT /api/settings/{key}" => json!({"value": 5}),
            "POST /api/models" => json!({"name": "another", "provider": "demo"}),
            "PUT /api/tools/permissions" => json!({"rule": "notes.write", "level": "ask", "sessionId": self.session}),
            "POST /api/sessions" => json!({"title": "more", "workspaceId": "site", "projectPath": ""}),
            "PATCH /api/sessions/{id}" => json!({"title": "other", "workspaceId": "default", "projectPath": ""}),
            "PATCH /api/me/workspaces/{id}" => json!({"name": "Pages", "slug": "pages"}),
            "POST /api/sessions/{id}/messages" => json!({"content": "hello", "fileRefs": [self.artifact]}),
            "POST /api/tools/{tool}/tools/{operation}/execute" => json!({"arguments": {"text": "x"}, "sessionId": self.session}),
            "POST /api/programs/request" => json!({"asked": self.asks, "allow": "mcp:read"}),
            "POST /v1/chat/completions" => json!({"model": "scripted", "messages": [{"role": "user", "content": "hi"}]}),
            "POST /v1/embeddings" => json!({"model": "scripted", "input": "hi"}),
            "POST /v1/responses" => json!({"model": "scripted", "input": "hi"}),
            _ => sample,
        }
    }

    /// Sends a request with this body.
    pub(super) async fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> Sent {
        let request = self.request(method, path);
        sent(match body {
            Some(body) => request.json(body),
            None if path.starts_with("/api/plugins") => request.body(b"\0asm".to_vec()),
            None => request,
        })
        .await
    }

    /// Sends a request with a body that says to be of this kind.
    pub(super) async fn send_text(&self, method: &Method, path: &str, (kind, text): (&str, &str)) -> Sent {
        sent(self.request(method, path).header("Content-Type", kind).body(text.to_owned())).await
    }

    /// A request as a browser makes it, or as a client of OpenAI's API does.
    fn request(&self, method: &Method, path: &str) -> RequestBuilder {
        let request = http().request(method.clone(), self.host.url.join(path).unwrap());
        if path.starts_with("/v1/") {
            request.bearer_auth(&self.bearer)
        } else {
            request.header("Cookie", &self.cookie).header("X-Octi-Csrf", &self.csrf)
        }
    }
}

async fn sent(request: RequestBuilder) -> Sent {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    Sent { status, json: answer.json().await.ok() }
}

/// The id of a program that this person let in, and what another one asks for.
async fn let_in(host: &Host, ada: UserId) -> (String, Value) {
    let browser = Browser::of_user(host, ada).await;
    Program::register(host).await.let_in(&browser, "mcp").await;
    let programs = browser.request(Method::GET, "api/programs").send().await.unwrap().json::<Value>().await.unwrap();
    (programs["items"][0]["id"].as_str().unwrap().to_owned(), Program::register(host).await.asks(&[]))
}

async fn signed_in(host: &Host, path: &str, body: &Value) -> (String, String) {
    let answer = http().post(host.url.join(path).unwrap()).json(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let session: BrowserSession = answer.json().await.unwrap();
    (cookie, session.csrf_token)
}
