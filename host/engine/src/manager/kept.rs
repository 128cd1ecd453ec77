//! What is kept for a rollback: a copy of each plugin file that runs from the folder, so that its replacement can be taken
//! back after a restart too, and a note of what was taken back.
//!
//! All of it is in the hidden folder `.kept` of the plugin folder, which plugins cannot reach. A copy is named by its
//! digest and checked against it when it is read. What is lost or broken here costs a rollback, never a start.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::loader::{self, Inspection};

/// The name of the notes.
const NOTES: &str = "notes.json";
/// Bytes of the notes that are read; far more than every plugin needs.
const NOTES_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// One version of a plugin, by what identifies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) version: String,
    pub(super) digest: String,
}

/// What is known of a plugin's past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Note {
    /// The file in the folder runs, and perhaps another ran before it.
    Running { running: Version, previous: Option<Version> },
    /// The file in the folder was rolled back and stays so until it changes; `instead` runs, or the bundled version.
    RolledBack {
        file: Version,
        instead: Option<Version>,
        reason: String,
        #[serde(default)]
        at: Option<DateTime<Utc>>,
    },
}

impl Note {
    /// Whether it needs the copy of that digest.
    fn needs(&self, digest: &str) -> bool {
        let (one, other) = match self {
            Self::Running { running, previous } => (Some(running), previous.as_ref()),
            Self::RolledBack { instead, .. } => (instead.as_ref(), None),
        };
        one.into_iter().chain(other).any(|version| version.digest == digest)
    }
}

/// By plugin.
pub(super) type Notes = BTreeMap<String, Note>;

/// The hidden folder.
#[derive(Debug, Clone)]
pub(super) struct Kept(PathBuf);

impl Kept {
    pub(super) fn new(plugins: &Path) -> Self {
        Self(plugins.join(".kept"))
    }

    /// Where the copy of a version is, or would be.
    pub(super) fn path(&self, digest: &str) -> PathBuf {
        self.0.join(format!("{digest}.wasm"))
    }

    /// Copies a plugin's file, unless that was done before. A file that changed since it was checked is not copied.
    pub(super) fn copy(&self, file: &Path, digest: &str) -> io::Result<()> {
        let copy = self.path(digest);
        if copy.exists() {
            return Ok(());
        }
        let bytes = loader::read_file(file)?;
        if loader::digest(&bytes) != digest {
            return Err(io::Error::other("it was changed after it was checked"));
        }
        // Not synced: half a copy is noticed by its digest.
        self.write(&copy, &bytes).map(drop)
    }

    /// Takes the copy of a plugin apart, if it is there and what its name says.
    pub(super) fn inspect(&self, id: &str, digest: &str) -> Result<Inspection, String> {
        let bytes = loader::read_file(&self.path(digest)).map_err(|error| error.to_string())?;
        // A component without a manifest is named after its file, but its copy after its digest.
        let named = id.rsplit('/').next().unwrap_or(id);
        let inspection = loader::inspect_file(&bytes, named).map_err(|error| error.to_string())?;
        if inspection.digest == digest { Ok(inspection) } else { Err("its copy was changed".to_owned()) }
    }

    /// The notes of the last run. Notes that cannot be read are gone: then the files of the folder count alone.
    pub(super) fn notes(&self) -> Notes {
        let path = self.0.join(NOTES);
        let read = read_notes(&path)
            .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| io::Error::other(error.to_string())));
        match read {
            Ok(notes) => notes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Notes::new(),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "the notes on rolled back plugins cannot be read; the newest files run");
                Notes::new()
            }
        }
    }

    /// Writes the notes, and removes the copies that they do not need.
    pub(super) fn save(&self, notes: &Notes) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(notes).map_err(|error| io::Error::other(error.to_string()))?;
        let file = self.write(&self.0.join(NOTES), &text)?;
        // Losing a rollback would run again what was taken back; losing the rest costs a way back.
        if notes.values().any(|note| matches!(note, Note::RolledBack { .. })) {
            file.sync_all()?;
        }
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let is_copy = path.extension().is_some_and(|extension| extension == "wasm");
            let digest = path.file_stem().unwrap_or_default().to_string_lossy();
            let is_needed = notes.values().any(|note| note.needs(&digest));
            if is_copy && !is_needed {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// In one step: another start sees all of it or nothing.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<fs::File> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let draft = path.with_extension(format!("draft-{}", std::process::id()));
        let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        fs::rename(draft, path)?;
        Ok(file)
    }
}

fn read_notes(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > NOTES_BYTES_MAX {
        return Err(io::Error::other(format!("it has more than {NOTES_BYTES_MAX} bytes")));
    }
    fs::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(version: &str, digest: &str) -> Version {
        Version { version: version.into(), digest: digest.into() }
    }

    #[test]
    fn notes_survive_and_copies_that_nobody_needs_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Kept::new(folder.path());
        assert_eq!(kept.notes(), Notes::new());
        let mut digests = Vec::new();
        for text in ["one", "two", "three"] {
            let (file, digest) = (folder.path().join(text), loader::digest(text.as_bytes()));
            fs::write(&file, text).expect("written");
            kept.copy(&file, &digest).expect("copied");
            digests.push(digest);
        }
        let file = version("2", "ff");
        let back = Note::RolledBack { file, instead: Some(version("1", &digests[0])), reason: "it crashed".into(), at: None };
        let up = Note::Running { running: version("2", &digests[1]), previous: None };
        let notes = Notes::from([("acme/x".to_owned(), back), ("acme/y".to_owned(), up)]);
        kept.save(&notes).expect("saved");
        assert_eq!(kept.notes(), notes);
        assert_eq!(digests.iter().map(|digest| kept.path(digest).exists()).collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn a_changed_file_is_not_copied_and_a_changed_copy_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Kept::new(folder.path());
        let file = folder.path().join("x");
        fs::write(&file, "new").expect("written");
        assert!(kept.copy(&file, &loader::digest(b"old")).is_err());
        let bytes = crate::tests::guests::answering("acme/x", "1.0.0", "{}");
        let digest = loader::digest(&bytes);
        fs::write(&file, &bytes).expect("written");
        kept.copy(&file, &digest).expect("copied");
        assert_eq!(kept.inspect("acme/x", &digest).map(|inspection| inspection.manifest.version), Ok("1.0.0".to_owned()));
        fs::write(kept.path(&digest), crate::tests::guests::answering("acme/x", "6.6.6", "{}")).expect("planted");
        assert_eq!(kept.inspect("acme/x", &digest), Err("its copy was changed".to_owned()));
        fs::write(folder.path().join(".kept").join(NOTES), "not json").expect("written");
        assert_eq!(kept.notes(), Notes::new());
    }
}
