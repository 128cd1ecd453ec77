//! Telling clients that the lists of tools, prompts and documents are others now, and which of the documents they watch changed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use octi_domain::limits;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::{Peer, RoleServer};
use tokio::sync::watch;
use tokio::time::timeout;

use super::host::Host;
use super::offers::Offers;
use super::watched::Watched;

/// The clients that wait to be told: those of open sessions.
#[derive(Debug, Default)]
pub(super) struct Changes(Mutex<Vec<Client>>);

/// One of them, and the documents it watches.
#[derive(Debug, Clone)]
struct Client {
    peer: Peer<RoleServer>,
    watched: Arc<Watched>,
}

impl Changes {
    /// Tells this client too, until its session ends.
    pub(super) fn tell(&self, peer: Peer<RoleServer>, watched: Arc<Watched>) {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|client| !client.peer.is_transport_closed());
        clients.push(Client { peer, watched });
    }

    /// Tells everybody of every change, for as long as there can be any.
    pub(super) async fn follow<H: Host>(&self, host: &H) {
        let mut changes: watch::Receiver<u64> = host.changes();
        changes.mark_unchanged();
        while changes.changed().await.is_ok() {
            let clients = {
                let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                clients.retain(|client| !client.peer.is_transport_closed());
                clients.clone()
            };
            let offers = Offers::new(host.offered());
            join_all(clients.iter().map(|client| told(client, &offers))).await;
        }
    }
}

/// A client that does not read is not waited for: it asks anew when it comes back.
async fn told(client: &Client, offers: &Offers) {
    let told = async {
        client.peer.notify_tool_list_changed().await?;
        client.peer.notify_prompt_list_changed().await?;
        client.peer.notify_resource_list_changed().await?;
        for uri in client.watched.changed(offers) {
            client.peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await?;
        }
        Ok::<_, rmcp::ServiceError>(())
    };
    match timeout(Duration::from_secs(limits::MCP_SEND_SECONDS_MAX), told).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a client could not be told that the plugins changed"),
        Err(_) => tracing::debug!("a client does not read, and was not told that the plugins changed"),
    }
}
