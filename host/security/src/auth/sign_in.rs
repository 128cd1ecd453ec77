//! Browsers: signed in with a password, known again by a cookie that only the browser has.
//!
//! The cookie's value has 256 random bits and only its SHA-256 is stored. What proves that a request comes from octi's own pages
//! (the CSRF token) is made from the same value, so that nothing more has to be kept.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ids::SignInId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_domain::session::User;
use octi_store::{SignIn, Tx};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{Auth, AuthError, JOB, LOGIN_TOKEN_NAME, TOUCH_EVERY, password, principal_of, random_word, token_hash};
use crate::audit::{self, Deed};
use crate::guard::clean;

/// What a browser says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    pub address: IpAddr,
    pub user_agent: String,
}

/// A browser that has just signed in.
pub struct SignedIn {
    pub principal: Principal,
    pub user: User,
    pub sign_in: SignIn,
    /// The cookie's value, for this one answer.
    pub cookie: SecretString,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").field("sign_in", &self.sign_in).finish_non_exhaustive()
    }
}

/// What a page sends with each change, to prove that it is one of octi's own: other sites can make a browser send its cookie, but
/// cannot read this.
#[must_use]
pub fn csrf_token(cookie: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(["octi csrf\0", cookie].concat()))
}

impl Auth {
    /// Signs a browser in with a password.
    ///
    /// # Errors
    /// As [`Auth::login`].
    pub async fn sign_in(&self, username: &str, password: &str, browser: &Browser) -> Result<SignedIn, AuthError> {
        let (principal, user) = self.login(username, password, browser.address).await?;
        self.remember(principal, user, browser).await
    }

    /// Keeps a browser of somebody whose password was checked.
    pub(super) async fn remember(&self, principal: Principal, user: User, browser: &Browser) -> Result<SignedIn, AuthError> {
        let now = self.ambient.now();
        let cookie = random_word(&self.ambient);
        let sign_in = SignIn {
            id: self.ambient.id(),
            user_id: user.id,
            user_agent: clean(&browser.user_agent).chars().take(limits::USER_AGENT_CHARS_MAX).collect(),
            address: browser.address.to_string(),
            created_at: now,
            last_seen_at: now,
            expires_at: now + TimeDelta::days(limits::SIGN_IN_DAYS),
        };
        let mut tx = self.store.write(&principal).await?;
        make_room(&mut tx, now).await?;
        tx.insert_sign_in(&sign_in, &token_hash(&cookie)).await?;
        tx.save().await?;
        Ok(SignedIn { principal, user, sign_in, cookie: cookie.into() })
    }

    /// Whose cookie this is.
    ///
    /// # Errors
    /// [`AuthError::SignedOut`] whatever was wrong.
    pub async fn by_cookie(&self, cookie: &str) -> Result<(Principal, SignIn, User), AuthError> {
        let now = self.ambient.now();
        let found = self.store.read(&JOB).await?.sign_in_by_hash(&token_hash(cookie)).await?;
        let (sign_in, user) =
            found.filter(|(sign_in, user)| user.is_active && is_valid(sign_in, now)).ok_or(AuthError::SignedOut)?;
        if now - sign_in.last_seen_at > TOUCH_EVERY {
            let mut tx = self.store.write(&JOB).await?;
            tx.touch_sign_in(sign_in.id, now).await?;
            tx.save().await?;
        }
        Ok((principal_of(&user), sign_in, user))
    }

    /// Ends one of the person's sign-ins; false when there is no such one.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn sign_out(&self, principal: &Principal, id: SignInId) -> Result<bool, AuthError> {
        let mut tx = self.store.write(principal).await?;
        let was_there = tx.delete_sign_in(id).await?;
        if was_there {
            audit::append(&mut tx, &self.ambient, principal.user_id(), &Deed::SignedOut { sign_in: id }).await?;
        }
        tx.save().await?;
        Ok(was_there)
    }

    /// Gives the person another password, and ends what the old one gave: every browser but `keep`, and the tokens of sign-ins.
    ///
    /// # Errors
    /// [`AuthError::WrongPassword`] and [`AuthError::LockedOut`] for the current one, [`AuthError::PasswordLength`] for the new one.
    pub async fn change_password(
        &self,
        principal: &Principal,
        (current, new): (&str, &str),
        address: IpAddr,
        keep: Option<SignInId>,
    ) -> Result<(), AuthError> {
        check_password(new)?;
        let user_id = principal.user_id().ok_or(AuthError::WrongToken)?;
        let user = self.store.read(principal).await?.user(user_id).await?.ok_or(AuthError::WrongPassword)?;
        self.verify(&user.username, current, address).await?;
        let hash = password::hash(SecretString::from(new), self.ambient.bytes()).await?;
        let mut tx = self.store.write(principal).await?;
        tx.set_password(user_id, &hash).await?;
        for other in tx.list_sign_ins().await?.iter().filter(|sign_in| Some(sign_in.id) != keep) {
            tx.delete_sign_in(other.id).await?;
        }
        for token in tx.list_tokens().await?.iter().filter(|token| token.name == LOGIN_TOKEN_NAME) {
            tx.revoke_token(token.id, self.ambient.now()).await?;
        }
        audit::append(&mut tx, &self.ambient, Some(user_id), &Deed::PasswordChanged { user: user_id }).await?;
        tx.save().await?;
        Ok(())
    }
}

/// Whether a new password is long enough to be one, and no longer than is ever compared.
pub(super) fn check_password(new: &str) -> Result<(), AuthError> {
    let fits = new.chars().count() >= limits::PASSWORD_CHARS_MIN && new.len() <= limits::PASSWORD_BYTES_MAX;
    if fits { Ok(()) } else { Err(AuthError::PasswordLength) }
}

fn is_valid(sign_in: &SignIn, now: DateTime<Utc>) -> bool {
    now < sign_in.expires_at && now - sign_in.last_seen_at < TimeDelta::days(limits::SIGN_IN_IDLE_DAYS)
}

/// Forgets what has expired, and then what was unused for longest, until one more fits.
async fn make_room(tx: &mut Tx<'_>, now: DateTime<Utc>) -> Result<(), AuthError> {
    let (valid, expired): (Vec<_>, Vec<_>) = tx.list_sign_ins().await?.into_iter().partition(|sign_in| is_valid(sign_in, now));
    for gone in expired.iter().chain(valid.iter().skip(limits::SIGN_INS_PER_USER_MAX - 1)) {
        tx.delete_sign_in(gone.id).await?;
    }
    Ok(())
}

impl SignedIn {
    /// What the page sends with each change.
    #[must_use]
    pub fn csrf_token(&self) -> String {
        csrf_token(self.cookie.expose_secret())
    }
}
