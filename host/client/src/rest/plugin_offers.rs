//! `/api/plugin-offers`, `/api/plugin-registries` and `/api/plugin-publishers`.

use std::time::Duration;

use octi_api::page::Page;
use octi_api::v1::plugin_offers::{
    AcceptPluginOffer, AvailablePlugin, AvailableQuery, MakePluginOffer, PinPublisher, PluginLock, PluginOffer, PluginPublisher,
    PluginRegistry,
};
use octi_api::v1::plugins::Plugin;
use reqwest::Method;
use uuid::Uuid;

use crate::{Client, ClientError};

/// Fetching and compiling a large component takes a while.
const INSTALL_TIME_MAX: Duration = Duration::from_secs(600);
/// Registries are asked one after the other.
const ASK_TIME_MAX: Duration = Duration::from_secs(120);

impl Client {
    /// What would be installed, and what it may do.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn offer_plugin(&self, ask: &MakePluginOffer) -> Result<PluginOffer, ClientError> {
        self.json(self.request(Method::POST, &["api", "plugin-offers"])?.timeout(ASK_TIME_MAX).json(ask)).await
    }

    /// Installs what was offered.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn accept_plugin_offer(&self, id: Uuid, answer: &AcceptPluginOffer) -> Result<Plugin, ClientError> {
        let request = self.request(Method::POST, &["api", "plugin-offers", &id.to_string(), "accept"])?;
        self.json(request.timeout(INSTALL_TIME_MAX).json(answer)).await
    }

    /// Every registry.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn plugin_registries(&self) -> Result<Page<PluginRegistry>, ClientError> {
        self.get(&["api", "plugin-registries"]).await
    }

    /// Asks every registry now what is revoked.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn refresh_plugin_registries(&self) -> Result<Page<PluginRegistry>, ClientError> {
        let request = self.request(Method::POST, &["api", "plugin-registries", "refresh"])?;
        self.json(request.timeout(ASK_TIME_MAX)).await
    }

    /// What registries have.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn available_plugins(&self, query: &AvailableQuery) -> Result<Page<AvailablePlugin>, ClientError> {
        let request = self.request(Method::GET, &["api", "plugin-registries", "available"])?;
        self.json(request.timeout(ASK_TIME_MAX).query(query)).await
    }

    /// The plugins of registries that run on the host.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn plugin_lock(&self) -> Result<PluginLock, ClientError> {
        self.get(&["api", "plugin-registries", "lock"]).await
    }

    /// Every publisher whose key is known.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn plugin_publishers(&self) -> Result<Page<PluginPublisher>, ClientError> {
        self.get(&["api", "plugin-publishers"]).await
    }

    /// Trusts this very key of a publisher.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pin_publisher(&self, name: &str, key: &PinPublisher) -> Result<PluginPublisher, ClientError> {
        self.json(self.request(Method::PUT, &["api", "plugin-publishers", name])?.json(key)).await
    }

    /// Forgets the key of a publisher.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn forget_publisher(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["api", "plugin-publishers", name]).await
    }
}
