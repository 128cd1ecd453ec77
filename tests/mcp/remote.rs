//! Servers that are reached over HTTP: the reference server, and one that answers what the test says.
#![expect(clippy::disallowed_methods, reason = "these tests start the server that they talk to")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::host::{Host, SECRET, everything};

/// The reference server on a port of its own. It ends with this value.
struct Remote {
    child: Child,
    port: u16,
}

impl Remote {
    fn start(program: &Path, way: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let mut command = Command::new("node");
        command.arg(program).arg(way).env("PORT", port.to_string());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("node starts");
        let (remote, patience) = (Self { child, port }, Instant::now() + Duration::from_secs(60));
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < patience, "the reference server does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        remote
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

async fn over(way: &str, kind: &str, path: &str) {
    let Some(program) = everything() else { return };
    let remote = Remote::start(&program, way);
    let port = remote.port;
    let config = json!({"type": kind, "url": format!("http://127.0.0.1:{port}{path}")});

    let closed = Host::start();
    closed.add("one", config.clone());
    let error = closed.call("one", "echo", json!({"message": "hello"})).await.unwrap_err();
    assert!(error.to_string().contains("without encryption"), "a private address is the operator's to open: {error}");

    let host = Host::with_targets(&[&format!("127.0.0.1:{port}")]);
    host.add("one", config);
    let answer = host.call("one", "echo", json!({"message": "hello"})).await.unwrap();
    assert_eq!(answer, json!({"text": "Echo: hello"}));
    let listed = host.list(json!({"server": "one", "tool": "get-sum"})).await.unwrap();
    assert_eq!(listed["inputSchema"]["required"], json!(["a", "b"]));
    let error = host.call("one", "get-sum", json!({"a": "many"})).await.unwrap_err();
    assert!(!error.to_string().is_empty());

    drop(remote);
    let error = host.call("one", "echo", json!({"message": "hello"})).await.unwrap_err();
    assert!(error.to_string().contains("does not work"), "{error}");
    host.hub.shutdown().await;
}

#[tokio::test]
async fn the_reference_server_is_used_over_streamable_http() {
    over("streamableHttp", "http", "/mcp").await;
}

#[tokio::test]
async fn the_reference_server_is_used_over_server_sent_events() {
    over("sse", "sse", "/sse").await;
}

/// A server that gives this answer to everything, and what it was sent.
fn answering(answer: String) -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (sender, receiver) = mpsc::sync_channel(16);
    std::thread::spawn(move || {
        for stream in listener.incoming().take(16) {
            let Ok(mut stream) = stream else { return };
            let mut request = vec![0; 64 * 1024];
            let count = stream.read(&mut request).unwrap_or_default();
            let _received = sender.send(String::from_utf8_lossy(&request[..count]).into_owned());
            let _sent = stream.write_all(answer.as_bytes());
        }
    });
    (port, receiver)
}

fn http(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_redirect_to_an_address_inside_is_not_followed() {
    let (inside, reached) = answering(http("200 OK", "inside"));
    for way in ["http", "sse"] {
        let (port, _) = answering(http(&format!("307 Temporary Redirect\r\nlocation: http://127.0.0.1:{inside}/mcp"), ""));
        let host = Host::with_targets(&[&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{inside}")]);
        host.add("one", json!({"type": way, "url": format!("http://127.0.0.1:{port}/mcp")}));
        let error = host.call("one", "echo", json!({})).await.unwrap_err();
        assert!(error.to_string().contains("redirected the request"), "{error}");
    }
    assert!(reached.try_recv().is_err(), "nothing came there");
}

#[tokio::test]
async fn a_secret_joins_at_egress_and_what_echoes_it_is_redacted() {
    let (port, received) = answering(http("400 Bad Request", &format!("your key is {SECRET}")));
    let host = Host::with_targets(&[&format!("127.0.0.1:{port}")]);
    let headers = json!({"Authorization": "Bearer {{secret:KEY}}"});
    host.add("one", json!({"url": format!("http://127.0.0.1:{port}/mcp"), "headers": headers}));
    let error = host.call("one", "echo", json!({})).await.unwrap_err();
    let request = received.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(request.contains(&format!("authorization: Bearer {SECRET}")), "{request}");
    assert!(error.to_string().contains("[REDACTED_SECRET]") && !error.to_string().contains(SECRET), "{error}");
}

#[tokio::test]
async fn a_message_without_an_end_is_cut_off() {
    let endless =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: {}", "x".repeat(5 << 20));
    for way in ["http", "sse"] {
        let (port, _) = answering(endless.clone());
        let host = Host::with_targets(&[&format!("127.0.0.1:{port}")]);
        host.add("one", json!({"type": way, "timeoutMs": 10_000, "url": format!("http://127.0.0.1:{port}/mcp")}));
        let error = host.call("one", "echo", json!({})).await.unwrap_err();
        assert!(error.to_string().contains("does not work"), "{way}: {error}");
    }
}

#[tokio::test]
async fn a_stream_that_ends_early_is_taken_up_again_where_it_was_and_not_sooner_than_the_server_says() {
    let closed: std::sync::Mutex<Option<(Instant, crate::scripted::Asked)>> = std::sync::Mutex::default();
    let server = crate::scripted::Scripted::start(move |_, asked| {
        let stream = "content-type: text/event-stream\r\n";
        let mut closed = closed.lock().expect("no panic");
        match (asked.method.as_str(), asked.header("last-event-id"), closed.as_ref()) {
            ("POST", _, _) => crate::scripted::protocol(asked).unwrap_or_else(|| {
                *closed = Some((Instant::now(), asked.clone()));
                crate::scripted::http("200 OK", stream, "id: 7\nretry: 700\ndata: \n\n")
            }),
            ("GET", Some("7"), Some((since, call))) => {
                let waited = since.elapsed() >= Duration::from_millis(700);
                let text = crate::scripted::text(call, if waited { "in time" } else { "too early" });
                crate::scripted::http("200 OK", stream, &format!("id: 8\ndata: {text}\n\n"))
            }
            _ => crate::scripted::http("405 Method Not Allowed", "", ""),
        }
    });
    let host = Host::with_targets(&[&format!("127.0.0.1:{}", server.port)]);
    host.add("one", json!({"url": format!("http://127.0.0.1:{}/mcp", server.port)}));
    let answer = host.call("one", "echo", json!({})).await.unwrap();
    assert_eq!(answer, json!({"text": "in time"}));
}
