//! HTTP with server-sent events, as servers had it before streamable HTTP: one stream for what they say, and an address that the
//! stream names for what they are told.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http::{HeaderMap, HeaderValue, Method, header};
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use sse_stream::{Error as SseError, Sse};
use url::Url;

use super::http::{SignedDoor, token};
use super::stream;

/// The stream of a server, and where to write to it.
pub(super) struct Stream {
    door: SignedDoor,
    events: BoxStream<'static, Result<Sse, SseError>>,
    endpoint: Arc<Url>,
}

impl Stream {
    /// Opens the stream and waits for the address.
    pub(super) async fn open(door: SignedDoor, url: &Url) -> Result<Self, String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        let token = token(&door).await?;
        let how = (token.as_deref(), true);
        let answer = door.http_client.send(Method::GET, url.as_str(), (headers, Bytes::new()), how).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if !answer.status.is_success() {
            return Err(format!("it answered with status {}", answer.status));
        }
        let origin = answer.url;
        let mut events = stream::events(answer.body);
        while let Some(event) = events.next().await {
            let event = event.map_err(|error| format!("its stream broke off: {error}"))?;
            if event.event.as_deref() == Some("endpoint") {
                let endpoint = endpoint(&origin, event.data.as_deref().unwrap_or_default())?;
                return Ok(Self { door, events, endpoint: Arc::new(endpoint) });
            }
        }
        Err("its stream ended before it said where to write to".to_owned())
    }
}

/// The address that a stream names. It carries the secrets of the configuration, so it is at the same origin or nowhere.
fn endpoint(origin: &Url, said: &str) -> Result<Url, String> {
    let endpoint = origin.join(said.trim()).map_err(|error| format!("it named an address that is none: {error}"))?;
    if endpoint.origin() == origin.origin() {
        Ok(endpoint)
    } else {
        Err("it named an address of another server to write to, which is not followed".to_owned())
    }
}

impl Transport<RoleClient> for Stream {
    type Error = io::Error;

    fn name() -> Cow<'static, str> {
        "sse".into()
    }

    fn send(&mut self, item: ClientJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (door, endpoint) = (self.door.clone(), Arc::clone(&self.endpoint));
        async move {
            let body = Bytes::from(serde_json::to_vec(&item)?);
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let token = token(&door).await.map_err(io::Error::other)?;
            let how = (token.as_deref(), false);
            let answer = door.http_client.send(Method::POST, endpoint.as_str(), (headers, body), how).await;
            let answer = answer.map_err(io::Error::other)?;
            if answer.status.is_success() {
                Ok(())
            } else {
                Err(io::Error::other(format!("it answered with status {}", answer.status)))
            }
        }
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            let event = match self.events.next().await? {
                Ok(event) => event,
                Err(error) => {
                    tracing::debug!(%error, "the stream of an MCP server broke off");
                    return None;
                }
            };
            if event.event.as_deref().is_none_or(|kind| kind == "message")
                && let Some(message) = event.data.as_deref().and_then(|data| serde_json::from_str(data).ok())
            {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.events = futures::stream::empty().boxed();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_the_same_origin_is_written_to() {
        let origin = Url::parse("https://mcp.example/sse").unwrap();
        assert_eq!(endpoint(&origin, "/message?id=1").unwrap().as_str(), "https://mcp.example/message?id=1");
        for elsewhere in ["https://evil.example/", "http://mcp.example/message", "https://mcp.example:8443/", "//evil.example/x"]
        {
            assert!(endpoint(&origin, elsewhere).is_err(), "{elsewhere}");
        }
    }
}
