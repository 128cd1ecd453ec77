//! Secrets in a server's configuration: written as `{{secret:NAME}}`, joined when the server is started or asked.

use std::sync::Arc;

use async_trait::async_trait;
use octi_domain::ids::UserId;
use octi_domain::secret;
use octi_extension::services::SecretError;
use octi_security::guard::Redactor;
use secrecy::{ExposeSecret as _, SecretString};

/// Where the values are. A server's secrets are those of the administrator who configured it.
#[async_trait]
pub trait ServerSecrets: Send + Sync {
    /// The value of that person's secret; without a person, of whoever owns this installation.
    ///
    /// # Errors
    /// [`SecretError`].
    async fn secret(&self, owner: Option<UserId>, name: &str) -> Result<Option<SecretString>, SecretError>;
}

/// For hosts whose servers need none.
#[derive(Debug, Clone, Copy)]
pub struct NoSecrets;

#[async_trait]
impl ServerSecrets for NoSecrets {
    async fn secret(&self, _owner: Option<UserId>, _name: &str) -> Result<Option<SecretString>, SecretError> {
        Ok(None)
    }
}

/// The values that were joined for one server, so that they can be kept out of what it says.
#[derive(Default)]
pub(super) struct Used(Vec<(String, SecretString)>);

impl Used {
    /// What hides them.
    pub(super) fn redactor(self) -> Arc<Redactor> {
        Arc::new(Redactor::new(self.0))
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
