//! Where redirects lead, and what goes along.

use http::{HeaderMap, HeaderName, HeaderValue};
use octi_domain::limits;
use octi_security::sandbox::egress::Redirects;

use super::*;

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// The first request is redirected, each further one answered.
async fn once(status: u16, location: &'static str) -> Server {
    Server::answering(move |request| {
        let first = request.lines().next().unwrap_or_default().contains(" /first ");
        if first { redirect(status, location).into_bytes() } else { OK.as_bytes().to_vec() }
    })
    .await
}

async fn follow(server: &Server, hosts: &[&str], request: Request) -> (Result<Response, EgressError>, usize) {
    let (egress, dials) = door(server, Caps::default());
    let response = egress.fetch(&allow(hosts), request).await;
    (response, dials.seen().len())
}

fn first() -> Request {
    Request::new(Method::GET, url("http://a.corp/first"))
}

#[tokio::test]
async fn a_redirect_to_a_granted_host_is_followed() {
    let server = once(302, "http://b.corp/second?x=1#frag").await;
    let (response, _) = follow(&server, &["a.corp:80", "b.corp:80"], first()).await;
    assert_eq!(response.unwrap().url.as_str(), "http://b.corp/second?x=1");
    assert!(server.requests()[1].to_ascii_lowercase().contains("host: b.corp\r\n"), "{:?}", server.requests());
}

#[tokio::test]
async fn a_redirect_is_vetted_like_the_first_address() {
    for (location, says) in [
        ("http://b.corp/", "not among the hosts"),
        ("http://127.0.0.1/", "not among the hosts"),
        ("http://169.254.169.254/", "not among the hosts"),
        ("http://a.corp:81/", "not among the hosts"),
        ("http://user@a.corp/", "user name"),
        ("http://c.corp/", "credentials"),
        ("https://d.corp/", "public internet"),
        ("file:///etc/passwd", "file"),
        ("gopher://a.corp/", "gopher"),
        ("http://[nonsense", "not an address"),
    ] {
        let server = once(302, location).await;
        let dials = Arc::new(Dials::to(server.address()));
        let egress = Egress::new(EgressPolicy {
            lookup: Arc::new(Names::of(&[("*", &[&["10.0.0.9"]]), ("c.corp", &[&["169.254.169.254"]])])),
            route: dials.clone(),
            private: PrivateTargets::parse(["10.0.0.0/8:80"]).unwrap(),
            ..EgressPolicy::default()
        });
        let error = egress.fetch(&allow(&["a.corp:80", "c.corp:80", "d.corp"]), first()).await.unwrap_err();
        assert!(error.to_string().contains(says) && error.to_string().contains("redirect"), "{location}: {error}");
        assert_eq!((server.requests().len(), dials.seen().len()), (1, 1), "{location}");
    }
}

#[tokio::test]
async fn a_redirect_needs_its_method_granted_too() {
    let server = once(303, "/second").await;
    let post_only = octi_extension::capability::HttpRequest {
        host: Some("a.corp:80".to_owned()),
        methods: vec!["POST".to_owned()],
        reason: "try".to_owned(),
        ..Default::default()
    };
    let (egress, _) = door(&server, Caps::default());
    let mut request = first();
    request.method = Method::POST;
    let error = egress.fetch(&HostAllow::granted(&[post_only]).unwrap(), request).await.unwrap_err();
    assert!(matches!(&error, EgressError::Redirect { why, .. } if matches!(**why, EgressError::Method { .. })), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn credentials_stay_at_their_origin() {
    let mut secret = HeaderValue::from_static("application/x-secret");
    secret.set_sensitive(true);
    let headers: HeaderMap = [
        ("authorization", HeaderValue::from_static("Bearer token-1")),
        ("cookie", HeaderValue::from_static("session=token-2")),
        ("x-api-key", HeaderValue::from_static("token-3")),
        ("accept", secret),
        ("accept-language", HeaderValue::from_static("de")),
    ]
    .into_iter()
    .map(|(name, value)| (HeaderName::from_static(name), value))
    .collect();
    for (location, stay) in [("http://b.corp/second", false), ("/second", true), ("http://a.corp/second", true)] {
        let server = once(307, location).await;
        let mut request = first();
        request.headers.clone_from(&headers);
        follow(&server, &["a.corp:80", "b.corp:80"], request).await.0.unwrap();
        let second = &server.requests()[1];
        for token in ["token-1", "token-2", "token-3", "x-secret"] {
            assert_eq!(second.contains(token), stay, "{location}: {second}");
        }
        assert!(second.contains("accept-language: de"), "{second}");
        assert!(!second.to_ascii_lowercase().contains("referer"), "{second}");
    }
}

#[tokio::test]
async fn bodies_follow_the_standard() {
    for (status, method, again, with_body) in [
        (301, Method::POST, "GET", false),
        (302, Method::POST, "GET", false),
        (303, Method::PUT, "GET", false),
        (307, Method::POST, "POST", true),
        (308, Method::PUT, "PUT", true),
        (302, Method::PUT, "PUT", true),
    ] {
        let server = once(status, "/second").await;
        let mut request = first();
        request.method = method;
        request.body = "the body".into();
        request.headers.insert("content-type", HeaderValue::from_static("text/plain"));
        follow(&server, &["a.corp:80"], request).await.0.unwrap();
        let second = &server.requests()[1];
        assert!(second.starts_with(&format!("{again} /second ")), "{status}: {second}");
        assert_eq!(second.contains("the body"), with_body, "{status}: {second}");
        assert_eq!(second.contains("text/plain"), with_body, "{status}: {second}");
    }
}

#[tokio::test]
async fn a_redirect_can_be_the_answer() {
    let server = once(302, "http://127.0.0.1/").await;
    let mut request = first();
    request.redirects = Redirects::Refuse;
    let (response, dials) = follow(&server, &["a.corp:80"], request).await;
    assert_eq!((response.unwrap().status.as_u16(), dials), (302, 1));
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let server = Server::start(redirect(302, "/again")).await;
    let (response, _) = follow(&server, &["a.corp:80"], first()).await;
    assert_eq!(response.unwrap_err(), EgressError::Limit { what: "redirects", max: limits::EGRESS_REDIRECTS_MAX as u64 });
    assert_eq!(server.requests().len(), limits::EGRESS_REDIRECTS_MAX + 1);
}
