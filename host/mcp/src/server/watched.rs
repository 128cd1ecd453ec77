//! The resources that a session wants to hear of.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use octi_domain::limits;
use rmcp::model::ResourceContents;

use super::offers::Offers;

/// Addresses, each with what stood there when the client last heard of it.
#[derive(Debug, Default)]
pub(super) struct Watched(Mutex<BTreeMap<String, u64>>);

impl Watched {
    /// Remembers one more; false when there is no room.
    pub(super) fn add(&self, uri: String, offers: &Offers) -> bool {
        let mut watched = self.lock();
        if watched.len() >= limits::MCP_SUBSCRIPTIONS_MAX && !watched.contains_key(&uri) {
            return false;
        }
        let now = stands(offers, &uri);
        watched.insert(uri, now);
        true
    }

    pub(super) fn remove(&self, uri: &str) {
        self.lock().remove(uri);
    }

    /// Those at which something else stands now, or nothing any more.
    pub(super) fn changed(&self, offers: &Offers) -> Vec<String> {
        let mut changed = Vec::new();
        for (uri, before) in self.lock().iter_mut() {
            let now = stands(offers, uri);
            if std::mem::replace(before, now) != now {
                changed.push(uri.clone());
            }
        }
        changed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands there, in a number. Files of conversations are no documents: they are written once and never change.
fn stands(offers: &Offers, uri: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    match offers.read(uri) {
        Some(ResourceContents::TextResourceContents { text, mime_type, .. }) => (1, text, mime_type).hash(&mut hasher),
        Some(ResourceContents::BlobResourceContents { blob, mime_type, .. }) => (2, blob, mime_type).hash(&mut hasher),
        _ => 0.hash(&mut hasher),
    }
    hasher.finish()
}
