//! Signing in, and API tokens.

use octi_api::page::{Page, PageQuery};
use octi_api::v1::auth::{CreateToken, CreatedToken, LoggedIn, Login, Token, User};
use octi_domain::ids::TokenId;
use octi_domain::limits;

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

    /// A page of the person's API tokens, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn page_of_tokens(&self, query: &PageQuery) -> Result<Page<Token>, ClientError> {
        self.get_with(&["api", "auth", "api-tokens"], query).await
    }

    /// All of the person's API tokens, oldest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_tokens(&self) -> Result<Page<Token>, ClientError> {
        let mut query = PageQuery { limit: Some(limits::PAGE_ROWS_MAX), cursor: None };
        let mut all = Vec::new();
        loop {
            let page = self.page_of_tokens(&query).await?;
            all.extend(page.items);
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        all.reverse();
        Ok(Page::whole(all))
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
