//! Files under one directory, and never outside of it.
//!
//! Every path is walked part by part from the workspace's own descriptor, each part opened without following symbolic links. So there
//! is no moment between a check and its use in which a link could be slipped in. All functions block: call them on the blocking pool.

mod error;
mod path;
mod place;
mod read;
mod search;
mod tree;
mod walk;
mod write;

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::OFlag;

pub use error::FsError;
pub use place::WorkFolder;
pub use read::Reader;
pub use walk::Workspace;
pub use write::Writer;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    Symlink,
    Other,
}

/// One thing in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From the workspace's root; bytes that are not UTF-8 are shown as `\u{FFFD}`.
    pub path: String,
    pub kind: Kind,
    pub size: u64,
    /// Milliseconds since the Unix epoch.
    pub modified_ms: Option<u64>,
}

/// What a writer does when the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    CreateNew,
    Replace,
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Names: a glob such as `**/*.rs`.
    pub glob: Option<String>,
    /// Content: a regular expression of the `regex` crate.
    pub pattern: Option<String>,
    pub max: usize,
}

/// One match: of a line (from 1, columns in bytes from 0), or of a name alone (line 0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub path: String,
    pub line: u32,
    pub column: u32,
    pub text: String,
}

/// Opens a plain file of the host's own for reading. A link, a pipe or anything else in its place is an error, and never waited for.
///
/// # Errors
/// Those of the system, and one for what is not a plain file.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a plain file")) }
}

#[cfg(test)]
mod tests;
