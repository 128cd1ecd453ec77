//! One registry: what it offers, checked to the last byte before anybody sees it.

use std::sync::Arc;

use octi_domain::ambient::Ambient;
use octi_domain::limits::{REGISTRY_FEED_BYTES_MAX, REGISTRY_INDEX_BYTES_MAX, REGISTRY_MANIFEST_BYTES_MAX};

use crate::digest::Digest;
use crate::index::{Index, IndexError};
use crate::keys::{Owner, PublicKey, Standing, Trust, TrustError, Use};
use crate::name::{PluginName, Version, is_reserved};
use crate::oci::Descriptor;
use crate::package::{Contents, PackageError};
use crate::revocation::{Feed, FeedError, Installed, Revocation};
use crate::section::{self, SectionError};
use crate::seen::{Seen, SeenError};
use crate::signature::{Signature, SignatureError};
use crate::source::{Source, SourceError};
use crate::statement::{Statement, StatementError};

/// A registry whose keys are known.
#[derive(Clone)]
pub struct Registry {
    source: Arc<dyn Source>,
    keys: Vec<PublicKey>,
    seen: Seen,
    ambient: Ambient,
}

/// A version of a plugin that its publisher signed, before its file is fetched: enough to show a person what it may reach.
#[derive(Debug, Clone)]
pub struct Offer {
    pub statement: Statement,
    /// The key that signed the statement.
    pub key: PublicKey,
    /// What that key is to this host. [`Standing::Unknown`] wants a person's word.
    pub standing: Standing,
    /// The plugin's manifest, as it is signed.
    pub manifest: Vec<u8>,
    /// Its bill of materials, as it is signed.
    pub sbom: Option<Vec<u8>>,
    /// To be followed by the trust store when this is installed: [`Trust::follow`].
    pub rotations: Vec<Vec<u8>>,
    /// Why its publisher would rather not see it installed.
    pub yanked: Option<String>,
    /// Of the OCI manifest: what a lock file pins.
    pub package: Digest,
    wasm: Descriptor,
}

impl Offer {
    /// Who published it.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner::Publisher(self.statement.name.publisher().to_owned())
    }

    /// Bytes of its file.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.wasm.size
    }

    /// What revocations are looked up by.
    #[must_use]
    pub const fn as_installed(&self) -> Installed<'_> {
        let Statement { name, version, wasm, .. } = &self.statement;
        Installed { name, version, wasm: *wasm, key: Some(&self.key) }
    }
}

/// Why a registry, or something in it, is refused.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Seen(#[from] SeenError),
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(
        "no registry may have plugins of `{publisher}`, and this one has `{0}`; do not use it, and ask who runs it",
        publisher = .0.publisher()
    )]
    Reserved(PluginName),
    #[error("the registry has no `{name}` {version}; `{name}` has {there}")]
    NoVersion { name: PluginName, version: Version, there: String },
    #[error("the registry has no plugin `{0}`; check how it is written")]
    NoPlugin(PluginName),
    #[error("`{name}` {version} was revoked: {reason}; do not use it, and look for a newer version", reason = .revocation.reason)]
    Revoked { name: PluginName, version: Version, revocation: Box<Revocation> },
    #[error(
        "{what} that `{origin}` serves is not the one that was asked for (asked {asked}, got {found}); do not use it, and try again from another network"
    )]
    OtherBytes { what: &'static str, origin: String, asked: Digest, found: Digest },
    #[error("the index of `{origin}` and the package of `{name}` name different {what}; ask who runs the registry")]
    IndexDisagrees { what: &'static str, origin: String, name: PluginName },
    #[error("`{0}` shows one manifest and holds another; its publisher signed both, do not use it")]
    TwoManifests(PluginName),
    #[error("the file is no plugin: {0}")]
    Section(#[from] SectionError),
    #[error("the work was given up")]
    Stopped,
}

impl Registry {
    /// A registry behind that source, whose index and revocations are signed with one of these keys.
    #[must_use]
    pub fn new(source: Arc<dyn Source>, keys: Vec<PublicKey>, seen: Seen, ambient: Ambient) -> Self {
        Self { source, keys, seen, ambient }
    }

    /// The index of now.
    ///
    /// # Errors
    /// [`RegistryError`], also when it has expired, or this host has seen a newer one.
    pub async fn index(&self) -> Result<Index, RegistryError> {
        let envelope = self.source.index(REGISTRY_INDEX_BYTES_MAX).await?;
        let (registry, now) = (self.clone(), self.ambient.now());
        off_the_loop(move || {
            let index = Index::verify(&envelope, &registry.keys, now)?;
            registry.seen.accept_index(&index)?;
            Ok(index)
        })
        .await
    }

    /// The revocations of now, and their envelope, to be kept for a start without the registry: [`Feed::verify_kept`].
    ///
    /// # Errors
    /// [`RegistryError`], also when they have expired, or this host has seen newer ones.
    pub async fn feed(&self) -> Result<(Feed, Vec<u8>), RegistryError> {
        let envelope = self.source.feed(REGISTRY_FEED_BYTES_MAX).await?;
        let (registry, now) = (self.clone(), self.ambient.now());
        off_the_loop(move || {
            let feed = Feed::verify(&envelope, &registry.keys, now)?;
            registry.seen.accept_feed(&feed)?;
            Ok((feed, envelope))
        })
        .await
    }

    /// A version, with everything about it checked but its file, which is not fetched yet.
    ///
    /// # Errors
    /// [`RegistryError`], a different one for each thing that can be wrong.
    pub async fn offer(
        &self,
        index: &Index,
        feed: &Feed,
        trust: &Trust,
        name: &PluginName,
        version: &Version,
    ) -> Result<Offer, RegistryError> {
        if is_reserved(name.publisher()) {
            return Err(RegistryError::Reserved(name.clone()));
        }
        let release = index.release(name, version).ok_or_else(|| not_there(index, name, version))?;
        let oci_manifest = self.source.oci_manifest(name, release.package, REGISTRY_MANIFEST_BYTES_MAX).await?;
        self.check_digest("the package", release.package, &oci_manifest)?;
        let contents = Contents::read(&oci_manifest)?;
        for (what, listed, found) in
            [("files", release.wasm, contents.wasm.digest), ("manifests", release.manifest, contents.manifest.digest)]
        {
            if listed != found {
                let origin = self.source.origin().to_owned();
                return Err(RegistryError::IndexDisagrees { what, origin, name: name.clone() });
            }
        }
        let statement = self.blob(name, "the statement", &contents.statement).await?;
        let signature = Signature::parse(&self.blob(name, "the signature", &contents.signature).await?)?;
        let statement = Statement::verify(&statement, &signature, &contents.key)?;
        statement.is_about(name, Some(version))?;
        statement.covers(&contents.parts())?;
        let manifest = self.blob(name, "the manifest", &contents.manifest).await?;
        statement.describes(&manifest)?;
        let mut rotations = Vec::with_capacity(contents.rotations.len());
        for rotation in &contents.rotations {
            rotations.push(self.blob(name, "a rotation", rotation).await?);
        }
        let sbom = match &contents.sbom {
            Some(sbom) => Some(self.blob(name, "the bill of materials", sbom).await?),
            None => None,
        };
        let owner = Owner::Publisher(name.publisher().to_owned());
        let standing = self.standing(trust, &owner, &contents.key, &rotations)?;
        let (key, package, wasm, yanked) = (contents.key, release.package, contents.wasm, release.yanked.clone());
        let offer = Offer { statement, key, standing, manifest, sbom, rotations, yanked, package, wasm };
        match feed.find(&offer.as_installed()).cloned().map(Box::new) {
            Some(revocation) => Err(RegistryError::Revoked { name: name.clone(), version: version.clone(), revocation }),
            None => Ok(offer),
        }
    }

    /// The file of what was offered.
    ///
    /// # Errors
    /// [`RegistryError`] when it is not the one that was signed, or holds another manifest than was offered.
    pub async fn wasm(&self, offer: &Offer) -> Result<Vec<u8>, RegistryError> {
        let wasm = self.blob(&offer.statement.name, "the file", &offer.wasm).await?;
        // A person was shown the manifest that lay beside it, and the host obeys the one inside.
        if section::manifest(&wasm)? == offer.manifest {
            Ok(wasm)
        } else {
            Err(RegistryError::TwoManifests(offer.statement.name.clone()))
        }
    }

    /// What the key is to this host, after the rotations that lead to it.
    fn standing(&self, trust: &Trust, owner: &Owner, key: &PublicKey, rotations: &[Vec<u8>]) -> Result<Standing, TrustError> {
        if rotations.is_empty() || !trust.owners().contains_key(owner) {
            return trust.judge(owner, key, Use::New);
        }
        let mut trust = trust.clone();
        trust.follow(owner, rotations, self.ambient.now())?;
        trust.judge(owner, key, Use::New)
    }

    /// A blob is as long as the manifest says, which bounds it: see [`Contents::read`].
    async fn blob(&self, name: &PluginName, what: &'static str, descriptor: &Descriptor) -> Result<Vec<u8>, RegistryError> {
        let bytes_max = usize::try_from(descriptor.size).unwrap_or(usize::MAX);
        let bytes = self.source.blob(name, descriptor.digest, bytes_max).await?;
        self.check_digest(what, descriptor.digest, &bytes)?;
        Ok(bytes)
    }

    fn check_digest(&self, what: &'static str, asked: Digest, bytes: &[u8]) -> Result<(), RegistryError> {
        let found = Digest::of(bytes);
        if found == asked {
            return Ok(());
        }
        Err(RegistryError::OtherBytes { what, origin: self.source.origin().to_owned(), asked, found })
    }
}

fn not_there(index: &Index, name: &PluginName, version: &Version) -> RegistryError {
    /// The newest versions that an error names.
    const SHOWN: usize = 5;
    let Some(entry) = index.plugins().get(name) else { return RegistryError::NoPlugin(name.clone()) };
    let there: Vec<String> = entry.versions.keys().rev().take(SHOWN).map(Version::to_string).collect();
    let there = if there.is_empty() { "no version".to_owned() } else { there.join(", ") };
    RegistryError::NoVersion { name: name.clone(), version: version.clone(), there }
}

/// An index is megabytes to parse, and what was seen of it is on a disk.
async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RegistryError> + Send + 'static,
) -> Result<T, RegistryError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(RegistryError::Stopped))
}

#[cfg(test)]
mod tests;
