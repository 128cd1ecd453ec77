//! The workspace's descriptor, and walking from it without following a link.

use std::collections::HashMap;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, Weak};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use nix::fcntl::OFlag;
use octi_domain::ambient::Ambient;

use super::error::FsError;
use super::path::RelativePath;
use super::{Entry, Kind};

/// Files under one directory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workspace {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    root: PathBuf,
    dir: Arc<Dir>,
    pub(super) ambient: Ambient,
    /// Held while something is appended, by every `Workspace` of this directory.
    pub(super) appends: Arc<Mutex<()>>,
}

impl Workspace {
    /// Opens the directory, creating it for this user alone when it is not there.
    ///
    /// # Errors
    /// When the directory cannot be created or opened.
    pub fn open(root: &Path) -> Result<Self, FsError> {
        let fail = |error: io::Error| FsError::Io(format!("the workspace `{}` cannot be opened: {error}", root.display()));
        let absolute = match root.canonicalize() {
            // Not tried first: it locks the directory above, and nearly always there is nothing to do.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(root).and_then(|()| root.canonicalize())
            }
            found => found,
        }
        .map_err(fail)?;
        let dir = Dir::open_ambient_dir(&absolute, ambient_authority()).map_err(fail)?;
        let metadata = dir.dir_metadata().map_err(fail)?;
        let appends = append_lock((metadata.dev(), metadata.ino()));
        Ok(Self { inner: Arc::new(Inner { root: absolute, dir: Arc::new(dir), ambient: Ambient::system(), appends }) })
    }

    /// The absolute path of the directory, for the process sandbox.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    /// The same for one directory of it: paths are counted from there, and lead no further up.
    ///
    /// # Errors
    /// When it is not a directory, or the path is refused.
    pub fn below(&self, path: &str) -> Result<Self, FsError> {
        let path = RelativePath::parse(path)?;
        let dir = self.dir_at(path.parts())?;
        let root = path.parts().iter().fold(self.inner.root.clone(), |root, part| root.join(part));
        let Inner { ambient, appends, .. } = &*self.inner;
        // The lock is the one of the whole, through which the same files can be reached.
        Ok(Self { inner: Arc::new(Inner { root, dir, ambient: ambient.clone(), appends: appends.clone() }) })
    }

    /// The absolute path of a directory in the workspace, as a place to start a program.
    ///
    /// # Errors
    /// When it is not a directory, or the path is refused.
    pub fn relative_dir(&self, cwd: &str) -> Result<PathBuf, FsError> {
        let path = RelativePath::parse(cwd)?;
        self.dir_at(path.parts())?;
        Ok(path.parts().iter().fold(self.inner.root.clone(), |dir, part| dir.join(part)))
    }

    /// The directory at those parts of a path.
    pub(super) fn dir_at(&self, parts: &[String]) -> Result<Arc<Dir>, FsError> {
        let mut dir = Arc::clone(&self.inner.dir);
        for (depth, part) in parts.iter().enumerate() {
            dir = Arc::new(step(&dir, part, &parts[..=depth].join("/"))?);
        }
        Ok(dir)
    }
}

/// One part further down, refusing links.
pub(super) fn step(dir: &Dir, part: &str, path: &str) -> Result<Dir, FsError> {
    dir.open_dir_nofollow(part).map_err(|error| match dir.symlink_metadata(part) {
        Ok(found) if found.is_symlink() => link_refusal(path),
        Ok(found) if !found.is_dir() => FsError::Invalid(format!("`{path}` is a file, not a directory")),
        _ => FsError::from_io(path, &error),
    })
}

pub(super) fn link_refusal(path: &str) -> FsError {
    FsError::Escape(format!(
        "`{path}` is a symbolic link, which file operations do not follow: name what it points to, if that is inside the workspace"
    ))
}

/// What is at the name, without following a link; none when nothing is.
pub(super) fn look(dir: &Dir, name: &str, path: &str) -> Result<Option<Metadata>, FsError> {
    match dir.symlink_metadata(name) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FsError::from_io(path, &error)),
    }
}

/// Refuses everything but a plain file.
pub(super) fn plain_file(found: &Metadata, path: &str) -> Result<(), FsError> {
    match kind(found) {
        Kind::File => Ok(()),
        Kind::Directory => Err(FsError::Invalid(format!("`{path}` is a directory, not a file"))),
        Kind::Symlink => Err(link_refusal(path)),
        Kind::Other => Err(FsError::Invalid(format!("`{path}` is a device, a socket or a pipe, not a file"))),
    }
}

/// Options that never follow a link and never wait for the other end of a pipe.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.follow(FollowSymlinks::No).custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits());
    options
}

pub(super) fn kind(found: &Metadata) -> Kind {
    let kind = found.file_type();
    if kind.is_symlink() {
        Kind::Symlink
    } else if kind.is_dir() {
        Kind::Directory
    } else if kind.is_file() {
        Kind::File
    } else {
        Kind::Other
    }
}

pub(super) fn entry(path: String, found: &Metadata) -> Entry {
    let modified = found.mtime().checked_mul(1_000).map(|ms| ms + found.mtime_nsec() / 1_000_000);
    Entry { path, kind: kind(found), size: found.len(), modified_ms: modified.and_then(|ms| u64::try_from(ms).ok()) }
}

/// By device and inode.
type AppendLocks = HashMap<(u64, u64), Weak<Mutex<()>>>;

/// One lock for each directory, however often it is opened.
fn append_lock(directory: (u64, u64)) -> Arc<Mutex<()>> {
    static LOCKS: LazyLock<Mutex<AppendLocks>> = LazyLock::new(Mutex::default);
    let mut locks = LOCKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(lock) = locks.get(&directory).and_then(Weak::upgrade) {
        return lock;
    }
    // Locks of directories that nobody has open are forgotten here, so the table stays as small as what is in use.
    locks.retain(|_, lock| lock.strong_count() > 0);
    let lock = Arc::new(Mutex::new(()));
    locks.insert(directory, Arc::downgrade(&lock));
    lock
}
