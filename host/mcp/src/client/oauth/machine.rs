//! Signing in without a person: with credentials of octi's own, or by the word of a company's identity provider.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use oauth2::{ClientSecret, RefreshToken, TokenResponse as _};
use octi_domain::ids::UserId;
use octi_security::sandbox::egress::Redirects;
use rmcp::transport::auth::enterprise::{EmaAuthorizationServer, EmaClientAuthentication, EmaExchangeRequest};
use rmcp::transport::auth::{
    AuthorizationManager, AuthorizationMetadata, ClientCredentialsConfig, CredentialStore as _, OAuthClientConfig, OAuthState,
    OAuthTokenResponse, StoredCredentials,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::super::config::IdentityConfig;
use super::super::connect::chain;
use super::super::failure::told;
use super::super::hub::Doors;
use super::kept::Shelf;
use super::{Account, assertion, http, joined, plain};

/// RFC 7523, section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Account {
    pub(super) async fn as_machine(&self, doors: &Doors, owner: Option<UserId>) -> Result<AuthorizationManager, String> {
        match (&self.config.identity, &self.config.client_key) {
            (Some(identity), _) => self.by_identity(doors, owner, identity).await,
            (None, Some(key)) => self.by_key(doors, owner, key).await,
            (None, None) => self.by_secret(doors, owner).await,
        }
    }

    /// OAuth's client credentials with a secret (RFC 6749, section 4.4).
    async fn by_secret(&self, doors: &Doors, owner: Option<UserId>) -> Result<AuthorizationManager, String> {
        let secret = self.secret(doors, owner).await?.ok_or("`oauth.clientSecret` is missing")?;
        let mut manager = self.unsigned(doors).await?;
        manager.set_credential_store(Shelf::new(&self.kept, Some(secret.expose_secret().to_owned()), String::new()));
        let mut state = OAuthState::Unauthorized(manager);
        let config = ClientCredentialsConfig::ClientSecret {
            client_id: self.client_id(),
            client_secret: secret.expose_secret().to_owned(),
            scopes: self.config.scopes.clone(),
            resource: Some(self.url.to_string()),
        };
        state.authenticate_client_credentials(config).await.map_err(|error| plain(&error))?;
        state.into_authorization_manager().ok_or_else(|| "it was not signed in to".to_owned())
    }

    /// The same with a key, which stays here: what octi shows is signed with it (RFC 7523). rmcp would sign with a library that needs
    /// another TLS stack.
    async fn by_key(&self, doors: &Doors, owner: Option<UserId>, key: &str) -> Result<AuthorizationManager, String> {
        let key = joined(doors, owner, ("oauth.clientKey", Some(key))).await?.ok_or("`oauth.clientKey` is missing")?;
        let (manager, metadata) = self.discovered(doors).await?;
        let issuer = issuer(&metadata)?;
        let assertion = assertion::signed(key.expose_secret(), &self.client_id(), issuer, &doors.ambient)
            .map_err(|why| format!("`oauth.clientKey`: {why}"))?;
        let request = http::Request::post(&metadata.token_endpoint).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(self.asked_for(&assertion).into_bytes()).map_err(|error| error.to_string())?;
        let answer = http(doors).send(request, Redirects::Refuse, None).await.map_err(|error| told(&chain(&error)))?;
        let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if !answer.status().is_success() {
            let said = [&said["error"], &said["error_description"]].map(|text| text.as_str().unwrap_or_default());
            return Err(told(&format!("the authorization server gives no token: {} {}", answer.status(), said.join(" "))));
        }
        self.keep(doors, manager, &metadata, (said, None)).await
    }

    /// What is sent for a token, as a form.
    fn asked_for(&self, assertion: &str) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials").append_pair("resource", self.url.as_str());
        form.append_pair("client_assertion_type", ASSERTION_TYPE).append_pair("client_assertion", assertion);
        if !self.config.scopes.is_empty() {
            form.append_pair("scope", &self.config.scopes.join(" "));
        }
        form.finish()
    }

    /// Identity assertions (SEP-990): the identity provider vouches for the account, and the server's authorization server takes its word.
    async fn by_identity(
        &self,
        doors: &Doors,
        owner: Option<UserId>,
        identity: &IdentityConfig,
    ) -> Result<AuthorizationManager, String> {
        let (manager, metadata) = self.discovered(doors).await?;
        let secret = joined(doors, owner, ("oauth.identity.clientSecret", identity.client_secret.as_deref())).await?;
        let provider = known_as(&identity.issuer, &identity.token_endpoint, &identity.client_id, secret, None);
        let methods = metadata.additional_fields.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
        let secret = self.secret(doors, owner).await?;
        let hidden = secret.as_ref().map(|secret| secret.expose_secret().to_owned());
        let server = known_as(issuer(&metadata)?, &metadata.token_endpoint, &self.client_id(), secret, methods);
        let id_token = joined(doors, owner, ("oauth.identity.idToken", identity.id_token.as_deref())).await?;
        let refresh_token = joined(doors, owner, ("oauth.identity.refreshToken", identity.refresh_token.as_deref())).await?;
        let refresh_token = RefreshToken::new(refresh_token.map(|token| token.expose_secret().to_owned()).unwrap_or_default());
        let resource = self.url.as_str();
        let request = match &id_token {
            Some(token) => EmaExchangeRequest::new_with_id_token(provider, server, resource, token.expose_secret()),
            None => EmaExchangeRequest::new(provider, server, resource, &refresh_token),
        };
        let http = http(doors);
        let exchanged = request.with_scopes(&self.config.scopes).exchange(http.as_ref(), http.as_ref()).await;
        let token = exchanged.map_err(|error| told(&chain(&error)))?;
        let scopes: Vec<&str> = token.scopes.iter().map(String::as_str).collect();
        let lasts = token.expires_in.as_ref().map(Duration::as_secs);
        let given = json!({"access_token": token.access_token.secret(), "token_type": "bearer", "expires_in": lasts, "scope": scopes.join(" ")});
        self.keep(doors, manager, &metadata, (given, hidden)).await
    }

    /// Whom the server trusts.
    async fn discovered(&self, doors: &Doors) -> Result<(AuthorizationManager, AuthorizationMetadata), String> {
        let mut manager = self.unsigned(doors).await?;
        let resolved =
            manager.resolve_metadata_from_challenge(self.challenge().as_deref()).await.map_err(|error| plain(&error))?;
        manager.set_metadata(resolved.metadata.clone());
        Ok((manager, resolved.metadata))
    }

    /// Puts the token where a manager finds it, with the secret that must not be seen either.
    async fn keep(
        &self,
        doors: &Doors,
        mut manager: AuthorizationManager,
        metadata: &AuthorizationMetadata,
        (given, client_secret): (Value, Option<String>),
    ) -> Result<AuthorizationManager, String> {
        // What it says may hold the token, so an error that quotes it is not shown.
        let mut given: OAuthTokenResponse =
            serde_json::from_value(given).map_err(|_| "the authorization server's answer holds no token".to_owned())?;
        // What octi has is enough for a new token, and a refresh would not be signed.
        given.set_refresh_token(None);
        let scopes = given.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()).unwrap_or_default();
        let now = u64::try_from(doors.ambient.now().timestamp()).ok();
        let credentials = StoredCredentials::new(self.client_id(), Some(given), scopes, now).with_issuer(metadata.issuer.clone());
        let shelf = Shelf::new(&self.kept, client_secret, String::new());
        shelf.save(credentials).await.map_err(|error| plain(&error))?;
        manager.set_credential_store(shelf);
        // Nobody is sent back anywhere; without a client, rmcp does not say when the token is spent.
        let client = OAuthClientConfig::new(self.client_id(), self.url.as_str());
        manager.configure_client(client).map_err(|error| plain(&error))?;
        Ok(manager)
    }

    fn client_id(&self) -> String {
        self.config.client_id.clone().unwrap_or_default()
    }
}

fn issuer(metadata: &AuthorizationMetadata) -> Result<&str, String> {
    metadata.issuer.as_deref().ok_or_else(|| "the authorization server does not say what it is called (`issuer`)".to_owned())
}

/// A server that knows octi, and how octi proves who it is there: as the server takes it, or else as every server has to.
fn known_as(
    issuer: &str,
    token_endpoint: &str,
    client_id: &str,
    secret: Option<SecretString>,
    methods: Option<&Vec<Value>>,
) -> EmaAuthorizationServer {
    let server = EmaAuthorizationServer::new(issuer, token_endpoint, client_id);
    let Some(secret) = secret else { return server };
    let secret = ClientSecret::new(secret.expose_secret().to_owned());
    let takes = |method: &str| methods.is_some_and(|methods| methods.iter().any(|taken| taken == method));
    let only_in_the_body = takes("client_secret_post") && !takes("client_secret_basic");
    server.with_client_authentication(if only_in_the_body {
        EmaClientAuthentication::ClientSecretPost(secret)
    } else {
        EmaClientAuthentication::ClientSecretBasic(secret)
    })
}
