//! What a person is shown before a plugin of a registry is installed.

use chrono::{DateTime, Utc};
use octi_domain::ids::PluginOfferId;
use octi_domain::limits::PLUGIN_REVIEW_LINES_MAX;
use octi_extension::manifest::Manifest;
use octi_extension::served;
use octi_registry::keys::{How, Standing};
use octi_registry::{Digest, Offer, PluginName, PublicKey, Version};

use crate::lock::Locked;
use crate::refusal::Refusal;
use crate::rights::{Right, Wish, wishes};
use crate::similar;
use crate::text::harmless;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub name: PluginName,
    /// The newest when absent.
    pub version: Option<Version>,
    /// All of them when absent.
    pub registry: Option<String>,
    /// What a lock file says that it must be.
    pub locked: Option<Locked>,
}

/// What a person's answer is bound to: when any of it is another, they are shown it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) package: Digest,
    /// The file that runs now.
    pub(crate) replaced: Option<String>,
    pub(crate) new: Vec<String>,
}

/// One line of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewLine {
    pub text: String,
    /// In the words of the publisher, made harmless.
    pub reason: Option<String>,
    /// It was not granted before.
    pub is_new: bool,
}

/// What would be installed, for a person. Every text of the publisher was made harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    pub id: PluginOfferId,
    pub expires: DateTime<Utc>,
    pub name: PluginName,
    pub version: Version,
    pub registry: String,
    pub description: String,
    pub licence: Option<String>,
    pub publisher: PublicKey,
    /// The person has to say that this key is the publisher's.
    pub is_new_publisher: bool,
    /// Why the key is trusted, if it is.
    pub trusted: Option<&'static str>,
    pub package: Digest,
    pub wasm: Digest,
    pub bytes: u64,
    pub signed: DateTime<Utc>,
    /// The version that runs now.
    pub replaces: Option<String>,
    pub lines: Vec<ReviewLine>,
    /// What the version of now may do and this one does not ask for.
    pub given_up: Vec<String>,
    pub warnings: Vec<String>,
    /// It may not be installed before a person looked.
    pub needs_review: bool,
    /// It tells models something, which [`Installer::texts`](crate::Installer::texts) shows.
    pub has_texts: bool,
}

/// What runs now under the id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Now {
    pub(crate) version: Option<String>,
    pub(crate) digest: Option<String>,
    /// The registry it came from.
    pub(crate) registry: Option<String>,
    pub(crate) granted: Vec<Right>,
    /// The ids of everything that is installed, and of nothing that is offered.
    pub(crate) known: Vec<String>,
}

/// An offer of a registry, checked and compared with what runs.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) registry: String,
    pub(crate) offer: Offer,
    pub(crate) rights: Vec<Right>,
    pub(crate) manifest: Manifest,
    wishes: Vec<Wish>,
    now: Now,
    pinned: bool,
}

impl Found {
    /// Reads the manifest that was signed, and what it asks for.
    pub(crate) fn new(registry: &str, offer: Offer, now: Now, locked: Option<&Locked>) -> Result<Self, Refusal> {
        let (name, version) = (&offer.statement.name, &offer.statement.version);
        served::check(&offer.statement.wit.to_string()).map_err(|unserved| Refusal::OtherContract {
            name: name.clone(),
            version: version.clone(),
            unserved,
        })?;
        let manifest = Manifest::from_section(&offer.manifest).map_err(|error| Refusal::Manifest {
            name: name.clone(),
            version: version.clone(),
            error: Box::new(error),
        })?;
        let wishes = wishes(&manifest);
        if wishes.len() > PLUGIN_REVIEW_LINES_MAX {
            return Err(Refusal::Endless { name: name.clone(), version: version.clone(), lines: wishes.len() });
        }
        if let Some(locked) = locked {
            as_locked(&offer, locked)?;
        }
        let rights = wishes.iter().map(|wish| wish.right.clone()).collect();
        Ok(Self { registry: registry.to_owned(), offer, rights, manifest, wishes, now, pinned: locked.is_some() })
    }

    pub(crate) fn name(&self) -> &PluginName {
        &self.offer.statement.name
    }

    pub(crate) fn version(&self) -> &Version {
        &self.offer.statement.version
    }

    pub(crate) const fn has_texts(&self) -> bool {
        self.manifest.role.is_some() || self.manifest.skill.is_some()
    }

    pub(crate) fn is_unknown_publisher(&self) -> bool {
        self.offer.standing == Standing::Unknown
    }

    /// The rights that were not granted before, as lines.
    pub(crate) fn new_lines(&self) -> Vec<String> {
        self.rights.iter().filter(|right| !self.is_granted(right)).map(Right::line).collect()
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint { package: self.offer.package, replaced: self.now.digest.clone(), new: self.new_lines() }
    }

    /// Whether a person has to look. A lock file is a person's word: they looked where it was written.
    pub(crate) fn needs_review(&self) -> bool {
        let asks_for_more = self.rights.iter().any(|right| !self.is_granted(right));
        !self.pinned && (asks_for_more || self.is_unknown_publisher() || !self.warnings().is_empty())
    }

    pub(crate) fn review(&self, id: PluginOfferId, expires: DateTime<Utc>) -> Review {
        let statement = &self.offer.statement;
        let line = |wish: &Wish| ReviewLine {
            text: wish.right.line(),
            reason: wish.reason.as_deref().map(harmless),
            is_new: !self.is_granted(&wish.right),
        };
        let given_up = self.now.granted.iter().filter(|had| !self.rights.iter().any(|right| right.covers(had)));
        Review {
            id,
            expires,
            name: statement.name.clone(),
            version: statement.version.clone(),
            registry: self.registry.clone(),
            description: harmless(&self.manifest.description),
            licence: self.manifest.license.as_deref().map(harmless),
            publisher: self.offer.key,
            is_new_publisher: self.is_unknown_publisher(),
            trusted: trusted(self.offer.standing),
            package: self.offer.package,
            wasm: statement.wasm,
            bytes: self.offer.bytes(),
            signed: statement.created,
            replaces: self.now.version.clone(),
            lines: self.wishes.iter().map(line).collect(),
            given_up: given_up.map(Right::line).collect(),
            warnings: self.warnings(),
            needs_review: self.needs_review(),
            has_texts: self.has_texts(),
        }
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(why) = &self.offer.yanked {
            warnings.push(format!("its publisher took this version back: {}", harmless(why)));
        }
        if self.now.version.is_none() {
            // Who holds a key that is trusted may call their plugins alike.
            let publisher = self.name().publisher();
            let is_theirs = |id: &&str| !self.is_unknown_publisher() && id.split('/').next() == Some(publisher);
            let known = self.now.known.iter().map(String::as_str).filter(|id| !is_theirs(id));
            warnings.extend(similar::resembles(self.name().as_str(), known));
        }
        match (&self.now.registry, &self.now.version) {
            (Some(from), _) if *from != self.registry => {
                warnings.push(format!("what runs came from registry `{from}`, and this comes from `{}`", self.registry));
            }
            (None, Some(version)) => warnings.push(format!("it replaces version {version}, which came from no registry")),
            _ => {}
        }
        let before = self.now.version.as_ref().and_then(|version| version.parse::<Version>().ok());
        if let Some(before) = before.filter(|before| before > self.version()) {
            warnings.push(format!("it is older than version {before}, which runs now"));
        }
        warnings
    }

    fn is_granted(&self, right: &Right) -> bool {
        self.now.granted.iter().any(|granted| granted.covers(right))
    }
}

const fn trusted(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::Trusted(How::Pinned) => Some("a person pinned it"),
        Standing::Trusted(How::FirstUse) => Some("it was the first that was met"),
        Standing::Trusted(How::Rotated) => Some("the key before it named it"),
        Standing::Unknown | Standing::Retired => None,
    }
}

/// The registry may be another one than was locked: the bytes say what it is.
fn as_locked(offer: &Offer, locked: &Locked) -> Result<(), Refusal> {
    for (what, locked_as, found) in [
        ("version", locked.version.to_string(), offer.statement.version.to_string()),
        ("publisher's key", locked.publisher.to_string(), offer.key.to_string()),
        ("file", locked.wasm.to_string(), offer.statement.wasm.to_string()),
        ("package", locked.package.to_string(), offer.package.to_string()),
    ] {
        if locked_as != found {
            return Err(Refusal::NotAsLocked { name: locked.name.clone(), what, locked: locked_as, found });
        }
    }
    Ok(())
}
