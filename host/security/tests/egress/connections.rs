//! Connections that are kept: each was vetted for one host under one set of rights, and is used for nothing else.

use super::*;

const KEPT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

async fn once(egress: &Egress, hosts: &HostAllow, at: &str) -> Result<u16, EgressError> {
    let mut response = egress.fetch(hosts, Request::new(Method::GET, url(at))).await?;
    read_all(&mut response).await?;
    Ok(response.status.as_u16())
}

#[tokio::test]
async fn a_connection_serves_the_next_request_to_its_host() {
    let server = Server::start(KEPT).await;
    let (egress, dials) = door(&server, Caps::default());
    for _ in 0..5 {
        assert_eq!(once(&egress, &allow(&["a.corp:80"]), "http://a.corp/x").await, Ok(200));
    }
    assert_eq!((dials.seen().len(), server.requests().len()), (1, 5));
    // Another host at the same address is another connection.
    assert_eq!(once(&egress, &allow(&["b.corp:80"]), "http://b.corp/x").await, Ok(200));
    assert_eq!(dials.seen().len(), 2);
}

#[tokio::test]
async fn a_kept_connection_does_not_replace_the_grant() {
    let server = Server::start(KEPT).await;
    let (egress, dials) = door(&server, Caps::default());
    assert_eq!(once(&egress, &allow(&["a.corp:80"]), "http://a.corp/").await, Ok(200));
    for hosts in [&[][..], &["b.corp:80"], &["*.a.corp:80"]] {
        let refused = once(&egress, &allow(hosts), "http://a.corp/").await;
        assert!(matches!(refused, Err(EgressError::NotAllowed { .. })), "{hosts:?}: {refused:?}");
    }
    assert_eq!(dials.seen().len(), 1);
}

#[tokio::test]
async fn a_connection_of_the_operator_is_not_used_by_a_plugin() {
    // The operator's endpoint may be private. `any web site` may not, even when a connection to that very host is open.
    let server = Server::start(KEPT).await;
    let dials = Arc::new(Dials::to(server.address()));
    let egress = Egress::new(EgressPolicy {
        lookup: Arc::new(Names::of(&[("*", &[&["10.0.0.9"]])])),
        route: dials.clone(),
        ..EgressPolicy::default()
    });
    let at = "http://a.corp/";
    assert_eq!(once(&egress, &HostAllow::operator(&url(at)).unwrap(), at).await, Ok(200));
    let refused = once(&egress, &allow(&["*"]), at).await;
    assert!(refused.as_ref().is_err_and(|error| error.to_string().contains("public internet")), "{refused:?}");
    assert_eq!((dials.seen().len(), server.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_name_that_moves_inside_is_refused_as_soon_as_it_is_asked_again() {
    let server = Server::start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await;
    let dials = Arc::new(Dials::to(server.address()));
    let egress = Egress::new(EgressPolicy {
        lookup: Arc::new(Names::of(&[("*", &[&["93.184.216.34"], &["127.0.0.1"]])])),
        route: dials.clone(),
        ..EgressPolicy::default()
    });
    assert_eq!(once(&egress, &allow(&["*"]), "http://rebind.test/").await, Ok(200));
    let refused = once(&egress, &allow(&["*"]), "http://rebind.test/").await;
    assert!(refused.as_ref().is_err_and(|error| error.to_string().contains("127.0.0.1")), "{refused:?}");
    assert_eq!(dials.seen(), ["93.184.216.34:80".parse().unwrap()]);
}

#[tokio::test]
async fn the_hosts_with_kept_connections_are_bounded() {
    let server = Server::start(KEPT).await;
    let (egress, dials) = door(&server, Caps::default());
    let hosts = allow(&["*.corp.test:80"]);
    let count = octi_domain::limits::EGRESS_POOLS_MAX + 1;
    for index in 0..count {
        assert_eq!(once(&egress, &hosts, &format!("http://h{index}.corp.test/")).await, Ok(200));
    }
    assert_eq!(once(&egress, &hosts, "http://h1.corp.test/").await, Ok(200));
    assert_eq!(dials.seen().len(), count, "the second host is still known");
    assert_eq!(once(&egress, &hosts, "http://h0.corp.test/").await, Ok(200));
    assert_eq!(dials.seen().len(), count + 1, "the first one made room");
}

#[tokio::test]
async fn a_server_that_cannot_say_who_it_is_gets_nothing() {
    // It answers the handshake with something else.
    let server = Server::start(KEPT).await;
    let dials = Arc::new(Dials::to(server.address()));
    let lookup = Arc::new(Names::of(&[("*", &[&["93.184.216.34"]])]));
    let egress = Egress::new(EgressPolicy { lookup, route: dials.clone(), ..EgressPolicy::default() });
    let refused = once(&egress, &allow(&["a.test"]), "https://a.test/secret-path").await;
    assert!(matches!(refused, Err(EgressError::Failed(_))), "{refused:?}");
    assert!(server.requests().iter().all(|request| !request.contains("secret-path")), "{:?}", server.requests());
}

#[tokio::test]
async fn the_hosts_own_headers_are_its_own() {
    let server = Server::start(KEPT).await;
    let (egress, _) = door(&server, Caps::default());
    let mut request = Request::new(Method::GET, url("http://a.corp/x"));
    request.headers = octi_security::sandbox::egress::request_headers([("x-mine", &b"1"[..])]).unwrap();
    egress.fetch(&allow(&["a.corp:80"]), request).await.unwrap();
    let sent = server.requests()[0].to_ascii_lowercase();
    let mut lines: Vec<&str> = sent.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["accept-encoding: gzip", "get /x http/1.1", "host: a.corp", "user-agent: octi", "x-mine: 1"]);
}
