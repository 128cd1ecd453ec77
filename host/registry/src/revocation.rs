//! The signed feed of revocations: what must not run any more, wherever it is installed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use octi_domain::limits::{REGISTRY_FEED_BYTES_MAX, REGISTRY_FEED_DAYS_MAX, REGISTRY_REVOCATIONS_MAX};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::envelope::{self, Document, EnvelopeError};
use crate::freshness::{Freshness, FreshnessError};
use crate::index::check_text;
use crate::keys::{PublicKey, SecretKey};
use crate::name::{PluginName, Version};
use crate::text::serde_time;

/// What one revocation is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Target {
    /// These bytes, under whichever name.
    Wasm { wasm: Digest },
    /// This version, whatever its bytes are.
    Release { name: PluginName, version: Version },
    /// Everything that was signed with this key.
    Key { key: PublicKey },
}

/// One revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    pub target: Target,
    /// One line that the person is shown whose plugin stops.
    pub reason: String,
    #[serde(with = "serde_time")]
    pub revoked: DateTime<Utc>,
}

/// An installed plugin, or one that is about to be.
#[derive(Debug, Clone, Copy)]
pub struct Installed<'a> {
    pub name: &'a PluginName,
    pub version: &'a Version,
    pub wasm: Digest,
    /// The key that its statement was signed with, where it has one.
    pub key: Option<&'a PublicKey>,
}

/// A feed that was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    freshness: Freshness,
    revocations: Vec<Revocation>,
    places: HashMap<Target, usize>,
    unreadable: usize,
    digest: Digest,
}

/// Why a feed is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    #[error("the registry's feed of revocations is not valid now: {0}")]
    Freshness(#[from] FreshnessError),
    #[error("the registry's feed of revocations: `{field}`: {problem}; ask who runs the registry to mend it")]
    Field { field: String, problem: String },
}

/// As it is signed. An entry is read on its own, so that one that only a newer octi understands does not silence the others.
#[derive(Serialize, Deserialize)]
struct Payload<R> {
    #[serde(flatten)]
    freshness: Freshness,
    revocations: Vec<R>,
}

impl Feed {
    /// Reads a feed that one of these keys signed and that holds now.
    /// Whether something newer was seen before is for [`Seen`](crate::seen::Seen) to say.
    ///
    /// # Errors
    /// [`FeedError`], a different one for each reason.
    pub fn verify(envelope: &[u8], trusted: &[PublicKey], now: DateTime<Utc>) -> Result<Self, FeedError> {
        let feed = Self::verify_kept(envelope, trusted)?;
        feed.freshness.check(now, REGISTRY_FEED_DAYS_MAX)?;
        Ok(feed)
    }

    /// Reads a feed that was verified once and kept: what it revoked stays revoked when it has expired.
    ///
    /// # Errors
    /// [`FeedError`], a different one for each reason.
    pub fn verify_kept(envelope: &[u8], trusted: &[PublicKey]) -> Result<Self, FeedError> {
        let (payload, _key) = envelope::open(Document::Revocations, envelope, trusted, REGISTRY_FEED_BYTES_MAX)?;
        let read: Payload<Value> = envelope::read(Document::Revocations, &payload)?;
        check_count(read.revocations.len())?;
        let count = read.revocations.len();
        let revocations: Vec<Revocation> =
            read.revocations.into_iter().filter_map(|entry| Revocation::deserialize(entry).ok()).collect();
        check_reasons(&revocations)?;
        let places = revocations.iter().enumerate().map(|(place, revocation)| (revocation.target.clone(), place)).collect();
        let unreadable = count - revocations.len();
        Ok(Self { freshness: read.freshness, revocations, places, unreadable, digest: Digest::of(&payload) })
    }

    /// Signs a feed.
    ///
    /// # Errors
    /// What would be refused by everybody who reads it.
    pub fn seal(freshness: Freshness, revocations: &[Revocation], key: &SecretKey) -> Result<Vec<u8>, FeedError> {
        freshness.check_span(REGISTRY_FEED_DAYS_MAX)?;
        check_count(revocations.len())?;
        check_reasons(revocations)?;
        let payload = Payload { freshness, revocations: revocations.iter().collect() };
        let envelope = envelope::seal(Document::Revocations, &serde_json::to_vec(&payload).unwrap_or_default(), key);
        if envelope.len() > REGISTRY_FEED_BYTES_MAX {
            let bytes = envelope.len();
            return Err(
                EnvelopeError::TooLong { document: "feed of revocations", bytes, bytes_max: REGISTRY_FEED_BYTES_MAX }.into()
            );
        }
        Ok(envelope)
    }

    /// Why this plugin must not run: by its bytes, by its name and version, or by the key that signed it.
    #[must_use]
    pub fn find(&self, plugin: &Installed<'_>) -> Option<&Revocation> {
        let by_bytes = Target::Wasm { wasm: plugin.wasm };
        let by_name = Target::Release { name: plugin.name.clone(), version: plugin.version.clone() };
        let by_key = plugin.key.map(|key| Target::Key { key: *key });
        let place = [Some(by_bytes), Some(by_name), by_key].into_iter().flatten().find_map(|target| self.places.get(&target));
        place.and_then(|place| self.revocations.get(*place))
    }

    /// The keys it revokes, for the trust store.
    pub fn keys(&self) -> impl Iterator<Item = (&PublicKey, &Revocation)> {
        self.revocations.iter().filter_map(|revocation| match &revocation.target {
            Target::Key { key } => Some((key, revocation)),
            _ => None,
        })
    }

    /// All of them, in the feed's order.
    #[must_use]
    pub fn revocations(&self) -> &[Revocation] {
        &self.revocations
    }

    /// How many entries only a newer octi understands. Someone should be told: they revoke something.
    #[must_use]
    pub const fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// Its place in the row of feeds, and how long it holds.
    #[must_use]
    pub const fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    /// What two feeds with the same sequence must have in common.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

fn check_count(count: usize) -> Result<(), FeedError> {
    if count > REGISTRY_REVOCATIONS_MAX {
        let problem = format!("{count} revocations are more than the {REGISTRY_REVOCATIONS_MAX} allowed");
        return Err(FeedError::Field { field: "revocations".to_owned(), problem });
    }
    Ok(())
}

fn check_reasons(revocations: &[Revocation]) -> Result<(), FeedError> {
    for (place, revocation) in revocations.iter().enumerate() {
        check_text(&revocation.reason)
            .map_err(|problem| FeedError::Field { field: format!("revocations[{place}].reason"), problem })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
