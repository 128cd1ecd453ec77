//! Small files that are either the old one or the new one, and that one program at a time changes.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::text::explained;

/// Why the host's own file cannot be used. It is never passed over: what it says protects from what was replaced.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot use `{0}`")]
    Io(PathBuf, #[source] io::Error),
    #[error(
        "`{path}` is damaged: {problem}; put it back from a backup. If you remove it, everything this host knew of keys and registries is forgotten",
        path = .0.display(), problem = .1
    )]
    Damaged(PathBuf, String),
    #[error("`{0}` was written by a newer octi; update octi")]
    UnknownFormat(PathBuf),
    #[error("`{0}` is full: {1}")]
    Full(PathBuf, String),
}

const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Format<T> {
    format: u32,
    #[serde(flatten)]
    content: T,
}

#[derive(Deserialize)]
struct OnlyFormat {
    format: u32,
}

/// What the file says; `None` when there is none. It waits for the disk.
///
/// # Errors
/// [`StateError`] when it is there and cannot be read.
pub fn read<T: DeserializeOwned>(path: &Path, bytes_max: usize) -> Result<Option<T>, StateError> {
    let io = |error| StateError::Io(path.to_owned(), error);
    let damaged = |problem: &dyn fmt::Display| StateError::Damaged(path.to_owned(), explained(problem));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > bytes_max {
        return Err(damaged(&format!("it has more than {bytes_max} bytes")));
    }
    let format: OnlyFormat = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
    if format.format != FORMAT {
        return Err(StateError::UnknownFormat(path.to_owned()));
    }
    let read: Format<T> = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
    Ok(Some(read.content))
}

/// Writes the file anew. Who reads it meanwhile, or after a crash, finds the old one or the new one. It waits for the disk.
///
/// # Errors
/// [`StateError`] when it would be larger than `bytes_max`, or cannot be written.
pub fn write<T: Serialize>(path: &Path, content: &T, bytes_max: usize) -> Result<(), StateError> {
    let io = |error| StateError::Io(path.to_owned(), error);
    let bytes = serde_json::to_vec_pretty(&Format { format: FORMAT, content }).map_err(|error| io(error.into()))?;
    if bytes.len() > bytes_max {
        let problem = format!("it would have {} bytes, more than the {bytes_max} allowed", bytes.len());
        return Err(StateError::Full(path.to_owned(), problem));
    }
    replace(path, &bytes).map_err(io)
}

/// Writes the bytes to a file beside it, and puts that in its place. It waits for the disk.
///
/// # Errors
/// Of the disk; then the old file is there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = beside(path, &format!("{}.new", std::process::id()));
    let written = (|| {
        let _old = fs::remove_file(&temporary);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        // The name is on the disk too, where the file system can say so.
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let _synced = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    })();
    if written.is_err() {
        let _gone = fs::remove_file(&temporary);
    }
    written
}

/// Holds everybody else off who would change the file, until it is dropped. It waits for them.
///
/// # Errors
/// [`StateError::Io`].
pub fn lock(path: &Path) -> Result<File, StateError> {
    let io = |error| StateError::Io(path.to_owned(), error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io)?;
    }
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(beside(path, "lock")).map_err(io)?;
    lock.lock().map_err(io)?;
    Ok(lock)
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    type Content = BTreeMap<String, u32>;

    #[test]
    fn what_is_written_is_read_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert_eq!(read::<Content>(&path, 1_000).unwrap(), None);
        for count in 0..3 {
            let content = Content::from([("a".to_owned(), count)]);
            write(&path, &content, 1_000).unwrap();
            assert_eq!(read::<Content>(&path, 1_000).unwrap(), Some(content));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_cut_or_too_long_or_newer_is_refused_and_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        write(&path, &Content::from([("a".to_owned(), 1)]), 1_000).unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            assert!(matches!(read::<Content>(&path, 1_000), Err(StateError::Damaged(..))), "{cut}");
        }
        fs::write(&path, &whole).unwrap();
        assert!(matches!(read::<Content>(&path, whole.len() - 1), Err(StateError::Damaged(..))));
        fs::write(&path, r#"{"format":2,"what":[]}"#).unwrap();
        assert!(matches!(read::<Content>(&path, 1_000), Err(StateError::UnknownFormat(_))));
        let error = write(&path, &Content::from([("a".repeat(1_000), 1)]), 1_000);
        assert!(matches!(error, Err(StateError::Full(..))));
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::create_dir(&path).unwrap();
        assert!(write(&path, &Content::new(), 1_000).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
