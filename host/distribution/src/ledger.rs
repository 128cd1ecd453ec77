//! A registry as its owner keeps it: the signed index of what it offers, and the signed feed of what must not run any more.
//!
//! Publishers push packages; what of it is listed is for the owner to say, who signs with a key of their own. Nothing is listed that a
//! host would refuse: a version is checked here exactly as a host checks what it installs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ambient::Ambient;
use octi_domain::limits::{
    REGISTRY_FEED_BYTES_MAX, REGISTRY_FEED_DAYS_MAX, REGISTRY_INDEX_BYTES_MAX, REGISTRY_INDEX_DAYS_MAX,
    REGISTRY_MANIFEST_BYTES_MAX,
};
use octi_registry::freshness::Freshness;
use octi_registry::index::{Entry, Index, IndexError, Plugins, Release};
use octi_registry::keys::{Standing, TrustFile, TrustFileError};
use octi_registry::package::{Contents, PackageError};
use octi_registry::revocation::{Feed, FeedError, Revocation, Target};
use octi_registry::seen::{Seen, SeenError};
use octi_registry::source::SourceError;
use octi_registry::{Document, Offer, PluginName, PublicKey, Registry, RegistryError, SecretKey, StateError, Version};
use serde::Deserialize;

use crate::{DistributionError, Place};

/// The registry of its owner.
pub struct Ledger {
    place: Place,
    key: SecretKey,
    /// What the index and feed of before may be signed with.
    known: Vec<PublicKey>,
    seen: Seen,
    publishers: TrustFile,
    ambient: Ambient,
}

/// What the registry offers and refuses now.
#[derive(Debug, Clone)]
pub struct Books {
    pub index: Index,
    pub feed: Feed,
}

/// A version that was listed.
#[derive(Debug, Clone)]
pub struct Added {
    pub offer: Offer,
    /// Of the index that lists it.
    pub sequence: u64,
    /// Whether it had been listed before.
    pub is_new: bool,
}

/// Why the registry stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error(transparent)]
    Distribution(#[from] DistributionError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Seen(#[from] SeenError),
    #[error(transparent)]
    Publishers(#[from] TrustFileError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("`{0}` is a registry already; its owner's key signs it")]
    Begun(String),
    #[error("`{origin}` holds no `{name}` {version}; its publisher puts it there with `octi plugin publish`")]
    NotPublished { origin: String, name: PluginName, version: Version },
    #[error(
        "`{name}` {version} is signed with {key}, and nothing is known of the publisher `{}`; compare the key with what they say elsewhere, then name it with `--publisher-key`",
        name.publisher()
    )]
    UnknownPublisher { name: PluginName, version: Version, key: PublicKey },
    #[error(
        "the index lists another `{name}` {version}; what is listed is never replaced: yank it, and ask its publisher for a new version"
    )]
    Listed { name: PluginName, version: Version },
    #[error("the index does not list `{name}` {version}")]
    NotListed { name: PluginName, version: Version },
    #[error("the work was given up")]
    Stopped,
}

/// What an index says of a plugin, from its manifest.
#[derive(Deserialize)]
struct About {
    #[serde(default)]
    description: String,
    #[serde(default)]
    kinds: BTreeSet<String>,
    #[serde(default)]
    tools: BTreeMap<String, serde::de::IgnoredAny>,
    #[serde(default)]
    role: Option<serde::de::IgnoredAny>,
}

impl Ledger {
    /// The registry in that place, of whoever has this key. What was seen of it, and whose the publishers' keys are, is kept in a folder
    /// of the owner's own.
    #[must_use]
    pub fn new(place: Place, key: SecretKey, memory: &Path, ambient: Ambient) -> Self {
        let (seen, publishers) = (Seen::new(memory.join("ledger.json")), TrustFile::new(memory.join("publishers.json")));
        let known = vec![key.public()];
        Self { place, key, known, seen, publishers, ambient }
    }

    /// Takes over from the key before: what that one signed is signed anew with this one.
    #[must_use]
    pub fn after(mut self, key: PublicKey) -> Self {
        self.known.push(key);
        self
    }

    /// Begins a registry: an index without plugins, a feed without revocations.
    ///
    /// # Errors
    /// [`LedgerError::Begun`] when one is there.
    pub async fn begin(&self) -> Result<Books, LedgerError> {
        let source = self.place.source();
        match source.index(REGISTRY_INDEX_BYTES_MAX).await {
            Ok(_) => return Err(LedgerError::Begun(source.origin().to_owned())),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(error.into()),
        }
        let feed = self.write_feed(0, &[]).await?;
        let index = self.write_index(0, &Plugins::new()).await?;
        Ok(Books { index, feed })
    }

    /// What there is, also when it has expired: the owner signs it anew.
    ///
    /// # Errors
    /// [`LedgerError`], also when the owner has seen something newer: then somebody put back what was there before, and to sign that
    /// would forget what was revoked since.
    pub async fn read(&self) -> Result<Books, LedgerError> {
        let source = self.place.source();
        let (index, feed) = (source.index(REGISTRY_INDEX_BYTES_MAX).await?, source.feed(REGISTRY_FEED_BYTES_MAX).await?);
        let (known, seen) = (self.known.clone(), self.seen.clone());
        off_the_loop(move || {
            let (index, feed) = (Index::verify_kept(&index, &known)?, Feed::verify_kept(&feed, &known)?);
            seen.accept_index(&index)?;
            seen.accept_feed(&feed)?;
            Ok(Books { index, feed })
        })
        .await
    }

    /// Lists a version that its publisher put there. Its key has to be known, or named here.
    ///
    /// # Errors
    /// [`LedgerError`], with everything that a host that installs it would refuse.
    pub async fn add(&self, name: &PluginName, version: &Version, publisher: Option<PublicKey>) -> Result<Added, LedgerError> {
        let Books { index, feed } = self.read().await?;
        let (release, plugins) = self.with_release(&index, name, version).await?;
        let now = self.ambient.now();
        let draft =
            Index::verify(&Index::seal(self.freshness(0, REGISTRY_INDEX_DAYS_MAX), &plugins, &self.key)?, &self.known, now)?;
        let mut trust = self.publishers.load()?;
        let registry = Registry::new(self.place.source(), self.known.clone(), self.seen.clone(), self.ambient.clone());
        if let Some(key) = publisher {
            let owner = octi_registry::keys::Owner::Publisher(name.publisher().to_owned());
            trust.pin(&owner, key, now, "the owner of the registry").map_err(TrustFileError::from)?;
        }
        let offer = Box::pin(registry.offer(&draft, &feed, &trust, name, version)).await?;
        if offer.standing == Standing::Unknown {
            return Err(LedgerError::UnknownPublisher { name: name.clone(), version: version.clone(), key: offer.key });
        }
        // The file too: what is listed can be installed.
        drop(Box::pin(registry.wasm(&offer)).await?);
        self.publishers.update(|trust| {
            if let Some(key) = publisher {
                trust.pin(&offer.owner(), key, now, "the owner of the registry")?;
            }
            trust.follow(&offer.owner(), &offer.rotations, now)
        })?;
        if index.release(name, version) == Some(&release) {
            return Ok(Added { offer, sequence: index.freshness().sequence, is_new: false });
        }
        let plugins = about(plugins, name, version, &offer.manifest);
        let index = self.write_index(index.freshness().sequence, &plugins).await?;
        Ok(Added { offer, sequence: index.freshness().sequence, is_new: true })
    }

    /// Says of a version that it should not be installed any more, and why; with no reason, that it may be again.
    ///
    /// # Errors
    /// [`LedgerError::NotListed`] when the index does not list it.
    pub async fn yank(&self, name: &PluginName, version: &Version, reason: Option<String>) -> Result<Index, LedgerError> {
        let Books { index, .. } = self.read().await?;
        let mut plugins = index.plugins().clone();
        let release = plugins.get_mut(name).and_then(|entry| entry.versions.get_mut(version));
        release.ok_or_else(|| LedgerError::NotListed { name: name.clone(), version: version.clone() })?.yanked = reason;
        self.write_index(index.freshness().sequence, &plugins).await
    }

    /// Says of something that it must not run any more, wherever it is installed. What is revoked already gets the new reason.
    ///
    /// # Errors
    /// [`LedgerError`] when the feed cannot be read, signed or written.
    pub async fn revoke(&self, target: Target, reason: &str) -> Result<Feed, LedgerError> {
        let Books { feed, .. } = self.read().await?;
        let mut revocations: Vec<Revocation> = feed.revocations().to_vec();
        revocations.retain(|revocation| revocation.target != target);
        revocations.push(Revocation { target, reason: reason.to_owned(), revoked: self.ambient.now() });
        self.write_feed(feed.freshness().sequence, &revocations).await
    }

    /// Signs both anew, so that they hold for longer.
    ///
    /// # Errors
    /// [`LedgerError`] when one cannot be read, signed or written.
    pub async fn renew(&self) -> Result<Books, LedgerError> {
        let Books { index, feed } = self.read().await?;
        let feed = self.write_feed(feed.freshness().sequence, feed.revocations()).await?;
        let index = self.write_index(index.freshness().sequence, index.plugins()).await?;
        Ok(Books { index, feed })
    }

    /// The release that a version would be, and the plugins of the index with it.
    async fn with_release(&self, index: &Index, name: &PluginName, version: &Version) -> Result<(Release, Plugins), LedgerError> {
        let source = self.place.source();
        let missing = || {
            let origin = source.origin().to_owned();
            LedgerError::NotPublished { origin, name: name.clone(), version: version.clone() }
        };
        let package = self.place.package(name, version).await?.ok_or_else(missing)?;
        let contents = Contents::read(&source.oci_manifest(name, package, REGISTRY_MANIFEST_BYTES_MAX).await?)?;
        let (wasm, manifest) = (contents.wasm.digest, contents.manifest.digest);
        let yanked = index.release(name, version).and_then(|release| release.yanked.clone());
        let release = Release { package, wasm, manifest, yanked };
        if index.release(name, version).is_some_and(|listed| *listed != release) {
            return Err(LedgerError::Listed { name: name.clone(), version: version.clone() });
        }
        let mut plugins = index.plugins().clone();
        let empty = || Entry { description: String::new(), kinds: BTreeSet::new(), versions: BTreeMap::new() };
        plugins.entry(name.clone()).or_insert_with(empty).versions.insert(version.clone(), release.clone());
        Ok((release, plugins))
    }

    async fn write_index(&self, before: u64, plugins: &Plugins) -> Result<Index, LedgerError> {
        let envelope = Index::seal(self.freshness(before + 1, REGISTRY_INDEX_DAYS_MAX), plugins, &self.key)?;
        let index = Index::verify_kept(&envelope, &self.known)?;
        self.place.set_document(Document::Index, envelope).await?;
        let (seen, written) = (self.seen.clone(), index.clone());
        off_the_loop(move || Ok(seen.accept_index(&written)?)).await?;
        Ok(index)
    }

    async fn write_feed(&self, before: u64, revocations: &[Revocation]) -> Result<Feed, LedgerError> {
        let envelope = Feed::seal(self.freshness(before + 1, REGISTRY_FEED_DAYS_MAX), revocations, &self.key)?;
        let feed = Feed::verify_kept(&envelope, &self.known)?;
        self.place.set_document(Document::Revocations, envelope).await?;
        let (seen, written) = (self.seen.clone(), feed.clone());
        off_the_loop(move || Ok(seen.accept_feed(&written)?)).await?;
        Ok(feed)
    }

    fn freshness(&self, sequence: u64, days: i64) -> Freshness {
        let created: DateTime<Utc> = self.ambient.now();
        Freshness { sequence, created, expires: created + TimeDelta::days(days) }
    }
}

/// What people search in is said by the newest version.
fn about(mut plugins: Plugins, name: &PluginName, version: &Version, manifest: &[u8]) -> Plugins {
    let about: Option<About> = serde_json::from_slice(manifest).ok();
    let entry = plugins.get_mut(name).filter(|entry| entry.versions.keys().next_back() == Some(version));
    if let (Some(about), Some(entry)) = (about, entry) {
        entry.description = about.description;
        entry.kinds = about.kinds;
        entry.kinds.extend((!about.tools.is_empty()).then(|| "tool".to_owned()));
        entry.kinds.extend(about.role.is_some().then(|| "role".to_owned()));
    }
    plugins
}

fn is_missing(error: &SourceError) -> bool {
    use octi_registry::layout::LayoutError;
    matches!(error, SourceError::Missing { .. } | SourceError::Layout(LayoutError::Missing { .. }))
}

async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(LedgerError::Stopped))
}
