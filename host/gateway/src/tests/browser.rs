//! Browsers: the first run, signing in with a cookie, changes that need the page's token, tickets for WebSockets.

use octi_client::api::v1::auth::{BrowserSession, SetupState, SignIn, WsTicket};
use octi_client::api::{error::ErrorBody, page::Page};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::host::{Host, host};
use super::openapi::http;
use super::socket::{Got, Raw, auth};

const PASSWORD: &str = "correct horse battery";

/// A browser with its cookie and its page's token.
struct Tab<'h> {
    host: &'h Host,
    http: reqwest::Client,
    cookie: String,
    csrf: String,
}

/// A host whose first administrator is `ada`, and the browser that set it up.
async fn set_up(host: &Host) -> Tab<'_> {
    let first = host.gateway.auth.bootstrap_admin().await.unwrap().unwrap();
    let body = json!({ "username": "ada", "password": PASSWORD, "code": first.password() });
    let answer = http().post(host.url.join("/api/setup").unwrap()).json(&body).send().await.unwrap();
    Tab::of(host, answer).await
}

impl<'h> Tab<'h> {
    async fn of(host: &'h Host, answer: Response) -> Self {
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let session: BrowserSession = answer.json().await.unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { host, http: http(), cookie, csrf: session.csrf_token }
    }

    /// Another browser of the same person.
    async fn another(&self) -> Self {
        let body = json!({ "username": "ada", "password": PASSWORD });
        let answer = self.http.post(self.host.url.join("/api/auth/session").unwrap()).json(&body).send().await.unwrap();
        Self::of(self.host, answer).await
    }

    /// What another site can make this browser send.
    fn forged(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.host.url.join(path).unwrap()).header("cookie", &self.cookie)
    }

    /// What octi's own page sends.
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.forged(method, path).header("x-octi-csrf", &self.csrf)
    }

    async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    async fn ticket(&self) -> String {
        let answer = self.request(Method::POST, "/api/auth/ws-ticket").send().await.unwrap();
        answer.json::<WsTicket>().await.unwrap().ticket
    }
}

fn with_ticket(ticket: &str) -> String {
    json!({"type": "auth", "method": "session_token", "credentials": ticket, "clientType": "webchat"}).to_string()
}

async fn refusal(request: RequestBuilder) -> (StatusCode, String, Option<String>) {
    let answer = request.send().await.unwrap();
    let (status, body) = (answer.status(), answer.json::<ErrorBody>().await.unwrap());
    (status, body.error.code.as_str().to_owned(), body.error.path)
}

#[tokio::test]
async fn the_first_run_is_set_up_once_by_whoever_has_the_code() {
    let host = host([]).await;
    let url = host.url.join("/api/setup").unwrap();
    let needed = async || http().get(url.clone()).send().await.unwrap().json::<SetupState>().await.unwrap().needed;
    let first = host.gateway.auth.bootstrap_admin().await.unwrap().unwrap();
    assert!(needed().await);
    for (body, path) in [
        (json!({ "username": "ada", "password": PASSWORD, "code": "guess" }), "code"),
        (json!({ "username": "", "password": PASSWORD, "code": first.password() }), "username"),
        (json!({ "username": "ada", "password": "short", "code": first.password() }), "password"),
    ] {
        let refused = refusal(http().post(url.clone()).json(&body)).await;
        assert_eq!(refused, (StatusCode::BAD_REQUEST, "invalid_field".to_owned(), Some(path.to_owned())));
    }
    let body = json!({ "username": "ada", "password": PASSWORD, "code": first.password() });
    let answer = http().post(url.clone()).json(&body).send().await.unwrap();
    let tab = Tab::of(&host, answer).await;
    assert!(!needed().await);
    let (status, code, _) = refusal(http().post(url.clone()).json(&body)).await;
    assert_eq!((status, code.as_str()), (StatusCode::CONFLICT, "set_up_already"));
    let me: Value = tab.get("/api/auth/me").await.json().await.unwrap();
    assert_eq!((&me["username"], &me["isAdmin"]), (&json!("ada"), &json!(true)));
}

#[tokio::test]
async fn a_change_needs_what_only_octis_own_page_can_read() {
    let host = host([]).await;
    let tab = set_up(&host).await;
    let session: BrowserSession = tab.get("/api/auth/session").await.json().await.unwrap();
    assert_eq!(session.csrf_token, tab.csrf);
    let (status, ..) =
        refusal(http().post(host.url.join("/api/auth/session").unwrap()).body(r#"{"username":"ada","password":"x"}"#)).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "another site can send a body without saying what it is");
    assert_eq!(tab.forged(Method::GET, "/api/sessions").send().await.unwrap().status(), StatusCode::OK);
    for (method, path) in
        [(Method::POST, "/api/sessions"), (Method::DELETE, "/api/auth/session"), (Method::POST, "/api/auth/ws-ticket")]
    {
        for csrf in [None, Some("guess"), Some("")] {
            let mut request = tab.forged(method.clone(), path).json(&json!({}));
            if let Some(csrf) = csrf {
                request = request.header("x-octi-csrf", csrf);
            }
            let (status, code, _) = refusal(request).await;
            assert_eq!((status, code.as_str()), (StatusCode::FORBIDDEN, "csrf"), "{method} {path}");
        }
    }
    let made = tab.request(Method::POST, "/api/sessions").json(&json!({})).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    let other = tab.another().await;
    let (status, ..) =
        refusal(tab.forged(Method::POST, "/api/sessions").header("x-octi-csrf", other.csrf).json(&json!({}))).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "each browser has its own");
}

#[tokio::test]
async fn a_ticket_opens_one_socket_which_closes_when_its_browser_is_signed_out() {
    let host = host([]).await;
    let (here, there) = {
        let here = set_up(&host).await;
        let there = here.another().await;
        (here, there)
    };
    let ticket = there.ticket().await;
    let mut socket = Raw::open(&host).await;
    socket.say(with_ticket(&ticket)).await;
    assert_eq!(socket.frame().await["type"], "auth_ok");
    let mut again = Raw::open(&host).await;
    again.say(with_ticket(&ticket)).await;
    assert!(again.frame().await["message"].as_str().unwrap().contains("used or is older than a minute"));
    assert!(matches!(again.hear().await, Got::Closed(_)));
    let mut own = Raw::open(&host).await;
    own.say(with_ticket(&here.ticket().await)).await;
    assert_eq!(own.frame().await["type"], "auth_ok");

    let listed: Page<SignIn> = here.get("/api/auth/sessions").await.json().await.unwrap();
    let [current, other] = listed.items.as_slice() else { panic!("{listed:?}") };
    let (current, other) = if current.current { (current, other) } else { (other, current) };
    assert!(current.current && !other.current);
    let revoked = here.request(Method::DELETE, &format!("/api/auth/sessions/{}", other.id)).send().await.unwrap();
    assert_eq!(revoked.status(), StatusCode::NO_CONTENT);
    assert!(matches!(socket.hear().await, Got::Closed(4001)));
    assert_eq!(there.get("/api/sessions").await.status(), StatusCode::UNAUTHORIZED);
    own.say(json!({ "type": "ping" }).to_string()).await;
    assert_eq!(own.frame().await["type"], "pong");

    let left = here.request(Method::DELETE, "/api/auth/session").send().await.unwrap();
    assert!(left.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert!(matches!(own.hear().await, Got::Closed(4001)));
}

#[tokio::test]
async fn a_token_gets_a_ticket_too_and_nobody_revokes_somebody_elses_browser() {
    let host = host([]).await;
    let tab = set_up(&host).await;
    let bob = host.person("bob").await;
    let as_bob = |method: Method, path: &str| http().request(method, host.url.join(path).unwrap()).bearer_auth(&bob.token);
    let ticket: WsTicket = as_bob(Method::POST, "/api/auth/ws-ticket").send().await.unwrap().json().await.unwrap();
    let mut socket = Raw::open(&host).await;
    socket.say(with_ticket(&ticket.ticket)).await;
    assert_eq!(socket.frame().await["userId"], bob.id.to_string());
    let listed: Page<SignIn> = tab.get("/api/auth/sessions").await.json().await.unwrap();
    let (status, ..) = refusal(as_bob(Method::DELETE, &format!("/api/auth/sessions/{}", listed.items[0].id))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(tab.get("/api/sessions").await.status(), StatusCode::OK);
    let mut wrong = Raw::open(&host).await;
    wrong.say(auth("guess")).await;
    assert_eq!(wrong.frame().await["type"], "auth_error");
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_the_old_one() {
    let host = host([]).await;
    let tab = set_up(&host).await;
    let change = |current: &str, new: &str| {
        tab.request(Method::POST, "/api/auth/password").json(&json!({ "current": current, "new": new }))
    };
    assert_eq!(refusal(change("guess", "another long one")).await.2.as_deref(), Some("current"));
    assert_eq!(refusal(change(PASSWORD, "short")).await.2.as_deref(), Some("new"));
    let other = tab.another().await;
    assert_eq!(change(PASSWORD, "another long one").send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(tab.get("/api/sessions").await.status(), StatusCode::OK);
    assert_eq!(other.get("/api/sessions").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn pages_are_served_to_browsers_and_errors_to_programs() {
    let host = host([]).await;
    let get = async |path: &str| http().get(host.url.join(path).unwrap()).send().await.unwrap();
    for path in ["/", "/chat/018f4e5a-7c1d-7b3a-9f00-0123456789ab"] {
        let page = get(path).await;
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(page.headers()["cache-control"], "no-cache");
        assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
        let etag = page.headers()["etag"].clone();
        assert!(page.text().await.unwrap().contains("<title>octi</title>"));
        let again = http().get(host.url.join(path).unwrap()).header("if-none-match", etag).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
    let script = get("/assets/app-1234.js").await;
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(script.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(get("/favicon.svg").await.headers()["content-type"], "image/svg+xml");
    for path in ["/assets/gone.js", "/api/nonsense", "/v1/nonsense"] {
        let answer = get(path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{path}");
    }
    let posted = http().post(host.url.join("/").unwrap()).send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::NOT_FOUND);
}
