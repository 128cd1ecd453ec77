//! Passwords: argon2id (RFC 9106), on the blocking pool, a few at a time.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use octi_domain::limits;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::AuthError;

/// Each takes 19 MiB and a core; more at once would let strangers occupy the machine.
static PLACES: Semaphore = Semaphore::const_new(2);

/// A hash that no password has, with the cost of a real one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$3Q0nmvKAJ7Jmo6nwTnVqmVb9hyyqr3hzTpBaKZ3j1VY";

/// The PHC string of a password.
pub(super) async fn hash(password: SecretString, salt: [u8; 16]) -> Result<String, AuthError> {
    blocking(move || {
        let hashed = Argon2::default().hash_password_with_salt(password.expose_secret().as_bytes(), &salt);
        hashed.map(|hash| hash.to_string()).map_err(|error| AuthError::Internal(error.to_string()))
    })
    .await
}

/// Whether the password has that hash. Without a hash the answer is no, after the same work.
pub(super) async fn verify(password: SecretString, hash: Option<String>) -> Result<bool, AuthError> {
    if password.expose_secret().len() > limits::PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    blocking(move || {
        let parsed =
            PasswordHash::new(hash.as_deref().unwrap_or(NOBODY)).map_err(|error| AuthError::Internal(error.to_string()))?;
        let matches = Argon2::default().verify_password(password.expose_secret().as_bytes(), &parsed).is_ok();
        Ok(matches && hash.is_some())
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, AuthError> + Send + 'static) -> Result<T, AuthError> {
    let _place = PLACES.acquire().await.map_err(|error| AuthError::Internal(error.to_string()))?;
    tokio::task::spawn_blocking(work).await.map_err(|error| AuthError::Internal(error.to_string()))?
}
