//! A server that answers what it is told to.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a request is answered with.
pub(crate) enum Reply {
    /// A whole answer, as it stands on the connection.
    Bytes(Vec<u8>),
    /// These bytes, and nothing more for as long as somebody waits.
    Hang(Vec<u8>),
}

impl Reply {
    /// An answer with its length.
    pub(crate) fn of(status: &str, headers: &str, body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        Self::Bytes([head.as_bytes(), body].concat())
    }

    /// An answer that promises more than comes.
    pub(crate) fn truncated(body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len() + 1);
        Self::Bytes([head.as_bytes(), body].concat())
    }
}

/// The server. It ends when this is dropped.
pub(crate) struct Server {
    pub(crate) authority: String,
    _serving: JoinSet<()>,
}

/// Serves what the function says of a request's head.
pub(crate) async fn serve(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let reply = Arc::new(reply);
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((connection, _)) = listener.accept().await {
            let reply = Arc::clone(&reply);
            open.spawn(async move { one(connection, reply.as_ref()).await });
        }
    });
    Server { authority, _serving: serving }
}

async fn one(mut connection: TcpStream, reply: &(dyn Fn(&str) -> Reply + Send + Sync)) {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if connection.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let (bytes, is_hanging) = match reply(&String::from_utf8_lossy(&head)) {
        Reply::Bytes(bytes) => (bytes, false),
        Reply::Hang(bytes) => (bytes, true),
    };
    let _written = connection.write_all(&bytes).await;
    if is_hanging {
        let _until_it_goes = connection.read_to_end(&mut head).await;
    }
    let _closed = connection.shutdown().await;
}
