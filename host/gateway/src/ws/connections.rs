//! Who is connected: the budgets of addresses and people, and the way to close a person's sockets.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use octi_api::v1::gateway::Connection;
use octi_domain::ids::{ConnectionId, UserId};
use octi_domain::{limits, telemetry};

use super::presence::{Guest, Presence};
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
    seated: HashMap<UserId, HashMap<ConnectionId, Arc<Presence>>>,
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
    pub(crate) presence: Arc<Presence>,
}

impl Connections {
    /// Those that have authenticated.
    pub(crate) fn count(&self) -> usize {
        self.lock().seated.values().map(HashMap::len).sum()
    }

    /// Closes every connection of the person.
    pub(crate) fn disconnect(&self, user_id: UserId) {
        if let Some(connections) = self.lock().seated.get(&user_id) {
            connections.values().for_each(|presence| presence.revoked.cancel());
        }
    }

    /// The connections of a person, or everybody's, the oldest first.
    pub(crate) fn list(&self, of: Option<UserId>) -> Vec<Connection> {
        let inner = self.lock();
        let wanted = inner.seated.iter().filter(|(user_id, _)| of.is_none_or(|of| of == **user_id));
        let mut found: Vec<_> = wanted.flat_map(|(_, connections)| connections.values()).map(|one| one.to_api()).collect();
        drop(inner);
        found.sort_by_key(|one| (one.since, one.id));
        found
    }

    /// Lets every connection of the person check its credentials at once.
    pub(crate) fn recheck(&self, user_id: UserId) {
        if let Some(connections) = self.lock().seated.get(&user_id) {
            connections.values().for_each(|presence| presence.recheck.notify_one());
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
    pub(crate) fn seat(&self, user_id: UserId, guest: Guest) -> Option<Seat> {
        let id: ConnectionId = self.ambient.id();
        let count_max = self.settings.now().gateway_limits().connections_per_user_max;
        let mut inner = self.shared().connections.lock();
        let connections = inner.seated.entry(user_id).or_default();
        if connections.len() >= count_max {
            return None;
        }
        let presence = Arc::new(Presence::new(id, user_id, guest, self.ambient.now()));
        connections.insert(id, Arc::clone(&presence));
        metrics::gauge!(telemetry::WEBSOCKETS.name).increment(1);
        Some(Seat { gateway: self.clone(), user_id, presence })
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
            connections.remove(&self.presence.id);
            if connections.is_empty() {
                inner.seated.remove(&self.user_id);
            }
        }
    }
}
