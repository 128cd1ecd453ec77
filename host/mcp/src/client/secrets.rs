//! Secrets in a server's configuration: written as `{{secret:NAME}}`, joined when the server is started or asked.

use std::sync::Arc;

use async_trait::async_trait;
use octi_domain::ids::UserId;
use octi_domain::secret;
use octi_extension::services::SecretError;
use octi_security::guard::Redactor;
use secrecy::{ExposeSecret as _, SecretString};

use super::oauth::Kept;

/// Where the values are. A server's secrets are those of the administrator who configured it.
#[async_trait]
pub trait ServerSecrets: Send + Sync {
    /// The value of that person's secret; without a person, of whoever owns this installation.
    ///
    /// # Errors
    /// [`SecretError`].
    async fn secret(&self, owner: Option<UserId>, name: &str) -> Result<Option<SecretString>, SecretError>;

    /// What was kept of a sign-in to that server.
    ///
    /// # Errors
    /// [`SecretError`].
    async fn tokens(&self, owner: Option<UserId>, server: &str) -> Result<Option<SecretString>, SecretError>;

    /// Keeps it sealed; forgets it for none.
    ///
    /// # Errors
    /// [`SecretError`].
    async fn keep_tokens(&self, owner: Option<UserId>, server: &str, tokens: Option<SecretString>) -> Result<(), SecretError>;
}

/// For hosts whose servers need none.
#[derive(Debug, Clone, Copy)]
pub struct NoSecrets;

#[async_trait]
impl ServerSecrets for NoSecrets {
    async fn secret(&self, _owner: Option<UserId>, _name: &str) -> Result<Option<SecretString>, SecretError> {
        Ok(None)
    }

    async fn tokens(&self, _owner: Option<UserId>, _server: &str) -> Result<Option<SecretString>, SecretError> {
        Ok(None)
    }

    async fn keep_tokens(&self, _owner: Option<UserId>, _server: &str, _tokens: Option<SecretString>) -> Result<(), SecretError> {
        Err(SecretError::Unavailable)
    }
}

/// The values that were joined for one server, so that they can be kept out of what it says.
#[derive(Default)]
pub(super) struct Used(Vec<(String, SecretString)>);

impl Used {
    /// What hides them, and what a sign-in gives from now on.
    pub(super) fn hiding(self, kept: Option<Arc<Kept>>) -> Hidden {
        Hidden { fixed: Arc::new(Redactor::new(self.0.clone())), used: self.0, kept }
    }
}

/// What is kept out of everything that a server says.
pub(super) struct Hidden {
    used: Vec<(String, SecretString)>,
    fixed: Arc<Redactor>,
    kept: Option<Arc<Kept>>,
}

impl Hidden {
    /// What hides all of it now: tokens change while a connection lasts.
    pub(super) fn redactor(&self) -> Arc<Redactor> {
        let tokens = self.kept.as_ref().map(|kept| kept.hidden()).unwrap_or_default();
        if tokens.is_empty() {
            return self.fixed.clone();
        }
        Arc::new(Redactor::new(self.used.iter().cloned().chain(tokens)))
    }
}

/// A text with the values of the secrets it names. `field` is its place in the configuration.
pub(super) async fn join(
    secrets: &dyn ServerSecrets,
    owner: Option<UserId>,
    (field, text): (&str, &str),
    used: &mut Used,
) -> Result<SecretString, String> {
    let (mut joined, mut after) = (String::new(), 0);
    for (range, name) in secret::placeholders(text) {
        let found = secrets.secret(owner, name).await.map_err(|error| format!("`{field}`: {error}"))?;
        let Some(value) = found else {
            return Err(format!(
                "`{field}` names the secret `{name}`, which is not there: whoever configured the server adds it with `octi secret set {name}`"
            ));
        };
        joined.push_str(&text[after..range.start]);
        joined.push_str(value.expose_secret());
        after = range.end;
        used.0.push((name.to_owned(), value));
    }
    joined.push_str(&text[after..]);
    Ok(SecretString::from(joined))
}
