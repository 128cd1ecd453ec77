//! Why nothing is installed.

use octi_domain::limits;
use octi_engine::InstallError;
use octi_extension::manifest::ManifestError;
use octi_extension::served::Unserved;
use octi_registry::keys::{KeyId, TrustFileError};
use octi_registry::state::StateError;
use octi_registry::{Digest, PluginName, PublicKey, RegistryError, TextError, Version};

use crate::text::whole;

/// Why nothing is installed. The text is for the person.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("no registry is set up; name one in config.toml: `[registries.main]` with its `location` and `keys`")]
    NoRegistries,
    #[error("there is no registry `{name}`; config.toml names {known}")]
    UnknownRegistry { name: String, known: String },
    #[error("no registry has a plugin `{0}`; check how it is written, and look with `octi plugin list --available`")]
    NoPlugin(PluginName),
    #[error(
        "`{name}` is in more than one registry ({found}); say which with `--registry`, because they need not be of the same publisher"
    )]
    Ambiguous { name: PluginName, found: String },
    #[error("`{0}` has no version that one would install unasked; name one, such as `{0}@1.0.0`")]
    OnlyPreReleases(PluginName),
    #[error("{0}")]
    Text(#[from] TextError),
    /// Of a registry, or of what it serves.
    #[error("registry `{registry}`: {}", whole(.error))]
    Registry { registry: String, error: Box<RegistryError> },
    #[error("registry `{0}` did not answer in time; try again later")]
    Late(String),
    #[error("`{name}` {version} is {unserved}")]
    OtherContract { name: PluginName, version: Version, unserved: Unserved },
    #[error("`{name}` {version}: {error}; ask its publisher")]
    Manifest { name: PluginName, version: Version, error: Box<ManifestError> },
    #[error(
        "`{name}` {version} asks for {lines} things, more than the {} that a person can review",
        limits::PLUGIN_REVIEW_LINES_MAX
    )]
    Endless { name: PluginName, version: Version, lines: usize },
    /// A lock file says something else.
    #[error(
        "`{name}` is not what plugins.lock says: its {what} is {found}, and locked is {locked}; do not install it, or make the lock file anew where it was reviewed"
    )]
    NotAsLocked { name: PluginName, what: &'static str, locked: String, found: String },
    #[error("there is no such offer: it was answered, or its time was over; ask for it again")]
    NoOffer,
    #[error("the offer is about package {offered}, and {accepted} was accepted; nothing was installed")]
    OtherPackage { offered: Digest, accepted: Digest },
    #[error("what would be installed changed since it was shown: {0}; look at it again")]
    Changed(String),
    #[error(
        "nothing is known of the publisher of `{name}`, who signs with key {id}: compare the key with what they say of themselves, then confirm it, or pin it with `octi plugin trust add {publisher} {key}`",
        publisher = .name.publisher()
    )]
    UnknownPublisher { name: PluginName, id: KeyId, key: PublicKey },
    #[error("`{name}` {version} {}", unreviewed(.new))]
    Unreviewed { name: PluginName, version: Version, new: Vec<String> },
    #[error("no registry may have plugins of `{0}`: the name stands for what is inside of octi")]
    ReservedPublisher(String),
    #[error("no key of `{0}` is known; `octi plugin trust list` shows those that are")]
    NoPublisher(String),
    #[error("{0}")]
    Trust(Box<TrustFileError>),
    #[error(transparent)]
    State(#[from] StateError),
    /// Of the engine, which tried it.
    #[error("`{name}` {version} was not installed: {error}")]
    Engine { name: PluginName, version: Version, error: Box<InstallError> },
    #[error("`{name}` {version} does not say what it tells models, so it cannot be reviewed: {error}; ask its publisher")]
    Texts { name: PluginName, version: Version, error: String },
    #[error("`{}` cannot be written", path.display())]
    Lock {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the work was given up")]
    Stopped,
}

fn unreviewed(new: &[String]) -> String {
    match new {
        [] => "was not reviewed; look at it and accept it".to_owned(),
        new => {
            format!("asks for more than was granted, and nobody reviewed it; look at it and accept it:\n- {}", new.join("\n- "))
        }
    }
}

impl From<TrustFileError> for Refusal {
    fn from(error: TrustFileError) -> Self {
        Self::Trust(Box::new(error))
    }
}

impl Refusal {
    pub(crate) fn of(registry: &str) -> impl Fn(RegistryError) -> Self + use<'_> {
        move |error| Self::Registry { registry: registry.to_owned(), error: Box::new(error) }
    }
}
