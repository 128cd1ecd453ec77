//! Secrets of the person.

use octi_api::page::Page;
use octi_api::v1::secrets::{Secret, SetSecret};
use reqwest::Method;

use crate::{Client, ClientError};

impl Client {
    /// The person's secrets, without their values.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_secrets(&self) -> Result<Page<Secret>, ClientError> {
        self.get(&["api", "secrets"]).await
    }

    /// Sets a secret, or gives the one of that name another value.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_secret(&self, name: &str, secret: &SetSecret) -> Result<Secret, ClientError> {
        self.json(self.request(Method::PUT, &["api", "secrets", name])?.json(secret)).await
    }

    /// Forgets a secret.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_secret(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["api", "secrets", name]).await
    }
}
