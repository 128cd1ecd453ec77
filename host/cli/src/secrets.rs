//! Secrets of people: kept in the vault, given to the egress door, and hidden in everything that goes out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use octi_domain::ids::UserId;
use octi_domain::principal::Principal;
use octi_extension::services::{SecretError, SecretSource};
use octi_gateway::ports::SecretsChanged;
use octi_security::guard::Redactor;
use octi_security::vault::{USER_SCOPE, Vault, VaultError};
use octi_store::SecretName;
use secrecy::SecretString;

/// Names and values.
type Values = Vec<(String, SecretString)>;

/// The vault, and redactors by person. A person's is made anew whenever their secrets change.
pub(crate) struct Secrets {
    vault: Arc<Vault>,
    /// The host's that never change.
    fixed: Values,
    known: RwLock<Arc<Known>>,
    /// Held while the next `known` is made.
    changing: Mutex<()>,
    /// Held from reading somebody's secrets to hiding them, so that an older list never takes the place of a newer one.
    reading: tokio::sync::Mutex<()>,
}

/// What is hidden.
#[derive(Clone)]
struct Known {
    host: Values,
    nobody: Arc<Redactor>,
    /// Of people who have secrets.
    people: HashMap<UserId, (Values, Arc<Redactor>)>,
}

impl Known {
    fn of_host(host: Values) -> Self {
        Self { nobody: Arc::new(Redactor::new(host.clone())), host, people: HashMap::new() }
    }

    fn add(&mut self, person: UserId, own: Values) {
        let redactor = Arc::new(Redactor::new(self.host.iter().chain(&own).cloned()));
        self.people.insert(person, (own, redactor));
    }
}

impl Secrets {
    /// Redactors that know the host's own secrets, and nobody's yet.
    pub(crate) fn new(vault: Arc<Vault>, host: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        let fixed: Values = host.into_iter().map(|(name, value)| (format!("host/{name}"), value)).collect();
        let known = RwLock::new(Arc::new(Known::of_host(fixed.clone())));
        Self { vault, fixed, known, changing: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }

    /// Hides these of the host besides those that never change, instead of the ones given before.
    pub(crate) fn hide_of_host(&self, secrets: impl IntoIterator<Item = (String, SecretString)>) {
        let more = secrets.into_iter().map(|(name, value)| (format!("host/{name}"), value));
        let host = self.fixed.iter().cloned().chain(more).collect();
        self.change(|known| {
            let people = std::mem::take(&mut known.people);
            *known = Known::of_host(host);
            for (person, (own, _)) in people {
                known.add(person, own);
            }
        });
    }

    /// Makes the next of what is known, and puts it in its place. Not while `known` is locked: making a redactor may log, and a
    /// line of the log is hidden with what is known.
    fn change(&self, change: impl FnOnce(&mut Known)) {
        let _one_after_another = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Known::clone(&self.known());
        change(&mut next);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    fn known(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the person's secrets anew.
    pub(crate) async fn refresh(&self, principal: &Principal) {
        let Some(user_id) = principal.user_id() else { return };
        let _in_order = self.reading.lock().await;
        match self.vault.reveal_all(principal).await {
            Ok(secrets) if secrets.is_empty() => self.change(|known| drop(known.people.remove(&user_id))),
            Ok(secrets) => {
                let own = secrets.into_iter().flat_map(|(secret, value)| hidden(&secret, value)).collect();
                self.change(|known| known.add(user_id, own));
            }
            // The old redactor stays: it hides what was secret until now.
            Err(error) => tracing::error!(%user_id, %error, "a person's secrets cannot be read"),
        }
    }

    /// What hides the secrets of this person, and the host's.
    pub(crate) fn redactor(&self, principal: &Principal) -> Arc<Redactor> {
        let known = self.known();
        let own = principal.user_id().and_then(|user| known.people.get(&user));
        own.map_or(&known.nobody, |(_, redactor)| redactor).clone()
    }

    /// The text without anybody's secrets, for logs: whose line it is cannot be told from it.
    pub(crate) fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.known();
        let mut text = known.nobody.redact(text);
        for (_, redactor) in known.people.values() {
            if let Cow::Owned(hidden) = redactor.redact(&text) {
                text = Cow::Owned(hidden);
            }
        }
        text
    }
}

/// What is hidden of a secret: its value, or the tokens in what a sign-in gave.
fn hidden(secret: &SecretName, value: SecretString) -> Values {
    let name = label(secret);
    if secret.scope != SIGN_INS {
        return vec![(name, value)];
    }
    octi_mcp::client::tokens_in(&value).into_iter().map(|(what, token)| (format!("{name}/{what}"), token)).collect()
}

/// What a redactor calls a secret: only a person's own is called by a name that a placeholder can hold.
fn label(secret: &SecretName) -> String {
    if secret.scope == USER_SCOPE { secret.name.clone() } else { format!("{}/{}", secret.scope, secret.name) }
}

/// Where the vault has what people signed in to servers of others with.
const SIGN_INS: &str = "mcp-server";

impl Secrets {
    /// What this person's sign-in to a server gave.
    pub(crate) async fn tokens(&self, principal: &Principal, server: &str) -> Result<Option<SecretString>, SecretError> {
        self.vault.get(principal, SIGN_INS, server).await.map_err(unavailable)
    }

    /// Keeps that, and hides it from everybody; forgets it for none.
    pub(crate) async fn keep_tokens(
        &self,
        principal: &Principal,
        server: &str,
        tokens: Option<SecretString>,
    ) -> Result<(), SecretError> {
        match tokens {
            Some(tokens) => self.vault.put(principal, SIGN_INS, server, tokens).await,
            None => self.vault.delete(principal, SIGN_INS, server).await.map(drop),
        }
        .map_err(unavailable)?;
        self.refresh(principal).await;
        Ok(())
    }
}

fn unavailable(error: VaultError) -> SecretError {
    tracing::error!(%error, "what somebody signed in to an MCP server with cannot be kept or read");
    match error {
        VaultError::Sealed { name } => SecretError::Sealed(name),
        _ => SecretError::Unavailable,
    }
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

#[async_trait]
impl SecretsChanged for Secrets {
    async fn changed(&self, principal: &Principal) {
        self.refresh(principal).await;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use octi_domain::ambient::Ambient;
    use octi_domain::session::User;
    use octi_security::vault::MasterKey;
    use octi_store::Store;
    use secrecy::ExposeSecret;

    use super::*;

    /// Secrets of these people, each with one called `key`, and of the host.
    #[expect(clippy::disallowed_methods, reason = "a test signs people in without credentials")]
    pub(crate) async fn secrets_of(people: &[(&str, &str)]) -> (tempfile::TempDir, Arc<Secrets>, Vec<Principal>) {
        let home = tempfile::tempdir().unwrap();
        let ambient = Ambient::system();
        let store = Store::open(&format!("sqlite://{}", home.path().join("octi.db").display())).await.unwrap();
        store.migrate().await.unwrap();
        let master = MasterKey::load_or_create(&home.path().join("master.key"), None, &ambient).unwrap();
        let vault = Arc::new(Vault::new(store.clone(), master, ambient.clone()));
        let secrets = Secrets::new(vault.clone(), [("token".to_owned(), SecretString::from("host-Secret-7"))]);
        let mut principals = Vec::new();
        for (name, value) in people {
            let user = User {
                id: ambient.id(),
                username: (*name).to_owned(),
                is_admin: false,
                is_active: true,
                created_at: ambient.now(),
                last_login_at: None,
            };
            let mut tx = store.write(&Principal::system("test")).await.unwrap();
            tx.insert_user(&user, "no password").await.unwrap();
            tx.save().await.unwrap();
            let principal = Principal::authenticated(user.id, false);
            vault.put(&principal, USER_SCOPE, "key", SecretString::from(*value)).await.unwrap();
            secrets.refresh(&principal).await;
            principals.push(principal);
        }
        (home, Arc::new(secrets), principals)
    }

    #[tokio::test]
    async fn the_door_gets_the_value_of_the_caller_only() {
        let (_home, secrets, people) = secrets_of(&[("ann", "value-of-Ann-1"), ("bob", "value-of-Bob-2")]).await;
        for (person, value) in people.iter().zip(["value-of-Ann-1", "value-of-Bob-2"]) {
            let found = secrets.secret(person, "key").await.unwrap().unwrap();
            assert_eq!(found.expose_secret(), value);
            assert!(secrets.secret(person, "other").await.unwrap().is_none());
        }
        assert!(secrets.secret(&Principal::system("test"), "key").await.unwrap().is_none());
        secrets.vault.put(&people[0], "model", "openai", "key-of-a-Model".into()).await.unwrap();
        assert!(secrets.secret(&people[0], "openai").await.unwrap().is_none(), "keys of models are not for tools");
    }

    #[tokio::test]
    async fn a_person_is_shown_no_secret_of_their_own_or_the_host() {
        let (_home, secrets, people) = secrets_of(&[("ann", "value-of-Ann-1"), ("bob", "value-of-Bob-2")]).await;
        let text = "value-of-Ann-1 value-of-Bob-2 host-Secret-7";
        assert_eq!(secrets.redactor(&people[0]).redact(text), "[REDACTED_SECRET] value-of-Bob-2 [REDACTED_SECRET]");
        assert_eq!(secrets.hide(text), "[REDACTED_SECRET] [REDACTED_SECRET] [REDACTED_SECRET]");

        secrets.vault.put(&people[0], USER_SCOPE, "key", "changed-Value-3".into()).await.unwrap();
        secrets.changed(&people[0]).await;
        assert_eq!(secrets.redactor(&people[0]).redact("value-of-Ann-1 changed-Value-3"), "value-of-Ann-1 [REDACTED_SECRET]");
        secrets.vault.delete(&people[0], USER_SCOPE, "key").await.unwrap();
        secrets.changed(&people[0]).await;
        assert_eq!(secrets.redactor(&people[0]).redact("changed-Value-3 host-Secret-7"), "changed-Value-3 [REDACTED_SECRET]");
    }

    #[tokio::test]
    async fn a_secret_of_the_host_that_changes_is_hidden_from_everybody() {
        let (_home, secrets, people) = secrets_of(&[("ann", "value-of-Ann-1"), ("bob", "value-of-Bob-2")]).await;
        secrets.vault.delete(&people[1], USER_SCOPE, "key").await.unwrap();
        secrets.changed(&people[1]).await;
        secrets.hide_of_host([("metrics.token".to_owned(), SecretString::from("scraper-Word-5"))]);
        let text = "scraper-Word-5 value-of-Ann-1 host-Secret-7";
        assert_eq!(secrets.redactor(&people[0]).redact(text), "[REDACTED_SECRET] [REDACTED_SECRET] [REDACTED_SECRET]");
        assert_eq!(secrets.redactor(&people[1]).redact(text), "[REDACTED_SECRET] value-of-Ann-1 [REDACTED_SECRET]");
        secrets.hide_of_host([]);
        assert_eq!(secrets.redactor(&people[0]).redact(text), "scraper-Word-5 [REDACTED_SECRET] [REDACTED_SECRET]");
    }
}
