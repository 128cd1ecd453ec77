//! What must not run any more: its publisher or a registry revoked it, and it is quarantined until another version is there.

use std::sync::Arc;

use octi_extension::registry::Source;

use super::slots::Slots;
use super::{Change, PluginManager, swapped};
use crate::drain::Ending;
use crate::loader::Inspection;

/// A version of a plugin that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accused<'a> {
    pub id: &'a str,
    pub version: &'a str,
    /// SHA-256 of its file, in hex.
    pub digest: &'a str,
}

/// Says why a plugin of the folder must not run, if so. It is asked under a lock, so it must not wait.
pub type Verdict = Arc<dyn Fn(&Accused<'_>) -> Option<String> + Send + Sync>;

impl Slots {
    /// Why that file must not run.
    pub(super) fn verdict_on(&self, inspection: &Inspection) -> Option<String> {
        let manifest = &inspection.manifest;
        let accused = Accused { id: &manifest.id, version: &manifest.version, digest: &inspection.digest };
        self.verdict.as_ref().and_then(|verdict| verdict(&accused))
    }

    /// Asks about everything that came from the folder, and takes it out of the hands of running calls or gives it back. Returns
    /// what changed: ids, and why they must not run.
    fn judge(&mut self, verdict: Verdict) -> Vec<(String, Option<String>)> {
        self.verdict = Some(verdict);
        let mut changed = Vec::new();
        for old in self.active() {
            let reason = self.verdict_on(&old.inspection).filter(|_| old.source == Source::Folder);
            if reason.as_deref() == old.forbidden() {
                continue;
            }
            let Some(build) = old.build() else { continue };
            let id = old.manifest().id.clone();
            if let Some(reason) = &reason {
                old.forbid(reason.clone());
                // Here, where nothing of a later version can run yet.
                self.host.services.processes.end_of(&id);
            }
            let again = self.again(build);
            self.activate(again);
            if reason.is_some()
                && let Some((_, ending)) = self.ended.last_mut()
            {
                *ending = Ending::Removed;
            }
            changed.push((id, reason));
        }
        let ending: Vec<_> = self.by_id.values().flat_map(|slot| slot.ending.iter().cloned()).collect();
        for old in ending.iter().filter(|old| old.source == Source::Folder) {
            if let Some(reason) = self.verdict_on(&old.inspection) {
                old.forbid(reason);
                old.grant.revoke();
                old.life.hurry();
            }
        }
        changed
    }
}

impl PluginManager {
    /// Asks about every plugin of the folder, and from now on about each that comes. One that must not run is quarantined at once:
    /// its calls lose their rights and end soon, later ones are refused, no model is offered its tools. One that was, and may run
    /// again, does.
    pub async fn judge(&self, verdict: Verdict) {
        let mut slots = self.slots.lock().await;
        let changed = slots.judge(verdict);
        self.publish(&mut slots);
        drop(slots);
        for (id, reason) in changed {
            match reason {
                Some(reason) => {
                    swapped("quarantined");
                    tracing::warn!(plugin = id, reason, "a plugin is quarantined");
                    self.tell(&id, Change::Quarantined, &reason);
                }
                None => self.tell(&id, Change::Swapped, "it is revoked no more and runs again"),
            }
        }
    }
}
