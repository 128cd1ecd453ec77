//! Registries of plugins: opened as `config.toml` says, and managed for the gateway.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use octi_api::v1::plugin_offers::{
    AcceptPluginOffer, AvailablePlugin, AvailableQuery, AvailableVersion, MakePluginOffer, PluginOffer, PluginOfferText,
    PluginPublisher, PluginRegistry, PluginRight, PublisherTrust,
};
use octi_api::v1::plugins::{Plugin, PluginOrigin};
use octi_config::Config;
use octi_config::env::Environment;
use octi_distribution::{DistributionError, Location, LocationError};
use octi_domain::ambient::Ambient;
use octi_domain::ids::{PluginOfferId, UserId};
use octi_domain::limits::REGISTRY_ANSWER_SECONDS_MAX;
use octi_domain::principal::Principal;
use octi_engine::PluginManager;
use octi_gateway::plugin_to_api;
use octi_gateway::ports::{PluginRegistries, PortError};
use octi_install::{
    Answer, Ask, Installer, InstallerParts, Locked, Publisher, Refusal, RegistrySetup, RegistryStatus, Review, ReviewLine, Search,
};
use octi_registry::keys::{How, TrustFileError};
use octi_registry::seen::Seen;
use octi_registry::source::SourceError;
use octi_registry::{PluginName, PublicKey, Registry, RegistryError, Source, TextError, Version};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::distribution;
use crate::failure::{Failure, Outcome};

/// Opens what stands behind a location: a folder, or an OCI registry that the egress door dials.
async fn source(config: Config, environment: Environment, location: String) -> Result<Arc<dyn Source>, SourceError> {
    let origin = location.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let unavailable = |because: String| SourceError::Unavailable { origin: location.clone(), because: because.into() };
        let place: Location = location.parse().map_err(|error: LocationError| unavailable(error.to_string()))?;
        let access = distribution::access_of(&config, &environment, &place).map_err(|failure| unavailable(failure.message))?;
        octi_distribution::open(&place, &access).map_err(|error| match error {
            DistributionError::Source(error) => error,
            DistributionError::Layout(error) => SourceError::Layout(error),
            error => unavailable(error.to_string()),
        })
    });
    opened.await.map_err(|error| SourceError::Unavailable { origin, because: error.into() })?
}

/// The sources that are open.
type Kept = Arc<Mutex<BTreeMap<String, Arc<dyn Source>>>>;

/// The same, opened once: an OCI registry costs a listener and a client.
async fn kept_source(
    kept: Kept,
    config: Config,
    environment: Environment,
    location: String,
) -> Result<Arc<dyn Source>, SourceError> {
    if let Some(source) = kept.lock().unwrap_or_else(PoisonError::into_inner).get(&location) {
        return Ok(source.clone());
    }
    let source = source(config, environment, location.clone()).await?;
    Ok(kept.lock().unwrap_or_else(PoisonError::into_inner).entry(location).or_insert(source).clone())
}

/// The registries of `config.toml`.
///
/// # Errors
/// [`Failure`] that names the key which is none.
pub(crate) fn setups(config: &Config) -> Outcome<BTreeMap<String, RegistrySetup>> {
    let mut setups = BTreeMap::new();
    for (name, registry) in &config.registries {
        let mut keys = Vec::with_capacity(registry.keys.len());
        for (place, key) in registry.keys.iter().enumerate() {
            let key: PublicKey = key.parse().map_err(|error: TextError| {
                Failure::user(format!("config.toml is not valid: `registries.{name}.keys[{place}]`: {error}"))
                    .hint("get the public key from who runs the registry, not from the registry itself")
            })?;
            keys.push(key);
        }
        setups.insert(name.clone(), RegistrySetup { location: registry.location.clone(), keys });
    }
    Ok(setups)
}

/// Reads what this host knows of its registries, quarantines what was revoked, and begins to ask them.
///
/// # Errors
/// [`Failure`] when a key is none, or a file of this host is damaged.
pub(crate) async fn start(
    (config, environment): (&Config, &Environment),
    plugins: &Arc<PluginManager>,
    ambient: &Ambient,
    moved: Arc<Notify>,
) -> Outcome<(Arc<Installer>, AbortOnDropHandle<()>)> {
    let (of_open, told, kept) = (config.clone(), environment.clone(), Arc::new(Mutex::new(BTreeMap::new())));
    let parts = InstallerParts {
        home: config.home.clone(),
        registries: setups(config)?,
        open: Arc::new(move |location| Box::pin(kept_source(kept.clone(), of_open.clone(), told.clone(), location))),
        plugins: plugins.clone(),
        ambient: ambient.clone(),
        moved,
    };
    let started = Installer::start(parts).await;
    let installer = started.map_err(|error| Failure::us("what this host knows of plugins cannot be read").because(&error))?;
    let watching = installer.clone();
    #[expect(clippy::disallowed_methods, reason = "the handle owns the task")]
    let watching = AbortOnDropHandle::new(tokio::spawn(async move { watching.watch(CancellationToken::new()).await }));
    Ok((installer, watching))
}

/// Asks each registry what is revoked, for who wants to know whether that works: until when it is believed, or why it is not.
///
/// # Errors
/// [`Failure`] when a key is none.
pub(crate) async fn probe(config: &Config, environment: &Environment) -> Outcome<Vec<(String, Result<DateTime<Utc>, String>)>> {
    let mut found = Vec::new();
    for (name, setup) in setups(config)? {
        let seen = Seen::new(config.home.join("registries").join(&name).join("seen.json"));
        let asked = async {
            let source = source(config.clone(), environment.clone(), setup.location).await.map_err(|error| told(&error))?;
            let (feed, _) =
                Registry::new(source, setup.keys, seen, Ambient::system()).feed().await.map_err(|error| told(&error))?;
            Ok(feed.freshness().expires)
        };
        let asked = tokio::time::timeout(PROBE_TIME, asked).await;
        found.push((name, asked.unwrap_or_else(|_| Err("it did not answer in time".to_owned()))));
    }
    Ok(found)
}

/// How long a registry has for telling what is revoked.
const PROBE_TIME: Duration = Duration::from_secs(REGISTRY_ANSWER_SECONDS_MAX);

/// An error and everything behind it.
fn told(error: &dyn std::error::Error) -> String {
    let failure = Failure::external(error.to_string()).because(error);
    [failure.message].into_iter().chain(failure.causes).collect::<Vec<_>>().join(": ")
}

/// Managing plugins of registries, for the gateway.
pub(crate) struct Registries(pub(crate) Arc<Installer>);

#[async_trait]
impl PluginRegistries for Registries {
    async fn offer(&self, principal: &Principal, ask: MakePluginOffer) -> Result<PluginOffer, PortError> {
        let review = self.0.offer(person(principal)?, asked(ask)?).await.map_err(refused)?;
        Ok(offer(review))
    }

    async fn texts(&self, principal: &Principal, id: PluginOfferId) -> Result<Vec<PluginOfferText>, PortError> {
        let texts = self.0.texts(person(principal)?, id).await.map_err(refused)?.into_iter();
        Ok(texts.map(|text| PluginOfferText { name: text.name, text: text.text, before: text.before }).collect())
    }

    async fn accept(&self, principal: &Principal, id: PluginOfferId, answer: AcceptPluginOffer) -> Result<Plugin, PortError> {
        let package = read(&answer.package)?;
        let publisher = answer.publisher_key.as_deref().map(read).transpose()?;
        let answer = Answer { package, reviewed: answer.reviewed, publisher };
        let installed = self.0.accept(person(principal)?, id, &answer).await.map_err(refused)?;
        let origin = self.origin(&installed.digest);
        Ok(Plugin { origin, ..plugin_to_api(installed) })
    }

    async fn available(
        &self,
        query: &AvailableQuery,
        after: Option<(String, String)>,
        rows: u32,
    ) -> Result<Vec<AvailablePlugin>, PortError> {
        let search = Search {
            registry: query.registry.clone(),
            text: query.q.clone(),
            outdated: query.outdated,
            after,
            count_max: rows as usize,
        };
        let found = self.0.available(&search).await.map_err(refused)?.into_iter();
        let found = found.map(|found| AvailablePlugin {
            plugin: found.name.to_string(),
            registry: found.registry,
            version: found.version.to_string(),
            versions: found.versions.into_iter().map(available_version).collect(),
            description: found.description,
            kinds: found.kinds,
            installed: found.installed,
        });
        Ok(found.collect())
    }

    fn status(&self) -> Vec<PluginRegistry> {
        self.0.status().into_iter().map(status).collect()
    }

    async fn refresh(&self) -> Vec<PluginRegistry> {
        self.0.refresh().await.into_iter().map(status).collect()
    }

    async fn publishers(&self) -> Result<Vec<PluginPublisher>, PortError> {
        Ok(self.0.publishers().await.map_err(refused)?.into_iter().map(publisher).collect())
    }

    async fn pin(&self, principal: &Principal, name: &str, key: &str) -> Result<PluginPublisher, PortError> {
        let key = read(key)?;
        let from = format!("user {}", person(principal)?);
        self.0.pin(name, key, &from).await.map(publisher).map_err(refused)
    }

    async fn forget(&self, name: &str) -> Result<(), PortError> {
        self.0.forget(name).await.map_err(refused)
    }

    fn origin(&self, digest: &str) -> Option<PluginOrigin> {
        let origin = self.0.origin(digest)?;
        Some(PluginOrigin {
            registry: origin.registry,
            package: origin.package.to_string(),
            publisher_key: origin.publisher.to_string(),
        })
    }

    fn lock(&self) -> String {
        self.0.lock().to_string()
    }
}

fn available_version((version, yanked): (Version, Option<String>)) -> AvailableVersion {
    AvailableVersion { version: version.to_string(), yanked }
}

fn person(principal: &Principal) -> Result<UserId, PortError> {
    principal.user_id().ok_or_else(|| PortError::Refused("only a person installs plugins".to_owned()))
}

fn read<T: FromStr<Err = TextError>>(text: &str) -> Result<T, PortError> {
    text.parse().map_err(|error: TextError| PortError::Refused(error.to_string()))
}

fn asked(ask: MakePluginOffer) -> Result<Ask, PortError> {
    let name: PluginName = read(&ask.plugin)?;
    let version = ask.version.as_deref().map(read).transpose()?;
    let locked = match &ask.locked {
        Some(locked) => Some(Locked {
            name: name.clone(),
            version: read(&locked.version)?,
            registry: ask.registry.clone().unwrap_or_default(),
            package: read(&locked.package)?,
            wasm: read(&locked.wasm)?,
            publisher: read(&locked.publisher_key)?,
        }),
        None => None,
    };
    Ok(Ask { name, version, registry: ask.registry, locked })
}

fn offer(review: Review) -> PluginOffer {
    let right = |line: ReviewLine| PluginRight { text: line.text, reason: line.reason, is_new: line.is_new };
    PluginOffer {
        id: review.id.into(),
        expires_at: review.expires,
        plugin: review.name.to_string(),
        version: review.version.to_string(),
        registry: review.registry,
        description: review.description,
        license: review.licence,
        publisher_key: review.publisher.to_string(),
        publisher_key_id: review.publisher.id().to_string(),
        is_new_publisher: review.is_new_publisher,
        trusted: review.trusted.map(str::to_owned),
        package: review.package.to_string(),
        wasm: review.wasm.to_string(),
        bytes: review.bytes,
        signed_at: review.signed,
        replaces: review.replaces,
        rights: review.lines.into_iter().map(right).collect(),
        given_up: review.given_up,
        warnings: review.warnings,
        needs_review: review.needs_review,
        has_texts: review.has_texts,
    }
}

fn status(status: RegistryStatus) -> PluginRegistry {
    PluginRegistry {
        name: status.name,
        location: status.location,
        checked_at: status.checked,
        fresh_until: status.fresh_until,
        problem: status.problem,
    }
}

fn publisher(publisher: Publisher) -> PluginPublisher {
    PluginPublisher {
        name: publisher.name,
        key: publisher.key.to_string(),
        key_id: publisher.key.id().to_string(),
        trust: match publisher.how {
            How::Pinned => PublisherTrust::Pinned,
            How::FirstUse => PublisherTrust::FirstUse,
            How::Rotated => PublisherTrust::Rotated,
        },
        since: publisher.since,
        from: publisher.from,
    }
}

fn refused(refusal: Refusal) -> PortError {
    let text = refusal.to_string();
    match &refusal {
        Refusal::NoOffer | Refusal::NoPlugin(_) | Refusal::NoPublisher(_) => PortError::NotFound(text),
        Refusal::Changed(_) | Refusal::OtherPackage { .. } => PortError::Conflict(text),
        Refusal::Late(_) => PortError::Upstream(text),
        Refusal::Registry { error, .. } => match **error {
            RegistryError::Source(SourceError::Unavailable { .. }) => PortError::Upstream(text),
            _ => PortError::Refused(text),
        },
        Refusal::State(_) | Refusal::Lock { .. } | Refusal::Stopped => PortError::Internal(format!("{refusal:?}")),
        Refusal::Trust(error) if matches!(**error, TrustFileError::State(_)) => PortError::Internal(format!("{refusal:?}")),
        _ => PortError::Refused(text),
    }
}
