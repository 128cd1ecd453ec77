//! Is the server there.

use octi_api::v1::health::{Health, HealthDetailed};

use crate::{Client, ClientError};

impl Client {
    /// The short answer; needs no credentials.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get(&["health"]).await
    }

    /// The state of every part.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn health_detailed(&self) -> Result<HealthDetailed, ClientError> {
        self.get(&["api", "health", "detailed"]).await
    }
}
