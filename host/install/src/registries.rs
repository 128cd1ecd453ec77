//! The registries that an operator named, and the files in which this host remembers what it saw of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use octi_domain::ambient::Ambient;
use octi_domain::limits::{REGISTRY_ANSWER_SECONDS_MAX, REGISTRY_FILE_SECONDS_MAX};
use octi_registry::seen::Seen;
use octi_registry::source::SourceError;
use octi_registry::{PublicKey, Registry, Source};

use crate::refusal::Refusal;

/// How long a registry has for its answers.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(REGISTRY_ANSWER_SECONDS_MAX);

/// How long a registry has for a file.
pub(crate) const FILE_TIME: Duration = Duration::from_secs(REGISTRY_FILE_SECONDS_MAX);

/// A registry of `config.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrySetup {
    /// Where it is, such as an absolute path.
    pub location: String,
    /// Whose signature its index and its revocations must have.
    pub keys: Vec<PublicKey>,
}

/// Opens what is behind a location.
pub type OpenSource = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Arc<dyn Source>, SourceError>> + Send + Sync>;

/// All registries, by name.
pub(crate) struct Registries {
    all: BTreeMap<String, RegistrySetup>,
    open: OpenSource,
    folder: PathBuf,
    ambient: Ambient,
}

impl Registries {
    pub(crate) fn new(all: BTreeMap<String, RegistrySetup>, open: OpenSource, folder: &Path, ambient: &Ambient) -> Self {
        Self { all, open, folder: folder.to_owned(), ambient: ambient.clone() }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &RegistrySetup)> {
        self.all.iter()
    }

    pub(crate) fn names(&self) -> String {
        let names: Vec<String> = self.all.keys().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }

    /// The names of those to ask: the one that was named, or all.
    pub(crate) fn asked(&self, name: Option<&str>) -> Result<Vec<&str>, Refusal> {
        match name {
            Some(name) => match self.all.get_key_value(name) {
                Some((name, _)) => Ok(vec![name]),
                None => Err(Refusal::UnknownRegistry { name: name.to_owned(), known: self.names() }),
            },
            None if self.all.is_empty() => Err(Refusal::NoRegistries),
            None => Ok(self.all.keys().map(String::as_str).collect()),
        }
    }

    /// The registry of that name, opened anew: a folder may have been put in the place of another.
    pub(crate) async fn open(&self, name: &str) -> Result<Registry, Refusal> {
        let unknown = || Refusal::UnknownRegistry { name: name.to_owned(), known: self.names() };
        let setup = self.all.get(name).ok_or_else(unknown)?;
        let opened = (self.open)(setup.location.clone()).await;
        let source = opened.map_err(|error| Refusal::of(name)(error.into()))?;
        let seen = Seen::new(self.folder.join(name).join("seen.json"));
        Ok(Registry::new(source, setup.keys.clone(), seen, self.ambient.clone()))
    }

    /// Where the newest feed of revocations is kept for a start without the registry.
    pub(crate) fn kept_feed(&self, name: &str) -> PathBuf {
        self.folder.join(name).join("revocations.json")
    }
}

/// Asks a registry, which has to answer in time.
pub(crate) async fn in_time<T>(
    name: &str,
    time_max: Duration,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    match tokio::time::timeout(time_max, work).await {
        Ok(done) => done,
        Err(_) => Err(Refusal::Late(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_registry_that_says_nothing_is_waited_for_only_so_long() {
        for time in [ANSWER_TIME, FILE_TIME] {
            let begun = tokio::time::Instant::now();
            let late = in_time::<()>("main", time, std::future::pending()).await;
            assert!(matches!(late, Err(Refusal::Late(name)) if name == "main"));
            assert!(begun.elapsed() >= time && begun.elapsed() < time + Duration::from_secs(1));
        }
    }
}
