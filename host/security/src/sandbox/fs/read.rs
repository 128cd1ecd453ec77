//! Reading files.

use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};

use cap_std::fs::{Dir, File};
use octi_domain::limits;

use super::error::FsError;
use super::path::RelativePath;
use super::walk::{self, Workspace};

/// Bytes to look for at the end that a file had when it was opened: it may have grown.
const PROBE_BYTES: usize = 1024;

/// An open file.
#[derive(Debug)]
pub struct Reader {
    file: File,
    size: u64,
    /// Where the next byte is read.
    at: u64,
    path: String,
}

impl Workspace {
    /// Opens a plain file.
    ///
    /// # Errors
    /// When it is not there or not a plain file, or the path is refused.
    pub fn open_read(&self, path: &str) -> Result<Reader, FsError> {
        let path = RelativePath::parse(path)?;
        let (parents, name) = path.split_or_refuse()?;
        let dir = self.dir_at(parents)?;
        open_in(&dir, name, &path.to_string())
    }
}

/// Opens a plain file of that directory. The name is looked at twice: before, because opening a device can do things; and
/// after, on the open file, because the first look may be out of date.
pub(super) fn open_in(dir: &Dir, name: &str, path: &str) -> Result<Reader, FsError> {
    let fail = |error: std::io::Error| FsError::from_io(path, &error);
    let found = walk::look(dir, name, path)?.ok_or_else(|| FsError::NotFound(path.to_owned()))?;
    walk::plain_file(&found, path)?;
    let file = dir.open_with(name, walk::options().read(true)).map_err(|error| walk_refusal(dir, name, path, &error))?;
    let opened = file.metadata().map_err(fail)?;
    walk::plain_file(&opened, path)?;
    Ok(Reader { file, size: opened.len(), at: 0, path: path.to_owned() })
}

/// A link that came after the first look is named as what it is.
pub(super) fn walk_refusal(dir: &Dir, name: &str, path: &str, error: &std::io::Error) -> FsError {
    match dir.symlink_metadata(name) {
        Ok(found) if found.is_symlink() => walk::link_refusal(path),
        _ => FsError::from_io(path, error),
    }
}

impl Reader {
    /// The bytes it had when it was opened.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Goes to a place in the file.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn seek(&mut self, offset: u64) -> Result<(), FsError> {
        self.at = self.file.seek(SeekFrom::Start(offset)).map_err(|error| FsError::from_io(&self.path, &error))?;
        Ok(())
    }

    /// The next bytes, at most `max` and at most `FS_CHUNK_BYTES_MAX`; none at the end.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn read(&mut self, max: usize) -> Result<Vec<u8>, FsError> {
        let mut chunk = vec![0; self.left().max(PROBE_BYTES).min(max).min(limits::FS_CHUNK_BYTES_MAX)];
        let read = loop {
            match self.file.read(&mut chunk) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read.map_err(|error| FsError::from_io(&self.path, &error))?,
            }
        };
        chunk.truncate(read);
        self.at += read as u64;
        Ok(chunk)
    }

    /// Everything that is left, at most `max` bytes.
    pub(super) fn read_up_to(&mut self, max: u64) -> Result<Vec<u8>, FsError> {
        let mut all = Vec::with_capacity(self.left().min(usize::try_from(max).unwrap_or(usize::MAX)));
        (&mut self.file).take(max).read_to_end(&mut all).map_err(|error| FsError::from_io(&self.path, &error))?;
        self.at += all.len() as u64;
        Ok(all)
    }

    /// Bytes to its end. With room for them one system call reads what would take a dozen, each for twice as much as the last.
    fn left(&self) -> usize {
        usize::try_from(self.size.saturating_sub(self.at)).unwrap_or(usize::MAX)
    }

    /// The permission bits, for a copy.
    pub(super) fn mode(&self) -> Option<u32> {
        use cap_std::fs::MetadataExt as _;
        self.file.metadata().ok().map(|found| found.mode() & 0o777)
    }
}
