//! Tickets: a page's script cannot read its cookie, so it opens its WebSocket with a word that works once and for a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ids::UserId;
use octi_domain::limits;

use crate::credential::Credential;

/// What was given out and not used yet.
#[derive(Debug, Default)]
pub(crate) struct Tickets(Mutex<HashMap<String, Ticket>>);

#[derive(Debug)]
struct Ticket {
    user_id: UserId,
    /// What it stands for: the connection is closed when this is no longer good.
    credential: Credential,
    expires_at: DateTime<Utc>,
}

impl Tickets {
    /// Keeps a ticket, and says until when; none when too many wait.
    pub(crate) fn keep(
        &self,
        word: String,
        user_id: UserId,
        credential: Credential,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let expires_at = now + TimeDelta::seconds(limits::WS_TICKET_SECONDS);
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, ticket| now < ticket.expires_at);
        let own = waiting.values().filter(|ticket| ticket.user_id == user_id).count();
        if waiting.len() >= limits::WS_TICKETS_MAX || own >= limits::WS_TICKETS_PER_USER_MAX {
            return None;
        }
        waiting.insert(word, Ticket { user_id, credential, expires_at });
        Some(expires_at)
    }

    /// What a ticket stands for. It is used up.
    pub(crate) fn redeem(&self, word: &str, now: DateTime<Utc>) -> Option<Credential> {
        let ticket = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(word)?;
        (now < ticket.expires_at).then_some(ticket.credential)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(number: u128) -> UserId {
        UserId::from(Uuid::from_u128(number))
    }

    fn keep(tickets: &Tickets, word: &str, user_id: UserId, now: DateTime<Utc>) -> bool {
        tickets.keep(word.to_owned(), user_id, Credential::Cookie("cookie".into()), now).is_some()
    }

    #[test]
    fn a_ticket_works_once_and_for_a_minute() {
        let (tickets, now) = (Tickets::default(), DateTime::UNIX_EPOCH);
        assert!(keep(&tickets, "a", user(1), now) && keep(&tickets, "b", user(1), now));
        let last = now + TimeDelta::seconds(limits::WS_TICKET_SECONDS);
        assert!(tickets.redeem("a", last - TimeDelta::milliseconds(1)).is_some());
        assert!(tickets.redeem("a", now).is_none());
        assert!(tickets.redeem("b", last).is_none());
        assert!(tickets.redeem("c", now).is_none());
    }

    #[test]
    fn nobody_fills_the_list_for_the_others() {
        let (tickets, now) = (Tickets::default(), DateTime::UNIX_EPOCH);
        for index in 0..limits::WS_TICKETS_PER_USER_MAX {
            assert!(keep(&tickets, &index.to_string(), user(1), now));
        }
        assert!(!keep(&tickets, "x", user(1), now));
        assert!(keep(&tickets, "x", user(2), now));
        assert!(keep(&tickets, "y", user(1), now + TimeDelta::seconds(limits::WS_TICKET_SECONDS)));
    }

    #[test]
    fn the_list_is_bounded() {
        let (tickets, now) = (Tickets::default(), DateTime::UNIX_EPOCH);
        for index in 0..limits::WS_TICKETS_MAX {
            let ticket = Ticket {
                user_id: user(1),
                credential: Credential::Cookie("cookie".into()),
                expires_at: now + TimeDelta::seconds(9),
            };
            tickets.0.lock().expect("nobody panicked").insert(index.to_string(), ticket);
        }
        assert!(!keep(&tickets, "x", user(2), now));
    }
}
