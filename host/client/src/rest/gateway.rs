//! Who is connected.

use octi_api::page::Page;
use octi_api::v1::gateway::{Connection, GatewayStatus};

use crate::{Client, ClientError};

impl Client {
    /// Open connections: everybody's for an administrator, else the person's own.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn connections(&self) -> Result<Page<Connection>, ClientError> {
        self.get(&["api", "gateway", "connections"]).await
    }

    /// What the gateway does now, and did since it started.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn gateway_status(&self) -> Result<GatewayStatus, ClientError> {
        self.get(&["api", "gateway", "status"]).await
    }
}
