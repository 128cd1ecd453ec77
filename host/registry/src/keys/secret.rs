//! A publisher's secret key, and the file it is kept in.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use octi_domain::ambient::Ambient;
use octi_domain::limits::REGISTRY_KEY_BYTES_MAX;
use zeroize::Zeroizing;

use super::PublicKey;
use crate::signature::Signature;

const HEADER: &str = "octi secret key 1";
const WARNING: &str = "# Whoever has this file can publish as you. Keep a copy where only you can read it, and never send it.";
const PREFIX: &str = "ed25519-secret:";

/// What a publisher signs with. It is wiped from memory when it is dropped.
pub struct SecretKey(SigningKey);

/// Why a key's file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("`{0}` exists already, and a key that is overwritten is lost; choose another file")]
    Exists(PathBuf),
    #[error("`{0}` can be read by others (mode {1:04o}); make it yours alone with `chmod 600 {0}`")]
    Open(PathBuf, u32),
    #[error("`{0}` is not a secret key of octi: {1}; make one with `octi plugin key new`")]
    Malformed(PathBuf, &'static str),
    #[error("`{0}` is a secret key of a newer octi; update octi to use it")]
    UnknownFormat(PathBuf),
    #[error("cannot use the key's file `{0}`")]
    Io(PathBuf, #[source] io::Error),
}

impl SecretKey {
    /// A new key, made of random bytes.
    #[must_use]
    pub fn generate(ambient: &Ambient) -> Self {
        Self::from_seed(&Zeroizing::new(ambient.bytes()))
    }

    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// What others check its signatures with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs the message as it stands. Each kind of message begins with what it is, so that a signature of one is none of another.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::own(self.public().id(), self.sign_raw(message))
    }

    pub(crate) fn sign_raw(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// Writes the key to a new file that only its owner can read.
    ///
    /// # Errors
    /// [`KeyFileError::Exists`] when anything is there already; a file that could not be written whole is removed.
    pub fn create_file(&self, path: &Path) -> Result<(), KeyFileError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
            _ => KeyFileError::Io(path.to_owned(), error),
        };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        let encoded = Zeroizing::new(STANDARD.encode(Zeroizing::new(self.0.to_bytes())));
        let text = Zeroizing::new(format!("{HEADER}\n{WARNING}\n{PREFIX}{}\n", encoded.as_str()));
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
            let _gone = fs::remove_file(path);
            failed(error)
        })
    }

    /// Reads a key that [`SecretKey::create_file`] wrote.
    ///
    /// # Errors
    /// [`KeyFileError`], also when others could read the file.
    pub fn read_file(path: &Path) -> Result<Self, KeyFileError> {
        let io = |error| KeyFileError::Io(path.to_owned(), error);
        let malformed = |problem| KeyFileError::Malformed(path.to_owned(), problem);
        // A pipe would be waited for.
        if !fs::metadata(path).map_err(io)?.is_file() {
            return Err(malformed("it is not a file"));
        }
        let file = fs::File::open(path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Open(path.to_owned(), mode));
        }
        let mut text = Zeroizing::new(String::with_capacity(REGISTRY_KEY_BYTES_MAX));
        let read = file.take(REGISTRY_KEY_BYTES_MAX as u64 + 1).read_to_string(&mut text);
        read.map_err(|error| if error.kind() == io::ErrorKind::InvalidData { malformed("it is not text") } else { io(error) })?;
        if text.len() > REGISTRY_KEY_BYTES_MAX {
            return Err(malformed("it is too long"));
        }
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        match lines.next() {
            Some(HEADER) => {}
            Some(other) if other.starts_with("octi secret key ") => return Err(KeyFileError::UnknownFormat(path.to_owned())),
            _ => return Err(malformed("its first line is another one")),
        }
        let encoded = lines.next().and_then(|line| line.strip_prefix(PREFIX)).ok_or_else(|| malformed("it holds no key"))?;
        let bytes = STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| malformed("the key is not base64"))?;
        let seed = bytes.as_slice().try_into().map_err(|_| malformed("the key has not 32 bytes"))?;
        Ok(Self::from_seed(seed))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretKey").field(&self.public().id()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn key(byte: u8) -> SecretKey {
        SecretKey::from_seed(&[byte; 32])
    }

    #[test]
    fn a_key_reads_back_from_its_file_which_only_its_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("publisher.key");
        let key = SecretKey::generate(&Ambient::system());
        key.create_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(SecretKey::read_file(&path).unwrap().public(), key.public());
        assert!(fs::read_to_string(&path).unwrap().contains("Whoever has this file"));
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("publisher.key");
        key(1).create_file(&path).unwrap();
        assert!(matches!(key(2).create_file(&path), Err(KeyFileError::Exists(_))));
        assert_eq!(SecretKey::read_file(&path).unwrap().public(), key(1).public());
        let dangling = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &dangling).unwrap();
        assert!(matches!(key(2).create_file(&dangling), Err(KeyFileError::Exists(_))));
    }

    #[test]
    fn a_key_that_others_can_read_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("publisher.key");
        key(1).create_file(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = SecretKey::read_file(&path).unwrap_err().to_string().replace(&path.display().to_string(), "FILE");
        assert_eq!(error, "`FILE` can be read by others (mode 0640); make it yours alone with `chmod 600 FILE`");
    }

    #[test]
    fn what_is_no_key_is_refused_for_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("publisher.key");
        let refusal = |text: &[u8]| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            SecretKey::read_file(&path).unwrap_err()
        };
        let long = format!("{HEADER}\n#{}\n", "x".repeat(REGISTRY_KEY_BYTES_MAX));
        for (text, problem) in [
            ("".as_bytes(), "first line"),
            (b"-----BEGIN PRIVATE KEY-----\n", "first line"),
            (b"octi secret key 1\n", "holds no key"),
            (b"octi secret key 1\ned25519-secret:!\n", "not base64"),
            (b"octi secret key 1\ned25519-secret:AAAA\n", "32 bytes"),
            (b"\xff\xfe", "not text"),
            (long.as_bytes(), "too long"),
        ] {
            let error = refusal(text).to_string();
            assert!(error.contains(problem) && error.contains("octi plugin key new"), "{error}");
        }
        assert!(matches!(refusal(b"octi secret key 2\n"), KeyFileError::UnknownFormat(_)));
        assert!(SecretKey::read_file(folder.path()).unwrap_err().to_string().contains("not a file"));
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert!(!format!("{:?}", key(7)).contains("BwcHBwcH"));
        assert!(format!("{:?}", key(7)).contains(&key(7).public().id().to_string()));
    }
}
