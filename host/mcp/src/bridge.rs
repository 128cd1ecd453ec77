//! Standard input and output for programs that start their servers themselves: every message goes on to the octi that runs,
//! and its answers come back. Nothing is decided here.

use std::collections::HashSet;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use octi_domain::limits;
use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, ErrorData, RequestId, ServerJsonRpcMessage};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use rmcp::transport::{Transport, stdio_pipes};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep};

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

/// Carries messages between this process's standard input and output and the server at this address.
///
/// # Errors
/// [`BridgeError`] when one of the sides broke.
pub async fn over_stdio<C>(client: C, uri: &str, token: &SecretString) -> Result<(), BridgeError>
where
    C: StreamableHttpClient + Send + 'static,
{
    run(client, uri, token, stdio_pipes()).await
}

/// Carries messages until the near side has no more.
async fn run<C, R, W>(client: C, uri: &str, token: &SecretString, (input, output): (R, W)) -> Result<(), BridgeError>
where
    C: StreamableHttpClient + Send + 'static,
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let config = StreamableHttpClientTransportConfig::with_uri(uri).auth_header(token.expose_secret());
    let mut far = StreamableHttpClientTransport::with_client(client, config);
    let mut near =
        AsyncRwTransport::<RoleServer, _, _>::new_server(input, output).with_max_line_length(limits::MCP_MESSAGE_BYTES_MAX);
    let mut sending: FuturesUnordered<BoxFuture<'static, Sent>> = FuturesUnordered::new();
    let mut waiting: HashSet<RequestId> = HashSet::new();
    let mut is_open = true;
    let mut patience = pin!(sleep(Duration::from_secs(limits::MCP_SEND_SECONDS_MAX)));
    while is_open || !sending.is_empty() || !waiting.is_empty() {
        tokio::select! {
            biased;
            // First, so that each message is on its way before the next one is read: they arrive in order.
            Some((id, sent)) = sending.next() => {
                if let Some(refusal) = refusal(id, sent, &mut waiting) {
                    near.send(refusal).await.map_err(BridgeError::Near)?;
                }
            }
            message = far.receive() => match message {
                Some(message) => {
                    answered(&message, &mut waiting);
                    near.send(message).await.map_err(BridgeError::Near)?;
                }
                None => return Err(BridgeError::Far),
            },
            message = near.receive(), if is_open && sending.len() < limits::MCP_QUEUE_MAX => match message {
                Some(message) => {
                    let id = asked(&message, &mut waiting);
                    let sent = far.send(message);
                    sending.push(Box::pin(async move { (id, sent.await.map_err(|error| error.to_string())) }));
                }
                None => {
                    is_open = false;
                    patience.as_mut().reset(Instant::now() + Duration::from_secs(limits::MCP_SEND_SECONDS_MAX));
                }
            },
            // Whoever asked has left: what takes longer is for nobody.
            () = &mut patience, if !is_open => break,
        }
    }
    // A session that nobody comes back to need not wait for its end.
    let _gone = far.close().await;
    Ok(())
}

/// Notes what is asked, and what is given up. Gives the message's own id when somebody waits for an answer to it.
fn asked(message: &ClientJsonRpcMessage, waiting: &mut HashSet<RequestId>) -> Option<RequestId> {
    match message {
        ClientJsonRpcMessage::Request(request) => {
            waiting.insert(request.id.clone());
            Some(request.id.clone())
        }
        ClientJsonRpcMessage::Notification(said) => {
            if let ClientNotification::CancelledNotification(cancelled) = &said.notification
                && let Some(id) = &cancelled.params.request_id
            {
                waiting.remove(id);
            }
            None
        }
        ClientJsonRpcMessage::Response(_) | ClientJsonRpcMessage::Error(_) => None,
    }
}

fn answered(message: &ServerJsonRpcMessage, waiting: &mut HashSet<RequestId>) {
    let id = match message {
        ServerJsonRpcMessage::Response(response) => Some(&response.id),
        ServerJsonRpcMessage::Error(error) => error.id.as_ref(),
        ServerJsonRpcMessage::Request(_) | ServerJsonRpcMessage::Notification(_) => None,
    };
    if let Some(id) = id {
        waiting.remove(id);
    }
}

/// What whoever waits is told when a message did not arrive.
fn refusal(id: Option<RequestId>, sent: Result<(), String>, waiting: &mut HashSet<RequestId>) -> Option<ServerJsonRpcMessage> {
    let error = sent.err()?;
    tracing::warn!(error, "a message did not reach octi");
    let text = format!("octi did not take the message: {error}");
    let id = id.filter(|id| waiting.remove(id))?;
    Some(ServerJsonRpcMessage::error(ErrorData::internal_error(text, None), Some(id)))
}
