//! The one key everything is derived from.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hkdf::Hkdf;
use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// 256 bits. Lost, nothing in the vault can be opened again.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("environment variable `MASTER_KEY` is not a key: it must be 64 hexadecimal digits")]
    Variable,
    #[error("`{}` is not a key: it must hold 64 hexadecimal digits; restore it from a backup, or secrets cannot be opened", path.display())]
    Content { path: PathBuf },
    #[error("`{}` may be read by others (mode {mode:o}); run `chmod 600 {}`", path.display(), path.display())]
    Exposed { path: PathBuf, mode: u32 },
    #[error("cannot read or write `{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl MasterKey {
    /// The key given, else the one in the file, else a new one written there for its owner only.
    ///
    /// # Errors
    /// [`MasterKeyError`] says which file or variable and what to do.
    pub fn load_or_create(path: &Path, given: Option<&SecretString>, ambient: &Ambient) -> Result<Self, MasterKeyError> {
        if let Some(given) = given {
            return parse(given.expose_secret()).map(Self).ok_or(MasterKeyError::Variable);
        }
        match File::open(path) {
            Ok(file) => Self::read(path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path, ambient),
            Err(source) => Err(MasterKeyError::Io { path: path.into(), source }),
        }
    }

    fn read(path: &Path, mut file: File) -> Result<Self, MasterKeyError> {
        let failed = |source| MasterKeyError::Io { path: path.into(), source };
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::Exposed { path: path.into(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        (&mut file).take(1_024).read_to_string(&mut text).map_err(failed)?;
        parse(text.trim()).map(Self).ok_or_else(|| MasterKeyError::Content { path: path.into() })
    }

    fn create(path: &Path, ambient: &Ambient) -> Result<Self, MasterKeyError> {
        let failed = |source| MasterKeyError::Io { path: path.into(), source };
        let key = Zeroizing::new(ambient.bytes::<32>());
        let text: Zeroizing<String> = Zeroizing::new(key.iter().map(|byte| format!("{byte:02x}")).collect());
        // Exclusive: two starts at once must not leave one of them with a key that is not on disk.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
                Ok(Self(key))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path, File::open(path).map_err(failed)?),
            Err(source) => Err(failed(source)),
        }
    }

    /// The key of one person and scope: HKDF-SHA256 with the person's id as salt.
    pub(super) fn of_person(&self, user_id: UserId, scope: &str) -> Zeroizing<[u8; 32]> {
        self.expand(Some(user_id.as_uuid().as_bytes()), &format!("{scope}:{user_id}"))
    }

    /// A key for another purpose of the host, such as authenticating the plugin cache.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        *self.expand(None, purpose)
    }

    fn expand(&self, salt: Option<&[u8]>, info: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        // 32 bytes are always within HKDF's limit of 255 blocks.
        let _ = Hkdf::<Sha256>::new(salt, self.0.as_slice()).expand(info.as_bytes(), key.as_mut_slice());
        key
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

fn parse(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut key = Zeroizing::new([0; 32]);
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(key)
}
