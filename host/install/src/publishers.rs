//! Whose key is whose, as a person sees and sets it.

use chrono::{DateTime, Utc};
use octi_domain::limits::REGISTRY_TEXT_BYTES_MAX;
use octi_registry::keys::{How, Owner};
use octi_registry::{PublicKey, is_reserved};

use crate::installer::{Installer, blocking};
use crate::refusal::Refusal;

/// A publisher whose key is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    pub name: String,
    pub key: PublicKey,
    pub how: How,
    pub since: DateTime<Utc>,
    /// Where the key came from.
    pub from: String,
}

impl Installer {
    /// Every publisher whose key is known.
    ///
    /// # Errors
    /// [`Refusal::State`].
    pub async fn publishers(&self) -> Result<Vec<Publisher>, Refusal> {
        let trust = self.trust().await?;
        let known = trust.owners().iter().filter_map(|(owner, known)| match owner {
            Owner::Publisher(name) => {
                let from = known.from.clone();
                Some(Publisher { name: name.clone(), key: known.key, how: known.how, since: known.since, from })
            }
            Owner::Registry(_) => None,
        });
        Ok(known.collect())
    }

    /// Trusts this very key of a publisher, because a person says so.
    ///
    /// # Errors
    /// [`Refusal`] when the key was revoked, or nobody may have plugins of that publisher.
    pub async fn pin(&self, publisher: &str, key: PublicKey, from: &str) -> Result<Publisher, Refusal> {
        if is_reserved(publisher) {
            return Err(Refusal::ReservedPublisher(publisher.to_owned()));
        }
        let owner: Owner = format!("publisher:{publisher}").parse()?;
        let (trust, now) = (self.trust.clone(), self.ambient.now());
        let from = from[..from.floor_char_boundary(REGISTRY_TEXT_BYTES_MAX)].to_owned();
        let told = from.clone();
        blocking(move || Ok(trust.update(|trust| trust.pin(&owner, key, now, &told))?)).await?;
        Ok(Publisher { name: publisher.to_owned(), key, how: How::Pinned, since: now, from })
    }

    /// Forgets the key of a publisher: the next version of theirs asks whether its key is theirs.
    ///
    /// # Errors
    /// [`Refusal::NoPublisher`].
    pub async fn forget(&self, publisher: &str) -> Result<(), Refusal> {
        let (trust, owner) = (self.trust.clone(), Self::owner(publisher));
        let was_known = blocking(move || Ok(trust.update(|trust| Ok(trust.forget(&owner)))?)).await?;
        if was_known { Ok(()) } else { Err(Refusal::NoPublisher(publisher.to_owned())) }
    }
}
