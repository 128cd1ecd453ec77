//! What was revoked since it was installed: each registry is asked every 40 seconds, whatever the others say.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use octi_domain::limits::{REGISTRY_FEED_BYTES_MAX, REGISTRY_POLL_SECONDS};
use octi_engine::Accused;
use octi_registry::keys::Trust;
use octi_registry::revocation::{Feed, Installed};
use octi_registry::{Digest, PluginName, PublicKey, Version, state};
use tokio_util::sync::CancellationToken;

use crate::installer::{Installer, blocking};
use crate::origins::Origins;
use crate::refusal::Refusal;
use crate::registries::{ANSWER_TIME, in_time};
use crate::text::{harmless, whole};

/// Registries that are asked at once.
const ASKED: usize = 4;

/// How a registry is, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryStatus {
    pub name: String,
    pub location: String,
    /// When it last said what is revoked.
    pub checked: Option<DateTime<Utc>>,
    /// Until when that is believed to be all.
    pub fresh_until: Option<DateTime<Utc>>,
    /// Why it was not believed when it was asked last.
    pub problem: Option<String>,
}

/// What is known of the revocations of one registry.
#[derive(Debug, Clone, Default)]
struct State {
    /// The newest that was believed, perhaps by the run of the host before this one.
    feed: Option<Arc<Feed>>,
    checked: Option<DateTime<Utc>>,
    problem: Option<String>,
}

/// The revocations of all registries.
#[derive(Debug, Default)]
pub(crate) struct Watched(Mutex<BTreeMap<String, State>>);

impl Watched {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Installer {
    /// Looks every 40 seconds what was revoked, and keeps the lock file in line with what runs, until it is told to stop.
    pub async fn watch(&self, stop: CancellationToken) {
        let look = async {
            loop {
                self.refresh().await;
                tokio::time::sleep(Duration::from_secs(REGISTRY_POLL_SECONDS)).await;
            }
        };
        let follow = async {
            loop {
                self.moved.notified().await;
                if let Err(error) = self.write_lock().await {
                    tracing::warn!(error = whole(&error), "the lock file is not what runs");
                }
            }
        };
        tokio::select! {
            () = look => {}
            () = follow => {}
            () = stop.cancelled() => {}
        }
    }

    /// Asks every registry what is revoked, and quarantines it. One that fails keeps none of the others from being asked.
    pub async fn refresh(&self) -> Vec<RegistryStatus> {
        let names: Vec<String> = self.registries.iter().map(|(name, _)| name.clone()).collect();
        let looks = futures::stream::iter(names).map(|name| async move { (self.ask(&name).await, name) });
        let mut looks = std::pin::pin!(looks.buffer_unordered(ASKED));
        while let Some((asked, name)) = looks.next().await {
            let mut all = self.watched.all();
            let state = all.entry(name.clone()).or_default();
            match asked {
                Ok(feed) => {
                    let problem = match feed.unreadable() {
                        0 => None,
                        count => Some(format!("{count} of its revocations are not understood; update octi")),
                    };
                    *state = State { feed: Some(Arc::new(feed)), checked: Some(self.ambient.now()), problem };
                }
                Err(error) => {
                    let problem = whole(&error);
                    if state.problem.as_ref() != Some(&problem) {
                        tracing::warn!(registry = name, error = problem, "what a registry revoked is not known");
                    }
                    state.problem = Some(problem);
                }
            }
        }
        if let Err(error) = self.judge().await {
            tracing::error!(error = whole(&error), "what was revoked could not be noted");
        }
        self.status()
    }

    async fn ask(&self, name: &str) -> Result<Feed, Refusal> {
        let feed = in_time(name, ANSWER_TIME, async {
            let registry = self.registries.open(name).await?;
            registry.feed().await.map_err(Refusal::of(name))
        });
        let (feed, envelope) = feed.await?;
        let kept = self.registries.kept_feed(name);
        blocking(move || state::replace(&kept, &envelope).map_err(|source| Refusal::Lock { path: kept.clone(), source })).await?;
        Ok(feed)
    }

    /// What each registry had revoked when it was last believed. A start does not wait for them, and what they revoked stays so.
    pub(crate) async fn read_kept_feeds(&self) {
        for (name, setup) in self.registries.iter() {
            let (path, keys) = (self.registries.kept_feed(name), setup.keys.clone());
            let read = blocking(move || Ok(kept(&path, &keys))).await.unwrap_or_else(|error| Err(error.to_string()));
            let state = match read {
                Ok(feed) => State { feed: feed.map(Arc::new), ..State::default() },
                Err(why) => {
                    let problem = format!("what it revoked before is not known: {why}");
                    tracing::warn!(registry = name, problem, "revocations that were kept cannot be used");
                    State { problem: Some(problem), ..State::default() }
                }
            };
            self.watched.all().insert(name.clone(), state);
        }
    }

    /// Takes what is revoked out of use.
    pub(crate) async fn judge(&self) -> Result<(), Refusal> {
        let feeds: Vec<(String, Arc<Feed>)> =
            self.watched.all().iter().filter_map(|(name, state)| Some((name.clone(), state.feed.clone()?))).collect();
        let (trust, now) = (self.trust.clone(), self.ambient.now());
        let revoking = feeds.clone();
        let noted = blocking(move || {
            // Who has no registry is left without its files.
            if revoking.is_empty() {
                return Ok(trust.load()?);
            }
            let noted = trust.update(|trust| {
                let keys = revoking.iter().flat_map(|(_, feed)| feed.keys());
                let (count, outcome) = trust.revoke_all(keys.map(|(key, revocation)| (key, revocation.reason.as_str())), now);
                if let Err(error) = outcome {
                    tracing::warn!(%error, "not every key that was revoked could be noted");
                }
                Ok((count, trust.clone()))
            })?;
            Ok(noted.1)
        })
        .await;
        let (trust, outcome) = match noted {
            Ok(trust) => (trust, Ok(())),
            // What the feeds say is obeyed all the same.
            Err(error) => (Trust::default(), Err(error)),
        };
        let origins = self.origins.load_full();
        self.plugins.judge(Arc::new(move |accused| why(&feeds, &trust, &origins, accused))).await;
        outcome
    }

    /// How every registry is.
    #[must_use]
    pub fn status(&self) -> Vec<RegistryStatus> {
        let all = self.watched.all();
        let of = |(name, setup): (&String, &crate::RegistrySetup)| {
            let state = all.get(name).cloned().unwrap_or_default();
            RegistryStatus {
                name: name.clone(),
                location: setup.location.clone(),
                checked: state.checked,
                fresh_until: state.feed.map(|feed| feed.freshness().expires),
                problem: state.problem,
            }
        };
        self.registries.iter().map(of).collect()
    }
}

/// The feed that was kept; none when there is none yet.
fn kept(path: &Path, keys: &[PublicKey]) -> Result<Option<Feed>, String> {
    let read = || {
        let mut envelope = Vec::new();
        File::open(path)?.take(REGISTRY_FEED_BYTES_MAX as u64 + 1).read_to_end(&mut envelope)?;
        io::Result::Ok(envelope)
    };
    match read() {
        Ok(envelope) => Feed::verify_kept(&envelope, keys).map(Some).map_err(|error| error.to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Why that file must not run. A file that came from no registry is known by its bytes and its name only.
fn why(feeds: &[(String, Arc<Feed>)], trust: &Trust, origins: &Origins, accused: &Accused<'_>) -> Option<String> {
    let wasm: Digest = format!("sha256:{}", accused.digest).parse().ok()?;
    let origin = origins.get(&wasm);
    let name: PluginName = accused.id.parse().ok()?;
    let advice = format!("`octi plugin upgrade {name}` looks for a version that may run");
    let version = origin.map(|origin| origin.version.clone()).or_else(|| accused.version.parse::<Version>().ok())?;
    let installed = Installed { name: &name, version: &version, wasm, key: origin.map(|origin| &origin.publisher) };
    let revoked = feeds.iter().find_map(|(registry, feed)| Some((registry, feed.find(&installed)?)));
    if let Some((registry, revocation)) = revoked {
        return Some(format!("registry `{registry}` revoked it: {}; {advice}", harmless(&revocation.reason)));
    }
    let key = origin.and_then(|origin| trust.revoked().iter().find(|revoked| revoked.key == origin.publisher));
    key.map(|key| format!("the key {} that signed it was revoked: {}; {advice}", key.key.id(), harmless(&key.reason)))
}
