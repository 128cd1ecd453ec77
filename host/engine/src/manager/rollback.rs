//! Going back: by hand, or because a new generation crashes, and what has to be kept for it.

use std::path::Path;
use std::sync::Arc;

use octi_domain::limits;
use octi_extension::hook::HookEntry;
use octi_extension::registry::{PluginStatus, Registry, Source};

use super::slots::{Candidate, Slots};
use super::{Change, PluginManager, folder, swapped};
use crate::breaker::Trip;
use crate::generation::{Code, Generation};
use crate::install::InstallError;

impl PluginManager {
    /// Runs the version again that ran before. The folder's file stays where it is, and is left alone until it changes.
    ///
    /// # Errors
    /// [`InstallError::NotFound`], [`InstallError::NothingKept`], or why the version before does not start any more.
    pub async fn rollback(&self, id: &str) -> Result<PluginStatus, InstallError> {
        let active = self.slots.lock().await.active_of(id).cloned();
        let version = self.go_back(id, active.as_ref(), "an administrator took it back").await?.ok_or_else(|| {
            InstallError::Inconsistent(format!(
                "`{id}` was changed meanwhile, so nothing was taken back; `octi plugin list` shows it"
            ))
        })?;
        self.note().await;
        swapped("rolled_back");
        self.tell(id, Change::RolledBack, &format!("rolled back to version {version}"));
        self.plugins().into_iter().find(|plugin| plugin.id == id).ok_or_else(|| InstallError::NotFound(id.to_owned()))
    }

    /// The same inside; returns the version that runs now, or none when `from` is not what runs. What comes back may have to be
    /// compiled again, and nobody waits for that.
    async fn go_back(&self, id: &str, from: Option<&Arc<Generation>>, reason: &str) -> Result<Option<String>, InstallError> {
        let is_from = |slots: &Slots| match (slots.active_of(id), from) {
            (Some(active), Some(from)) => Arc::ptr_eq(active, from),
            (active, from) => active.is_none() && from.is_none(),
        };
        let slots = self.slots.lock().await;
        if !is_from(&slots) {
            return Ok(None);
        }
        let candidate = slots.before(id)?;
        drop(slots);
        let generation = match candidate {
            Candidate::Ready(generation) => generation,
            Candidate::Kept(version) => {
                let (path, inspection) = self.inspect_kept(id, &version).await.map_err(InstallError::Start)?;
                self.slots.lock().await.generation(inspection, Code::File(path))
            }
        };
        if let Some(reason) = generation.forbidden() {
            return Err(InstallError::Revoked { id: id.to_owned(), reason: reason.to_owned() });
        }
        generation.ready().await?;
        let mut slots = self.slots.lock().await;
        if !is_from(&slots) {
            return Ok(None);
        }
        slots.check_names(generation.manifest())?;
        let version = generation.manifest().version.clone();
        slots.roll_back(generation, reason);
        self.publish(&mut slots);
        Ok(Some(version))
    }

    /// Acts on plugins that crashed too often.
    pub(super) async fn watch_crashes(&self) {
        loop {
            self.tripped.notified().await;
            let active = self.slots.lock().await.active();
            for generation in active {
                if let Some(trip) = generation.breaker.news() {
                    self.act_on(&generation, trip).await;
                }
            }
        }
    }

    /// A generation is quarantined already; one that is new also gives way to the one before it.
    async fn act_on(&self, generation: &Arc<Generation>, trip: Trip) {
        let manifest = generation.manifest();
        let why = format!("crashed {} times ({})", limits::PLUGIN_CRASHES_MAX, trip.reason.code());
        // Whoever can make it crash must not get an older guard by it, or none.
        let gives_way = trip.on_probation && !manifest.hook.as_ref().is_some_and(HookEntry::must_agree);
        if gives_way {
            let reason = format!("it {why} when it was new");
            match self.go_back(&manifest.id, Some(generation), &reason).await {
                // Whatever replaced it meanwhile is not to blame.
                Ok(None) => return,
                Ok(Some(version)) => {
                    self.note().await;
                    swapped("auto_rolled_back");
                    let text = format!("version {} {why} when it was new; version {version} runs again", manifest.version);
                    tracing::warn!(
                        plugin = manifest.id,
                        generation = generation.number(),
                        change = text,
                        "a plugin was rolled back"
                    );
                    self.tell(&manifest.id, Change::GaveWay, &text);
                    return;
                }
                Err(InstallError::NothingKept(_)) => {}
                Err(error) => tracing::warn!(plugin = manifest.id, %error, "a crashing plugin cannot be rolled back"),
            }
        }
        swapped("quarantined");
        tracing::warn!(plugin = manifest.id, generation = generation.number(), seconds = trip.seconds, "a plugin is quarantined");
        self.tell(&manifest.id, Change::Quarantined, &format!("{why} and is quarantined for {} seconds", trip.seconds));
    }

    /// Waits until another generation of a plugin may be loaded. The oldest that still ends is hurried.
    pub(super) async fn make_room(&self, slots: &mut Slots, id: &str) {
        while let Some(oldest) = slots.crowded(id) {
            oldest.life.hurry();
            if self.stop.run_until_cancelled(oldest.life.closed()).await.is_none() {
                return;
            }
        }
    }

    /// Keeps a copy of a plugin's file for a rollback after a restart. Without one there is none, which is no reason not to
    /// run the plugin.
    pub(super) async fn keep(&self, generation: &Arc<Generation>, file: &Path) {
        let Some(kept) = self.kept.clone() else { return };
        let (file, digest) = (file.to_owned(), generation.inspection.digest.clone());
        if let Err(error) = folder::blocking(move || kept.copy(&file, &digest)).await {
            tracing::warn!(plugin = generation.manifest().id, %error, "no copy of a plugin could be kept; it cannot be rolled back to after a restart");
        }
    }

    /// The same for one that was running before it was compiled.
    pub(super) async fn keep_running(&self, generation: &Arc<Generation>) {
        let file = self.slots.lock().await.file_of(&generation.manifest().id);
        if let (Source::Folder, Ok(file)) = (generation.source, file) {
            self.keep(generation, &file).await;
        }
    }

    /// Notes what changes, for the next run.
    pub(super) async fn write_notes(&self) {
        loop {
            self.unsaved.notified().await;
            self.note().await;
        }
    }

    /// Writes the notes for the next run, if they changed.
    pub(super) async fn note(&self) {
        let Some(kept) = self.kept.clone() else { return };
        let mut noted = self.noted.lock().await;
        // Held while copies are removed, so that none goes that is about to be needed.
        let slots = self.slots.lock().await;
        let notes = slots.notes();
        if *noted == notes {
            return;
        }
        let saved = notes.clone();
        match folder::blocking(move || kept.save(&saved)).await {
            Ok(()) => *noted = notes,
            Err(error) => tracing::warn!(%error, "what could be rolled back could not be noted; the next start may not know it"),
        }
        drop(slots);
    }
}
