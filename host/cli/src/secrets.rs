//! What must never be shown: the secrets of each person and of the host, kept ready for every result that goes out.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use octi_domain::ids::UserId;
use octi_domain::principal::Principal;
use octi_extension::services::{SecretError, SecretSource};
use octi_security::guard::Redactor;
use octi_security::vault::{USER_SCOPE, Vault, VaultError};
use octi_store::SecretName;
use secrecy::SecretString;

/// Redactors by person. A person's is made anew whenever their secrets change.
pub(crate) struct Secrets {
    vault: Arc<Vault>,
    host: Vec<(String, SecretString)>,
    nobody: Arc<Redactor>,
    people: RwLock<HashMap<UserId, Arc<Redactor>>>,
}

impl Secrets {
    /// Redactors that know the host's own secrets, and nobody's yet.
    pub(crate) fn new(vault: Arc<Vault>, host: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        let host: Vec<(String, SecretString)> = host.into_iter().map(|(name, value)| (format!("host/{name}"), value)).collect();
        Self { vault, nobody: Arc::new(Redactor::new(host.clone())), host, people: RwLock::default() }
    }

    /// Reads the person's secrets anew.
    pub(crate) async fn refresh(&self, principal: &Principal) {
        let Some(user_id) = principal.user_id() else { return };
        match self.vault.reveal_all(principal).await {
            Ok(secrets) => {
                let secrets = secrets.into_iter().map(|(secret, value)| (label(&secret), value));
                let redactor = Arc::new(Redactor::new(self.host.iter().cloned().chain(secrets)));
                self.people.write().unwrap_or_else(PoisonError::into_inner).insert(user_id, redactor);
            }
            // The old redactor stays: it hides what was secret until now.
            Err(error) => tracing::error!(%user_id, %error, "a person's secrets cannot be read"),
        }
    }

    /// What hides the secrets of this person, and the host's.
    pub(crate) fn redactor(&self, principal: &Principal) -> Arc<Redactor> {
        let people = self.people.read().unwrap_or_else(PoisonError::into_inner);
        principal.user_id().and_then(|user| people.get(&user)).unwrap_or(&self.nobody).clone()
    }
}

/// What a redactor calls a secret: only a person's own is called by a name that a placeholder can hold.
fn label(secret: &SecretName) -> String {
    if secret.scope == USER_SCOPE { secret.name.clone() } else { format!("{}/{}", secret.scope, secret.name) }
}

#[async_trait]
impl SecretSource for Secrets {
    async fn secret(&self, principal: &Principal, name: &str) -> Result<Option<SecretString>, SecretError> {
        match self.vault.get(principal, USER_SCOPE, name).await {
            Ok(found) => Ok(found),
            // The host itself has no secrets of that kind.
            Err(VaultError::Nobody) => Ok(None),
            Err(VaultError::Sealed { name }) => Err(SecretError::Sealed(name)),
            Err(error) => {
                tracing::error!(%error, "a secret cannot be read");
                Err(SecretError::Unavailable)
            }
        }
    }
}
