//! Configured models.

use std::time::Duration;

use octi_api::page::Page;
use octi_api::v1::models::{AddModel, Model, ModelTest};
use reqwest::Method;

use crate::{Client, ClientError};

/// A model may be slow to wake.
const TEST_TIME_MAX: Duration = Duration::from_secs(180);

impl Client {
    /// The person's models.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_models(&self) -> Result<Page<Model>, ClientError> {
        self.get(&["api", "models"]).await
    }

    /// Sets up a model, or replaces the one of that name.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn add_model(&self, model: &AddModel) -> Result<Model, ClientError> {
        self.post(&["api", "models"], model).await
    }

    /// Asks the model something short.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn test_model(&self, name: &str) -> Result<ModelTest, ClientError> {
        self.json(self.request(Method::POST, &["api", "models", name, "test"])?.timeout(TEST_TIME_MAX)).await
    }

    /// Uses the model when nothing else is asked for.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_default_model(&self, name: &str) -> Result<Model, ClientError> {
        self.json(self.request(Method::PUT, &["api", "models", name, "default"])?).await
    }

    /// Forgets a model and its key.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_model(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["api", "models", name]).await
    }
}
