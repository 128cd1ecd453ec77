//! Servers that answer what a test says, over HTTP/1.1, one request a connection.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// As they came, with names in lower case.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Asked {
    /// The method of a message, or of a form's grant.
    pub(crate) fn message(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))
    }
}

/// A server that runs until the test ends.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Answers every request as this says, with its own port: status, content type and more headers, body.
    pub(crate) fn start(answer: impl Fn(u16, &Asked) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (asked, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let heard = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (heard, answer): (Arc<Mutex<Vec<Asked>>>, _) = (heard.clone(), answer.clone());
                let Ok(stream) = stream else { return };
                std::thread::spawn(move || {
                    let Some(asked) = read(&stream) else { return };
                    let said = answer(port, &asked);
                    heard.lock().expect("no panic").push(asked);
                    let _sent = (&stream).write_all(said.as_bytes());
                });
            }
        });
        Self { port, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        let name = name.to_ascii_lowercase();
        if name == "content-length" {
            length = value.parse().ok()?;
        }
        writeln!(headers, "{name}: {value}").ok()?;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// An answer with a status line, more headers (each with its line's end) and a body.
pub(crate) fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

pub(crate) fn json(status: &str, body: &Value) -> String {
    http(status, "content-type: application/json\r\n", &body.to_string())
}

/// What a server with the tool `echo` answers, but for calls of it.
pub(crate) fn protocol(asked: &Asked) -> Option<String> {
    let message = asked.message();
    let result = match message["method"].as_str()? {
        "initialize" => serde_json::json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "scripted", "version": "1"},
        }),
        "tools/list" => serde_json::json!({"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}),
        method if method.starts_with("notifications/") => return Some(http("202 Accepted", "", "")),
        _ => return None,
    };
    Some(json("200 OK", &serde_json::json!({"jsonrpc": "2.0", "id": message["id"], "result": result})))
}

/// The result of a call, as text.
pub(crate) fn text(asked: &Asked, text: &str) -> Value {
    serde_json::json!({"jsonrpc": "2.0", "id": asked.message()["id"], "result": {"content": [{"type": "text", "text": text}]}})
}
