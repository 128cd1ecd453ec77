//! Files under the roots a plugin was granted. Needs `capabilities.fs`.
//!
//! Paths are relative to a directory, `/`-separated, without `..`; the host refuses those that lead out of it.

use crate::clock::Timestamp;
use crate::raw::bindings::octi::fs::files as raw;
use crate::{HostError, ToolError};

/// Bytes one host call moves.
const CHUNK_BYTES: usize = 64 * 1024;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    Symlink,
    Other,
}

/// A file or directory as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub path: String,
    pub kind: Kind,
    pub size: u64,
    pub modified: Option<Timestamp>,
}

/// What to do when the target exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone and fail with [`HostError::Conflict`].
    Keep,
    /// Replace it.
    Replace,
}

/// What to search for: names, content, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// A glob such as `**/*.rs`.
    pub glob: Option<String>,
    /// A regular expression (no backtracking, linear time).
    pub pattern: Option<String>,
    pub max: u32,
}

/// Where something was found: line numbers from 1, columns in bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub path: String,
    pub line: u32,
    pub column: u32,
    pub text: String,
}

/// A granted directory.
#[derive(Debug)]
pub struct Dir {
    raw: raw::Dir,
}

/// An open file.
#[derive(Debug)]
pub struct Reader {
    raw: raw::Reader,
}

/// A file being written; nothing is visible before [`Writer::commit`].
#[derive(Debug)]
pub struct Writer {
    raw: raw::Writer,
}

/// The person's workspace.
///
/// # Errors
/// [`HostError::Denied`] when it is not granted.
pub fn workspace() -> Result<Dir, HostError> {
    root("workspace")
}

/// A granted root by its manifest name.
///
/// # Errors
/// [`HostError::Denied`] when it is not granted.
pub fn root(name: &str) -> Result<Dir, HostError> {
    Ok(Dir { raw: raw::root(name)? })
}

impl Dir {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// [`HostError`] when there is no such file or the path is refused.
    pub fn open(&self, path: &str) -> Result<Reader, HostError> {
        Ok(Reader { raw: self.raw.open(path)? })
    }

    /// A whole text file of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// [`ToolError::Failed`] when it is larger or not UTF-8; otherwise as [`Dir::open`].
    pub fn read_text(&self, path: &str, bytes_max: usize) -> Result<String, ToolError> {
        let reader = self.open(path)?;
        let size = reader.size();
        if size > bytes_max as u64 {
            return Err(ToolError::Failed(format!(
                "`{path}` has {size} bytes, more than the {bytes_max} that can be read at once"
            )));
        }
        let bytes = reader.read_to_end(bytes_max)?;
        String::from_utf8(bytes).map_err(|_| ToolError::Failed(format!("`{path}` is not a text file in UTF-8")))
    }

    /// Starts writing a file.
    ///
    /// # Errors
    /// [`HostError`] when the path is refused, its directory is missing, or it exists and shall be kept.
    pub fn create(&self, path: &str, existing: Existing) -> Result<Writer, HostError> {
        let mode = match existing {
            Existing::Keep => raw::WriteMode::CreateNew,
            Existing::Replace => raw::WriteMode::Replace,
        };
        Ok(Writer { raw: self.raw.create(path, mode)? })
    }

    /// Writes a whole file; it appears at once or not at all.
    ///
    /// # Errors
    /// As [`Dir::create`], and [`HostError::Quota`] when it is too large.
    pub fn write(&self, path: &str, bytes: &[u8], existing: Existing) -> Result<Entry, HostError> {
        let writer = self.create(path, existing)?;
        writer.write(bytes)?;
        writer.commit()
    }

    /// Adds bytes at the end of a file in one step, at most 64 KiB; the file is created if absent.
    ///
    /// # Errors
    /// [`HostError`] when the path is refused or the chunk is too large.
    pub fn append(&self, path: &str, bytes: &[u8]) -> Result<Entry, HostError> {
        Ok(self.raw.append(path, bytes)?.into())
    }

    /// What is at a path.
    ///
    /// # Errors
    /// [`HostError::NotFound`] when nothing is.
    pub fn stat(&self, path: &str) -> Result<Entry, HostError> {
        Ok(self.raw.stat(path)?.into())
    }

    /// At most `max` (1,000 at most) entries of a directory in name order, after `start`.
    ///
    /// # Errors
    /// [`HostError`] when there is no such directory.
    pub fn list(&self, path: &str, start: Option<&str>, max: u32) -> Result<Vec<Entry>, HostError> {
        Ok(self.raw.list(path, start, max)?.into_iter().map(Into::into).collect())
    }

    /// Searches names and content below this directory.
    ///
    /// # Errors
    /// [`HostError::Invalid`] when the glob or the pattern is not valid.
    pub fn search(&self, query: Query) -> Result<Vec<Hit>, HostError> {
        let Query { glob, pattern, max } = query;
        let hits = self.raw.search(&raw::Query { glob, pattern, max })?;
        Ok(hits.into_iter().map(|raw::Hit { path, line, column, text }| Hit { path, line, column, text }).collect())
    }

    /// Makes a directory.
    ///
    /// # Errors
    /// [`HostError::Conflict`] when something else is there.
    pub fn make_dir(&self, path: &str) -> Result<(), HostError> {
        Ok(self.raw.make_dir(path)?)
    }

    /// Removes a file or an empty directory.
    ///
    /// # Errors
    /// [`HostError::NotFound`] when nothing is there; [`HostError::Conflict`] when a directory is not empty.
    pub fn remove(&self, path: &str) -> Result<(), HostError> {
        Ok(self.raw.remove(path, false)?)
    }

    /// Removes a file or a directory with everything in it.
    ///
    /// # Errors
    /// [`HostError::NotFound`] when nothing is there.
    pub fn remove_all(&self, path: &str) -> Result<(), HostError> {
        Ok(self.raw.remove(path, true)?)
    }

    /// Moves a file or directory.
    ///
    /// # Errors
    /// [`HostError::NotFound`] for the source, [`HostError::Conflict`] for a target that shall be kept.
    pub fn rename(&self, source: &str, target: &str, existing: Existing) -> Result<(), HostError> {
        Ok(self.raw.rename(source, target, existing == Existing::Replace)?)
    }

    /// Copies a file.
    ///
    /// # Errors
    /// As [`Dir::rename`].
    pub fn copy(&self, source: &str, target: &str, existing: Existing) -> Result<(), HostError> {
        Ok(self.raw.copy(source, target, existing == Existing::Replace)?)
    }
}

impl Reader {
    /// Bytes of the file when it was opened.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.raw.size()
    }

    /// Goes to an offset from the start.
    ///
    /// # Errors
    /// [`HostError`] when the file cannot be read.
    pub fn seek(&self, offset: u64) -> Result<(), HostError> {
        Ok(self.raw.seek(offset)?)
    }

    /// The next bytes, at most 64 KiB; none at the end.
    ///
    /// # Errors
    /// [`HostError`] when the file cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, HostError> {
        Ok(self.raw.read(CHUNK_BYTES as u32)?)
    }

    /// What is left of the file, at most `bytes_max` bytes of it.
    ///
    /// # Errors
    /// [`HostError`] when the file cannot be read.
    pub fn read_to_end(&self, bytes_max: usize) -> Result<Vec<u8>, HostError> {
        let mut bytes = Vec::new();
        while bytes.len() < bytes_max {
            let chunk = self.read()?;
            if chunk.is_empty() {
                break;
            }
            bytes.extend_from_slice(&chunk);
        }
        bytes.truncate(bytes_max);
        Ok(bytes)
    }
}

impl Writer {
    /// Adds bytes, in as many host calls as they need.
    ///
    /// # Errors
    /// [`HostError::Quota`] when the file grows too large.
    pub fn write(&self, bytes: &[u8]) -> Result<(), HostError> {
        for chunk in bytes.chunks(CHUNK_BYTES) {
            self.raw.write(chunk)?;
        }
        Ok(())
    }

    /// Makes the file visible.
    ///
    /// # Errors
    /// [`HostError::Conflict`] when it appeared meanwhile and shall be kept.
    pub fn commit(self) -> Result<Entry, HostError> {
        Ok(raw::Writer::commit(self.raw)?.into())
    }
}

impl From<raw::Entry> for Entry {
    fn from(entry: raw::Entry) -> Self {
        let raw::Entry { path, kind, size, modified } = entry;
        let kind = match kind {
            raw::Kind::File => Kind::File,
            raw::Kind::Directory => Kind::Directory,
            raw::Kind::Symlink => Kind::Symlink,
            raw::Kind::Other => Kind::Other,
        };
        Self { path, kind, size, modified: modified.map(Timestamp) }
    }
}
