//! Storing, resetting, and telling who must know.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use octi_config::settings::{Base, DEFINITIONS, Definition, Problem, definition};
use octi_domain::ambient::Ambient;
use octi_domain::event::{Event, EventKind, EventSink};
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_domain::run::RunLimits;
use octi_domain::session::User;
use octi_security::audit::{self, Deed};
use octi_security::vault::{Vault, VaultError};
use octi_store::{Store, StoreError, Tx};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};

use crate::checks::check;
use crate::entry::{Snapshot, Stored};

/// Under which field a sealed secret stands in its row.
const SEALED: &str = "sealed";

/// Is given what holds from now on, before anybody else is.
pub type OnChange = Arc<dyn Fn(&Snapshot) + Send + Sync>;

/// What settings are made of.
pub struct SettingsParts {
    pub store: Store,
    /// Seals secrets.
    pub vault: Arc<Vault>,
    /// What holds below the database.
    pub base: Base,
    /// Where administrators' screens hear of changes.
    pub events: Arc<dyn EventSink>,
    pub ambient: Ambient,
    /// Called at first and after each change.
    pub on_change: OnChange,
}

/// Why a setting was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("there is no setting `{0}`: `octi settings list` shows them")]
    Unknown(String),
    #[error("`{key}` cannot be changed while octi runs, because {why}: {instead}")]
    Fixed { key: &'static str, why: &'static str, instead: String },
    #[error("`{key}` cannot be that: {problem}")]
    Invalid { key: &'static str, problem: Problem },
    #[error("{count} settings are more than the {} that are changed at once", limits::SETTINGS_PER_REQUEST_MAX)]
    TooMany { count: usize },
    #[error("only an administrator may change settings: they hold for everybody on this host")]
    NotAdmin,
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The settings of this host. Clones share everything.
#[derive(Clone)]
pub struct Settings(Arc<Shared>);

struct Shared {
    parts: SettingsParts,
    now: RwLock<Arc<Snapshot>>,
    run_limits: watch::Sender<RunLimits>,
    /// Held from reading the database to telling what changed, so that news are told in order.
    looking: Mutex<()>,
    /// Set while the database does not answer, so that the log is told once.
    blind: AtomicBool,
}

impl Settings {
    /// Reads what is stored. A value that cannot be used is told in the log and otherwise ignored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(parts: SettingsParts) -> Result<Self, StoreError> {
        let snapshot = read(&parts, &mut parts.store.read(&Principal::system("read settings")).await?).await?;
        let snapshot = Arc::new(snapshot);
        for entry in snapshot.entries() {
            tell_problem(entry.definition, entry.problem.as_deref());
        }
        (parts.on_change)(&snapshot);
        let run_limits = watch::Sender::new(snapshot.run_limits());
        let (looking, blind) = (Mutex::default(), AtomicBool::new(false));
        Ok(Self(Arc::new(Shared { parts, now: RwLock::new(snapshot), run_limits, looking, blind })))
    }

    /// What holds now.
    #[must_use]
    pub fn now(&self) -> Arc<Snapshot> {
        self.0.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What turns may use, now and after each change.
    #[must_use]
    pub fn run_limits(&self) -> watch::Receiver<RunLimits> {
        self.0.run_limits.subscribe()
    }

    /// Stores these values, all or none.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting and what would be valid.
    pub async fn set(&self, who: &Principal, values: &[(String, Value)]) -> Result<Arc<Snapshot>, SettingsError> {
        let user_id = who.user_id().filter(|_| who.is_admin()).ok_or(SettingsError::NotAdmin)?;
        if values.len() > limits::SETTINGS_PER_REQUEST_MAX {
            return Err(SettingsError::TooMany { count: values.len() });
        }
        let parts = &self.0.parts;
        let mut rows = Vec::new();
        for (key, value) in values {
            let definition = changeable(key)?;
            check(definition, value).map_err(|problem| SettingsError::Invalid { key: definition.key, problem })?;
            rows.push((definition.key, to_row(&parts.vault, definition, value)?));
        }
        let _in_order = self.0.looking.lock().await;
        let mut tx = parts.store.write(&Principal::system("change settings")).await?;
        for (key, row) in &rows {
            tx.put_setting(key, row).await?;
            audit::append(&mut tx, &parts.ambient, Some(user_id), &Deed::SettingChanged { key }).await?;
        }
        self.save(tx).await
    }

    /// Takes away what is stored, so that the environment, the file or the default holds.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub async fn reset(&self, who: &Principal, key: &str) -> Result<Arc<Snapshot>, SettingsError> {
        let user_id = who.user_id().filter(|_| who.is_admin()).ok_or(SettingsError::NotAdmin)?;
        // What is stored for a setting that cannot be changed is ignored, and may go.
        let definition = definition(key).ok_or_else(|| SettingsError::Unknown(key.to_owned()))?;
        let parts = &self.0.parts;
        let _in_order = self.0.looking.lock().await;
        let mut tx = parts.store.write(&Principal::system("change settings")).await?;
        if tx.delete_setting(definition.key).await? {
            audit::append(&mut tx, &parts.ambient, Some(user_id), &Deed::SettingReset { key: definition.key }).await?;
        }
        self.save(tx).await
    }

    /// Saves a change and obeys it. What holds from now on is read before it is saved: a change that is stored is never told as
    /// one that failed, because reading it back did.
    async fn save(&self, mut tx: Tx<'_>) -> Result<Arc<Snapshot>, SettingsError> {
        let (new, people) = (read(&self.0.parts, &mut tx).await?, tx.list_users().await?);
        tx.save().await?;
        let keys = self.obey(new);
        self.tell(&keys, people);
        Ok(self.now())
    }

    /// Looks once for what another host changed on the same database.
    ///
    /// # Errors
    /// When the database fails; what held still holds.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _in_order = self.0.looking.lock().await;
        self.look().await
    }

    /// Looks again and again, for as long as it is polled.
    pub async fn follow(&self) {
        loop {
            tokio::time::sleep(Duration::from_secs(limits::SETTINGS_LOOK_SECONDS)).await;
            let was_blind = self.0.blind.load(Ordering::Relaxed);
            match self.refresh().await {
                Ok(()) => self.0.blind.store(false, Ordering::Relaxed),
                Err(error) if !was_blind => {
                    tracing::warn!(%error, detail = error.detail(), "settings cannot be read; those that held go on");
                    self.0.blind.store(true, Ordering::Relaxed);
                }
                Err(_) => {}
            }
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        let parts = &self.0.parts;
        let mut tx = parts.store.read(&Principal::system("read settings")).await?;
        let new = read(parts, &mut tx).await?;
        let keys = self.obey(new);
        if !keys.is_empty() {
            match tx.list_users().await {
                Ok(people) => self.tell(&keys, people),
                Err(error) => tracing::warn!(%error, "administrators are not told of changed settings"),
            }
        }
        Ok(())
    }

    /// Puts what holds from now on in place, and returns what is different.
    fn obey(&self, new: Snapshot) -> Vec<&'static str> {
        let shared = &self.0;
        let keys = new.differences(&self.now());
        if keys.is_empty() {
            return keys;
        }
        for key in &keys {
            let Some(entry) = new.entry(key) else { continue };
            tracing::info!(key, source = entry.source.as_str(), "setting changed");
            tell_problem(entry.definition, entry.problem.as_deref());
        }
        (shared.parts.on_change)(&new);
        let limits = new.run_limits();
        *shared.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        shared.run_limits.send_if_modified(|held| std::mem::replace(held, limits) != limits);
        keys
    }

    /// Tells the screens of administrators. They read the values again; a message that is lost costs no more than that.
    fn tell(&self, keys: &[&'static str], people: Vec<User>) {
        let SettingsParts { events, ambient, .. } = &self.0.parts;
        if keys.is_empty() {
            return;
        }
        for admin in people.into_iter().filter(|person| person.is_admin && person.is_active) {
            let kind = EventKind::SettingsChanged { keys: keys.iter().map(|key| (*key).to_owned()).collect() };
            events.publish(Event { id: ambient.id(), user_id: admin.id, session_id: None, at: ambient.now(), kind });
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Settings").field(&self.now()).finish()
    }
}

fn changeable(key: &str) -> Result<&'static Definition, SettingsError> {
    let definition = definition(key).ok_or_else(|| SettingsError::Unknown(key.to_owned()))?;
    let Some(why) = definition.fixed else { return Ok(definition) };
    let variable = definition.variable.map(|name| format!("the environment variable `{name}`"));
    let file = definition.file_key.map(|key| format!("`{key}` in `config.toml`"));
    let places = [variable, file].into_iter().flatten().collect::<Vec<_>>().join(" or ");
    Err(SettingsError::Fixed { key: definition.key, why, instead: format!("set {places} and start octi again") })
}

fn to_row(vault: &Vault, definition: &Definition, value: &Value) -> Result<Value, VaultError> {
    if !definition.is_secret {
        return Ok(value.clone());
    }
    let secret = SecretString::from(value.as_str().unwrap_or_default());
    Ok(json!({ SEALED: STANDARD.encode(vault.seal_for_host(definition.key, &secret)?) }))
}

async fn read(parts: &SettingsParts, tx: &mut Tx<'_>) -> Result<Snapshot, StoreError> {
    let rows = tx.list_settings().await?;
    let mut stored = BTreeMap::new();
    for (key, row) in rows {
        // A newer octi on the same database may know more settings.
        let Some(definition) = DEFINITIONS.iter().find(|definition| definition.key == key) else { continue };
        stored.insert(key, from_row(&parts.vault, definition, row));
    }
    Ok(Snapshot::new(&parts.base, stored))
}

fn from_row(vault: &Vault, definition: &Definition, row: Value) -> Stored {
    let sealed = row.get(SEALED).and_then(Value::as_str).filter(|_| definition.is_secret);
    let Some(sealed) = sealed else { return Stored::Value(row) };
    let bytes = STANDARD.decode(sealed).map_err(|error| format!("what is stored is damaged: {error}"));
    Stored::Secret(bytes.and_then(|bytes| vault.open_for_host(definition.key, &bytes).map_err(|error| error.to_string())))
}

fn tell_problem(definition: &Definition, problem: Option<&str>) {
    if let Some(problem) = problem {
        tracing::warn!(key = definition.key, problem, "what is stored for a setting is ignored");
    }
}
