//! What is installed under each id: which generation runs, which ran before it, and which still end.

mod files;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use octi_domain::limits;
use octi_extension::channel::Channel;
use octi_extension::hook::{Hook, HookEntry};
use octi_extension::manifest::Manifest;
use octi_extension::offered::Offered;
use octi_extension::registry::{Incident, Source};
use octi_extension::role::Role;
use octi_extension::skill::Skill;
use octi_extension::tool::Tool;
use tokio::sync::Notify;

use super::folder::Stamp;
use super::kept::{Note, Notes, Version};
use super::revoked::Verdict;
use crate::channel::WasmChannel;
use crate::drain::Ending;
use crate::generation::{Build, Code, Generation, Host};
use crate::hook::WasmHook;
use crate::install::{self, InstallError};
use crate::loader::{self, Inspection};
use crate::places::Places;
use crate::role::WasmRole;
use crate::skill::WasmSkill;
use crate::tool::WasmTool;

/// A generation that runs, with what it offers. Dropping it gives the offers back; who was shown them keeps them.
pub(super) struct Active {
    pub(super) generation: Arc<Generation>,
    pub(super) tools: Vec<Arc<dyn Tool>>,
    pub(super) role: Option<Arc<dyn Role>>,
    pub(super) skill: Option<Arc<dyn Skill>>,
    pub(super) hook: Option<Arc<dyn Hook>>,
    pub(super) channel: Option<Arc<dyn Channel>>,
    pub(super) offered: Option<Arc<Offered>>,
}

impl Active {
    fn new(generation: Arc<Generation>) -> Self {
        let manifest = generation.manifest();
        let tool = |(name, entry): (&String, _)| Arc::new(WasmTool::new(&generation, name, entry)) as Arc<dyn Tool>;
        let tools = manifest.tools.iter().map(tool).collect();
        let role = |entry| Arc::new(WasmRole::new(&generation, entry)) as Arc<dyn Role>;
        let role = manifest.role.clone().map(role);
        let skill = |entry| Arc::new(WasmSkill::new(&generation, entry)) as Arc<dyn Skill>;
        let skill = manifest.skill.clone().map(skill);
        let hook = |entry| Arc::new(WasmHook::new(&generation, entry)) as Arc<dyn Hook>;
        let hook = manifest.hook.clone().map(hook);
        let channel = |entry| Arc::new(WasmChannel::new(&generation, entry)) as Arc<dyn Channel>;
        let channel = manifest.channel.clone().map(channel);
        let offered = Offered::of(manifest).map(Arc::new);
        Self { tools, role, skill, hook, channel, offered, generation }
    }
}

/// What ran before, for a rollback.
pub(super) enum Previous {
    Loaded(Arc<Build>),
    /// Of a run of the host before this one.
    Kept(Version),
}

/// The folder's file does not run though it could.
pub(super) struct RolledBack {
    pub(super) file: Version,
    pub(super) reason: String,
    /// Not known when the host of before did not note it.
    pub(super) at: Option<DateTime<Utc>>,
}

impl RolledBack {
    pub(super) fn incident(&self) -> Incident {
        Incident::RolledBack { version: self.file.version.clone(), reason: self.reason.clone(), at: self.at }
    }
}

/// Everything known of one id.
pub(super) struct Slot {
    bundled: Option<(Inspection, &'static [u8])>,
    /// The folder's file of this id, whether it runs or not.
    pub(super) file: Option<PathBuf>,
    pub(super) active: Option<Active>,
    previous: Option<Previous>,
    pub(super) rolled_back: Option<RolledBack>,
    /// Replaced ones that somebody may still use.
    pub(super) ending: Vec<Arc<Generation>>,
    pub(super) problem: Option<String>,
    number: u64,
    places: Places,
}

impl Slot {
    fn new(places: Places) -> Self {
        Self {
            bundled: None,
            file: None,
            active: None,
            previous: None,
            rolled_back: None,
            ending: Vec::new(),
            problem: None,
            number: 0,
            places,
        }
    }

    fn generation(&self) -> Option<&Arc<Generation>> {
        self.active.as_ref().map(|active| &active.generation)
    }

    /// Whether there is anything to tell of it.
    fn is_listed(&self) -> bool {
        self.active.is_some() || self.rolled_back.is_some()
    }

    fn runs_from_folder(&self) -> bool {
        self.generation().is_some_and(|generation| generation.source == Source::Folder)
    }

    /// The version that a rollback would bring back.
    pub(super) fn previous(&self) -> Option<&str> {
        match &self.previous {
            Some(Previous::Loaded(build)) => Some(&build.manifest().version),
            Some(Previous::Kept(version)) => Some(&version.version),
            None if self.runs_from_folder() && self.rolled_back.is_none() => {
                self.bundled.as_ref().map(|(inspection, _)| inspection.manifest.version.as_str())
            }
            None => None,
        }
    }

    fn note(&self) -> Option<Note> {
        let running = self.generation().filter(|_| self.runs_from_folder()).map(|generation| version(&generation.inspection));
        if let Some(RolledBack { file, reason, at }) = &self.rolled_back {
            return Some(Note::RolledBack { file: file.clone(), instead: running, reason: reason.clone(), at: *at });
        }
        let previous = match &self.previous {
            Some(Previous::Loaded(build)) if build.source == Source::Folder => Some(version(&build.inspection)),
            Some(Previous::Kept(version)) => Some(version.clone()),
            _ => None,
        };
        running.map(|running| Note::Running { running, previous })
    }
}

fn version(inspection: &Inspection) -> Version {
    Version { version: inspection.manifest.version.clone(), digest: inspection.digest.clone() }
}

/// What a rollback would run.
pub(super) enum Candidate {
    Ready(Arc<Generation>),
    /// Its copy must be read first.
    Kept(Version),
}

/// All slots, and the files that belong to none.
pub(super) struct Slots {
    pub(super) host: Arc<Host>,
    /// Told when a breaker trips.
    tripped: Arc<Notify>,
    pub(super) by_id: BTreeMap<String, Slot>,
    /// Every file of the folder as it was last read.
    files: HashMap<PathBuf, Stamp>,
    /// Files that could not be used, and why.
    pub(super) strays: BTreeMap<PathBuf, String>,
    /// Generations that no longer run and have to be let go.
    pub(super) ended: Vec<(Arc<Generation>, Ending)>,
    /// What must not run any more, and why.
    pub(super) verdict: Option<Verdict>,
    /// What was noted by the run of the host before this one.
    past: Notes,
}

impl Slots {
    pub(super) fn new(host: &Arc<Host>, tripped: &Arc<Notify>, past: Notes) -> Self {
        Self {
            host: host.clone(),
            tripped: tripped.clone(),
            by_id: BTreeMap::new(),
            files: HashMap::new(),
            strays: BTreeMap::new(),
            ended: Vec::new(),
            verdict: None,
            past,
        }
    }

    /// Adds a plugin of the binary; a broken one is listed with its problem.
    pub(super) fn bundle(&mut self, name: &str, bytes: &'static [u8]) {
        let checked = loader::inspect(bytes).and_then(|inspection| {
            install::check(&inspection)?;
            self.check_names(&inspection.manifest)?;
            Ok(inspection)
        });
        match checked {
            Ok(inspection) => {
                let generation = self.generation(inspection.clone(), Code::Bundled(bytes));
                self.activate(generation).bundled = Some((inspection, bytes));
            }
            Err(error) => {
                tracing::error!(plugin = name, %error, "a bundled plugin cannot be used");
                self.strays.insert(PathBuf::from(name), error.to_string());
            }
        }
    }

    /// The next generation of a plugin. It does not run before it is activated.
    pub(super) fn generation(&self, inspection: Inspection, code: Code) -> Arc<Generation> {
        self.again(Arc::new(Build::new(&self.host, inspection, code)))
    }

    pub(super) fn again(&self, build: Arc<Build>) -> Arc<Generation> {
        let slot = self.by_id.get(&build.manifest().id);
        let places = slot.map_or_else(Places::default, |slot| slot.places.clone());
        let number = slot.map_or(0, |slot| slot.number) + 1;
        let generation = Generation::of(build, places).numbered(number, &self.tripped);
        if let Some(reason) = self.verdict_on(&generation.inspection).filter(|_| generation.source == Source::Folder) {
            generation.forbid(reason);
        }
        Arc::new(generation)
    }

    /// Lets a generation run in the place of the one that does.
    pub(super) fn activate(&mut self, generation: Arc<Generation>) -> &mut Slot {
        let id = generation.manifest().id.clone();
        let slot = self.by_id.entry(id).or_insert_with(|| Slot::new(generation.places()));
        slot.number = generation.number();
        if let Some(old) = slot.active.replace(Active::new(generation)) {
            slot.ending.retain(|ending| !ending.life.is_closed());
            slot.ending.push(old.generation.clone());
            self.ended.push((old.generation, Ending::Replaced));
        }
        slot
    }

    /// The oldest generation of a plugin that must end before another one can be loaded.
    pub(super) fn crowded(&mut self, id: &str) -> Option<Arc<Generation>> {
        let slot = self.by_id.get_mut(id)?;
        slot.ending.retain(|ending| !ending.life.is_closed());
        // The new one, the one that it replaces, and these.
        let is_full = slot.ending.len() + 2 > limits::PLUGIN_GENERATIONS_MAX;
        slot.ending.first().filter(|_| is_full).cloned()
    }

    /// Generations that have to be let go since this was asked last.
    pub(super) fn ended(&mut self) -> Vec<(Arc<Generation>, Ending)> {
        std::mem::take(&mut self.ended)
    }

    /// The running version of every plugin.
    pub(super) fn active(&self) -> Vec<Arc<Generation>> {
        self.by_id.values().filter_map(Slot::generation).cloned().collect()
    }

    /// The running version of one.
    pub(super) fn active_of(&self, id: &str) -> Option<&Arc<Generation>> {
        self.by_id.get(id)?.generation()
    }

    /// Refuses names that another plugin has.
    pub(super) fn check_names(&self, manifest: &Manifest) -> Result<(), InstallError> {
        let others = self.by_id.values().filter_map(Slot::generation).map(|generation| generation.manifest());
        let others: Vec<_> = others.filter(|other| other.id != manifest.id).collect();
        others.iter().try_for_each(|other| install::check_clash(manifest, other))?;
        let hooks = others.iter().filter(|other| other.hook.is_some()).count();
        if manifest.hook.is_some() && hooks >= limits::HOOKS_MAX {
            return Err(InstallError::Inconsistent(format!(
                "{hooks} hooks are installed already, and each of them takes time of every call; remove one first"
            )));
        }
        Ok(())
    }

    /// Lets the file of a plugin run again though it was rolled back or crashed too often.
    pub(super) fn forgive(&mut self, id: &str) {
        self.past.remove(id);
        let Some(slot) = self.by_id.get_mut(id) else { return };
        if let Some(generation) = slot.generation() {
            generation.breaker.lift();
        }
        slot.rolled_back = None;
    }

    /// Puts a checked version into its place.
    pub(super) fn take(&mut self, generation: Arc<Generation>, path: PathBuf, stamp: Stamp) {
        let id = generation.manifest().id.clone();
        let digest = generation.inspection.digest.clone();
        self.disown(&path, &id);
        self.strays.remove(&path);
        self.files.insert(path.clone(), stamp);
        let kept = self.past.remove(&id).and_then(|note| match note {
            Note::Running { running, previous } if running.digest == digest => previous,
            Note::Running { running, .. } => Some(running),
            Note::RolledBack { instead, .. } => instead,
        });
        let old = self.active_of(&id).and_then(|old| old.build());
        let slot = self.activate(generation);
        // The same file once more is no version to go back to, and the bundled one is there anyway.
        let is_another = |build: &Arc<Build>| build.inspection.digest != digest && build.source == Source::Folder;
        let loaded = old.filter(|build| is_another(build) && build.is_loaded()).map(Previous::Loaded);
        slot.previous = loaded.or_else(|| slot.previous.take()).or(kept.map(Previous::Kept));
        slot.file = Some(path);
        slot.rolled_back = None;
        slot.problem = None;
        self.drop_empty();
    }

    /// The file held another plugin before.
    fn disown(&mut self, path: &Path, id: &str) {
        let other = self.by_id.iter().find(|(other, slot)| *other != id && slot.file.as_deref() == Some(path));
        if let Some(other) = other.map(|(other, _)| other.clone()) {
            self.withdraw(&other);
        }
    }

    /// Leaves a file alone that was rolled back in the run of the host before this one. `instead` is what runs then, or
    /// why that cannot be had; the bundled version runs when there is neither.
    pub(super) fn hold(&mut self, path: PathBuf, stamp: Stamp, id: &str, instead: Result<Option<Arc<Generation>>, String>) {
        let Some(Note::RolledBack { file, reason, at, .. }) = self.past.remove(id) else { return };
        self.files.insert(path.clone(), stamp);
        self.strays.remove(&path);
        let mut problem = None;
        match instead {
            Ok(Some(generation)) => drop(self.activate(generation)),
            Ok(None) => {}
            Err(why) => problem = Some(why),
        }
        let places = || Slot::new(Places::default());
        let slot = self.by_id.entry(id.to_owned()).or_insert_with(places);
        slot.file = Some(path);
        slot.rolled_back = Some(RolledBack { file, reason, at });
        slot.problem = problem;
    }

    /// What was noted of a rollback of exactly that file by the run of the host before this one.
    pub(super) fn held(&self, id: &str, digest: &str) -> Option<Option<Version>> {
        match self.past.get(id) {
            Some(Note::RolledBack { file, instead, .. }) if file.digest == digest => Some(instead.clone()),
            _ => None,
        }
    }

    /// Whether it is the file of a plugin that the run of the host before this one ended with.
    pub(super) fn is_noted(&self, id: &str, digest: &str) -> bool {
        match self.past.get(id) {
            Some(Note::Running { running: noted, .. } | Note::RolledBack { file: noted, .. }) => noted.digest == digest,
            None => false,
        }
    }

    /// Notes why a file is not used; returns the id that people know it by.
    pub(super) fn refuse(&mut self, path: PathBuf, stamp: Stamp, id: Option<&str>, problem: &str) -> String {
        self.files.insert(path.clone(), stamp);
        let of_this_file = |(_, slot): &(&String, &mut Slot)| slot.file.as_ref() == Some(&path) && slot.is_listed();
        if let Some((id, slot)) = self.by_id.iter_mut().find(of_this_file) {
            slot.problem = Some(problem.to_owned());
            return id.clone();
        }
        self.drop_empty();
        let shadowed = id.and_then(|id| self.by_id.get_mut(id).map(|slot| (id, slot)));
        if let Some((id, slot)) = shadowed.filter(|(_, slot)| slot.file.is_none()) {
            slot.problem = Some(problem.to_owned());
            return id.to_owned();
        }
        let name = super::file_name(&path);
        self.strays.insert(path, problem.to_owned());
        name
    }

    /// A file is gone: its plugin too, unless the binary has one of that id. Returns the id if it was that one's file.
    pub(super) fn forget(&mut self, path: &Path) -> Option<String> {
        self.files.remove(path);
        self.strays.remove(path);
        for slot in self.by_id.values_mut().filter(|slot| slot.file.is_none()) {
            slot.problem = None;
        }
        let id = self.by_id.iter().find(|(_, slot)| slot.file.as_deref() == Some(path)).map(|(id, _)| id.clone())?;
        self.withdraw(&id);
        self.drop_empty();
        Some(id)
    }

    /// Takes everything that came from the folder away from a plugin, out of the hands of running calls too; the bundled
    /// version, if there is one, runs again.
    fn withdraw(&mut self, id: &str) {
        let Some(slot) = self.by_id.get_mut(id) else { return };
        // Here, where nothing of a later version can run yet.
        self.host.services.processes.end_of(id);
        (slot.file, slot.previous, slot.rolled_back, slot.problem) = (None, None, None, None);
        for generation in &slot.ending {
            if generation.source == Source::Folder {
                generation.grant.revoke();
                generation.life.hurry();
            }
        }
        if slot.runs_from_folder()
            && let Some(old) = slot.active.take()
        {
            self.ended.push((old.generation, Ending::Removed));
        }
        let lost = slot.active.is_none();
        if let Some((inspection, bytes)) = slot.bundled.clone().filter(|_| lost) {
            let generation = self.generation(inspection, Code::Bundled(bytes));
            self.activate(generation);
        }
    }

    /// Takes back a version that does not start; whether anything changed.
    pub(super) fn demote(&mut self, generation: &Arc<Generation>, problem: &str) -> bool {
        let id = &generation.manifest().id;
        let Some(slot) = self.by_id.get_mut(id) else { return false };
        if !slot.generation().is_some_and(|active| Arc::ptr_eq(active, generation)) {
            return false;
        }
        let is_bundled = slot.bundled.is_some();
        // A guard that does not start stays where it is: the calls that it has to agree to are refused, with its problem.
        if !slot.runs_from_folder() || generation.manifest().hook.as_ref().is_some_and(HookEntry::must_agree) {
            slot.problem = Some(problem.to_owned());
            return true;
        }
        let path = slot.file.clone();
        self.withdraw(id);
        if is_bundled && let Some(slot) = self.by_id.get_mut(id) {
            slot.problem = Some(problem.to_owned());
        } else if let Some(path) = path {
            self.strays.insert(path, problem.to_owned());
        }
        self.drop_empty();
        true
    }

    /// What a rollback of a plugin would run.
    pub(super) fn before(&self, id: &str) -> Result<Candidate, InstallError> {
        let slot = self.by_id.get(id).ok_or_else(|| InstallError::NotFound(id.to_owned()))?;
        if slot.rolled_back.is_some() || !slot.runs_from_folder() {
            return Err(InstallError::NothingKept(id.to_owned()));
        }
        match (&slot.previous, &slot.bundled) {
            (Some(Previous::Loaded(build)), _) => Ok(Candidate::Ready(self.again(build.clone()))),
            (Some(Previous::Kept(version)), _) => Ok(Candidate::Kept(version.clone())),
            (None, Some((inspection, bytes))) => Ok(Candidate::Ready(self.generation(inspection.clone(), Code::Bundled(bytes)))),
            (None, None) => Err(InstallError::NothingKept(id.to_owned())),
        }
    }

    /// Lets what ran before run again; the folder's file is left alone until it changes.
    pub(super) fn roll_back(&mut self, generation: Arc<Generation>, reason: &str) {
        let file = self.active_of(&generation.manifest().id).map(|active| version(&active.inspection));
        let at = Some(self.host.ambient.now());
        let slot = self.activate(generation);
        slot.rolled_back = file.map(|file| RolledBack { file, reason: reason.to_owned(), at });
        slot.previous = None;
        slot.problem = None;
    }

    /// Notes what is wrong with a newer version of a plugin that runs on.
    pub(super) fn complain(&mut self, id: &str, problem: &str) {
        if let Some(slot) = self.by_id.get_mut(id) {
            slot.problem = Some(problem.to_owned());
        }
    }

    fn drop_empty(&mut self) {
        self.by_id.retain(|_, slot| slot.is_listed());
    }

    /// What the next run of the host has to know.
    pub(super) fn notes(&self) -> Notes {
        self.by_id.iter().filter_map(|(id, slot)| Some((id.clone(), slot.note()?))).collect()
    }
}
