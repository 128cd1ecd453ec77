//! Which files of the folder are known, and whose they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Slots;
use crate::install::InstallError;
use crate::manager::folder::Stamp;

impl Slots {
    /// Refuses a second file of the same id.
    pub(in crate::manager) fn check_file(
        &self,
        id: &str,
        path: &Path,
        found: &BTreeMap<PathBuf, Stamp>,
    ) -> Result<(), InstallError> {
        match self.by_id.get(id).and_then(|slot| slot.file.as_ref()) {
            Some(other) if other != path && found.contains_key(other) => Err(InstallError::Inconsistent(format!(
                "`{}` is plugin `{id}` too; remove one of the two files",
                other.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Whether the file was read at that stamp already.
    pub(in crate::manager) fn knows(&self, path: &Path, stamp: Stamp) -> bool {
        self.files.get(path) == Some(&stamp)
    }

    /// Whether that is the file as it runs, or as it was rolled back.
    pub(in crate::manager) fn has(&self, path: &Path, digest: &str) -> bool {
        let Some(slot) = self.by_id.values().find(|slot| slot.file.as_deref() == Some(path)) else { return false };
        match &slot.rolled_back {
            Some(rolled_back) => rolled_back.file.digest == digest,
            None => slot.generation().is_some_and(|generation| generation.inspection.digest == digest),
        }
    }

    /// Makes every file look changed.
    pub(in crate::manager) fn forget_times(&mut self) {
        self.files.clear();
    }

    /// The file is as it was when it was read.
    pub(in crate::manager) fn unchanged(&mut self, path: PathBuf, stamp: Stamp) {
        if let Some(slot) = self.by_id.values_mut().find(|slot| slot.file.as_ref() == Some(&path)) {
            slot.problem = None;
        }
        self.files.insert(path, stamp);
    }

    /// The files that are known but gone.
    pub(in crate::manager) fn gone(&self, found: &BTreeMap<PathBuf, Stamp>) -> Vec<PathBuf> {
        let running = self.by_id.values().filter_map(|slot| slot.file.as_ref());
        let strays = self.strays.keys().filter(|path| path.is_absolute());
        let known: BTreeSet<&PathBuf> = self.files.keys().chain(running).chain(strays).collect();
        known.into_iter().filter(|path| !found.contains_key(*path)).cloned().collect()
    }
}
