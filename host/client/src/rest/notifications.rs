//! `/api/notifications`.

use octi_api::v1::notifications::{NotificationPage, NotificationPreferences, NotificationQuery};
use octi_domain::ids::NotificationId;
use reqwest::Method;

use crate::{Client, ClientError};

impl Client {
    /// What the person was told of, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_notifications(&self, query: &NotificationQuery) -> Result<NotificationPage, ClientError> {
        self.get_with(&["api", "notifications"], query).await
    }

    /// Marks one as read.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn read_notification(&self, id: NotificationId) -> Result<(), ClientError> {
        self.bytes(self.request(Method::POST, &["api", "notifications", &id.to_string(), "read"])?).await.map(drop)
    }

    /// Marks all of them as read.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn read_all_notifications(&self) -> Result<(), ClientError> {
        self.bytes(self.request(Method::POST, &["api", "notifications", "read-all"])?).await.map(drop)
    }

    /// Which kinds the person is told of.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn notification_preferences(&self) -> Result<NotificationPreferences, ClientError> {
        self.get(&["api", "notifications", "preferences"]).await
    }

    /// Chooses which kinds the person is told of.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_notification_preferences(
        &self,
        preferences: NotificationPreferences,
    ) -> Result<NotificationPreferences, ClientError> {
        self.json(self.request(Method::PUT, &["api", "notifications", "preferences"])?.json(&preferences)).await
    }
}
