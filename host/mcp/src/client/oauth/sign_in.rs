//! A sign-in from its beginning, an address for the person's browser, to its end, the code that the browser brings back.

use std::time::Duration;

use octi_domain::ids::UserId;
use octi_domain::limits;
use rmcp::transport::auth::{AuthorizationCallback, AuthorizationManager, OAuthClientConfig};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::super::hub::Doors;
use super::kept::Shelf;
use super::{Account, plain};

/// What octi calls itself where it registers.
const CLIENT_NAME: &str = "octi";

/// A sign-in that waits for the person.
pub(in crate::client) struct Pending {
    manager: AuthorizationManager,
    until: Instant,
}

impl Account {
    /// Finds out where to sign in, makes octi known there, and gives the address that the person opens. One that was begun before is
    /// given up.
    pub(in crate::client) async fn begin(
        &self,
        doors: &Doors,
        owner: Option<UserId>,
        redirect_uri: &str,
    ) -> Result<String, String> {
        if self.is_machine() {
            return Err("octi signs in by itself, as `oauth.clientId`".to_owned());
        }
        let mut pending = self.pending.lock().await;
        *pending = None;
        let mut manager = self.unsigned(doors).await?;
        let resolved =
            manager.resolve_metadata_from_challenge(self.challenge().as_deref()).await.map_err(|error| plain(&error))?;
        manager.set_metadata(resolved.metadata.clone());
        let scopes = self.wanted(&manager).await?;
        if let Some(more) = self.refusals.last().and_then(|refusal| refusal.scope) {
            self.is_more(&more).await?;
        }
        let names: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let takes_documents = resolved.metadata.additional_fields.get("client_id_metadata_document_supported");
        let document = self.config.client_metadata_url.as_ref();
        let document = document.filter(|_| takes_documents.and_then(serde_json::Value::as_bool) == Some(true));
        let client = match (&self.config.client_id, document) {
            (Some(id), _) => {
                let client = OAuthClientConfig::new(id, redirect_uri);
                match self.secret(doors, owner).await? {
                    Some(secret) => client.with_client_secret(secret.expose_secret()),
                    None => client,
                }
            }
            (None, Some(url)) => OAuthClientConfig::new(url, redirect_uri),
            (None, None) => {
                let registered = manager.register_client(CLIENT_NAME, redirect_uri, &names).await;
                registered.map_err(|error| {
                    format!(
                        "octi cannot register there ({}): ask whoever runs it for a client, and write it into `oauth.clientId`",
                        plain(&error)
                    )
                })?
            }
        };
        manager.set_credential_store(Shelf::new(&self.kept, client.client_secret.clone(), redirect_uri.to_owned()));
        manager.configure_client(client).map_err(|error| plain(&error))?;
        let url = manager.get_authorization_url(&names).await.map_err(|error| plain(&error))?;
        *pending = Some(Pending { manager, until: Instant::now() + Duration::from_secs(limits::MCP_SIGN_IN_SECONDS_MAX) });
        Ok(url)
    }

    /// Takes the address that the browser was sent back to, and keeps the tokens that its code is good for.
    pub(in crate::client) async fn finish(&self, came_back: &str) -> Result<(), String> {
        let mut pending = self.pending.lock().await;
        let of_now = pending.as_ref().filter(|pending| Instant::now() < pending.until);
        let Some(waiting) = of_now else {
            *pending = None;
            let minutes = limits::MCP_SIGN_IN_SECONDS_MAX / 60;
            return Err(format!("no sign-in waits, or it took longer than {minutes} minutes: begin it again"));
        };
        let callback = AuthorizationCallback::from_redirect_url(came_back).map_err(|error| plain(&error))?;
        let issuer = callback.issuer.as_deref();
        let exchanged = waiting.manager.exchange_code_for_token_with_issuer(&callback.code, &callback.csrf_token, issuer).await;
        exchanged.map_err(|error| plain(&error))?;
        *pending = None;
        self.refusals.clear();
        Ok(())
    }

    /// What to ask for: what is configured, or else what the server says; and what was granted before, so that more never means less.
    async fn wanted(&self, manager: &AuthorizationManager) -> Result<Vec<String>, String> {
        let before = self.kept.tokens().await?;
        let mut scopes: Vec<String> = before.map(|tokens| tokens.scopes().to_vec()).unwrap_or_default();
        let configured: Vec<&str> = self.config.scopes.iter().map(String::as_str).collect();
        let said = if configured.is_empty() || self.refusals.last().is_some_and(|refusal| refusal.scope.is_some()) {
            manager.select_initial_scopes(&configured).await
        } else {
            self.config.scopes.clone()
        };
        for scope in said {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Ok(scopes)
    }

    /// A server that refuses what was granted would do so again, without an end.
    async fn is_more(&self, wanted: &str) -> Result<(), String> {
        let granted = self.kept.tokens().await?;
        let Some(granted) = granted else { return Ok(()) };
        let has = |scope: &str| granted.scopes().iter().any(|have| have == scope);
        if !wanted.is_empty() && wanted.split_whitespace().all(has) {
            return Err(format!(
                "it refuses the call for want of `{wanted}`, which was granted: signing in again changes nothing; whoever runs it can"
            ));
        }
        Ok(())
    }
}
