//! Which key is trusted for whom: pinned by a person, met first, or named by the key before it; and which are trusted for nobody any more.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::limits::{
    REGISTRY_CLOCK_SKEW_SECONDS_MAX, REGISTRY_OWNERS_MAX, REGISTRY_RETIRED_KEYS_MAX, REGISTRY_REVOKED_KEYS_MAX,
    REGISTRY_ROTATIONS_MAX,
};
use serde::{Deserialize, Serialize};

use super::{KeyId, Owner, PublicKey, Rotation};
use crate::envelope::EnvelopeError;
use crate::index::check_text;
use crate::text::{serde_time, time};

/// Which key is trusted for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    #[serde(default)]
    owners: BTreeMap<Owner, Known>,
    #[serde(default)]
    revoked: Vec<RevokedKey>,
}

/// What is known of an owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub key: PublicKey,
    pub how: How,
    #[serde(with = "serde_time")]
    pub since: DateTime<Utc>,
    /// Where the key came from, in words for a person.
    pub from: String,
    /// The keys before it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<Retired>,
}

/// Why a key is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// A person named this very key.
    Pinned,
    /// It was the first that was met.
    FirstUse,
    /// The key before it named it.
    Rotated,
}

/// A key that another follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    pub key: PublicKey,
    #[serde(with = "serde_time")]
    pub since: DateTime<Utc>,
    /// The key that this one named; none when a person chose the one after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<PublicKey>,
}

/// A key that nobody trusts any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedKey {
    pub key: PublicKey,
    pub reason: String,
    #[serde(with = "serde_time")]
    pub since: DateTime<Utc>,
}

/// What a signature is to be trusted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Something that this host has not accepted before.
    New,
    /// The very bytes that this host accepted when the key was the owner's.
    Installed,
}

/// What a key is to this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known of its owner: a person decides, and [`Trust::meet`] remembers.
    Unknown,
    Trusted(How),
    /// It was the owner's when this was installed.
    Retired,
}

/// Why a key is not trusted, or cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    #[error(
        "this is signed with key {found}, but `{owner}` signs with {known}, trusted since {} (from {from}); ask its owner whether the key has changed: without a statement of the old key, trust the new one only when you have it from its owner", time(*.since)
    )]
    OtherKey { owner: Owner, found: KeyId, known: KeyId, since: DateTime<Utc>, from: String },
    #[error("key {key} was revoked at {}: {reason}; do not use what it signed", time(*.since))]
    Revoked { key: KeyId, reason: String, since: DateTime<Utc> },
    #[error(
        "`{owner}` has signed with key {successor} since {}, and this is new and signed with the old key {key}; get the version that is signed with the new one", time(*.since)
    )]
    Retired { owner: Owner, key: KeyId, successor: KeyId, since: DateTime<Utc> },
    #[error("nothing is known of `{0}`, so nobody can say which key follows which; trust a key of it first")]
    UnknownOwner(Owner),
    #[error(
        "key {key} names two keys that follow it, {known} and {found}; somebody else has it, ask `{owner}` which key is theirs"
    )]
    TwoSuccessors { owner: Owner, key: KeyId, known: KeyId, found: KeyId },
    #[error("the rotation is about `{found}`, and not about `{asked}`; do not use it")]
    OtherOwner { asked: Owner, found: Owner },
    #[error("the rotation is from {}, which is still to come; set this machine's clock", time(*.0))]
    FromTheFuture(DateTime<Utc>),
    #[error("the rotation goes back to key {0}, which was given up before; do not use it")]
    BackToRetired(KeyId),
    #[error("rotation: {0}")]
    Rotation(#[from] EnvelopeError),
    #[error("`from` or `reason`: {0}")]
    Text(String),
    #[error("there is no room for more than {count_max} {what}")]
    Full { what: &'static str, count_max: usize },
}

impl Trust {
    /// Whether this key may have signed for this owner.
    ///
    /// # Errors
    /// [`TrustError::OtherKey`], [`TrustError::Revoked`] or [`TrustError::Retired`].
    pub fn judge(&self, owner: &Owner, key: &PublicKey, what_for: Use) -> Result<Standing, TrustError> {
        self.check_revoked(key)?;
        let Some(known) = self.owners.get(owner) else { return Ok(Standing::Unknown) };
        if known.key == *key {
            return Ok(Standing::Trusted(known.how));
        }
        match (known.retired(key), what_for) {
            (Some(_), Use::Installed) => Ok(Standing::Retired),
            (Some(retired), Use::New) => {
                Err(TrustError::Retired { owner: owner.clone(), key: key.id(), successor: known.key.id(), since: retired.since })
            }
            (None, _) => Err(known.other_key(owner, key)),
        }
    }

    /// Trusts the first key that is met of an owner; the same key again changes nothing.
    ///
    /// # Errors
    /// [`TrustError`] when another key is known already, or this one was revoked.
    pub fn meet(&mut self, owner: &Owner, key: PublicKey, now: DateTime<Utc>, from: &str) -> Result<(), TrustError> {
        self.check_revoked(&key)?;
        check_text(from).map_err(TrustError::Text)?;
        match self.owners.get(owner) {
            Some(known) if known.key == key => return Ok(()),
            Some(known) => return Err(known.other_key(owner, &key)),
            None => self.check_room(owner)?,
        }
        let known = Known { key, how: How::FirstUse, since: now, from: from.to_owned(), retired: Vec::new() };
        self.owners.insert(owner.clone(), known);
        Ok(())
    }

    /// Trusts this very key because a person says so, whatever was trusted before.
    ///
    /// # Errors
    /// [`TrustError`] when the key was revoked, or there is no room.
    pub fn pin(&mut self, owner: &Owner, key: PublicKey, now: DateTime<Utc>, from: &str) -> Result<(), TrustError> {
        self.check_revoked(&key)?;
        self.check_room(owner)?;
        check_text(from).map_err(TrustError::Text)?;
        let mut retired = match self.owners.get(owner) {
            Some(known) if known.key != key => known.retired_with(None, now)?,
            Some(known) => known.retired.clone(),
            None => Vec::new(),
        };
        retired.retain(|retired| retired.key != key);
        self.owners.insert(owner.clone(), Known { key, how: How::Pinned, since: now, from: from.to_owned(), retired });
        Ok(())
    }

    /// Follows the rotations, each signed by the key before it, and says how many of them were new.
    ///
    /// Those from before this host met the owner say nothing to it and are passed over, as are those it knows. It follows all of
    /// them or none.
    ///
    /// # Errors
    /// [`TrustError`] when one is damaged, contradicts what is known, or leads to a key that must not be used.
    pub fn follow(&mut self, owner: &Owner, rotations: &[Vec<u8>], now: DateTime<Utc>) -> Result<usize, TrustError> {
        if rotations.len() > REGISTRY_ROTATIONS_MAX {
            return Err(TrustError::Full { what: "rotations at once", count_max: REGISTRY_ROTATIONS_MAX });
        }
        let mut known = self.owners.get(owner).cloned().ok_or_else(|| TrustError::UnknownOwner(owner.clone()))?;
        let mut followed = 0;
        for envelope in rotations {
            known.check_successor(owner, envelope)?;
            let rotation = match Rotation::verify(envelope, &known.key) {
                Ok(rotation) => rotation,
                Err(EnvelopeError::WrongKey { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            self.check_rotation(owner, &known, &rotation, now)?;
            known.retired = known.retired_with(Some(rotation.new), now)?;
            known.key = rotation.new;
            known.how = How::Rotated;
            known.since = now;
            followed += 1;
        }
        self.owners.insert(owner.clone(), known);
        Ok(followed)
    }

    /// Trusts this key for nobody any more, and says whether that is new.
    ///
    /// # Errors
    /// [`TrustError::Full`], or a reason that nobody should read.
    pub fn revoke(&mut self, key: PublicKey, reason: &str, now: DateTime<Utc>) -> Result<bool, TrustError> {
        check_text(reason).map_err(TrustError::Text)?;
        if self.revoked.iter().any(|revoked| revoked.key == key) {
            return Ok(false);
        }
        if self.revoked.len() >= REGISTRY_REVOKED_KEYS_MAX {
            return Err(TrustError::Full { what: "revoked keys", count_max: REGISTRY_REVOKED_KEYS_MAX });
        }
        self.revoked.push(RevokedKey { key, reason: reason.to_owned(), since: now });
        Ok(true)
    }

    /// Trusts none of these keys any more, and says how many of them are new. All of them are looked at, whatever is wrong with one.
    ///
    /// # Errors
    /// The first of [`Self::revoke`]; the others are revoked all the same.
    pub fn revoke_all<'k>(
        &mut self,
        keys: impl IntoIterator<Item = (&'k PublicKey, &'k str)>,
        now: DateTime<Utc>,
    ) -> (usize, Result<(), TrustError>) {
        let mut known: HashSet<PublicKey> = self.revoked.iter().map(|revoked| revoked.key).collect();
        let (mut count, mut outcome) = (0, Ok(()));
        for (key, reason) in keys {
            if known.contains(key) {
                continue;
            }
            let room = if self.revoked.len() < REGISTRY_REVOKED_KEYS_MAX {
                check_text(reason).map_err(TrustError::Text)
            } else {
                Err(TrustError::Full { what: "revoked keys", count_max: REGISTRY_REVOKED_KEYS_MAX })
            };
            if room.is_ok() {
                known.insert(*key);
                self.revoked.push(RevokedKey { key: *key, reason: reason.to_owned(), since: now });
                count += 1;
            }
            outcome = outcome.and(room);
        }
        (count, outcome)
    }

    /// Forgets whose key is whose; the next one that is met is new. What was revoked stays so. Says whether the owner was known.
    pub fn forget(&mut self, owner: &Owner) -> bool {
        self.owners.remove(owner).is_some()
    }

    /// Everybody who is known.
    #[must_use]
    pub const fn owners(&self) -> &BTreeMap<Owner, Known> {
        &self.owners
    }

    /// The keys that nobody trusts any more.
    #[must_use]
    pub fn revoked(&self) -> &[RevokedKey] {
        &self.revoked
    }

    fn check_revoked(&self, key: &PublicKey) -> Result<(), TrustError> {
        match self.revoked.iter().find(|revoked| revoked.key == *key) {
            Some(RevokedKey { reason, since, .. }) => {
                Err(TrustError::Revoked { key: key.id(), reason: reason.clone(), since: *since })
            }
            None => Ok(()),
        }
    }

    fn check_room(&self, owner: &Owner) -> Result<(), TrustError> {
        if self.owners.len() >= REGISTRY_OWNERS_MAX && !self.owners.contains_key(owner) {
            return Err(TrustError::Full { what: "publishers and registries", count_max: REGISTRY_OWNERS_MAX });
        }
        Ok(())
    }

    fn check_rotation(&self, owner: &Owner, known: &Known, rotation: &Rotation, now: DateTime<Utc>) -> Result<(), TrustError> {
        if rotation.owner != *owner {
            return Err(TrustError::OtherOwner { asked: owner.clone(), found: rotation.owner.clone() });
        }
        if rotation.created > now + TimeDelta::seconds(REGISTRY_CLOCK_SKEW_SECONDS_MAX) {
            return Err(TrustError::FromTheFuture(rotation.created));
        }
        // A key that somebody stole says nothing of who comes after it.
        self.check_revoked(&known.key)?;
        self.check_revoked(&rotation.new)?;
        if known.retired(&rotation.new).is_some() {
            return Err(TrustError::BackToRetired(rotation.new.id()));
        }
        Ok(())
    }
}

impl Known {
    fn retired(&self, key: &PublicKey) -> Option<&Retired> {
        self.retired.iter().find(|retired| retired.key == *key)
    }

    /// The keys before the one that comes after the one of now.
    fn retired_with(&self, successor: Option<PublicKey>, now: DateTime<Utc>) -> Result<Vec<Retired>, TrustError> {
        if self.retired.len() >= REGISTRY_RETIRED_KEYS_MAX {
            return Err(TrustError::Full {
                what: "keys of one owner, one after the other",
                count_max: REGISTRY_RETIRED_KEYS_MAX,
            });
        }
        let last = Retired { key: self.key, since: now, successor };
        Ok(self.retired.iter().cloned().chain([last]).collect())
    }

    /// A key that named one key cannot name another.
    fn check_successor(&self, owner: &Owner, envelope: &[u8]) -> Result<(), TrustError> {
        for retired in &self.retired {
            if let (Some(successor), Ok(rotation)) = (&retired.successor, Rotation::verify(envelope, &retired.key))
                && rotation.new != *successor
            {
                let (key, known, found) = (retired.key.id(), successor.id(), rotation.new.id());
                return Err(TrustError::TwoSuccessors { owner: owner.clone(), key, known, found });
            }
        }
        Ok(())
    }

    fn other_key(&self, owner: &Owner, found: &PublicKey) -> TrustError {
        let (known, found) = (self.key.id(), found.id());
        TrustError::OtherKey { owner: owner.clone(), found, known, since: self.since, from: self.from.clone() }
    }
}

#[cfg(test)]
mod tests;
