//! The file in which a host keeps whom it trusts.

use std::path::PathBuf;

use octi_domain::limits::REGISTRY_TRUST_BYTES_MAX;

use super::{Trust, TrustError};
use crate::state::{self, StateError};

/// Whom this host trusts, in a file that several programs may change.
#[derive(Debug, Clone)]
pub struct TrustFile {
    path: PathBuf,
}

/// Why a change of the trust did not happen.
#[derive(Debug, thiserror::Error)]
pub enum TrustFileError {
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    State(#[from] StateError),
}

impl TrustFile {
    /// The file; there need not be one yet, and then nobody is known.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Whom this host trusts now. It waits for the disk.
    ///
    /// # Errors
    /// [`StateError`] when the file is there and cannot be read.
    pub fn load(&self) -> Result<Trust, StateError> {
        Ok(state::read(&self.path, REGISTRY_TRUST_BYTES_MAX)?.unwrap_or_default())
    }

    /// Changes it, one program at a time, and not at all when the change fails. It waits for the disk.
    ///
    /// # Errors
    /// [`TrustFileError`], of the change or of the file.
    pub fn update<T>(&self, change: impl FnOnce(&mut Trust) -> Result<T, TrustError>) -> Result<T, TrustFileError> {
        let _lock = state::lock(&self.path)?;
        let mut trust = self.load()?;
        let before = trust.clone();
        let outcome = change(&mut trust)?;
        if trust != before {
            state::write(&self.path, &trust, REGISTRY_TRUST_BYTES_MAX)?;
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{key, morning};
    use crate::keys::{How, Owner, Standing, Use};

    fn owner(name: &str) -> Owner {
        Owner::Publisher(name.to_owned())
    }

    #[test]
    fn trust_outlives_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let file = TrustFile::new(folder.path().join("home/trust.json"));
        assert_eq!(file.load().unwrap(), Trust::default());
        file.update(|trust| trust.meet(&owner("acme"), key(1).public(), morning(0), "registry.example")).unwrap();
        file.update(|trust| trust.revoke(key(3).public(), "stolen", morning(1))).unwrap();
        let again = TrustFile::new(file.path.clone()).load().unwrap();
        assert_eq!(again.judge(&owner("acme"), &key(1).public(), Use::New), Ok(Standing::Trusted(How::FirstUse)));
        assert!(again.judge(&owner("other"), &key(3).public(), Use::New).is_err());
        insta::assert_snapshot!(std::fs::read_to_string(&file.path).unwrap());
    }

    #[test]
    fn a_change_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = TrustFile::new(folder.path().join("trust.json"));
        let outcome = file.update(|trust| {
            trust.meet(&owner("acme"), key(1).public(), morning(0), "here")?;
            trust.meet(&owner("acme"), key(2).public(), morning(0), "here")
        });
        assert!(matches!(outcome, Err(TrustFileError::Trust(TrustError::OtherKey { .. }))));
        assert_eq!(file.load().unwrap(), Trust::default());
    }

    #[test]
    fn no_change_of_many_at_once_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let file = TrustFile::new(folder.path().join("trust.json"));
        std::thread::scope(|scope| {
            for byte in 1..=16 {
                let file = &file;
                let meet =
                    move || file.update(|trust| trust.meet(&owner(&format!("p{byte}")), key(byte).public(), morning(0), "here"));
                scope.spawn(move || meet().unwrap());
            }
        });
        assert_eq!(file.load().unwrap().owners().len(), 16);
    }

    #[test]
    fn a_file_beyond_every_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trust.json");
        std::fs::write(&path, vec![b' '; REGISTRY_TRUST_BYTES_MAX + 1]).unwrap();
        assert!(matches!(TrustFile::new(path).load(), Err(StateError::Damaged(..))));
    }
}
