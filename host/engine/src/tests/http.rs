//! Requests of guests: the table of addresses, grants, secrets, quotas. The host functions are called as a guest calls them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::ambient::Ambient;
use octi_domain::limits;
use octi_extension::capability::{Capabilities, HttpRequest, VaultRequest};
use octi_security::sandbox::egress::{Egress, EgressPolicy, Endpoints, PrivateTargets};
use octi_testkit::egress::{Allowed, Caller as Attempt, Dials, Names, Row, Server};
use octi_testkit::services::Memory;
use url::Url;
use wasmtime::component::Resource;

use super::guests::{context, processes, secrets};
use crate::bindings::HostError;
use crate::bindings::tool::octi::http::client::{Head, Host, HostBody, HostRequest, Redirects, Response};
use crate::instance::Setup;
use crate::limits::Budget;
use crate::rights::Rights;
use crate::state::{CallState, Caller, Services};

const VALUE: &str = "s3cr3t-value-42";

fn ask(host: &str, methods: &[&str]) -> HttpRequest {
    HttpRequest {
        host: Some(host.to_owned()),
        methods: methods.iter().map(|&method| method.to_owned()).collect(),
        reason: "try".to_owned(),
        ..HttpRequest::default()
    }
}

fn endpoint(name: &str) -> HttpRequest {
    HttpRequest { host: None, endpoint: Some(name.to_owned()), ..ask("", &["GET"]) }
}

fn state_with(capabilities: Capabilities, egress: Egress, endpoints: Endpoints, time: Duration) -> CallState {
    let services = Services {
        kv: Arc::new(Memory::default()),
        processes: processes(),
        egress: Arc::new(egress),
        endpoints: Arc::new(endpoints),
        secrets: Arc::new(secrets()),
        ambient: Arc::new(Ambient::system()),
    };
    let asked = octi_extension::manifest::Limits::default();
    let budget = Budget { wall: time, ..Budget::of(asked, &Default::default()) };
    let caller = Caller::of(context(std::env::temp_dir(), time));
    let grant = Rights::new("acme/x".to_owned(), capabilities);
    CallState::of(Setup { caller, grant, services: Some(services), budget })
}

/// Names are at 10.0.0.9, which the operator opened for `a.corp` and `b.corp`, and on port 81 for the network; all of it is that server.
fn state(capabilities: Capabilities, server: &Server) -> CallState {
    let egress = Egress::new(EgressPolicy {
        lookup: Arc::new(Names::of(&[("*", &[&["10.0.0.9"]])])),
        route: Arc::new(Dials::to(server.address())),
        private: PrivateTargets::parse(["a.corp:80", "b.corp:80", "10.0.0.0/8:81"]).expect("targets"),
        ..EgressPolicy::default()
    });
    let url = Url::parse(&format!("http://{}/base/", server.address())).ok();
    let endpoints = Endpoints::default().with("searxng", "OCTI_SEARXNG_URL", url).with("other", "OCTI_OTHER", None);
    state_with(capabilities, egress, endpoints, Duration::from_secs(20))
}

fn granted(requests: Vec<HttpRequest>) -> Capabilities {
    Capabilities { http: requests, ..Capabilities::default() }
}

fn head(method: &str, url: &str) -> Head {
    Head { method: method.to_owned(), url: url.to_owned(), headers: Vec::new(), timeout_ms: None, redirects: Redirects::Follow }
}

fn with_header(url: &str, name: &str, value: &str) -> Head {
    Head { headers: vec![(name.to_owned(), value.to_owned())], ..head("GET", url) }
}

async fn send(state: &mut CallState, head: Head) -> Result<Response, HostError> {
    Host::send(state, head).await.expect("no trap")
}

async fn body(state: &mut CallState, response: Response) -> Result<Vec<u8>, HostError> {
    let rep = response.body.rep();
    let mut all = Vec::new();
    loop {
        let chunk = HostBody::read(state, Resource::new_borrow(rep), u32::MAX).await.expect("no trap")?;
        assert!(chunk.len() <= limits::EGRESS_CHUNK_BYTES_MAX);
        if chunk.is_empty() {
            return Ok(all);
        }
        all.extend_from_slice(&chunk);
    }
}

fn answer(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// A guest with the row's grant; the operator's address is an endpoint.
struct Guest;

#[async_trait]
impl Attempt for Guest {
    async fn try_to(&self, row: &Row, egress: Egress, dials: &Dials) -> Result<(), String> {
        let (requests, endpoints, url) = match row.allowed {
            Allowed::Hosts(hosts) => (hosts.iter().map(|host| ask(host, &["GET"])).collect(), Endpoints::default(), row.url),
            Allowed::Operator => {
                let url = Url::parse(row.url).map_err(|error| error.to_string())?;
                (vec![endpoint("row")], Endpoints::default().with("row", "ROW", Some(url)), "endpoint://row/")
            }
        };
        let mut state = state_with(granted(requests), egress, endpoints, Duration::from_secs(20));
        match send(&mut state, head("GET", url)).await {
            // The connection was made; the server does not speak TLS.
            Ok(_) => Ok(()),
            Err(HostError::Unavailable(_)) if !dials.seen().is_empty() => Ok(()),
            Err(
                HostError::Denied(text) | HostError::Invalid(text) | HostError::NotFound(text) | HostError::Unavailable(text),
            ) => Err(text),
            Err(other) => Err(format!("{other:?}")),
        }
    }

    /// The refusal names the line to add to the manifest; of an endpoint nothing is told.
    fn says(&self, row: &Row, text: &str, reason: &str) -> bool {
        text.contains(reason)
            || (text.contains("has no grant for requests to") && text.contains("`capabilities.http`"))
            || (row.allowed == Allowed::Operator && text == "the endpoint `row` does not answer; the log says why")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_holds_for_guests() {
    octi_testkit::egress::run(&Guest).await;
}

#[tokio::test]
async fn a_request_and_its_answer_cross_in_chunks() {
    let text = "x".repeat(200_000);
    let server = Server::start(answer("x-kind: long\r\nset-cookie: a=b\r\n", &text)).await;
    let mut state = state(granted(vec![ask("a.corp:80", &["POST"])]), &server);
    let request = state.start(head("POST", "http://a.corp/upload?x=1")).await.expect("no trap").expect("granted");
    let rep = request.rep();
    let write = |bytes: usize| (Resource::new_borrow(rep), vec![b'y'; bytes]);
    for _ in 0..3 {
        let (request, chunk) = write(limits::EGRESS_CHUNK_BYTES_MAX);
        assert!(state.write(request, chunk).await.expect("no trap").is_ok());
    }
    let (too, long) = write(limits::EGRESS_CHUNK_BYTES_MAX + 1);
    assert!(matches!(state.write(too, long).await.expect("no trap"), Err(HostError::Invalid(text)) if text.contains("65536")));
    let response = send_written(&mut state, request).await.expect("an answer");
    assert_eq!((response.status, response.url.as_str()), (200, "http://a.corp/upload?x=1"));
    assert!(response.headers.contains(&("x-kind".to_owned(), "long".to_owned())), "{:?}", response.headers);
    assert_eq!(body(&mut state, response).await.expect("a body"), text.as_bytes());
    assert!(server.requests()[0].ends_with(&"y".repeat(3 * limits::EGRESS_CHUNK_BYTES_MAX)));
}

async fn send_written(
    state: &mut CallState,
    request: Resource<crate::capability::http::OpenRequest>,
) -> Result<Response, HostError> {
    HostRequest::send(state, request).await.expect("no trap")
}

#[tokio::test]
async fn what_is_not_granted_is_answered_with_the_line_to_add() {
    let server = Server::start(answer("", "ok")).await;
    let mut state = state(granted(vec![ask("a.corp:80", &["GET"])]), &server);
    for (head, says) in [
        (head("GET", "https://other.test/"), r#"{ host = "other.test:443", methods = ["GET"], reason = … }"#),
        (head("POST", "http://a.corp/"), "method `POST`"),
        (head("GET", "endpoint://searxng/search"), r#"{ endpoint = "searxng", methods = ["GET"], reason = … }"#),
    ] {
        let refused = send(&mut state, head).await;
        assert!(matches!(&refused, Err(HostError::Denied(text)) if text.contains(says)), "{says}: {refused:?}");
    }
    for (head, says) in [
        (head("GET", "not a url"), "url"),
        (head("G ET", "http://a.corp/"), "method"),
        (head("GET", "ftp://a.corp/"), "`ftp`"),
        (with_header("http://a.corp/", "Host", "evil.test"), "`Host`"),
        (with_header("http://a.corp/", "x", "a\nb"), "control character"),
    ] {
        let refused = send(&mut state, head).await;
        assert!(matches!(&refused, Err(HostError::Invalid(text)) if text.contains(says)), "{says}: {refused:?}");
    }
    state.grant.revoke();
    let revoked = send(&mut state, head("GET", "http://a.corp/")).await;
    assert!(matches!(&revoked, Err(HostError::Denied(text)) if text.contains("revoked")), "{revoked:?}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_elsewhere_is_answered_with_the_line_to_add() {
    let server = Server::start(
        "HTTP/1.1 302 Found\r\nlocation: https://other.test/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
    )
    .await;
    let mut state = state(granted(vec![ask("a.corp:80", &["GET"])]), &server);
    let refused = send(&mut state, head("GET", "http://a.corp/")).await;
    assert!(
        matches!(&refused, Err(HostError::Denied(text)) if text.starts_with("`a.corp` redirected") && text.contains(r#"host = "other.test:443""#)),
        "{refused:?}"
    );
    let mut alone = head("GET", "http://a.corp/");
    alone.redirects = Redirects::Refuse;
    assert_eq!(send(&mut state, alone).await.expect("the redirect itself").status, 302);
}

#[tokio::test]
async fn an_endpoint_is_known_by_its_name_only() {
    let server = Server::start(
        "HTTP/1.1 302 Found\r\nlocation: http://10.0.0.5/x\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok".to_owned(),
    )
    .await;
    let mut state = state(granted(vec![endpoint("searxng"), endpoint("other")]), &server);
    let response = send(&mut state, head("GET", "endpoint://searxng/search?q=a")).await.expect("an answer");
    assert_eq!((response.status, response.url.as_str()), (302, "endpoint://searxng/search?q=a"));
    assert!(
        response.headers.iter().all(|(name, value)| name != "location" && !value.contains("10.0.0.5")),
        "{:?}",
        response.headers
    );
    assert!(server.requests()[0].starts_with("GET /base/search?q=a "), "{:?}", server.requests());
    let unset = send(&mut state, head("GET", "endpoint://other/")).await;
    assert!(matches!(&unset, Err(HostError::Denied(text)) if text.contains("the operator sets `OCTI_OTHER`")), "{unset:?}");
    drop(server);
}

fn with_secret(host: &str, header: &str, requests: Vec<HttpRequest>) -> Capabilities {
    let [secret, host, header, reason] = ["key", host, header, "sign in"].map(str::to_owned);
    Capabilities { vault: vec![VaultRequest { secret, host, header, reason }], ..granted(requests) }
}

#[tokio::test]
async fn a_secret_goes_into_its_header_and_comes_back_nowhere() {
    // The server sends everything it got back: in a header, in the body, and in base64.
    let server = Server::answering(|request| {
        let token = request.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or("none").to_owned();
        answer(&format!("x-echo: {token}\r\n"), &format!("you said {token}, czNjcjN0LXZhbHVlLTQy, \u{e9}")).into_bytes()
    })
    .await;
    let capabilities = with_secret("a.corp:80", "Authorization", vec![ask("a.corp:80", &["GET"])]);
    let mut state = state(capabilities, &server);
    let response =
        send(&mut state, with_header("http://a.corp/", "Authorization", "Bearer {{secret:key}}")).await.expect("an answer");
    assert!(server.requests()[0].contains(&format!("authorization: Bearer {VALUE}\r\n")), "{:?}", server.requests());
    assert!(response.headers.iter().all(|(_, value)| !value.contains(VALUE)), "{:?}", response.headers);
    let text = String::from_utf8(body(&mut state, response).await.expect("a body")).expect("text");
    assert_eq!(text, "you said Bearer [REDACTED_SECRET], [REDACTED_SECRET], \u{e9}");
}

#[tokio::test]
async fn a_secret_goes_nowhere_else() {
    let server = Server::start(answer("", "ok")).await;
    let all =
        vec![ask("a.corp:80", &["GET", "POST"]), ask("b.corp:80", &["GET"]), ask("c.corp:81", &["GET"]), endpoint("searxng")];
    let mut capabilities = with_secret("a.corp:80", "x-key", all);
    let more = |host: &str| VaultRequest { host: host.to_owned(), ..capabilities.vault[0].clone() };
    let more = [more("c.corp:81")];
    capabilities.vault.extend(more);
    let mut state = state(capabilities, &server);
    let placeholder = "{{secret:key}}";
    for (head, says) in [
        (with_header("http://b.corp/", "x-key", placeholder), "only in the header"),
        (with_header("http://a.corp/", "x-other", placeholder), "only in the header"),
        (with_header("http://a.corp/", "x-key", "{{secret:third}}"), "`capabilities.vault`"),
        (with_header("endpoint://searxng/", "x-key", placeholder), "belongs to the operator"),
        // Its network is opened, but nobody vouches for the name.
        (with_header("http://c.corp:81/", "x-key", placeholder), "only over `https`"),
        (head("GET", "http://a.corp/?key={{secret:key}}"), "url"),
    ] {
        let refused = send(&mut state, head).await;
        let text = match &refused {
            Err(HostError::Denied(text) | HostError::Invalid(text)) => text.clone(),
            other => panic!("{says}: {other:?}"),
        };
        assert!(text.contains(says) && !text.contains(VALUE), "{says}: {text}");
    }
    let request = state.start(head("POST", "http://a.corp/")).await.expect("no trap").expect("granted");
    let rep = request.rep();
    for part in ["{\"key\": \"{{sec", "ret:key}}\"}"] {
        let written = state.write(Resource::new_borrow(rep), part.into()).await;
        assert!(written.expect("no trap").is_ok());
    }
    let refused = send_written(&mut state, request).await;
    assert!(matches!(&refused, Err(HostError::Invalid(text)) if text.starts_with("body:")), "{refused:?}");
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

#[tokio::test]
async fn a_secret_does_not_follow_a_redirect_to_another_host() {
    let server = Server::answering(|request| {
        if request.contains("host: a.corp\r\n") {
            b"HTTP/1.1 307 Moved\r\nlocation: http://b.corp/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec()
        } else {
            answer("", "ok").into_bytes()
        }
    })
    .await;
    let both = vec![ask("a.corp:80", &["GET"]), ask("b.corp:80", &["GET"])];
    let mut state = state(with_secret("a.corp:80", "x-key", both), &server);
    send(&mut state, with_header("http://a.corp/", "x-key", "{{secret:key}}")).await.expect("an answer");
    let requests = server.requests();
    assert!(requests[0].contains(VALUE) && !requests[1].contains("x-key") && !requests[1].contains(VALUE), "{requests:?}");
}

#[tokio::test]
async fn the_answer_to_a_request_with_a_secret_is_bounded() {
    let server = Server::start(answer("", &"x".repeat(limits::EGRESS_SECRET_ANSWER_BYTES_MAX + 1))).await;
    let mut state = state(with_secret("a.corp:80", "x-key", vec![ask("a.corp:80", &["GET"])]), &server);
    let refused = send(&mut state, with_header("http://a.corp/", "x-key", "{{secret:key}}")).await;
    assert!(matches!(&refused, Err(HostError::Quota(quota)) if quota.name.contains("with a secret")), "{refused:?}");
}

#[tokio::test]
async fn what_the_host_holds_for_a_guest_is_bounded_over_all_answers() {
    let server = Server::start(answer("", &"x".repeat(limits::EGRESS_SECRET_ANSWER_BYTES_MAX / 2 + 1))).await;
    let mut state = state(with_secret("a.corp:80", "x-key", vec![ask("a.corp:80", &["GET"])]), &server);
    let ask = || with_header("http://a.corp/", "x-key", "{{secret:key}}");
    let first = send(&mut state, ask()).await.expect("the first is held");
    let refused = send(&mut state, ask()).await;
    assert!(matches!(&refused, Err(HostError::Quota(quota)) if quota.name.starts_with("bytes of unread")), "{refused:?}");
    HostBody::drop(&mut state, first.body).await.expect("it is there");
    send(&mut state, ask()).await.expect("there is room again");
}

#[tokio::test]
async fn a_part_of_an_answer_cannot_be_asked_for_with_a_secret() {
    let server = Server::start(answer("", "ok")).await;
    let mut state = state(with_secret("a.corp:80", "x-key", vec![ask("a.corp:80", &["GET"])]), &server);
    let mut head = with_header("http://a.corp/", "x-key", "{{secret:key}}");
    head.headers.push(("Range".to_owned(), "bytes=0-1".to_owned()));
    let refused = send(&mut state, head).await;
    assert!(matches!(&refused, Err(HostError::Invalid(text)) if text.contains("`range`")), "{refused:?}");
    assert!(server.requests().is_empty());
    let plain = with_header("http://a.corp/", "range", "bytes=0-1");
    assert!(send(&mut state, plain).await.is_ok());
}

#[tokio::test]
async fn a_call_has_so_many_requests() {
    let server = Server::start(answer("", "ok")).await;
    let mut state = state(granted(vec![ask("a.corp:80", &["GET"])]), &server);
    for _ in 0..limits::GUEST_HTTP_REQUESTS_MAX {
        assert!(send(&mut state, head("GET", "http://a.corp/")).await.is_ok());
    }
    let refused = send(&mut state, head("GET", "http://a.corp/")).await;
    assert!(matches!(&refused, Err(HostError::Quota(quota)) if quota.name == "requests"), "{refused:?}");
    assert_eq!(server.requests().len() as u64, limits::GUEST_HTTP_REQUESTS_MAX);
}

#[tokio::test]
async fn a_request_ends_with_its_call() {
    let server = Server::start("").await;
    let egress = Egress::new(EgressPolicy {
        lookup: Arc::new(Names::of(&[("*", &[&["10.0.0.9"]])])),
        route: Arc::new(Dials::to(server.address())),
        private: PrivateTargets::parse(["a.corp:80"]).expect("targets"),
        ..EgressPolicy::default()
    });
    let capabilities = granted(vec![ask("a.corp:80", &["GET"])]);
    let mut state = state_with(capabilities, egress, Endpoints::default(), Duration::from_millis(150));
    let ended = send(&mut state, head("GET", "http://a.corp/")).await;
    assert!(matches!(ended, Err(HostError::Timeout)), "{ended:?}");
}
