//! Signing in, and API tokens.

use octi_api::page::Page;
use octi_api::v1::auth::{CreateToken, CreatedToken, LoggedIn, Login, Token, User};
use octi_domain::ids::TokenId;

use crate::{Client, ClientError};

impl Client {
    /// Signs in with a password; the answer holds a token.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn login(&self, login: &Login) -> Result<LoggedIn, ClientError> {
        self.post(&["api", "auth", "login"], login).await
    }

    /// Who the credentials belong to.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn me(&self) -> Result<User, ClientError> {
        self.get(&["api", "auth", "me"]).await
    }

    /// The person's API tokens.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_tokens(&self) -> Result<Page<Token>, ClientError> {
        self.get(&["api", "auth", "api-tokens"]).await
    }

    /// Makes an API token; its value is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_token(&self, token: &CreateToken) -> Result<CreatedToken, ClientError> {
        self.post(&["api", "auth", "api-tokens"], token).await
    }

    /// Makes an API token stop working.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn revoke_token(&self, id: TokenId) -> Result<(), ClientError> {
        self.delete(&["api", "auth", "api-tokens", &id.to_string()]).await
    }
}
