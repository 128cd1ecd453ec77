//! Listening, and going away in good order.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::{ListenerExt, TapIo};
use octi_domain::limits;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::state::Gateway;

impl Gateway {
    /// Serves until `shutdown` is cancelled. Then nobody new is let in, sockets get what waits for them and a goodbye,
    /// and requests that run may finish within [`limits::HTTP_DRAIN_SECONDS_MAX`].
    ///
    /// # Errors
    /// When the listener breaks.
    pub async fn serve(&self, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
        let shared = self.shared();
        let service = self.router().into_make_service_with_connect_info::<SocketAddr>();
        let draining = shared.draining.clone();
        let told = shutdown.clone();
        let (drained, followed) = (self.clone(), self.clone());
        shared.sockets.spawn(async move { followed.shared().mcp.follow().await });
        let server = axum::serve(prompt(listener), service).with_graceful_shutdown(async move {
            told.cancelled().await;
            draining.cancel();
            drained.shared().mcp.drain();
        });
        let overtime = async {
            shutdown.cancelled().await;
            tokio::time::sleep(drain_time()).await;
        };
        tokio::select! {
            ended = server.into_future() => ended?,
            () = overtime => tracing::warn!("requests were still running when the time to finish them was over"),
        }
        shared.mcp.stop();
        if timeout(drain_time(), shared.mcp.ended()).await.is_err() {
            tracing::warn!("streams of MCP were still open when the time to close them was over");
        }
        shared.calls.stop(drain_time()).await;
        shared.sockets.close();
        if timeout(drain_time(), shared.sockets.wait()).await.is_err() {
            tracing::warn!(sockets = shared.sockets.len(), "sockets were still open when the time to close them was over");
        }
        Ok(())
    }
}

/// Lets its connections send at once what is written to them. A frame is small; the second of two would else wait until the
/// first was acknowledged, for which a client takes up to 40 ms.
fn prompt(listener: TcpListener) -> TapIo<TcpListener, fn(&mut TcpStream)> {
    let at_once: fn(&mut TcpStream) = |stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection that sends with delay");
        }
    };
    listener.tap_io(at_once)
}

const fn drain_time() -> Duration {
    Duration::from_secs(limits::HTTP_DRAIN_SECONDS_MAX)
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener;

    use super::*;

    #[tokio::test]
    async fn what_is_written_to_a_client_is_sent_at_once() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut listener = prompt(listener);
        let (_client, (stream, _)) = tokio::join!(TcpStream::connect(address), listener.accept());
        assert!(stream.nodelay().unwrap());
    }
}
