//! Offers that wait for a person's answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ids::{PluginOfferId, UserId};
use octi_domain::limits::{PLUGIN_OFFER_SECONDS_MAX, PLUGIN_OFFERS_MAX};

use crate::review::{Ask, Fingerprint};

/// One offer, and who asked for it.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) user: UserId,
    pub(crate) ask: Ask,
    pub(crate) shown: Fingerprint,
    pub(crate) expires: DateTime<Utc>,
}

/// The offers of this host. They are few, so they are not worth a table: after a restart a person asks again.
#[derive(Debug, Default)]
pub(crate) struct Offers(Mutex<BTreeMap<PluginOfferId, Waiting>>);

impl Offers {
    /// Keeps an offer. The one that waits longest makes room.
    pub(crate) fn keep(&self, id: PluginOfferId, waiting: Waiting, now: DateTime<Utc>) {
        let mut all = self.all();
        all.retain(|_, waiting| waiting.expires > now);
        while all.len() >= PLUGIN_OFFERS_MAX {
            all.pop_first();
        }
        all.insert(id, waiting);
    }

    /// The offer, for whoever asked for it.
    pub(crate) fn get(&self, id: PluginOfferId, user: UserId, now: DateTime<Utc>) -> Option<Waiting> {
        self.all().get(&id).filter(|waiting| waiting.user == user && waiting.expires > now).cloned()
    }

    /// It was answered.
    pub(crate) fn close(&self, id: PluginOfferId) {
        self.all().remove(&id);
    }

    /// When an offer of now ends.
    pub(crate) fn expiry(now: DateTime<Utc>) -> DateTime<Utc> {
        now + TimeDelta::seconds(PLUGIN_OFFER_SECONDS_MAX)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<PluginOfferId, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use octi_domain::ambient::Ambient;
    use octi_registry::Digest;

    use super::*;

    #[test]
    fn an_offer_is_for_who_asked_and_for_a_while_and_there_are_few() {
        let (ambient, now) = (Ambient::system(), DateTime::UNIX_EPOCH);
        let (ada, bob): (UserId, UserId) = (ambient.id(), ambient.id());
        let offers = Offers::default();
        let ask = Ask { name: "acme/x".parse().unwrap(), version: None, registry: None, locked: None };
        let shown = Fingerprint { package: Digest::of(b"x"), replaced: None, new: Vec::new() };
        let waiting = || Waiting { user: ada, ask: ask.clone(), shown: shown.clone(), expires: Offers::expiry(now) };
        let first: PluginOfferId = ambient.id();
        offers.keep(first, waiting(), now);
        assert!(offers.get(first, ada, now).is_some() && offers.get(first, bob, now).is_none());
        assert!(offers.get(first, ada, Offers::expiry(now)).is_none());
        for _ in 0..PLUGIN_OFFERS_MAX {
            offers.keep(ambient.id(), waiting(), now);
        }
        assert!(offers.get(first, ada, now).is_none(), "the oldest made room");
        assert_eq!(offers.all().len(), PLUGIN_OFFERS_MAX);
    }
}
