//! Why a file operation was refused or failed.

use std::io;

/// Every text is a sentence that is safe to show to a person and to a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FsError {
    /// The path leads, or could lead, out of the workspace.
    #[error("{0}")]
    Escape(String),
    /// The arguments make no sense.
    #[error("{0}")]
    Invalid(String),
    /// Nothing is there.
    #[error("`{0}` does not exist")]
    NotFound(String),
    /// Something is there already.
    #[error("`{0}` exists already: ask to replace it, or choose another name")]
    Exists(String),
    /// One of the bounds in `octi_domain::limits`.
    #[error("{what} would be more than {limit}: use a smaller piece")]
    TooLarge { what: &'static str, limit: u64 },
    /// The operating system said no.
    #[error("{0}")]
    Io(String),
}

impl FsError {
    /// Names the path in what the operating system said.
    pub(super) fn from_io(path: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound(path.to_owned()),
            io::ErrorKind::AlreadyExists => Self::Exists(path.to_owned()),
            io::ErrorKind::InvalidFilename => Self::Invalid(format!("a part of `{path}` is longer than the file system allows")),
            io::ErrorKind::DirectoryNotEmpty => {
                Self::Invalid(format!("`{path}` is not empty: remove it recursively, or empty it first"))
            }
            io::ErrorKind::IsADirectory => Self::Invalid(format!("`{path}` is a directory, not a file")),
            io::ErrorKind::NotADirectory => Self::Invalid(format!("a part of `{path}` is a file, not a directory")),
            io::ErrorKind::StorageFull => Self::Io(format!("the disk is full: `{path}` was not written")),
            io::ErrorKind::PermissionDenied => Self::Io(format!("the file permissions of `{path}` do not allow this")),
            _ => Self::Io(format!("`{path}`: {error}")),
        }
    }
}
