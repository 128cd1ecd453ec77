//! Where a plugin's file is, or goes.

use std::path::{Path, PathBuf};

use octi_extension::manifest::Manifest;

use super::slots::Slots;
use crate::install::InstallError;

impl Slots {
    /// The file of an id, for removing it.
    pub(super) fn file_of(&self, id: &str) -> Result<PathBuf, InstallError> {
        if let Some(slot) = self.by_id.get(id) {
            return slot.file.clone().ok_or_else(|| InstallError::Bundled(id.to_owned()));
        }
        let stray = self.strays.keys().find(|path| path.is_absolute() && super::file_name(path) == id);
        stray.cloned().ok_or_else(|| InstallError::NotFound(id.to_owned()))
    }

    /// Where a plugin's file goes: where it was, or under the given name, or under its id. A file that is there already is
    /// another plugin's, or a person's, and is left alone.
    pub(super) fn path_for(&self, folder: &Path, manifest: &Manifest, wanted: &str) -> PathBuf {
        if let Some(path) = self.by_id.get(&manifest.id).and_then(|slot| slot.file.as_ref()) {
            return path.clone();
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_usable = wanted.ends_with(".wasm") && wanted.len() <= 128 && !wanted.starts_with('.') && wanted.chars().all(plain);
        let stem = manifest.id.replace('/', ".");
        let names = is_usable.then(|| wanted.to_owned()).into_iter().chain([format!("{stem}.wasm")]);
        let mut names = names.chain((2_u64..).map(|number| format!("{stem}-{number}.wasm"))).map(|name| folder.join(name));
        // A link that leads nowhere is somebody's too.
        names.find(|path| path.symlink_metadata().is_err()).unwrap_or_else(|| folder.join(stem))
    }
}
