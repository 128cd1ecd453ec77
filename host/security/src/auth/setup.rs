//! The first run: whoever has the first password, which only the server's terminal shows, chooses a name and one of their own.

use octi_domain::limits;
use octi_domain::session::User;
use secrecy::SecretString;

use super::sign_in::check_password;
use super::{Auth, AuthError, Browser, JOB, SignedIn, password, principal_of};
use crate::audit::{self, Deed};

impl Auth {
    /// Whether nobody has signed in yet.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn needs_setup(&self) -> Result<bool, AuthError> {
        Ok(self.first_admin().await?.is_some())
    }

    /// The administrator that the first start made, while they are alone and have never signed in.
    async fn first_admin(&self) -> Result<Option<User>, AuthError> {
        let users = self.store.read(&JOB).await?.list_users().await?;
        match <[User; 1]>::try_from(users) {
            Ok([user]) if user.is_admin && user.is_active && user.last_login_at.is_none() => Ok(Some(user)),
            _ => Ok(None),
        }
    }

    /// Gives the first administrator a name and a password, and signs the browser in. `code` is the first password.
    ///
    /// # Errors
    /// [`AuthError::AlreadySetUp`]; [`AuthError::WrongPassword`] and [`AuthError::LockedOut`] for a wrong code;
    /// [`AuthError::UserName`] and [`AuthError::PasswordLength`] for what was chosen.
    pub async fn set_up(&self, code: &str, username: &str, new: &str, browser: &Browser) -> Result<SignedIn, AuthError> {
        check_name(username)?;
        check_password(new)?;
        let first = self.first_admin().await?.ok_or(AuthError::AlreadySetUp)?;
        let mut user = self.verify(&first.username, code.trim(), browser.address).await?;
        let hash = password::hash(SecretString::from(new), self.ambient.bytes()).await?;
        // All or nothing: whoever closes the page meanwhile can begin again.
        let mut tx = self.store.write(&JOB).await?;
        self.record_login(&mut tx, &user, browser.address).await?;
        tx.rename_user(user.id, username).await?;
        tx.set_password(user.id, &hash).await?;
        audit::append(&mut tx, &self.ambient, Some(user.id), &Deed::SetUp { user: user.id }).await?;
        tx.save().await?;
        username.clone_into(&mut user.username);
        self.remember(principal_of(&user), user, browser).await
    }
}

fn check_name(name: &str) -> Result<(), AuthError> {
    let chars = name.chars().count();
    let is_plain = name.trim() == name && !name.chars().any(char::is_control);
    if is_plain && (1..=limits::NAME_CHARS_MAX).contains(&chars) { Ok(()) } else { Err(AuthError::UserName) }
}
