//! Notices when the author has changed something that the plugin is made of.
//!
//! Editors write in many ways, and some file systems do not notify. So a notification only makes it look sooner, and what counts is
//! whether a file is another than before.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use octi_domain::limits;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::error::AuthorError;
use crate::project::Project;

/// Saving makes many events; a look is taken when this long nothing happened.
const QUIET: Duration = Duration::from_millis(80);
/// Without notification.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What a plugin is made of, beside what is in [`FOLDERS`].
const FILES: [&str; 8] =
    ["Cargo.toml", "package.json", "package-lock.json", "plugin.toml", "build.rs", "prompt.md", "prompt.lite.md", "SKILL.md"];
/// Looked through to the bottom.
const FOLDERS: [&str; 2] = ["src", "cases"];

type Stamps = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// The state of a project's files, as they were looked at last.
#[derive(Debug)]
pub struct Changes {
    folder: PathBuf,
    known: Stamps,
    events: mpsc::Receiver<()>,
    /// Notifies as long as it is here.
    _watcher: Option<RecommendedWatcher>,
}

impl Changes {
    /// Begins to watch. What changes from now on counts.
    ///
    /// # Errors
    /// [`AuthorError`] when the folder cannot be read or has too many files.
    pub fn of(project: &Project) -> Result<Self, AuthorError> {
        let folder = project.folder().to_owned();
        let (sender, events) = mpsc::channel(1);
        let watcher = watch(&folder, sender).ok();
        Ok(Self { known: stamps(&folder)?, folder, events, _watcher: watcher })
    }

    /// Waits until a file is another than it was, or came, or went.
    ///
    /// # Errors
    /// [`AuthorError`] when the folder cannot be read or has too many files.
    pub async fn next(&mut self) -> Result<(), AuthorError> {
        loop {
            let now = stamps(&self.folder)?;
            if now != self.known {
                self.known = now;
                return Ok(());
            }
            match timeout(LOOK_EVERY, self.events.recv()).await {
                Ok(Some(())) => while matches!(timeout(QUIET, self.events.recv()).await, Ok(Some(()))) {},
                Ok(None) => tokio::time::sleep(LOOK_EVERY).await,
                Err(_) => {}
            }
        }
    }
}

fn watch(folder: &Path, sender: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let tell = move |event: notify::Result<Event>| {
        // Looking makes events too, and would never end. A full queue means that a look is due anyway.
        if event.is_ok_and(|event| changes(event.kind)) {
            let _ = sender.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(tell)?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    for name in FOLDERS {
        let path = folder.join(name);
        if path.is_dir() {
            watcher.watch(&path, RecursiveMode::Recursive)?;
        }
    }
    Ok(watcher)
}

const fn changes(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => true,
        EventKind::Access(kind) => matches!(kind, AccessKind::Close(AccessMode::Write)),
        EventKind::Any | EventKind::Other => false,
    }
}

fn stamps(folder: &Path) -> Result<Stamps, AuthorError> {
    let mut found = Stamps::new();
    let mut open: Vec<PathBuf> = FOLDERS.iter().map(|name| folder.join(name)).collect();
    for name in FILES {
        note(folder.join(name), &mut found);
    }
    while let Some(place) = open.pop() {
        let entries = match fs::read_dir(&place) {
            Ok(entries) => entries,
            // It was there a moment ago, or never.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(AuthorError::file(&place, &error)),
        };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                Ok(_) => note(entry.path(), &mut found),
                Err(_) => {}
            }
            if found.len() + open.len() > limits::DEV_FILES_MAX {
                return Err(AuthorError::TooMany {
                    path: folder.display().to_string(),
                    max: limits::DEV_FILES_MAX,
                    what: "files to watch",
                });
            }
        }
    }
    Ok(found)
}

fn note(path: PathBuf, found: &mut Stamps) {
    if let Ok(about) = fs::metadata(&path) {
        found.insert(path, (about.len(), about.modified().ok()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(folder: &Path) -> Project {
        fs::create_dir_all(folder.join("src/deep")).unwrap();
        fs::write(folder.join("plugin.toml"), "id = 'acme/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n").unwrap();
        fs::write(folder.join("src/lib.rs"), "one").unwrap();
        Project::open(folder).unwrap()
    }

    async fn is_noticed(changes: &mut Changes) -> bool {
        timeout(LOOK_EVERY * 4, changes.next()).await.is_ok_and(|noticed| noticed.is_ok())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_the_plugin_is_made_of_counts_and_what_is_made_of_it_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut changes = Changes::of(&project(folder.path())).unwrap();
        fs::write(folder.path().join("x.wasm"), "made").unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("target/lib.rs"), "made").unwrap();
        assert!(timeout(QUIET * 5, changes.next()).await.is_err(), "a build must not start the next one");
        for (path, text) in [("src/lib.rs", "another"), ("src/deep/new.rs", "new"), ("plugin.toml", "even broken")] {
            fs::write(folder.path().join(path), text).unwrap();
            assert!(is_noticed(&mut changes).await, "{path}");
        }
        fs::remove_file(folder.path().join("src/deep/new.rs")).unwrap();
        assert!(is_noticed(&mut changes).await, "a file that goes");
    }

    #[test]
    fn more_files_than_a_plugin_has_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let project = project(folder.path());
        for number in 0..=limits::DEV_FILES_MAX {
            fs::write(folder.path().join("src/deep").join(number.to_string()), "").unwrap();
        }
        assert!(matches!(Changes::of(&project), Err(AuthorError::TooMany { .. })));
    }
}
