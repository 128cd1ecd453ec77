//! Who someone is: passwords, API tokens, the machine's own token. The only place that makes a person's [`Principal`].

mod failures;
pub mod oauth;
mod password;
mod setup;
mod sign_in;
mod signature;
mod token;

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ambient::Ambient;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_domain::session::User;
use octi_store::{Store, StoreError, Token, Tx};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::audit::{self, Audit, Deed};
use crate::vault::VaultError;
use failures::Failures;
pub use sign_in::{Browser, SignedIn, csrf_token};
use signature::{SECRET_PREFIX, Seen};
pub use signature::{SIGNING_SCOPE, signs};
pub use token::{random_word, token_hash};

/// The name of the first administrator.
const FIRST_ADMIN: &str = "admin";
/// The name of the tokens that signing in with a password gives.
const LOGIN_TOKEN_NAME: &str = "sign-in with a password";
/// The file in the home folder that names whoever may use this machine's octi.
const LOCAL_TOKEN_FILE: &str = "local-token";
/// A token's last use is written down at most this often.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Why somebody was not let in. The text is for them; it never says which part was wrong.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("the user name or the password is wrong")]
    WrongPassword,
    #[error("too many failed attempts; try again in {seconds} s")]
    LockedOut { seconds: u64 },
    #[error("this token is unknown, expired or revoked; `octi token create NAME` makes a new one")]
    WrongToken,
    #[error(
        "this is the secret of a signing key, which never leaves the machine that signs: sign in to the WebSocket with the method \
         `hmac`, and revoke this key with `octi token revoke`, because it was sent"
    )]
    SecretSent,
    #[error(
        "the credentials of `hmac` are `ID.TIMESTAMP.NONCE.SIGNATURE`: the key's id, milliseconds since 1970, 16 to 64 letters, digits, \
         `-` or `_` that are new each time, and in hexadecimal the HMAC-SHA256 of `TIMESTAMP.ID.NONCE` under the key's secret"
    )]
    SignatureForm,
    #[error(
        "the signature is more than {} s older or {} s newer than now, which is {now} ms since 1970 here: set the clock of the \
         machine that signs, and sign anew",
        limits::SIGNATURE_SECONDS_MAX,
        limits::SIGNATURE_AHEAD_SECONDS_MAX
    )]
    SignatureTime { now: i64 },
    #[error("octi started after this was signed, and no longer knows whether it was used: sign anew")]
    SignatureBeforeStart,
    #[error("this signature was used before: sign anew, with another nonce")]
    SignatureUsed,
    #[error(
        "too many signatures were used within a few minutes; one person may sign {} times: keep the connection open, and wait",
        limits::SIGNATURES_PER_PERSON_MAX
    )]
    SignaturesTooMany,
    #[error(
        "the key is unknown, expired or revoked, or its secret makes another signature of `TIMESTAMP.ID.NONCE`; `octi token create \
         NAME --hmac` makes a key"
    )]
    WrongSignature,
    #[error("this access token is unknown, expired, revoked or for another server: get another one with the refresh token")]
    WrongAccess,
    #[error("this browser is no longer signed in; sign in again")]
    SignedOut,
    #[error("a password has {} to {} characters", limits::PASSWORD_CHARS_MIN, limits::PASSWORD_BYTES_MAX)]
    PasswordLength,
    #[error("a user name has 1 to {} characters, none of them a space at an end or a control character", limits::NAME_CHARS_MAX)]
    UserName,
    #[error("this octi is set up already; sign in")]
    AlreadySetUp,
    #[error("no administrator is active, so nobody owns this installation")]
    NoOwner,
    #[error("cannot read or write `{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// A failure of ours; the log has the rest.
    #[error("passwords cannot be checked now")]
    Internal(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// The first administrator's password, to be shown once.
pub struct OneTimePassword {
    pub username: String,
    password: SecretString,
}

impl OneTimePassword {
    /// The password, for the one time it is shown.
    #[must_use]
    pub fn password(&self) -> &str {
        self.password.expose_secret()
    }
}

impl std::fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneTimePassword").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Checks credentials.
pub struct Auth {
    store: Store,
    ambient: Ambient,
    audit: Audit,
    failures: Failures,
    seen: Seen,
    started: DateTime<Utc>,
    local_token: OnceLock<SecretString>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").finish_non_exhaustive()
    }
}

/// The host itself looks people up before it knows who they are.
const JOB: Principal = Principal::system("auth");

#[expect(clippy::disallowed_methods, reason = "credentials were checked by the caller in this module")]
const fn principal_of(user: &User) -> Principal {
    Principal::authenticated(user.id, user.is_admin)
}

impl Auth {
    /// Checks credentials against this store. Whoever is not let in is noted in the audit log.
    #[must_use]
    pub fn new(store: Store, ambient: Ambient, audit: Audit) -> Self {
        let started = ambient.now();
        let (failures, seen) = (Failures::default(), Seen::default());
        Self { store, ambient, audit, failures, seen, started, local_token: OnceLock::new() }
    }

    /// Makes the first administrator when there is nobody yet, with a password to be shown once.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn bootstrap_admin(&self) -> Result<Option<OneTimePassword>, AuthError> {
        if self.store.read(&JOB).await?.count_users().await? > 0 {
            return Ok(None);
        }
        let password = token::readable(&self.ambient);
        let hash = password::hash(password.clone(), self.ambient.bytes()).await?;
        let user = User {
            id: self.ambient.id(),
            username: FIRST_ADMIN.to_owned(),
            is_admin: true,
            is_active: true,
            created_at: self.ambient.now(),
            last_login_at: None,
        };
        let mut tx = self.store.write(&JOB).await?;
        // Somebody may have been first since we looked.
        if tx.count_users().await? > 0 {
            return Ok(None);
        }
        tx.insert_user(&user, &hash).await?;
        tx.save().await?;
        Ok(Some(OneTimePassword { username: user.username, password }))
    }

    /// Signs a person in.
    ///
    /// # Errors
    /// [`AuthError::WrongPassword`] whatever was wrong, [`AuthError::LockedOut`] after too many attempts.
    pub async fn login(&self, username: &str, password: &str, address: IpAddr) -> Result<(Principal, User), AuthError> {
        let user = self.verify(username, password, address).await?;
        let mut tx = self.store.write(&JOB).await?;
        self.record_login(&mut tx, &user, address).await?;
        tx.save().await?;
        Ok((principal_of(&user), user))
    }

    async fn record_login(&self, tx: &mut Tx<'_>, user: &User, address: IpAddr) -> Result<(), AuthError> {
        tx.record_login(user.id, self.ambient.now()).await?;
        audit::append(tx, &self.ambient, Some(user.id), &Deed::Login { user: user.id, address }).await?;
        Ok(())
    }

    /// Whose name and password these are. Nothing but failures is written down.
    async fn verify(&self, username: &str, password: &str, address: IpAddr) -> Result<User, AuthError> {
        let now = self.ambient.now();
        let found = self.store.read(&JOB).await?.user_by_name(username).await?;
        // Counted before it is compared: guesses that are sent at once must not all be compared before the first counts.
        let known = found.as_ref().map(|(user, _)| user.id);
        if let Err(lock_out) = self.failures.begin(username, address, now) {
            if lock_out.is_new {
                self.audit.note(None, &Deed::LoginLockedOut { user: known, address });
            }
            return Err(AuthError::LockedOut { seconds: u64::try_from(lock_out.wait.num_seconds()).unwrap_or_default() + 1 });
        }
        let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user), Some(hash)));
        // An unknown name costs as much time as a wrong password, so that names cannot be guessed.
        let matches = password::verify(SecretString::from(password), hash).await?;
        match user.filter(|user| matches && user.is_active) {
            Some(user) => {
                self.failures.forget(username, address);
                Ok(user)
            }
            None => {
                self.audit.note(None, &Deed::LoginFailed { user: known, address });
                Err(AuthError::WrongPassword)
            }
        }
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// [`AuthError::WrongToken`] whatever was wrong, [`AuthError::SecretSent`] for the secret of a key that signs.
    pub async fn by_token(&self, secret: &str) -> Result<Principal, AuthError> {
        if secret.starts_with(SECRET_PREFIX) {
            return Err(AuthError::SecretSent);
        }
        let now = self.ambient.now();
        let found = self.store.read(&JOB).await?.token_by_hash(&token_hash(secret)).await?;
        let (token, user) = found.filter(|(token, user)| user.is_active && is_valid(token, now)).ok_or(AuthError::WrongToken)?;
        if token.last_used_at.is_none_or(|last| now - last > TOUCH_EVERY) {
            let mut tx = self.store.write(&JOB).await?;
            tx.touch_token(token.id, now).await?;
            tx.save().await?;
        }
        Ok(principal_of(&user))
    }

    /// Makes a token for whoever has just signed in with a password; another password ends it.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn create_login_token(
        &self,
        principal: &Principal,
        expires_at: DateTime<Utc>,
    ) -> Result<(Token, String), AuthError> {
        self.create_token(principal, LOGIN_TOKEN_NAME, Some(expires_at)).await
    }

    /// Makes a token for the principal; its value is returned this once.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn create_token(
        &self,
        principal: &Principal,
        name: &str,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(Token, String), AuthError> {
        let user_id = principal.user_id().ok_or(AuthError::WrongToken)?;
        let minted = token::mint(&self.ambient);
        let token = Token {
            id: self.ambient.id(),
            user_id,
            name: name.to_owned(),
            prefix: minted.prefix,
            scopes: Vec::new(),
            created_at: self.ambient.now(),
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        let mut tx = self.store.write(principal).await?;
        tx.insert_token(&token, &minted.hash).await?;
        let created = Deed::TokenCreated { token: token.id, name, expires_at };
        audit::append(&mut tx, &self.ambient, Some(user_id), &created).await?;
        tx.save().await?;
        Ok((token, minted.secret.expose_secret().to_owned()))
    }

    /// Whoever owns this installation: the administrator who was there first.
    ///
    /// # Errors
    /// [`AuthError::NoOwner`].
    pub async fn local_owner(&self) -> Result<Principal, AuthError> {
        let owner = self.store.read(&JOB).await?.oldest_admin().await?;
        owner.as_ref().map(principal_of).ok_or(AuthError::NoOwner)
    }

    /// Every active person, for work the host does on each one's behalf.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn everyone(&self) -> Result<Vec<Principal>, AuthError> {
        let users = self.store.read(&JOB).await?.list_users().await?;
        Ok(users.iter().filter(|user| user.is_active).map(principal_of).collect())
    }

    /// The machine's own token: read from the home folder, or made there for its owner only.
    ///
    /// # Errors
    /// [`AuthError::Io`].
    pub fn local_token(&self, home: &Path) -> Result<SecretString, AuthError> {
        let path = home.join(LOCAL_TOKEN_FILE);
        let token = token::load_or_create(&path, &self.ambient).map_err(|source| AuthError::Io { path, source })?;
        Ok(self.local_token.get_or_init(|| token).clone())
    }

    /// The owner of this installation, for whoever can read the machine's own token.
    ///
    /// # Errors
    /// [`AuthError::WrongToken`] whatever was wrong.
    pub async fn by_local_token(&self, secret: &str) -> Result<Principal, AuthError> {
        let expected = self.local_token.get().ok_or(AuthError::WrongToken)?;
        if !bool::from(expected.expose_secret().as_bytes().ct_eq(secret.as_bytes())) {
            return Err(AuthError::WrongToken);
        }
        self.local_owner().await
    }
}

fn is_valid(token: &Token, now: DateTime<Utc>) -> bool {
    token.revoked_at.is_none() && token.expires_at.is_none_or(|end| now < end)
}

/// A lock that was held by a thread that panicked is still a lock.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
