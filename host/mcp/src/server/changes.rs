//! Telling clients that the list of tools is another one now.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use octi_domain::limits;
use rmcp::{Peer, RoleServer};
use tokio::sync::watch;
use tokio::time::timeout;

/// The clients that wait to be told: those of open sessions.
#[derive(Debug, Default)]
pub(super) struct Changes(Mutex<Vec<Peer<RoleServer>>>);

impl Changes {
    /// Tells this client too, until its session ends.
    pub(super) fn tell(&self, peer: Peer<RoleServer>) {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|peer| !peer.is_transport_closed());
        peers.push(peer);
    }

    /// Tells everybody of every change, for as long as there can be any.
    pub(super) async fn follow(&self, mut changes: watch::Receiver<u64>) {
        changes.mark_unchanged();
        while changes.changed().await.is_ok() {
            let peers = {
                let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                peers.retain(|peer| !peer.is_transport_closed());
                peers.clone()
            };
            join_all(peers.iter().map(told)).await;
        }
    }
}

/// A client that does not read is not waited for: it asks anew when it comes back.
async fn told(peer: &Peer<RoleServer>) {
    let told = async {
        peer.notify_tool_list_changed().await?;
        peer.notify_prompt_list_changed().await
    };
    match timeout(Duration::from_secs(limits::MCP_SEND_SECONDS_MAX), told).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a client could not be told that the tools changed"),
        Err(_) => tracing::debug!("a client does not read, and was not told that the tools changed"),
    }
}
