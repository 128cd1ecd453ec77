//! What was the newest that this host saw of a registry, so that nobody can bring something older.

use std::path::PathBuf;

use octi_domain::limits::REGISTRY_SEEN_BYTES_MAX;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::index::Index;
use crate::revocation::Feed;
use crate::state::{self, StateError};

/// The newest that was seen of one registry, in a file.
#[derive(Debug, Clone)]
pub struct Seen {
    path: PathBuf,
}

/// Why a document that is signed and holds is refused all the same.
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    #[error(
        "the registry's {document} has sequence {offered}, and this host has seen {seen}; somebody shows an old one, do not use it: try another network, or ask who runs the registry"
    )]
    RolledBack { document: &'static str, offered: u64, seen: u64 },
    #[error(
        "the registry's {document} with sequence {sequence} is another one than this host has seen; the registry shows different people different things, ask who runs it"
    )]
    Forked { document: &'static str, sequence: u64 },
    #[error(transparent)]
    State(#[from] StateError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Newest {
    sequence: u64,
    digest: Digest,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<Newest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revocations: Option<Newest>,
}

impl Seen {
    /// What was seen of the registry whose file this is; there need not be one yet.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Remembers a verified index, unless a newer one was seen before. It waits for the disk.
    ///
    /// # Errors
    /// [`SeenError`], a different one for each reason.
    pub fn accept_index(&self, index: &Index) -> Result<(), SeenError> {
        let offered = Newest { sequence: index.freshness().sequence, digest: index.digest() };
        self.accept("index", offered, |file| &mut file.index)
    }

    /// Remembers a verified feed, unless a newer one was seen before. It waits for the disk.
    ///
    /// # Errors
    /// [`SeenError`], a different one for each reason.
    pub fn accept_feed(&self, feed: &Feed) -> Result<(), SeenError> {
        let offered = Newest { sequence: feed.freshness().sequence, digest: feed.digest() };
        self.accept("feed of revocations", offered, |file| &mut file.revocations)
    }

    fn accept(
        &self,
        document: &'static str,
        offered: Newest,
        place: fn(&mut File) -> &mut Option<Newest>,
    ) -> Result<(), SeenError> {
        let _lock = state::lock(&self.path)?;
        let mut file: File = state::read(&self.path, REGISTRY_SEEN_BYTES_MAX)?.unwrap_or_default();
        let seen = place(&mut file);
        match *seen {
            Some(seen) if offered.sequence < seen.sequence => {
                return Err(SeenError::RolledBack { document, offered: offered.sequence, seen: seen.sequence });
            }
            Some(seen) if offered.sequence == seen.sequence => {
                let sequence = seen.sequence;
                return if offered == seen { Ok(()) } else { Err(SeenError::Forked { document, sequence }) };
            }
            _ => {}
        }
        *seen = Some(offered);
        Ok(state::write(&self.path, &file, REGISTRY_SEEN_BYTES_MAX)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{feed, index, key, morning, sealed_index};
    use std::fs;

    fn seen() -> (tempfile::TempDir, Seen) {
        let folder = tempfile::tempdir().unwrap();
        let seen = Seen::new(folder.path().join("registry/seen.json"));
        (folder, seen)
    }

    #[test]
    fn a_registry_goes_forward_only_also_after_a_restart() {
        let (_folder, seen) = seen();
        for sequence in [3, 3, 4, 9] {
            seen.accept_index(&index(sequence, &[])).unwrap();
        }
        let again = Seen::new(seen.path);
        let error = again.accept_index(&index(8, &[])).unwrap_err();
        assert!(matches!(error, SeenError::RolledBack { offered: 8, seen: 9, .. }), "{error}");
        insta::assert_snapshot!(error);
        again.accept_index(&index(9, &[])).unwrap();
    }

    #[test]
    fn two_indexes_with_one_sequence_are_one_too_many() {
        let (_folder, seen) = seen();
        seen.accept_index(&index(3, &[])).unwrap();
        let error = seen.accept_index(&index(3, &["acme/weather"])).unwrap_err();
        assert!(matches!(error, SeenError::Forked { sequence: 3, .. }), "{error}");
        insta::assert_snapshot!(error);
    }

    #[test]
    fn the_feed_has_a_row_of_its_own() {
        let (_folder, seen) = seen();
        seen.accept_index(&index(9, &[])).unwrap();
        seen.accept_feed(&feed(2, &[])).unwrap();
        assert!(matches!(seen.accept_feed(&feed(1, &[])), Err(SeenError::RolledBack { offered: 1, seen: 2, .. })));
        seen.accept_index(&index(10, &[])).unwrap();
    }

    #[test]
    fn an_index_that_was_signed_again_by_another_key_is_the_same() {
        let (_folder, seen) = seen();
        let read = |envelope: &[u8]| Index::verify(envelope, &[key(1).public(), key(2).public()], morning(1)).unwrap();
        seen.accept_index(&read(&sealed_index(3, &[], &key(1)))).unwrap();
        seen.accept_index(&read(&sealed_index(3, &[], &key(2)))).unwrap();
    }

    #[test]
    fn a_damaged_memory_refuses_instead_of_starting_anew() {
        let (_folder, seen) = seen();
        seen.accept_index(&index(3, &[])).unwrap();
        fs::write(&seen.path, "{").unwrap();
        assert!(matches!(seen.accept_index(&index(9, &[])), Err(SeenError::State(StateError::Damaged(..)))));
        let long = format!(r#"{{"format":1,"more":"{}"}}"#, "x".repeat(REGISTRY_SEEN_BYTES_MAX));
        fs::write(&seen.path, long).unwrap();
        assert!(matches!(seen.accept_index(&index(9, &[])), Err(SeenError::State(StateError::Damaged(..)))));
    }

    #[test]
    fn of_many_that_come_at_once_the_newest_stays() {
        let (_folder, seen) = seen();
        std::thread::scope(|scope| {
            for sequence in 1..=16 {
                let seen = &seen;
                scope.spawn(move || drop(seen.accept_index(&index(sequence, &[]))));
            }
        });
        assert!(matches!(seen.accept_index(&index(15, &[])), Err(SeenError::RolledBack { seen: 16, .. })));
    }
}
