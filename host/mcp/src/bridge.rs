//! Standard input and output for programs that start their servers themselves: every message goes on to the octi that runs,
//! and its answers come back. Nothing is decided here.

use std::collections::HashMap;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use octi_domain::limits;
use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ErrorData, RequestId, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};

/// Why a bridge broke.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// Whoever started it does not read any more.
    #[error("the program that started this one does not read its answers: {0}")]
    Near(std::io::Error),
    /// The server is gone.
    #[error("the connection to octi ended")]
    Far,
}

/// What became of a message that was sent on.
type Sent = (Option<RequestId>, Result<(), String>);

/// Carries messages until the near side has no more.
///
/// # Errors
/// [`BridgeError`] when one of the sides broke.
pub async fn run<C, R, W>(client: C, uri: &str, token: &SecretString, (input, output): (R, W)) -> Result<(), BridgeError>
where
    C: StreamableHttpClient + Send + 'static,
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let config =
        StreamableHttpClientTransportConfig::with_uri(uri).auth_header(token.expose_secret()).custom_headers(HashMap::new());
    let mut far = StreamableHttpClientTransport::with_client(client, config);
    let mut near =
        AsyncRwTransport::<RoleServer, _, _>::new_server(input, output).with_max_line_length(limits::MCP_MESSAGE_BYTES_MAX);
    let mut sending: FuturesUnordered<BoxFuture<'static, Sent>> = FuturesUnordered::new();
    let mut is_open = true;
    while is_open || !sending.is_empty() {
        tokio::select! {
            message = near.receive(), if is_open && sending.len() < limits::MCP_QUEUE_MAX => match message {
                Some(message) => {
                    let id = id_of(&message);
                    let sent = far.send(message);
                    sending.push(Box::pin(async move { (id, sent.await.map_err(|error| error.to_string())) }));
                }
                None => is_open = false,
            },
            Some((id, sent)) = sending.next() => {
                if let Some(refusal) = refusal(id, sent) {
                    near.send(refusal).await.map_err(BridgeError::Near)?;
                }
            }
            message = far.receive() => match message {
                Some(message) => near.send(message).await.map_err(BridgeError::Near)?,
                None => return Err(BridgeError::Far),
            },
        }
    }
    // A session that nobody comes back to need not wait for its end.
    let _gone = far.close().await;
    Ok(())
}

/// The message's own id, when somebody waits for an answer to it.
fn id_of(message: &ClientJsonRpcMessage) -> Option<RequestId> {
    match message {
        ClientJsonRpcMessage::Request(request) => Some(request.id.clone()),
        _ => None,
    }
}

/// What whoever waits is told when a message did not arrive.
fn refusal(id: Option<RequestId>, sent: Result<(), String>) -> Option<ServerJsonRpcMessage> {
    let error = sent.err()?;
    tracing::warn!(error, "a message did not reach octi");
    let text = format!("octi did not take the message: {error}");
    id.map(|id| ServerJsonRpcMessage::error(ErrorData::internal_error(text, None), Some(id)))
}
