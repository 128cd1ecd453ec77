//! Tokens: `octi_` and 43 characters of base64url, which are 256 random bits. Only their SHA-256 is stored.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use octi_domain::ambient::Ambient;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// Characters of a token that its owner is shown later.
pub(super) const PREFIX_CHARS: usize = 12;

/// A new token.
pub(super) struct Minted {
    pub(super) secret: SecretString,
    pub(super) hash: [u8; 32],
    pub(super) prefix: String,
}

/// Makes a token.
pub(super) fn mint(ambient: &Ambient) -> Minted {
    let text = format!("octi_{}", random_word(ambient));
    Minted { hash: token_hash(&text), prefix: text.chars().take(PREFIX_CHARS).collect(), secret: text.into() }
}

/// What is stored of a token. A token has 256 random bits, so a fast hash is enough.
#[must_use]
pub fn token_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// 256 random bits as base64url.
#[must_use]
pub fn random_word(ambient: &Ambient) -> String {
    URL_SAFE_NO_PAD.encode(ambient.bytes::<32>())
}

/// A password a person can type: 20 letters and digits, none of which look alike, in groups of five. 98 bits.
pub(super) fn readable(ambient: &Ambient) -> SecretString {
    // 32 characters, so that a byte's low five bits choose without bias.
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = ambient.bytes::<20>();
    let mut text = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte & 31)]));
    }
    text.into()
}

/// The token in that file, or a new one written there for its owner only.
pub(super) fn load_or_create(path: &Path, ambient: &Ambient) -> io::Result<SecretString> {
    match File::open(path) {
        Ok(file) => read(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, ambient),
        Err(error) => Err(error),
    }
}

fn read(mut file: File) -> io::Result<SecretString> {
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("it may be read by others (mode {mode:o}); delete it, and octi makes a new one"),
        ));
    }
    let mut text = String::new();
    (&mut file).take(1_024).read_to_string(&mut text)?;
    let text = text.trim();
    if text.len() < 32 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it holds no token; delete it, and octi makes a new one"));
    }
    Ok(text.into())
}

fn create(path: &Path, ambient: &Ambient) -> io::Result<SecretString> {
    // Not `octi_…`: it is no API token, and works on this machine only.
    let text = format!("local_{}", random_word(ambient));
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(text.into())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(File::open(path)?),
        Err(error) => Err(error),
    }
}
