//! Writing files: all or nothing, and appends that do not interleave.

use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::sync::{Arc, PoisonError};

use cap_std::fs::{Dir, File, MetadataExt as _, OpenOptionsExt as _, Permissions, PermissionsExt as _};
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, RenameFlags, openat, renameat2};
use nix::sys::stat::Mode;
use nix::unistd::linkat;
use octi_domain::limits;

use super::error::FsError;
use super::path::RelativePath;
use super::read::walk_refusal;
use super::walk::{self, Workspace};
use super::{Entry, WriteMode};

/// How names of unfinished files begin, where they need one; listings and searches leave them out.
const TEMPORARY: &str = ".octi-unfinished-";

/// Whether a name is one of an unfinished file.
pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY)
}

/// A file that appears under its name only with [`Writer::commit`]. Dropped before it, nothing changed.
#[derive(Debug)]
pub struct Writer {
    dir: Arc<Dir>,
    name: String,
    path: String,
    /// Its name until it is committed. None while it has no name at all, so that a killed process leaves nothing of it.
    temporary: Option<String>,
    /// The name it gets on its way to its own.
    spare: String,
    file: File,
    written: u64,
    mode: WriteMode,
    committed: bool,
}

impl Workspace {
    /// Starts a file. Its directory must exist.
    ///
    /// # Errors
    /// When the name is taken (`CreateNew`), what is there is not a plain file, or the path is refused.
    pub fn create(&self, path: &str, mode: WriteMode) -> Result<Writer, FsError> {
        let path = RelativePath::parse(path)?;
        let (parents, name) = path.split_or_refuse()?;
        let dir = self.dir_at(parents)?;
        let path = path.to_string();
        let found = walk::look(&dir, name, &path)?;
        if let Some(found) = &found {
            walk::plain_file(found, &path)?;
            if mode == WriteMode::CreateNew {
                return Err(FsError::Exists(path));
            }
        }
        let fail = |error: io::Error| FsError::from_io(&path, &error);
        let spare = format!("{TEMPORARY}{}", hex(&self.inner.ambient.bytes::<12>()));
        let (file, temporary) = match nameless(&dir) {
            Some(file) => (file, None),
            None => (named(&dir, &spare).map_err(fail)?, Some(spare.clone())),
        };
        let name = name.to_owned();
        let writer = Writer { dir, name, path, temporary, spare, file, written: 0, mode, committed: false };
        if let Some(found) = found {
            writer.permit(found.mode() & 0o777)?;
        }
        Ok(writer)
    }

    /// Adds bytes at the end of a file, creating it when it is not there. Appends to one file do not interleave, and one that fails
    /// leaves nothing behind.
    ///
    /// # Errors
    /// When the file would grow over `FS_FILE_BYTES_MAX`, is not a plain file or has another name outside, or the path is refused.
    pub fn append(&self, path: &str, bytes: &[u8]) -> Result<Entry, FsError> {
        let path = RelativePath::parse(path)?;
        let (parents, name) = path.split_or_refuse()?;
        let dir = self.dir_at(parents)?;
        let path = path.to_string();
        let fail = |error: io::Error| FsError::from_io(&path, &error);
        let _alone = self.inner.appends.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = walk::look(&dir, name, &path)? {
            walk::plain_file(&found, &path)?;
        }
        let options = walk::options().append(true).create(true).mode(0o644).to_owned();
        let mut file = dir.open_with(name, &options).map_err(|error| walk_refusal(&dir, name, &path, &error))?;
        let before = file.metadata().map_err(fail)?;
        walk::plain_file(&before, &path)?;
        if before.nlink() > 1 {
            return Err(FsError::Escape(format!(
                "`{path}` is a hard link, so appending would change a file elsewhere too: write the whole file anew instead"
            )));
        }
        check_size(before.len().saturating_add(bytes.len() as u64))?;
        let written = file.write_all(bytes).and_then(|()| file.sync_data());
        if let Err(error) = written {
            file.set_len(before.len()).map_err(fail)?;
            return Err(fail(error));
        }
        Ok(walk::entry(path.clone(), &file.metadata().map_err(fail)?))
    }
}

impl Writer {
    /// Adds bytes.
    ///
    /// # Errors
    /// When the file would grow over `FS_FILE_BYTES_MAX`, or the disk is full.
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), FsError> {
        let size = self.written.saturating_add(chunk.len() as u64);
        check_size(size)?;
        self.file.write_all(chunk).map_err(|error| FsError::from_io(&self.path, &error))?;
        self.written = size;
        Ok(())
    }

    /// Puts the file under its name, in one step.
    ///
    /// # Errors
    /// When somebody else took the name meanwhile (`CreateNew`), or the operating system refuses.
    pub fn commit(mut self) -> Result<Entry, FsError> {
        let fail = |error: io::Error| FsError::from_io(&self.path, &error);
        self.file.sync_all().map_err(fail)?;
        match (self.mode, &self.temporary) {
            (WriteMode::Replace, None) => {
                // Nothing can be linked over a name that is taken; the file is complete by now.
                link(&self.file, &self.dir, &self.spare).map_err(fail)?;
                self.temporary = Some(self.spare.clone());
                self.dir.rename(&self.spare, &self.dir, &self.name).map_err(fail)?;
            }
            (WriteMode::Replace, Some(temporary)) => self.dir.rename(temporary, &self.dir, &self.name).map_err(fail)?,
            (WriteMode::CreateNew, None) => link(&self.file, &self.dir, &self.name).map_err(fail)?,
            (WriteMode::CreateNew, Some(temporary)) => {
                rename_new(&self.dir, temporary, &self.dir, &self.name).map_err(fail)?;
            }
        }
        let found = self.file.metadata().map_err(fail)?;
        self.committed = true;
        sync_directory(&self.dir);
        Ok(walk::entry(self.path.clone(), &found))
    }

    /// Gives the file the permission bits of another.
    pub(super) fn permit(&self, mode: u32) -> Result<(), FsError> {
        let permissions = Permissions::from_mode(mode);
        self.file.set_permissions(permissions).map_err(|error| FsError::from_io(&self.path, &error))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.committed
            && let Some(temporary) = &self.temporary
            && let Err(error) = self.dir.remove_file(temporary)
        {
            tracing::warn!(path = %self.path, %error, "an unfinished file could not be removed");
        }
    }
}

/// A file without a name. None where the file system has no such files, or whatever else is in the way: opening one with a
/// name says what.
fn nameless(dir: &Dir) -> Option<File> {
    let flags = OFlag::O_TMPFILE | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
    let opened = openat(dir, ".", flags, Mode::from_bits_truncate(0o644)).ok()?;
    Some(File::from_std(opened.into()))
}

/// A file under a name of its own, for the file systems that need one.
fn named(dir: &Dir, name: &str) -> io::Result<File> {
    dir.open_with(name, walk::options().write(true).create_new(true).mode(0o644))
}

/// Gives a file without a name its name, which must be free.
fn link(file: &File, dir: &Dir, name: &str) -> io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(AT_FDCWD, open.as_str(), dir, name, AtFlags::AT_SYMLINK_FOLLOW)?)
}

/// Renames without replacing anything. File systems that cannot do that in one step get a hard link, which fails when the
/// name is taken, too.
pub(super) fn rename_new(from: &Dir, name: &str, to: &Dir, target: &str) -> io::Result<()> {
    match renameat2(from, name, to, target, RenameFlags::RENAME_NOREPLACE) {
        Ok(()) => Ok(()),
        Err(nix::Error::EINVAL | nix::Error::ENOSYS) if !from.symlink_metadata(name)?.is_dir() => {
            from.hard_link(name, to, target)?;
            from.remove_file(name)
        }
        Err(error) => Err(error.into()),
    }
}

/// After this a new name survives a power cut; where a directory cannot be synced, nothing is lost but that.
pub(super) fn sync_directory(dir: &Dir) {
    if let Err(error) = dir.open(".").and_then(|opened| opened.sync_all()) {
        tracing::debug!(%error, "a directory could not be synced");
    }
}

fn check_size(size: u64) -> Result<(), FsError> {
    if size > limits::FS_FILE_BYTES_MAX {
        return Err(FsError::TooLarge { what: "the bytes of the file", limit: limits::FS_FILE_BYTES_MAX });
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer as it is where every file needs a name.
    fn with_a_name(files: &Workspace, name: &str, mode: WriteMode) -> Writer {
        let mut writer = files.create(name, mode).unwrap();
        if writer.temporary.is_none() {
            writer.file = named(&writer.dir, &writer.spare).unwrap();
            writer.temporary = Some(writer.spare.clone());
        }
        writer
    }

    fn names(files: &Workspace) -> Vec<std::ffi::OsString> {
        std::fs::read_dir(files.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_file_that_needs_a_name_while_it_is_written_is_all_or_nothing_too() {
        let home = tempfile::tempdir().unwrap();
        let files = Workspace::open(home.path()).unwrap();
        for (mode, text) in [(WriteMode::CreateNew, "first"), (WriteMode::Replace, "second")] {
            let mut writer = with_a_name(&files, "a.txt", mode);
            writer.write(text.as_bytes()).unwrap();
            writer.commit().unwrap();
            assert_eq!(std::fs::read_to_string(files.root().join("a.txt")).unwrap(), text);
        }
        let mut writer = with_a_name(&files, "a.txt", WriteMode::Replace);
        writer.write(b"never").unwrap();
        assert!(names(&files).iter().any(|name| is_temporary(&name.to_string_lossy())));
        drop(writer);
        assert_eq!(names(&files), ["a.txt"]);
        let writer = with_a_name(&files, "new.txt", WriteMode::CreateNew);
        std::fs::write(files.root().join("new.txt"), "somebody else's").unwrap();
        assert_eq!(writer.commit(), Err(FsError::Exists("new.txt".into())));
        assert_eq!(std::fs::read_to_string(files.root().join("new.txt")).unwrap(), "somebody else's");
        assert_eq!(names(&files).len(), 2);
    }
}
