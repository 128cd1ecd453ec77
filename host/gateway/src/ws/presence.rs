//! Who is at the other end of a connection, and whether anything still comes from there.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use octi_api::frames::{Auth, ClientType};
use octi_api::v1::gateway::Connection;
use octi_domain::ids::{ConnectionId, UserId};
use octi_domain::limits;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The kind of program, as it introduced itself, and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Guest {
    pub(crate) client_type: ClientType,
    pub(crate) client_version: Option<String>,
    pub(crate) address: IpAddr,
}

impl Guest {
    pub(crate) fn new(auth: &Auth, address: IpAddr) -> Self {
        Self { client_type: auth.client_type, client_version: auth.client_version.clone(), address: address.to_canonical() }
    }
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct Presence {
    pub(super) id: ConnectionId,
    user_id: UserId,
    guest: Guest,
    since: DateTime<Utc>,
    /// When the last frame came, in microseconds since 1970.
    active_us: AtomicI64,
    /// Cancelled when the person may no longer be here.
    pub(super) revoked: CancellationToken,
    /// Told when the credentials may have changed.
    pub(super) recheck: Notify,
}

impl Presence {
    pub(super) fn new(id: ConnectionId, user_id: UserId, guest: Guest, now: DateTime<Utc>) -> Self {
        let active_us = AtomicI64::new(now.timestamp_micros());
        Self { id, user_id, guest, since: now, active_us, revoked: CancellationToken::new(), recheck: Notify::new() }
    }

    /// A frame came.
    pub(super) fn touch(&self, now: DateTime<Utc>) {
        self.active_us.store(now.timestamp_micros(), Ordering::Relaxed);
    }

    /// Whether nothing came for longer than such a program may be silent.
    pub(super) fn is_idle(&self, now: DateTime<Utc>) -> bool {
        idle_seconds_max(self.guest.client_type).is_some_and(|seconds| now - self.last_activity() > TimeDelta::seconds(seconds))
    }

    pub(super) fn to_api(&self) -> Connection {
        Connection {
            id: self.id.into(),
            user_id: self.user_id.into(),
            client_type: self.guest.client_type,
            client_version: self.guest.client_version.clone(),
            address: self.guest.address.to_string(),
            since: self.since,
            last_activity: self.last_activity(),
        }
    }

    fn last_activity(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.active_us.load(Ordering::Relaxed)).unwrap_or(self.since)
    }
}

/// How long a program may be silent. A terminal is left open on purpose, and a channel waits for others.
const fn idle_seconds_max(client_type: ClientType) -> Option<i64> {
    match client_type {
        ClientType::Webchat | ClientType::Mobile => Some(limits::WS_IDLE_SECONDS_MAX),
        ClientType::Acp => Some(limits::WS_IDLE_ACP_SECONDS_MAX),
        ClientType::Agent => Some(limits::WS_IDLE_AGENT_SECONDS_MAX),
        ClientType::Tui | ClientType::Channel => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_kind_of_program_may_be_silent_for_its_own_time() {
        let minutes = |count| DateTime::UNIX_EPOCH + TimeDelta::minutes(count);
        for (client_type, silent, too_long) in [
            (ClientType::Webchat, 30, Some(31)),
            (ClientType::Mobile, 30, Some(31)),
            (ClientType::Acp, 60, Some(61)),
            (ClientType::Agent, 5, Some(6)),
            (ClientType::Tui, 100_000, None),
            (ClientType::Channel, 100_000, None),
        ] {
            let guest = Guest { client_type, client_version: None, address: IpAddr::from([127, 0, 0, 1]) };
            let presence = Presence::new(Uuid::nil().into(), Uuid::nil().into(), guest, minutes(0));
            assert!(!presence.is_idle(minutes(silent)), "{client_type:?}");
            let Some(too_long) = too_long else { continue };
            assert!(presence.is_idle(minutes(too_long)), "{client_type:?}");
            presence.touch(minutes(too_long));
            assert!(!presence.is_idle(minutes(too_long + silent)), "{client_type:?}");
        }
    }
}
