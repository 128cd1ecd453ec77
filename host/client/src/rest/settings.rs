//! Settings of the host, for administrators.

use octi_api::page::Page;
use octi_api::v1::settings::{SetSetting, SetSettings, Setting};
use reqwest::Method;

use crate::{Client, ClientError};

impl Client {
    /// Every setting with the value that holds.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_settings(&self) -> Result<Page<Setting>, ClientError> {
        self.get(&["api", "settings"]).await
    }

    /// One setting.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn setting(&self, key: &str) -> Result<Setting, ClientError> {
        self.get(&["api", "settings", key]).await
    }

    /// Stores a value.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_setting(&self, key: &str, value: &SetSetting) -> Result<Setting, ClientError> {
        self.json(self.request(Method::PUT, &["api", "settings", key])?.json(value)).await
    }

    /// Stores several values, all or none, and returns those settings.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_settings(&self, values: &SetSettings) -> Result<Page<Setting>, ClientError> {
        self.json(self.request(Method::PUT, &["api", "settings"])?.json(values)).await
    }

    /// Takes away what is stored.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reset_setting(&self, key: &str) -> Result<Setting, ClientError> {
        self.json(self.request(Method::DELETE, &["api", "settings", key])?).await
    }
}
