//! The proxy on its own, without a program: what is passed on, what is refused, and how much.

use std::net::IpAddr;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::super::job::Keep;
use super::*;
use crate::sandbox::egress::{EgressPolicy, Lookup};

/// Every name is at one of these addresses.
struct Names;

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match name {
            "inside.test" | "intranet.test" => Ok(vec![IpAddr::from([127, 0, 0, 1])]),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
        }
    }
}

struct Proxy {
    port: u16,
    job: Arc<Job>,
    _task: JoinSet<()>,
}

impl Proxy {
    /// A proxy that lets out to the server's port of `intranet.test`, which an operator named, and to the public `inside.test`.
    async fn new(server_port: u16, bytes_max: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let intranet = Url::parse(&format!("https://intranet.test:{server_port}/")).unwrap();
        let public = HostAllow::parse([format!("inside.test:{server_port}").as_str(), "gone.test"]).unwrap();
        let policy = EgressPolicy { lookup: Arc::new(Names), connect_timeout: Duration::from_secs(2), ..EgressPolicy::default() };
        let job = Arc::new(Job::new("1".to_owned(), "test".to_owned(), Keep::First, CancellationToken::new()));
        let tunnel = Tunnel {
            egress: Arc::new(Egress::new(policy)),
            allow: HostAllow::operator(&intranet).unwrap().and(public),
            job: Arc::clone(&job),
            bytes_max,
            patience: Duration::from_secs(1),
        };
        let mut task = JoinSet::new();
        task.spawn(tunnel.answer(listener));
        Self { port, job, _task: task }
    }

    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    async fn ask(&self, request: &str) -> String {
        let mut stream = self.send(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _end = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    fn said(&self) -> String {
        String::from_utf8(self.job.state().err.take(usize::MAX)).unwrap()
    }
}

/// A server that sends back what it gets.
async fn echo() -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.spawn(async move {
                let (mut from, mut to) = stream.into_split();
                let _copied = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    (port, task)
}

#[tokio::test]
async fn an_allowed_host_is_reached_with_what_was_sent_early() {
    let (port, _server) = echo().await;
    let proxy = Proxy::new(port, 1_000).await;
    let request = format!("CONNECT intranet.test:{port} HTTP/1.1\r\nHost: intranet.test\r\n\r\nearly ");
    let mut stream = proxy.send(request.as_bytes()).await;
    stream.write_all(b"late").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "HTTP/1.1 200 Connection established\r\n\r\nearly late");
    assert_eq!(proxy.said(), "");
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_and_told() {
    let (port, _server) = echo().await;
    let proxy = Proxy::new(port, 1_000).await;
    for (target, part) in [
        (format!("evil.test:{port}"), "not among the hosts"),
        ("intranet.test:1".to_owned(), "not among the hosts"),
        (format!("127.0.0.1:{port}"), "not among the hosts"),
        (format!("user@intranet.test:{port}"), "user name"),
        (format!("intranet.test:{port}/path"), "not a host and a port"),
        (format!("intranet.test:{port}#x"), "not a host and a port"),
        (String::new(), "not a host and a port"),
        // Its name is on the list as a public one, and it is at a private address.
        (format!("inside.test:{port}"), "not on the public internet"),
        ("169.254.169.254:80".to_owned(), "not among the hosts"),
    ] {
        let answer = proxy.ask(&format!("CONNECT {target} HTTP/1.1\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains(part), "{target}: {answer}");
        let said = proxy.said();
        assert!(said.starts_with("octi: ") && said.contains(part), "{target}: {said}");
    }
    let answer = proxy.ask("CONNECT gone.test:443 HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("`gone.test` was not found"), "{answer}");
}

#[tokio::test]
async fn only_encrypted_connections_are_passed_on() {
    let (port, _server) = echo().await;
    let proxy = Proxy::new(port, 1_000).await;
    for request in [format!("GET http://intranet.test:{port}/ HTTP/1.1\r\n\r\n"), "\r\n\r\n".to_owned()] {
        let answer = proxy.ask(&request).await;
        assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("CONNECT"), "{answer}");
    }
}

#[tokio::test]
async fn a_request_without_end_is_not_read_to_its_end() {
    let proxy = Proxy::new(1, 1_000).await;
    let request = "x".repeat(limits::PROCESS_CONNECT_HEAD_BYTES_MAX + 1);
    assert_eq!(proxy.ask(&request).await, "");
}

#[tokio::test]
async fn the_bytes_of_a_connection_are_bounded() {
    let (port, _server) = echo().await;
    let proxy = Proxy::new(port, 10).await;
    let mut stream = proxy.send(format!("CONNECT intranet.test:{port} HTTP/1.1\r\n\r\n").as_bytes()).await;
    stream.write_all(b"0123456789abcdef").await.unwrap();
    let mut answer = Vec::new();
    let _end = stream.read_to_end(&mut answer).await;
    assert!(answer.ends_with(b"\r\n\r\n0123456789"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn only_so_many_connections_are_open_at_once() {
    let (port, _server) = echo().await;
    let proxy = Proxy::new(port, 1_000).await;
    let request = format!("CONNECT intranet.test:{port} HTTP/1.1\r\n\r\n");
    let mut held = Vec::new();
    for _ in 0..limits::PROCESS_CONNECTIONS_MAX {
        let mut stream = proxy.send(request.as_bytes()).await;
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
        held.push(stream);
    }
    let mut next = proxy.send(request.as_bytes()).await;
    let early = tokio::time::timeout(Duration::from_millis(300), next.read_u8()).await;
    assert!(early.is_err(), "one more waits");
    held.clear();
    let late = tokio::time::timeout(Duration::from_secs(10), next.read_u8()).await;
    assert_eq!(late.unwrap().unwrap(), b'H');
}

#[tokio::test]
async fn a_program_that_does_not_say_where_to_is_not_waited_for() {
    let proxy = Proxy::new(1, 1_000).await;
    let mut stream = proxy.send(b"CONNECT").await;
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await;
    assert!(end.is_err() || answer.is_empty(), "{answer:?}");
}
