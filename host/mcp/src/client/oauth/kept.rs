//! The tokens of one server: sealed in the vault of whoever configured it, and kept at hand while the host runs.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use octi_domain::ids::UserId;
use rmcp::transport::auth::{AuthError, CredentialStore, StoredCredentials};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::super::secrets::ServerSecrets;

/// What is sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::client) struct Tokens {
    /// The address they were given for: a server that was moved is signed in to anew.
    url: String,
    pub redirect_uri: String,
    pub client_secret: Option<String>,
    credentials: StoredCredentials,
}

impl Tokens {
    pub(super) fn client_id(&self) -> &str {
        &self.credentials.client_id
    }

    pub(super) fn scopes(&self) -> &[String] {
        &self.credentials.granted_scopes
    }

    /// Every value that nobody may see, by what it is.
    fn secrets(&self) -> Vec<(String, SecretString)> {
        // Their types print themselves as redacted; their JSON is what a server was given.
        let response = serde_json::to_value(&self.credentials.token_response).unwrap_or_default();
        let token = |name: &str| Some((format!("oauth/{name}"), response.get(name)?.as_str()?.to_owned()));
        let client = self.client_secret.clone().map(|secret| ("oauth/client_secret".to_owned(), secret));
        let all = ["access_token", "refresh_token", "id_token"].into_iter().filter_map(token).chain(client);
        all.map(|(name, value)| (name, SecretString::from(value))).collect()
    }
}

/// The tokens in what was kept of a sign-in, for whoever hides them.
#[must_use]
pub fn tokens_in(kept: &SecretString) -> Vec<(String, SecretString)> {
    serde_json::from_str::<Tokens>(kept.expose_secret()).map(|tokens| tokens.secrets()).unwrap_or_default()
}

/// Whether the vault was read, and what was in it.
#[derive(Clone, Default)]
enum AtHand {
    #[default]
    Unread,
    Read(Option<Arc<Tokens>>),
}

/// The tokens of a server.
pub(in crate::client) struct Kept {
    secrets: Arc<dyn ServerSecrets>,
    server: String,
    owner: Option<UserId>,
    url: String,
    at_hand: Mutex<AtHand>,
}

impl Kept {
    pub(super) fn new(secrets: Arc<dyn ServerSecrets>, (server, owner): (&str, Option<UserId>), url: &str) -> Self {
        Self { secrets, server: server.to_owned(), owner, url: url.to_owned(), at_hand: Mutex::default() }
    }

    /// Those of this server at this address; none when nobody signed in.
    pub(in crate::client) async fn tokens(&self) -> Result<Option<Arc<Tokens>>, String> {
        if let AtHand::Read(tokens) = self.at_hand() {
            return Ok(tokens);
        }
        let sealed = self.secrets.tokens(self.owner, &self.server).await.map_err(|error| error.to_string())?;
        let tokens = sealed.and_then(|text| serde_json::from_str::<Tokens>(text.expose_secret()).ok());
        let tokens = tokens.filter(|tokens| tokens.url == self.url).map(Arc::new);
        self.set(AtHand::Read(tokens.clone()));
        Ok(tokens)
    }

    /// What must not be seen of them.
    pub(in crate::client) fn hidden(&self) -> Vec<(String, SecretString)> {
        match self.at_hand() {
            AtHand::Read(Some(tokens)) => tokens.secrets(),
            AtHand::Read(None) | AtHand::Unread => Vec::new(),
        }
    }

    /// Whether there are any, as far as is known without reading the vault.
    pub(in crate::client) fn is_there(&self) -> bool {
        matches!(self.at_hand(), AtHand::Read(Some(_)))
    }

    /// Forgets them, here and in the vault.
    pub(in crate::client) async fn forget(&self) -> Result<(), String> {
        self.secrets.keep_tokens(self.owner, &self.server, None).await.map_err(|error| error.to_string())?;
        self.set(AtHand::Read(None));
        Ok(())
    }

    async fn keep(&self, tokens: Tokens) -> Result<(), String> {
        let text = serde_json::to_string(&tokens).map_err(|error| error.to_string())?;
        let kept = self.secrets.keep_tokens(self.owner, &self.server, Some(SecretString::from(text))).await;
        kept.map_err(|error| error.to_string())?;
        self.set(AtHand::Read(Some(Arc::new(tokens))));
        Ok(())
    }

    fn at_hand(&self) -> AtHand {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, at_hand: AtHand) {
        *self.at_hand.lock().unwrap_or_else(PoisonError::into_inner) = at_hand;
    }
}

/// Where rmcp puts the tokens of one client of the authorization server.
pub(super) struct Shelf {
    kept: Arc<Kept>,
    client_secret: Option<String>,
    redirect_uri: String,
}

impl Shelf {
    pub(super) fn new(kept: &Arc<Kept>, client_secret: Option<String>, redirect_uri: String) -> Self {
        Self { kept: kept.clone(), client_secret, redirect_uri }
    }

    pub(super) fn of(kept: &Arc<Kept>, tokens: &Tokens) -> Self {
        Self::new(kept, tokens.client_secret.clone(), tokens.redirect_uri.clone())
    }
}

#[async_trait]
impl CredentialStore for Shelf {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        let tokens = self.kept.tokens().await.map_err(AuthError::CredentialStoreError)?;
        Ok(tokens.map(|tokens| tokens.credentials.clone()))
    }

    async fn save(&self, credentials: StoredCredentials) -> Result<(), AuthError> {
        let tokens = Tokens {
            url: self.kept.url.clone(),
            redirect_uri: self.redirect_uri.clone(),
            client_secret: self.client_secret.clone(),
            credentials,
        };
        self.kept.keep(tokens).await.map_err(AuthError::CredentialStoreError)
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.kept.forget().await.map_err(AuthError::CredentialStoreError)
    }

    /// Another node may have refreshed them meanwhile: the vault knows.
    async fn on_refresh_token_rejected(&self, _credentials: &StoredCredentials) -> Result<(), AuthError> {
        self.kept.set(AtHand::Unread);
        Ok(())
    }
}
