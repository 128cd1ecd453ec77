//! Who is connected: the budgets of addresses and people, and the way to close a person's sockets.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use octi_domain::ids::{ConnectionId, UserId};
use octi_domain::{limits, telemetry};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::state::Gateway;

/// Every open connection.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// How many have not authenticated, by address.
    arriving: HashMap<IpAddr, usize>,
    /// Those that have, by person.
    seated: HashMap<UserId, HashMap<ConnectionId, Bell>>,
}

/// How a connection is told from outside.
#[derive(Debug, Clone, Default)]
struct Bell {
    revoked: CancellationToken,
    recheck: Arc<Notify>,
}

/// A place for a connection that has not authenticated. Dropping it makes room.
#[derive(Debug)]
pub(crate) struct Arrival {
    gateway: Gateway,
    address: IpAddr,
}

/// A place for a connection of a known person. Dropping it makes room.
#[derive(Debug)]
pub(crate) struct Seat {
    gateway: Gateway,
    user_id: UserId,
    pub(crate) id: ConnectionId,
    /// Cancelled when the person may no longer be here.
    pub(crate) revoked: CancellationToken,
    /// Told when the credentials may have changed.
    pub(crate) recheck: Arc<Notify>,
}

impl Connections {
    /// Those that have authenticated.
    pub(crate) fn count(&self) -> usize {
        self.lock().seated.values().map(HashMap::len).sum()
    }

    /// Closes every connection of the person.
    pub(crate) fn disconnect(&self, user_id: UserId) {
        if let Some(connections) = self.lock().seated.get(&user_id) {
            connections.values().for_each(|bell| bell.revoked.cancel());
        }
    }

    /// Lets every connection of the person check its credentials at once.
    pub(crate) fn recheck(&self, user_id: UserId) {
        if let Some(connections) = self.lock().seated.get(&user_id) {
            connections.values().for_each(|bell| bell.recheck.notify_one());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// A place for a connection from this address, if there is one left.
    pub(crate) fn arrive(&self, address: IpAddr) -> Option<Arrival> {
        let mut inner = self.shared().connections.lock();
        let count = inner.arriving.entry(address).or_default();
        if *count >= limits::WS_UNAUTHENTICATED_PER_ADDRESS_MAX {
            return None;
        }
        *count += 1;
        Some(Arrival { gateway: self.clone(), address })
    }

    /// A place for a connection of this person, if there is one left.
    pub(crate) fn seat(&self, user_id: UserId) -> Option<Seat> {
        let id: ConnectionId = self.ambient.id();
        let mut inner = self.shared().connections.lock();
        let connections = inner.seated.entry(user_id).or_default();
        if connections.len() >= limits::WS_CONNECTIONS_PER_USER_MAX {
            return None;
        }
        let bell = Bell::default();
        connections.insert(id, bell.clone());
        metrics::gauge!(telemetry::WEBSOCKETS.name).increment(1);
        Some(Seat { gateway: self.clone(), user_id, id, revoked: bell.revoked, recheck: bell.recheck })
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut inner = self.gateway.shared().connections.lock();
        if let Some(count) = inner.arriving.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                inner.arriving.remove(&self.address);
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        metrics::gauge!(telemetry::WEBSOCKETS.name).decrement(1);
        let mut inner = self.gateway.shared().connections.lock();
        if let Some(connections) = inner.seated.get_mut(&self.user_id) {
            connections.remove(&self.id);
            if connections.is_empty() {
                inner.seated.remove(&self.user_id);
            }
        }
    }
}
