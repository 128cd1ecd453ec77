//! The plugin folder: what is in it, what changed, and writing into it without anyone seeing half a file.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::StreamExt as _;
use octi_domain::limits;

use super::kept::Version;
use super::slots::Slots;
use super::{Change, PluginManager, Trial, swapped};
use crate::generation::{Code, Generation};
use crate::install::{self, InstallError};
use crate::loader::{self, Inspection};

/// Files that are read and taken apart at once; each is in memory as long as that takes.
const LOOKS: usize = 4;

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    modified_ns: i128,
    inode: u64,
}

impl Stamp {
    fn of(about: &fs::Metadata) -> Self {
        let modified_ns = i128::from(about.mtime()) * 1_000_000_000 + i128::from(about.mtime_nsec());
        Self { bytes: about.len(), modified_ns, inode: about.ino() }
    }
}

/// Makes the folder, readable by this user alone.
pub(super) fn create(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The plugin files there are: `*.wasm`, not hidden, in name order, at most [`limits::PLUGINS_MAX`].
fn list(folder: &Path) -> io::Result<BTreeMap<PathBuf, Stamp>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || !name.ends_with(".wasm") {
            continue;
        }
        // A file that vanished in between is simply not there.
        if let Ok(about) = fs::metadata(&path)
            && about.is_file()
        {
            found.insert(path, Stamp::of(&about));
        }
    }
    while found.len() > limits::PLUGINS_MAX {
        if let Some((path, _)) = found.pop_last() {
            tracing::warn!(path = %path.display(), "more than {} plugin files; this one is not used", limits::PLUGINS_MAX);
        }
    }
    Ok(found)
}

/// Reads a file that may be a plugin; one that is too large is not read.
fn read(path: &Path) -> Result<Vec<u8>, InstallError> {
    let unreadable = |error: io::Error| InstallError::Folder(format!("`{}`: {error}", path.display()));
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > limits::PLUGIN_BYTES_MAX as u64 {
        return Err(InstallError::TooLarge { bytes: usize::try_from(bytes).unwrap_or(usize::MAX) });
    }
    loader::read_file(path).map_err(unreadable)
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, InstallError> {
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error.to_string())));
    done.map_err(|error| InstallError::Folder(error.to_string()))
}

/// A complete file under a hidden name; removed when it is not published.
pub(super) struct Draft(PathBuf);

impl Draft {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Moves it to its place in one step.
    pub(super) async fn publish(self, path: &Path) -> Result<Stamp, InstallError> {
        let (from, to) = (self.0.clone(), path.to_owned());
        blocking(move || {
            fs::rename(&from, &to)?;
            Ok(Stamp::of(&fs::metadata(&to)?))
        })
        .await
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After publishing there is nothing under this name any more.
        let _ = fs::remove_file(&self.0);
    }
}

/// Writes the bytes under a hidden name, with mode 0600.
pub(super) async fn draft(folder: &Path, bytes: &[u8]) -> Result<Draft, InstallError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!(".draft-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let draft = Draft(folder.join(name));
    let (path, bytes) = (draft.0.clone(), bytes.to_vec());
    blocking(move || {
        let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(&bytes)?;
        file.sync_all()
    })
    .await?;
    Ok(draft)
}

/// Deletes a file; one that is gone already is fine.
pub(super) async fn delete(path: &Path) -> Result<(), InstallError> {
    let path = path.to_owned();
    blocking(move || match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    })
    .await
}

impl PluginManager {
    /// Brings the picture in line with the folder.
    pub(super) async fn rescan(&self, trial: Trial) {
        let Some(folder) = self.folder.clone() else { return };
        let _alone = self.changing.lock().await;
        let found = match blocking(move || list(&folder)).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the plugin folder cannot be read; what runs goes on");
                return;
            }
        };
        let mut changes = Vec::new();
        let slots = self.slots.lock().await;
        let is_new = |(path, stamp): &(&PathBuf, &Stamp)| !slots.knows(path, **stamp);
        let new: Vec<(PathBuf, Stamp)> = found.iter().filter(is_new).map(|(path, stamp)| (path.clone(), *stamp)).collect();
        drop(slots);
        // Looking at files takes most of a start with many plugins, and needs nobody else; taking them goes one after another.
        let look = |(path, stamp): (PathBuf, Stamp)| async move { (inspected(path.clone()).await, path, stamp) };
        let mut looked: Vec<_> = futures::stream::iter(new).map(look).buffered(LOOKS).collect().await;
        // What ran when the host ended comes first, or a file that was refused for a name that another has would win now.
        let slots = self.slots.lock().await;
        looked.sort_by_key(|(inspection, ..)| {
            !inspection.as_ref().is_ok_and(|found| slots.is_noted(&found.manifest.id, &found.digest))
        });
        drop(slots);
        for (inspection, path, stamp) in looked {
            changes.extend(self.take_file(&path, stamp, inspection, &found, trial).await);
        }
        let mut slots = self.slots.lock().await;
        for path in slots.gone(&found) {
            changes.extend(slots.forget(&path).map(|id| (id, Change::Gone, "its file is gone".to_owned())));
        }
        self.publish(&mut slots);
        drop(slots);
        for (id, change, text) in changes {
            self.tell(&id, change, &text);
        }
    }

    /// Takes one new or changed file; returns what to tell.
    async fn take_file(
        &self,
        path: &Path,
        stamp: Stamp,
        inspection: Result<Inspection, InstallError>,
        found: &BTreeMap<PathBuf, Stamp>,
        trial: Trial,
    ) -> Option<(String, Change, String)> {
        let mut id = None;
        let unless_at_start = |change| if trial == Trial::Later { Change::Found } else { change };
        // A plugin is removed under the lock, so a file that is as it was looked at is one that nobody removed meanwhile.
        let is_there = || fs::metadata(path).is_ok_and(|found| Stamp::of(&found) == stamp);
        let mut slots = self.slots.lock().await;
        if !is_there() {
            return None;
        }
        let mut candidate = match inspection {
            Ok(inspection) => {
                id = Some(inspection.manifest.id.clone());
                self.candidate(&mut slots, path, inspection, found).await
            }
            Err(error) => Err(error),
        };
        if trial == Trial::Now
            && let Ok(Found::New(generation)) = &candidate
        {
            let generation = generation.clone();
            drop(slots);
            let ready = generation.ready().await;
            slots = self.slots.lock().await;
            if !is_there() {
                return None;
            }
            // Under the lock: copies that nothing needs yet are removed while nobody holds it.
            self.keep(&generation, path).await;
            candidate = ready.and_then(|_| slots.check_names(generation.manifest())).map(|()| Found::New(generation));
        }
        match candidate {
            Ok(Found::New(generation)) => {
                let text = format!("version {} runs", generation.manifest().version);
                let id = generation.manifest().id.clone();
                slots.take(generation, path.to_owned(), stamp);
                swapped("ok");
                Some((id, unless_at_start(Change::Swapped), text))
            }
            Ok(Found::Known) => {
                slots.unchanged(path.to_owned(), stamp);
                None
            }
            Ok(Found::RolledBack { id, instead }) => {
                let instead = self.recall(&slots, &id, instead).await;
                slots.hold(path.to_owned(), stamp, &id, instead);
                None
            }
            Err(error) => {
                let id = slots.refuse(path.to_owned(), stamp, id.as_deref(), &error.to_string());
                swapped("refused");
                Some((id, unless_at_start(Change::Refused), format!("`{}` is not used: {error}", path.display())))
            }
        }
    }

    /// What runs instead of a file that was rolled back; none stands for the bundled version.
    async fn recall(&self, slots: &Slots, id: &str, instead: Option<Version>) -> Result<Option<Arc<Generation>>, String> {
        let Some(version) = instead else { return Ok(None) };
        let gone = |why: String| format!("version {}, which ran instead, cannot be had any more: {why}", version.version);
        let recalled = self.read_kept(slots, id, &version).await.map_err(gone)?;
        slots.check_names(recalled.manifest()).map_err(|error| gone(error.to_string()))?;
        Ok(Some(recalled))
    }

    /// The next generation of a plugin, from the copy of a version.
    pub(super) async fn read_kept(&self, slots: &Slots, id: &str, version: &Version) -> Result<Arc<Generation>, String> {
        let (path, inspection) = self.inspect_kept(id, version).await?;
        Ok(slots.generation(inspection, Code::File(path)))
    }

    /// The copy of a version of a plugin, taken apart.
    pub(super) async fn inspect_kept(&self, id: &str, version: &Version) -> Result<(PathBuf, Inspection), String> {
        let kept = self.kept.clone().ok_or("this host has no plugin folder")?;
        let (path, digest, id) = (kept.path(&version.digest), version.digest.clone(), id.to_owned());
        let inspected = tokio::task::spawn_blocking(move || kept.inspect(&id, &digest)).await;
        let inspection = inspected.map_err(|error| error.to_string())??;
        install::check(&inspection).map_err(|error| error.to_string())?;
        Ok((path, inspection))
    }

    /// Checks everything else about a file.
    async fn candidate(
        &self,
        slots: &mut Slots,
        path: &Path,
        inspection: Inspection,
        found: &BTreeMap<PathBuf, Stamp>,
    ) -> Result<Found, InstallError> {
        let own = inspection.manifest.id.clone();
        if slots.has(path, &inspection.digest) {
            return Ok(Found::Known);
        }
        slots.check_file(&own, path, found)?;
        if let Some(instead) = slots.held(&own, &inspection.digest) {
            return Ok(Found::RolledBack { id: own, instead });
        }
        install::check(&inspection)?;
        if let Some(reason) = slots.verdict_on(&inspection) {
            return Err(InstallError::Revoked { id: own, reason });
        }
        slots.check_names(&inspection.manifest)?;
        self.make_room(slots, &own).await;
        Ok(Found::New(slots.generation(inspection, Code::File(path.to_owned()))))
    }
}

/// Reads a file and takes it apart.
async fn inspected(file: PathBuf) -> Result<Inspection, InstallError> {
    let look = move || loader::inspect_file(&read(&file)?, &super::file_name(&file));
    tokio::task::spawn_blocking(look).await.unwrap_or_else(unchecked)
}

/// Takes a file apart that is in memory, and gives it back.
pub(super) async fn inspected_bytes(bytes: Vec<u8>, file_name: &str) -> Result<(Vec<u8>, Inspection), InstallError> {
    let file_name = file_name.to_owned();
    let look = move || loader::inspect_file(&bytes, &file_name).map(|inspection| (bytes, inspection));
    tokio::task::spawn_blocking(look).await.unwrap_or_else(unchecked)
}

fn unchecked<T>(error: tokio::task::JoinError) -> Result<T, InstallError> {
    Err(InstallError::Invalid(format!("checking it failed: {error}")))
}

/// What a file of the folder turned out to be.
enum Found {
    /// To be taken.
    New(Arc<Generation>),
    /// What runs already, or what was rolled back in this run of the host.
    Known,
    /// What was rolled back in the run before this one.
    RolledBack { id: String, instead: Option<Version> },
}
