//! From an offer of a registry to a plugin that runs: look, ask, look again, fetch, swap, remember.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use octi_domain::ambient::Ambient;
use octi_domain::ids::{PluginOfferId, UserId};
use octi_engine::PluginManager;
use octi_extension::registry::{PluginStatus, Registry as _, Source};
use octi_registry::index::Index;
use octi_registry::keys::{Owner, Trust, TrustFile};
use octi_registry::{Digest, PluginName, PublicKey, Registry, Version, state};
use tokio::sync::{Mutex, Notify};

use crate::grants::GrantsFile;
use crate::lock::{Lock, Locked};
use crate::offers::{Offers, Waiting};
use crate::origins::{Origin, Origins, OriginsFile};
use crate::refusal::Refusal;
use crate::registries::{ANSWER_TIME, FILE_TIME, OpenSource, Registries, RegistrySetup, in_time};
use crate::review::{Ask, Found, Now, Review};
use crate::watch::Watched;

/// What an installer is made of.
pub struct InstallerParts {
    /// The home folder of this host.
    pub home: PathBuf,
    /// By name.
    pub registries: BTreeMap<String, RegistrySetup>,
    pub open: OpenSource,
    pub plugins: Arc<PluginManager>,
    pub ambient: Ambient,
    /// Told by the engine when what runs has changed.
    pub moved: Arc<Notify>,
}

/// A person's answer to an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The package they were shown.
    pub package: Digest,
    /// Whether they looked at what is asked for.
    pub reviewed: bool,
    /// The key that they say is the publisher's.
    pub publisher: Option<PublicKey>,
}

/// The steps of an installation, each of which can be the last one before the power fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Fetched,
    Trusted,
    Remembered,
    Installed,
    Granted,
    Locked,
}

/// Installs plugins from registries.
pub struct Installer {
    pub(crate) registries: Registries,
    pub(crate) trust: TrustFile,
    origins_file: OriginsFile,
    /// As the file has them.
    pub(crate) origins: ArcSwap<Origins>,
    grants: GrantsFile,
    lock_path: PathBuf,
    /// The lock file as it was written last.
    locked: Mutex<String>,
    pub(crate) offers: Offers,
    /// Held for a whole installation.
    changing: Mutex<()>,
    pub(crate) watched: Watched,
    pub(crate) plugins: Arc<PluginManager>,
    pub(crate) ambient: Ambient,
    pub(crate) moved: Arc<Notify>,
    /// Where a test pulls the plug.
    #[cfg(test)]
    pub(crate) fault: std::sync::Mutex<Option<Step>>,
}

impl Installer {
    /// Reads what this host knows of registries, and quarantines what was revoked when it last looked. Nobody is asked anything yet.
    ///
    /// # Errors
    /// [`Refusal::State`] when a file of this host is damaged: it protects from what was revoked or replaced.
    pub async fn start(parts: InstallerParts) -> Result<Arc<Self>, Refusal> {
        let folder = parts.home.join("registries");
        let origins_file = OriginsFile::new(folder.join("origins.json"));
        let origins = blocking({
            let file = origins_file.clone();
            move || Ok(file.load()?)
        })
        .await?;
        let installer = Arc::new(Self {
            registries: Registries::new(parts.registries, parts.open, &folder, &parts.ambient),
            trust: TrustFile::new(folder.join("trust.json")),
            origins_file,
            origins: ArcSwap::from_pointee(origins),
            grants: GrantsFile::new(folder.join("grants.json")),
            lock_path: parts.home.join("plugins.lock"),
            locked: Mutex::default(),
            offers: Offers::default(),
            changing: Mutex::default(),
            watched: Watched::default(),
            plugins: parts.plugins,
            ambient: parts.ambient,
            moved: parts.moved,
            #[cfg(test)]
            fault: std::sync::Mutex::default(),
        });
        installer.read_kept_feeds().await;
        installer.judge().await?;
        installer.write_lock().await?;
        Ok(installer)
    }

    /// What would be installed, and what it may do. It waits for an answer for a while.
    ///
    /// # Errors
    /// [`Refusal`], a different one for each thing that can be wrong.
    pub async fn offer(&self, user: UserId, ask: Ask) -> Result<Review, Refusal> {
        let found = Box::pin(self.find(&ask)).await?;
        let now = self.ambient.now();
        let (id, expires) = (self.ambient.id(), Offers::expiry(now));
        let review = found.review(id, expires);
        self.offers.keep(id, Waiting { user, ask, shown: found.fingerprint(), expires }, now);
        Ok(review)
    }

    /// Installs what was offered, when it still is what was shown. Whatever fails leaves what ran before.
    ///
    /// # Errors
    /// [`Refusal`], a different one for each thing that can be wrong.
    pub async fn accept(&self, user: UserId, id: PluginOfferId, answer: &Answer) -> Result<PluginStatus, Refusal> {
        let _alone = self.changing.lock().await;
        let waiting = self.offers.get(id, user, self.ambient.now()).ok_or(Refusal::NoOffer)?;
        if answer.package != waiting.shown.package {
            return Err(Refusal::OtherPackage { offered: waiting.shown.package, accepted: answer.package });
        }
        let found = Box::pin(self.find(&waiting.ask)).await?;
        self.check_answer(&waiting, &found, answer)?;
        let installed = Box::pin(self.install(&found)).await?;
        self.offers.close(id);
        Ok(installed)
    }

    fn check_answer(&self, waiting: &Waiting, found: &Found, answer: &Answer) -> Result<(), Refusal> {
        let (shown, is) = (&waiting.shown, found.fingerprint());
        if shown.package != is.package {
            return Err(Refusal::Changed(format!("the registry has {} {} now", found.name(), found.version())));
        }
        if shown.replaced != is.replaced {
            return Err(Refusal::Changed("another version runs now".to_owned()));
        }
        if shown.new != is.new {
            return Err(Refusal::Changed("it would be granted other things".to_owned()));
        }
        let (name, version) = (found.name().clone(), found.version().clone());
        let key = found.offer.key;
        if found.is_unknown_publisher() && waiting.ask.locked.is_none() && answer.publisher != Some(key) {
            return Err(Refusal::UnknownPublisher { name, id: key.id(), key });
        }
        if found.needs_review() && !answer.reviewed {
            return Err(Refusal::Unreviewed { name, version, new: is.new });
        }
        Ok(())
    }

    async fn install(&self, found: &Found) -> Result<PluginStatus, Refusal> {
        let (name, version) = (found.name().clone(), found.version().clone());
        let registry = self.registries.open(&found.registry).await?;
        let fetched = in_time(&found.registry, FILE_TIME, async {
            registry.wasm(&found.offer).await.map_err(Refusal::of(&found.registry))
        });
        let wasm = fetched.await?;
        self.reached(Step::Fetched)?;
        self.trust_publisher(found).await?;
        self.reached(Step::Trusted)?;
        self.remember(found).await?;
        self.reached(Step::Remembered)?;
        let installed = self.plugins.install(wasm, "").await;
        let installed = installed.map_err(|error| Refusal::Engine {
            name: name.clone(),
            version: version.clone(),
            error: Box::new(error),
        })?;
        self.reached(Step::Installed)?;
        let (grants, rights) = (self.grants.clone(), found.rights.clone());
        let (key, manifest) = (found.offer.key, found.offer.statement.manifest);
        // Afterwards: a version that does not start leaves nothing that the next one need not ask for.
        blocking(move || Ok(grants.set(&name, key, rights, manifest)?)).await?;
        self.reached(Step::Granted)?;
        self.write_lock().await?;
        self.reached(Step::Locked)?;
        self.judge().await?;
        Ok(installed)
    }

    /// Remembers whose key it is, or follows the rotations that lead to it.
    async fn trust_publisher(&self, found: &Found) -> Result<(), Refusal> {
        let (trust, offer, now) = (self.trust.clone(), found.offer.clone(), self.ambient.now());
        let from = format!("registry {}", found.registry);
        let is_unknown = found.is_unknown_publisher();
        blocking(move || {
            trust.update(|trust| {
                if is_unknown {
                    trust.meet(&offer.owner(), offer.key, now, &from)
                } else {
                    trust.follow(&offer.owner(), &offer.rotations, now).map(drop)
                }
            })?;
            Ok(())
        })
        .await
    }

    async fn remember(&self, found: &Found) -> Result<(), Refusal> {
        let origin = Origin {
            name: found.name().clone(),
            version: found.version().clone(),
            registry: found.registry.clone(),
            package: found.offer.package,
            publisher: found.offer.key,
            fetched: self.ambient.now(),
        };
        let installed: BTreeSet<String> = self.installed_files().into_iter().map(|plugin| plugin.id).collect();
        let (file, wasm) = (self.origins_file.clone(), found.offer.statement.wasm);
        let origins = blocking(move || Ok(file.add(wasm, origin, &installed)?)).await?;
        self.origins.store(Arc::new(origins));
        Ok(())
    }

    /// Asks the registries, and compares what they offer with what runs.
    pub(crate) async fn find(&self, ask: &Ask) -> Result<Found, Refusal> {
        let now = self.now(&ask.name);
        let asked = match (&ask.registry, &now.registry) {
            (Some(registry), _) => Some(registry.as_str()),
            // Where it came from, or another registry could take it over with a higher version.
            (None, Some(registry)) if self.registries.asked(Some(registry)).is_ok() => Some(registry.as_str()),
            (None, _) => None,
        };
        let mut found: Vec<(String, Registry, Index)> = Vec::new();
        let mut failed = None;
        for registry in self.registries.asked(asked)? {
            let looked = in_time(registry, ANSWER_TIME, async {
                let opened = self.registries.open(registry).await?;
                let index = opened.index().await.map_err(Refusal::of(registry))?;
                Ok((opened, index))
            });
            match looked.await {
                Ok((opened, index)) if index.plugins().contains_key(&ask.name) => {
                    found.push((registry.to_owned(), opened, index))
                }
                Ok(_) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        // Whether it is in a registry that does not answer is not known, so which one is meant is not known either.
        if let Some(error) = failed {
            return Err(error);
        }
        match found.as_slice() {
            [] => Err(Refusal::NoPlugin(ask.name.clone())),
            [(registry, opened, index)] => in_time(registry, ANSWER_TIME, self.look(ask, now, registry, opened, index)).await,
            several => {
                let names: Vec<String> = several.iter().map(|(name, ..)| format!("`{name}`")).collect();
                Err(Refusal::Ambiguous { name: ask.name.clone(), found: names.join(", ") })
            }
        }
    }

    async fn look(&self, ask: &Ask, mut now: Now, name: &str, registry: &Registry, index: &Index) -> Result<Found, Refusal> {
        let newest = || index.newest(&ask.name).map(|(version, _)| version.clone());
        let locked = ask.locked.as_ref().map(|locked| locked.version.clone());
        let version = locked.or_else(|| ask.version.clone()).or_else(newest);
        let version = version.ok_or_else(|| Refusal::OnlyPreReleases(ask.name.clone()))?;
        let (feed, _) = registry.feed().await.map_err(Refusal::of(name))?;
        let trust = self.trust().await?;
        let offer = registry.offer(index, &feed, &trust, &ask.name, &version).await.map_err(Refusal::of(name))?;
        // The key before this one vouched for it, so what it was granted goes on.
        let keys: Vec<PublicKey> =
            trust.owners().get(&offer.owner()).map(|known| known.key).into_iter().chain([offer.key]).collect();
        if now.version.is_some() {
            let (grants, plugin) = (self.grants.clone(), ask.name.clone());
            now.granted = blocking(move || Ok(grants.of(&plugin, &keys)?)).await?;
        }
        Found::new(name, offer, now, ask.locked.as_ref())
    }

    /// What runs under an id now. What is inside of octi was granted by nobody.
    fn now(&self, name: &PluginName) -> Now {
        let plugins = self.plugins.plugins();
        let known = plugins.iter().map(|plugin| plugin.id.clone()).collect();
        let runs = plugins.into_iter().find(|plugin| plugin.id == name.as_str() && !plugin.digest.is_empty());
        let Some(runs) = runs else { return Now { known, ..Now::default() } };
        let registry = self.origin(&runs.digest).map(|origin| origin.registry);
        Now { version: Some(runs.version), digest: Some(runs.digest), registry, granted: Vec::new(), known }
    }

    /// Where the file with that SHA-256 (in hex) came from, if from a registry.
    #[must_use]
    pub fn origin(&self, digest: &str) -> Option<Origin> {
        let digest: Digest = format!("sha256:{digest}").parse().ok()?;
        self.origins.load().get(&digest).cloned()
    }

    pub(crate) fn installed_files(&self) -> Vec<PluginStatus> {
        self.plugins.plugins().into_iter().filter(|plugin| plugin.source == Source::Folder && !plugin.digest.is_empty()).collect()
    }

    pub(crate) async fn trust(&self) -> Result<Trust, Refusal> {
        let file = self.trust.clone();
        blocking(move || Ok(file.load()?)).await
    }

    /// The lock of what runs now.
    #[must_use]
    pub fn lock(&self) -> Lock {
        let locked = |plugin: PluginStatus| {
            let Origin { name, version, registry, package, publisher, .. } = self.origin(&plugin.digest)?;
            let wasm = format!("sha256:{}", plugin.digest).parse().ok()?;
            Some(Locked { name, version, registry, package, wasm, publisher })
        };
        Lock::of(self.installed_files().into_iter().filter_map(locked))
    }

    /// Writes the lock file when it is not what runs.
    pub(crate) async fn write_lock(&self) -> Result<(), Refusal> {
        let mut written = self.locked.lock().await;
        let text = self.lock().to_string();
        if *written == text {
            return Ok(());
        }
        let (path, bytes) = (self.lock_path.clone(), text.clone());
        let is_needed = |path: &Path| path.exists() || bytes.contains("[[plugin]]");
        if is_needed(&path) {
            let wrote = path.clone();
            blocking(move || {
                state::replace(&wrote, bytes.as_bytes()).map_err(|source| Refusal::Lock { path: wrote.clone(), source })
            })
            .await?;
        }
        *written = text;
        Ok(())
    }

    /// A step is done.
    fn reached(&self, step: Step) -> Result<(), Refusal> {
        #[cfg(test)]
        if *self.fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner) == Some(step) {
            return Err(Refusal::Stopped);
        }
        tracing::debug!(?step, "an installation goes on");
        Ok(())
    }

    /// The owner of a publisher's key.
    pub(crate) fn owner(publisher: &str) -> Owner {
        Owner::Publisher(publisher.to_owned())
    }

    /// Whether a newer version than this is there.
    pub(crate) fn is_newer(installed: &str, newest: &Version) -> bool {
        installed.parse::<Version>().is_ok_and(|installed| installed < *newest)
    }
}

/// Work that waits for the disk.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Refusal::Stopped))
}
