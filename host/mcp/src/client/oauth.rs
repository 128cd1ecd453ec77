//! Signing in to a remote server (OAuth 2.1, as the protocol has it). The rules are rmcp's: discovery, registration, PKCE, resource
//! indicators, refreshing. What is here: every request goes through the egress door, tokens lie in the vault, and a person is in it.
//!
//! A sign-in is of the server, like its secrets: the administrator who configured it signs in, once for everybody who may call it.

mod assertion;
mod door;
mod kept;
mod machine;
mod refusal;
mod sign_in;

use std::sync::Arc;

use octi_domain::ids::UserId;
use rmcp::transport::auth::{AuthError, AuthorizationManager, OAuthClientConfig};
use secrecy::SecretString;
use url::Url;

use super::config::OAuthConfig;
use super::failure::told;
use super::hub::{Doors, SignedIn};
use super::secrets::{Used, join};
use door::OverEgress;
pub(super) use kept::Kept;
use kept::Shelf;
pub use kept::tokens_in;
pub(super) use refusal::Refusals;
pub(super) use sign_in::Pending;

/// A server that may be signed in to.
pub(super) struct Account {
    pub url: Url,
    pub config: OAuthConfig,
    pub kept: Arc<Kept>,
    pub refusals: Arc<Refusals>,
    pub pending: tokio::sync::Mutex<Option<Pending>>,
}

impl Account {
    pub(super) fn new(doors: &Doors, (server, owner): (&str, Option<UserId>), url: Url, config: OAuthConfig) -> Self {
        let kept = Arc::new(Kept::new(doors.secrets.clone(), (server, owner), url.as_str()));
        Self { url, config, kept, refusals: Arc::default(), pending: tokio::sync::Mutex::default() }
    }

    /// Whether octi signs in by itself, and no person does.
    pub(super) const fn is_machine(&self) -> bool {
        self.config.client_credentials || self.config.identity.is_some()
    }

    /// Gives requests their tokens: those that are kept, refreshed when their time is up; for a machine's account, new ones.
    pub(super) async fn manager(&self, doors: &Doors, owner: Option<UserId>) -> Result<AuthorizationManager, String> {
        if self.is_machine() {
            return self.as_machine(doors, owner).await;
        }
        let mut manager = self.unsigned(doors).await?;
        let Some(tokens) = self.kept.tokens().await? else { return Ok(manager) };
        manager.set_credential_store(Shelf::of(&self.kept, &tokens));
        // Discovery asks the server once more whom it trusts: tokens of another authorization server are forgotten. While it does not
        // answer, a token that is still good is used.
        let client = OAuthClientConfig::new(tokens.client_id(), &tokens.redirect_uri);
        let client = match &tokens.client_secret {
            Some(secret) => client.with_client_secret(secret.clone()),
            None => client,
        };
        match manager.initialize_from_store().await {
            Ok(true) => manager.configure_client(client).map_err(|error| plain(&error))?,
            Ok(false) => {}
            Err(error) => tracing::warn!(error = plain(&error), "whom an MCP server trusts cannot be found out"),
        }
        Ok(manager)
    }

    /// Forgets who signed in.
    pub(super) async fn forget(&self) -> Result<(), String> {
        *self.pending.lock().await = None;
        self.refusals.clear();
        self.kept.forget().await
    }

    /// Whether somebody signed in, as far as the last calls told.
    pub(super) fn state(&self) -> SignedIn {
        match (self.refusals.last(), self.kept.is_there()) {
            (Some(_), _) => SignedIn::Wanted,
            (None, true) => SignedIn::Yes,
            (None, false) => SignedIn::NotNeeded,
        }
    }

    /// A manager that knows nothing yet.
    pub(super) async fn unsigned(&self, doors: &Doors) -> Result<AuthorizationManager, String> {
        AuthorizationManager::new_with_oauth_http_client(self.url.clone(), http(doors)).await.map_err(|error| plain(&error))
    }

    /// What the server said when it wanted a sign-in, when it said where.
    fn challenge(&self) -> Option<String> {
        self.refusals.last().map(|refusal| refusal.challenge).filter(|text| !text.is_empty())
    }

    /// The secret that the authorization server gave octi, when the configuration has one.
    async fn secret(&self, doors: &Doors, owner: Option<UserId>) -> Result<Option<SecretString>, String> {
        joined(doors, owner, ("oauth.clientSecret", self.config.client_secret.as_deref())).await
    }
}

fn http(doors: &Doors) -> Arc<OverEgress> {
    Arc::new(OverEgress::new(doors.egress.clone()))
}

/// The value of a field that names a secret.
async fn joined(
    doors: &Doors,
    owner: Option<UserId>,
    (field, text): (&str, Option<&str>),
) -> Result<Option<SecretString>, String> {
    let Some(text) = text else { return Ok(None) };
    join(doors.secrets.as_ref(), owner, (field, text), &mut Used::default()).await.map(Some)
}

/// What went wrong, with its causes and safe to show. Codes and tokens are in no text of these errors; what a server said may be.
fn plain(error: &AuthError) -> String {
    told(&super::connect::chain(error))
}
