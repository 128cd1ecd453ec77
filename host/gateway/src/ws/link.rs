//! One socket: whole text frames in, frames out, every way it can end.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use octi_api::error::ErrorCode;
use octi_api::frames::{ServerFrame, close};
use octi_domain::limits;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

use crate::error::ApiError;

/// How long the other end has to answer a goodbye.
const GOODBYE_TIME_MAX: Duration = Duration::from_secs(2);

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The other end is gone, or does not read what it is sent.
    Gone,
    /// It is told why.
    Closed { code: u16, reason: &'static str },
}

/// One socket.
pub(super) struct Link {
    socket: WebSocket,
}

impl Link {
    pub(super) const fn new(socket: WebSocket) -> Self {
        Self { socket }
    }

    /// The next text frame. Safe to drop and call again.
    pub(super) async fn receive(&mut self) -> Result<Result<Utf8Bytes, ApiError>, End> {
        loop {
            return match self.socket.recv().await {
                Some(Ok(Message::Text(text))) if text.len() > limits::WS_FRAME_BYTES_MAX => Err(TOO_LARGE),
                Some(Ok(Message::Text(text))) => Ok(Ok(text)),
                Some(Ok(Message::Binary(bytes))) if bytes.len() > limits::WS_FRAME_BYTES_MAX => Err(TOO_LARGE),
                Some(Ok(Message::Binary(_))) => {
                    Ok(Err(ApiError::new(ErrorCode::InvalidJson, "frames are JSON text, not binary")))
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_))) | None => Err(End::Gone),
                Some(Err(error)) if is_too_large(&error) => Err(TOO_LARGE),
                Some(Err(_)) => Err(End::Gone),
            };
        }
    }

    pub(super) async fn send(&mut self, frame: &ServerFrame) -> Result<(), End> {
        match serde_json::to_string(frame) {
            Ok(text) => self.send_text(text.into()).await,
            Err(error) => {
                tracing::error!(%error, "a frame could not be written as JSON");
                Ok(())
            }
        }
    }

    /// Sends what is JSON already. A reader that takes nothing for too long is given up.
    pub(super) async fn send_text(&mut self, text: Utf8Bytes) -> Result<(), End> {
        let time_max = Duration::from_secs(limits::WS_SEND_SECONDS_MAX);
        match timeout(time_max, self.socket.send(Message::Text(text))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    /// Says goodbye, and waits a moment for the other end to have read it.
    pub(super) async fn finish(mut self, end: End) {
        let End::Closed { code, reason } = end else { return };
        let goodbye = async {
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        // The connection is given up either way.
        let _ = timeout(GOODBYE_TIME_MAX, goodbye).await;
    }
}

const TOO_LARGE: End = End::Closed { code: close::TOO_LARGE, reason: "the frame is larger than allowed" };

fn is_too_large(error: &axum::Error) -> bool {
    let cause = std::error::Error::source(error);
    let cause = cause.and_then(|cause| cause.downcast_ref::<tungstenite::Error>());
    matches!(cause, Some(tungstenite::Error::Capacity(_)))
}
