//! What is installed under each id, and the picture made of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use octi_extension::manifest::Manifest;
use octi_extension::registry::{PluginStatus, Snapshot, Source};

use super::folder::Stamp;
use crate::generation::{Code, Generation, Host};
use crate::install::{self, InstallError};
use crate::loader;
use crate::places::Places;
use crate::role::WasmRole;
use crate::tool::WasmTool;

/// What others see.
pub(super) struct View {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) plugins: Vec<PluginStatus>,
}

/// Everything known of one id.
struct Slot {
    bundled: Option<Arc<Generation>>,
    folder: Option<(PathBuf, Arc<Generation>)>,
    problem: Option<String>,
    swaps: u64,
    places: Places,
}

impl Slot {
    fn active(&self) -> Option<&Arc<Generation>> {
        self.folder.as_ref().map(|(_, generation)| generation).or(self.bundled.as_ref())
    }
}

/// All slots, and the files that belong to none.
#[derive(Default)]
pub(super) struct Slots {
    by_id: BTreeMap<String, Slot>,
    /// Every file of the folder as it was last read.
    files: HashMap<PathBuf, Stamp>,
    /// Files that could not be used, and why.
    strays: BTreeMap<PathBuf, String>,
}

impl Slots {
    /// Adds a plugin of the binary; a broken one is listed with its problem.
    pub(super) fn bundle(&mut self, host: &Arc<Host>, name: &str, bytes: &'static [u8]) {
        let checked = loader::inspect(bytes).and_then(|inspection| {
            install::check(&inspection)?;
            self.check_names(&inspection.manifest)?;
            Ok(inspection)
        });
        match checked {
            Ok(inspection) => {
                let places = self.places(&inspection.manifest.id);
                let generation = Arc::new(Generation::new(host, inspection, Code::Bundled(bytes), places));
                let slot = self.slot(&generation);
                slot.bundled = Some(generation);
                slot.swaps += 1;
            }
            Err(error) => {
                tracing::error!(plugin = name, %error, "a bundled plugin cannot be used");
                self.strays.insert(PathBuf::from(name), error.to_string());
            }
        }
    }

    /// The slot of a generation; a new one counts its calls with the generation's own places.
    fn slot(&mut self, generation: &Generation) -> &mut Slot {
        self.by_id.entry(generation.manifest().id.clone()).or_insert_with(|| Slot {
            bundled: None,
            folder: None,
            problem: None,
            swaps: 0,
            places: generation.places(),
        })
    }

    /// The places of a plugin's calls, the same for all of its generations.
    pub(super) fn places(&self, id: &str) -> Places {
        self.by_id.get(id).map_or_else(Places::default, |slot| slot.places.clone())
    }

    /// The running version of every plugin.
    pub(super) fn active(&self) -> Vec<Arc<Generation>> {
        self.by_id.values().filter_map(Slot::active).cloned().collect()
    }

    /// Refuses names that another plugin has.
    pub(super) fn check_names(&self, manifest: &Manifest) -> Result<(), InstallError> {
        for other in self.by_id.values().filter_map(Slot::active).map(|generation| generation.manifest()) {
            if other.id == manifest.id {
                continue;
            }
            let clash = |what, name: &str| Err(InstallError::Clash { what, name: name.to_owned(), owner: other.id.clone() });
            if !other.tools.is_empty() && !manifest.tools.is_empty() && other.alias() == manifest.alias() {
                return clash("the tool name", manifest.alias());
            }
            if let (Some(theirs), Some(ours)) = (&other.role, &manifest.role)
                && theirs.name == ours.name
            {
                return clash("the role", &ours.name);
            }
        }
        Ok(())
    }

    /// Refuses a second file of the same id.
    pub(super) fn check_file(&self, id: &str, path: &Path, found: &BTreeMap<PathBuf, Stamp>) -> Result<(), InstallError> {
        match self.by_id.get(id).and_then(|slot| slot.folder.as_ref()) {
            Some((other, _)) if other != path && found.contains_key(other) => Err(InstallError::Inconsistent(format!(
                "`{}` is plugin `{id}` too; remove one of the two files",
                other.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Whether the file was read at that stamp already.
    pub(super) fn knows(&self, path: &Path, stamp: Stamp) -> bool {
        self.files.get(path) == Some(&stamp)
    }

    /// The digest that runs from that file.
    pub(super) fn digest_of(&self, path: &Path) -> Option<&str> {
        let mut folders = self.by_id.values().filter_map(|slot| slot.folder.as_ref());
        folders.find(|(own, _)| own == path).map(|(_, generation)| generation.inspection.digest.as_str())
    }

    /// Makes every file look changed.
    pub(super) fn forget_times(&mut self) {
        self.files.clear();
    }

    /// The file is as it was when it was read.
    pub(super) fn unchanged(&mut self, path: PathBuf, stamp: Stamp) {
        if let Some(slot) = self.by_id.values_mut().find(|slot| slot.folder.as_ref().is_some_and(|(own, _)| *own == path)) {
            slot.problem = None;
        }
        self.files.insert(path, stamp);
    }

    /// Puts a checked version into its place.
    pub(super) fn take(&mut self, generation: Arc<Generation>, path: PathBuf, stamp: Stamp) {
        let id = generation.manifest().id.clone();
        // The file held another plugin before.
        for (other, slot) in &mut self.by_id {
            if *other != id && slot.folder.as_ref().is_some_and(|(own, _)| *own == path) {
                slot.folder = None;
                slot.swaps += 1;
            }
        }
        self.strays.remove(&path);
        self.files.insert(path.clone(), stamp);
        let slot = self.slot(&generation);
        slot.folder = Some((path, generation));
        slot.problem = None;
        slot.swaps += 1;
        self.drop_empty();
    }

    /// Notes why a file is not used; returns the id that people know it by.
    pub(super) fn refuse(&mut self, path: PathBuf, stamp: Stamp, id: Option<&str>, problem: &str) -> String {
        self.files.insert(path.clone(), stamp);
        let runs_from_it = |slot: &&mut Slot| slot.folder.as_ref().is_some_and(|(own, _)| *own == path);
        if let Some(slot) = self.by_id.values_mut().find(runs_from_it) {
            slot.problem = Some(problem.to_owned());
            return slot.active().map(|generation| generation.manifest().id.clone()).unwrap_or_default();
        }
        let shadowed = id.and_then(|id| self.by_id.get_mut(id).map(|slot| (id, slot)));
        if let Some((id, slot)) = shadowed.filter(|(_, slot)| slot.folder.is_none()) {
            slot.problem = Some(problem.to_owned());
            return id.to_owned();
        }
        let name = file_name(&path);
        self.strays.insert(path, problem.to_owned());
        name
    }

    /// The files that are known but gone.
    pub(super) fn gone(&self, found: &BTreeMap<PathBuf, Stamp>) -> Vec<PathBuf> {
        let running = self.by_id.values().filter_map(|slot| slot.folder.as_ref()).map(|(path, _)| path);
        let strays = self.strays.keys().filter(|path| path.is_absolute());
        let known: BTreeSet<&PathBuf> = self.files.keys().chain(running).chain(strays).collect();
        known.into_iter().filter(|path| !found.contains_key(*path)).cloned().collect()
    }

    /// A file is gone: its plugin too, unless the binary has one of that id. Returns the id if it ran from that file.
    pub(super) fn forget(&mut self, path: &Path) -> Option<String> {
        self.files.remove(path);
        self.strays.remove(path);
        let runs_from_it = |slot: &Slot| slot.folder.as_ref().is_some_and(|(own, _)| own == path);
        let mut forgotten = None;
        for (id, slot) in &mut self.by_id {
            if runs_from_it(slot) {
                slot.folder = None;
                slot.problem = None;
                slot.swaps += 1;
                forgotten = Some(id.clone());
            } else if slot.folder.is_none() {
                slot.problem = None;
            }
        }
        self.drop_empty();
        forgotten
    }

    /// Takes back a version that does not start; whether anything changed.
    pub(super) fn demote(&mut self, generation: &Arc<Generation>, problem: &str) -> bool {
        let Some(slot) = self.by_id.get_mut(&generation.manifest().id) else { return false };
        let Some((path, _)) = slot.folder.take_if(|(_, own)| Arc::ptr_eq(own, generation)) else {
            slot.problem = Some(problem.to_owned());
            return true;
        };
        slot.swaps += 1;
        if slot.bundled.is_some() {
            slot.problem = Some(problem.to_owned());
        } else {
            self.strays.insert(path, problem.to_owned());
        }
        self.drop_empty();
        true
    }

    fn drop_empty(&mut self) {
        self.by_id.retain(|_, slot| slot.active().is_some());
    }

    /// The file of an id, for removing it.
    pub(super) fn file_of(&self, id: &str) -> Result<PathBuf, InstallError> {
        if let Some(slot) = self.by_id.get(id) {
            return slot.folder.as_ref().map(|(path, _)| path.clone()).ok_or_else(|| InstallError::Bundled(id.to_owned()));
        }
        let stray = self.strays.keys().find(|path| path.is_absolute() && file_name(path) == id);
        stray.cloned().ok_or_else(|| InstallError::NotFound(id.to_owned()))
    }

    /// Where a plugin's file goes: where it was, or under the given name, or under its id if that name is taken.
    pub(super) fn path_for(&self, folder: &Path, manifest: &Manifest, wanted: &str) -> PathBuf {
        if let Some((path, _)) = self.by_id.get(&manifest.id).and_then(|slot| slot.folder.as_ref()) {
            return path.clone();
        }
        let by_id = folder.join(format!("{}.wasm", manifest.id.replace('/', ".")));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let usable = wanted.ends_with(".wasm") && wanted.len() <= 128 && !wanted.starts_with('.') && wanted.chars().all(plain);
        let wanted = folder.join(wanted);
        if usable && !wanted.exists() { wanted } else { by_id }
    }

    /// The picture of this moment.
    pub(super) fn view(&self) -> View {
        let mut snapshot = Snapshot::default();
        let mut plugins = Vec::with_capacity(self.by_id.len() + self.strays.len());
        for slot in self.by_id.values() {
            let Some(generation) = slot.active() else { continue };
            for (name, entry) in &generation.manifest().tools {
                let tool = WasmTool::new(generation, name, entry);
                snapshot.tools.insert(octi_extension::tool::Tool::spec(&tool).name.clone(), Arc::new(tool));
            }
            if let Some(role) = &generation.manifest().role {
                snapshot.roles.insert(role.name.clone(), Arc::new(WasmRole::new(generation, role.clone())));
            }
            plugins.push(status(generation, slot));
        }
        plugins.extend(self.strays.iter().map(|(path, problem)| stray(path, problem)));
        View { snapshot: Arc::new(snapshot), plugins }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn status(generation: &Generation, slot: &Slot) -> PluginStatus {
    let manifest = generation.manifest();
    PluginStatus {
        id: manifest.id.clone(),
        version: manifest.version.clone(),
        description: manifest.description.clone(),
        source: generation.source,
        digest: generation.inspection.digest.clone(),
        bytes: generation.inspection.bytes,
        generation: slot.swaps,
        tools: manifest.tools.keys().map(|name| format!("{}__{name}", manifest.alias())).collect(),
        role: manifest.role.as_ref().map(|role| role.name.clone()),
        capabilities: manifest.capabilities.lines(),
        vault: manifest.capabilities.vault.clone(),
        problem: slot.problem.clone(),
    }
}

/// A file that is no plugin, so that a person sees why nothing came of it.
fn stray(path: &Path, problem: &str) -> PluginStatus {
    PluginStatus {
        id: file_name(path),
        version: String::new(),
        description: String::new(),
        source: if path.is_absolute() { Source::Folder } else { Source::Bundled },
        digest: String::new(),
        bytes: 0,
        generation: 0,
        tools: Vec::new(),
        role: None,
        capabilities: Vec::new(),
        vault: Vec::new(),
        problem: Some(problem.to_owned()),
    }
}
