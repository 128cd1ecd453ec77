//! Where a registry's bytes come from. Whoever implements it need not be trusted: what it hands over is checked by [`crate::Registry`].

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::digest::Digest;
use crate::layout::{Document, Layout, LayoutError};
use crate::name::PluginName;

/// A place that serves what a registry published.
///
/// Nothing is read beyond `bytes_max`: whoever has more to say is refused with [`SourceError::TooLarge`].
#[async_trait]
pub trait Source: Send + Sync {
    /// Where that is, in words for a person, such as `registry.example/plugins`.
    fn origin(&self) -> &str;

    /// The signed index.
    async fn index(&self, bytes_max: usize) -> Result<Vec<u8>, SourceError>;

    /// The signed feed of revocations.
    async fn feed(&self, bytes_max: usize) -> Result<Vec<u8>, SourceError>;

    /// The OCI manifest with that digest, of this plugin.
    async fn oci_manifest(&self, name: &PluginName, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, SourceError>;

    /// The blob with that digest, of this plugin.
    async fn blob(&self, name: &PluginName, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, SourceError>;
}

/// Why a source did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("`{origin}` has no {what}; ask who runs it, or name another version")]
    Missing { origin: String, what: String },
    #[error("{what} of `{origin}` has more than the {bytes_max} bytes allowed; ask who runs it")]
    TooLarge { origin: String, what: String, bytes_max: usize },
    #[error("`{origin}` does not let you read {what}, or does not have it; {advice}")]
    Unauthorized { origin: String, what: String, advice: &'static str },
    #[error("{what} that `{origin}` serves is not the one that was asked for; do not use it, and try again from another network")]
    OtherBytes {
        origin: String,
        what: String,
        #[source]
        because: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{what} of `{origin}` is no such thing: {problem}; ask who runs it")]
    Malformed { origin: String, what: String, problem: String },
    #[error("`{origin}` gave no answer that can be used; try again later")]
    Unavailable {
        origin: String,
        #[source]
        because: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// A folder on this machine, as [`Layout`] writes it.
///
/// It is opened again for each question: whoever keeps a copy puts a new folder in the place of the old one, and a disk comes and goes.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    origin: String,
}

impl Folder {
    /// Opens the folder. It waits for the disk.
    ///
    /// # Errors
    /// [`LayoutError`] when it is not a layout.
    pub fn open(path: &Path) -> Result<Self, LayoutError> {
        Layout::open(path)?;
        Ok(Self { path: path.to_owned(), origin: path.display().to_string() })
    }

    async fn read(
        &self,
        read: impl FnOnce(&Layout) -> Result<Vec<u8>, LayoutError> + Send + 'static,
    ) -> Result<Vec<u8>, SourceError> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || read(&Layout::open(&path)?)).await;
        match done {
            Ok(read) => Ok(read?),
            Err(error) => Err(SourceError::Unavailable { origin: self.origin.clone(), because: error.into() }),
        }
    }
}

#[async_trait]
impl Source for Folder {
    fn origin(&self) -> &str {
        &self.origin
    }

    async fn index(&self, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        self.read(move |layout| layout.document(Document::Index, bytes_max)).await
    }

    async fn feed(&self, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        self.read(move |layout| layout.document(Document::Revocations, bytes_max)).await
    }

    async fn oci_manifest(&self, _name: &PluginName, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        self.read(move |layout| layout.blob(digest, bytes_max)).await
    }

    async fn blob(&self, _name: &PluginName, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        self.read(move |layout| layout.blob(digest, bytes_max)).await
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_folder_that_takes_the_place_of_another_is_the_one_that_is_read() {
        let place = tempfile::tempdir().expect("a folder");
        let (here, next) = (place.path().join("here"), place.path().join("next"));
        for (path, text) in [(&here, b"old"), (&next, b"new")] {
            Layout::create(path).and_then(|layout| layout.set_document(Document::Index, text)).expect("a layout");
        }
        let source = Folder::open(&here).expect("a layout");
        assert_eq!(source.index(99).await.expect("an index"), b"old");
        fs::rename(&here, place.path().join("before")).expect("moved");
        assert!(matches!(source.index(99).await, Err(SourceError::Layout(_))), "nothing is there");
        fs::rename(&next, &here).expect("moved");
        assert_eq!(source.index(99).await.expect("an index"), b"new");
    }
}
