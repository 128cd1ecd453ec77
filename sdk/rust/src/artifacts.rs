//! Files beside the JSON of a result: pictures, sounds, documents. Needs `capabilities.artifacts`.
//!
//! The person sees them with the result, a program gets them with it, and the model is told of them by name. They go with the call if
//! it succeeds; a call that fails gives none.

use crate::HostError;
use crate::raw::bindings::octi::artifacts::artifacts as raw;

/// Bytes that cross the border at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A file that goes with the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    pub id: String,
    /// Without folders and without what would not be seen.
    pub name: String,
    pub media_type: String,
    /// In bytes.
    pub size: u64,
}

/// A file that is being written; dropped before [`Writer::finish`], there is none.
#[derive(Debug)]
pub struct Writer(raw::Writer);

/// Begins a file.
///
/// # Errors
/// [`HostError`] when the capability is not granted, the call gives too many files, or name or type are none.
pub fn create(name: &str, media_type: &str) -> Result<Writer, HostError> {
    Ok(Writer(raw::create(name, media_type)?))
}

/// Gives a file whose bytes are there already.
///
/// # Errors
/// As [`create`] and [`Writer::write`].
pub fn give(name: &str, media_type: &str, content: &[u8]) -> Result<Artifact, HostError> {
    let writer = create(name, media_type)?;
    writer.write(content)?;
    writer.finish()
}

impl Writer {
    /// Adds bytes.
    ///
    /// # Errors
    /// [`HostError::Quota`] when the file, or all of them, are larger than granted.
    pub fn write(&self, content: &[u8]) -> Result<(), HostError> {
        content.chunks(CHUNK_BYTES).try_for_each(|chunk| Ok(self.0.write(chunk)?))
    }

    /// Gives it with the result.
    ///
    /// # Errors
    /// [`HostError`] when the capability was taken away meanwhile.
    pub fn finish(self) -> Result<Artifact, HostError> {
        let raw::Artifact { id, name, media_type, size } = raw::Writer::finish(self.0)?;
        Ok(Artifact { id, name, media_type, size })
    }
}
