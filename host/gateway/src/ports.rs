//! What the gateway needs from parts it must not know; the composition root fills these in.

use std::sync::Arc;

use async_trait::async_trait;
use octi_api::v1::mcp::{McpServer, McpServerTest, SetMcpServer};
use octi_api::v1::models::{AddModel, Model, ModelTest};
use octi_api::v1::plugin_offers::{
    AcceptPluginOffer, AvailablePlugin, AvailableQuery, MakePluginOffer, PluginOffer, PluginOfferText, PluginPublisher,
    PluginRegistry,
};
use octi_api::v1::plugins::{InstallQuery, Plugin, PluginInspection, PluginOrigin};
use octi_domain::ids::PluginOfferId;
use octi_domain::principal::Principal;
use octi_models::ChatModel;

/// Why a port refused. Texts are for the person, except where said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// It cannot be done, and the text says why and what to do.
    #[error("{0}")]
    Refused(String),
    /// It collides with something that exists.
    #[error("{0}")]
    Conflict(String),
    /// Another service failed.
    #[error("{0}")]
    Upstream(String),
    /// A failure of the host. The text is for the log only.
    #[error("{0}")]
    Internal(String),
}

/// Writes the metrics of this moment, in the text format of Prometheus.
pub type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

/// Installing and removing plugins. Only administrators reach it.
#[async_trait]
pub trait PluginAdmin: Send + Sync {
    /// Checks the file, keeps it and swaps it in.
    ///
    /// # Errors
    /// [`PortError::Refused`] says what is wrong with the file.
    async fn install(&self, principal: &Principal, bytes: Vec<u8>, query: InstallQuery) -> Result<Plugin, PortError>;

    /// Removes a plugin from the folder.
    ///
    /// # Errors
    /// [`PortError::NotFound`], or [`PortError::Refused`] for one inside the binary.
    async fn remove(&self, id: &str) -> Result<(), PortError>;

    /// Reads one plugin's file again, or every file.
    ///
    /// # Errors
    /// [`PortError::NotFound`], or [`PortError::Refused`] with what is wrong with the file.
    async fn reload(&self, id: Option<&str>) -> Result<(), PortError>;

    /// Runs the version again that ran before.
    ///
    /// # Errors
    /// [`PortError::NotFound`], or [`PortError::Refused`] when no earlier version can be had.
    async fn rollback(&self, id: &str) -> Result<Plugin, PortError>;

    /// What a file of that name holds, without installing or running it.
    ///
    /// # Errors
    /// [`PortError::Refused`] says what is wrong with the file.
    async fn inspect(&self, bytes: Vec<u8>, file_name: Option<&str>) -> Result<PluginInspection, PortError>;
}

/// Plugins of registries. Only administrators reach it.
#[async_trait]
pub trait PluginRegistries: Send + Sync {
    /// What would be installed, and what it may do; it waits for this person's answer.
    ///
    /// # Errors
    /// [`PortError::Refused`] says what is wrong with it.
    async fn offer(&self, principal: &Principal, ask: MakePluginOffer) -> Result<PluginOffer, PortError>;

    /// What the role or skill of what was offered tells models.
    ///
    /// # Errors
    /// [`PortError::NotFound`] when this person was not offered it, [`PortError::Conflict`] when it is another thing now, or
    /// [`PortError::Refused`] when it does not say its texts.
    async fn texts(&self, principal: &Principal, id: PluginOfferId) -> Result<Vec<PluginOfferText>, PortError>;

    /// Installs what was offered.
    ///
    /// # Errors
    /// [`PortError::NotFound`] when this person was not offered it, [`PortError::Conflict`] when it is another thing now, or
    /// [`PortError::Refused`] with what is wrong with it; then nothing changed.
    async fn accept(&self, principal: &Principal, id: PluginOfferId, answer: AcceptPluginOffer) -> Result<Plugin, PortError>;

    /// What registries have.
    ///
    /// # Errors
    /// [`PortError::Upstream`] when one of them cannot be asked.
    async fn available(
        &self,
        query: &AvailableQuery,
        after: Option<(String, String)>,
        rows: u32,
    ) -> Result<Vec<AvailablePlugin>, PortError>;

    /// How every registry is.
    fn status(&self) -> Vec<PluginRegistry>;

    /// Asks every registry what is revoked.
    async fn refresh(&self) -> Vec<PluginRegistry>;

    /// Every publisher whose key is known.
    ///
    /// # Errors
    /// [`PortError::Internal`].
    async fn publishers(&self) -> Result<Vec<PluginPublisher>, PortError>;

    /// Trusts this very key of a publisher.
    ///
    /// # Errors
    /// [`PortError::Refused`].
    async fn pin(&self, principal: &Principal, publisher: &str, key: &str) -> Result<PluginPublisher, PortError>;

    /// Forgets the key of a publisher.
    ///
    /// # Errors
    /// [`PortError::NotFound`].
    async fn forget(&self, publisher: &str) -> Result<(), PortError>;

    /// Where the file with that SHA-256 (in hex) came from.
    fn origin(&self, digest: &str) -> Option<PluginOrigin>;

    /// The text of the lock file.
    fn lock(&self) -> String;
}

/// Servers of the Model Context Protocol. Only administrators reach it.
#[async_trait]
pub trait McpAdmin: Send + Sync {
    /// Every server, as it is now.
    ///
    /// # Errors
    /// [`PortError`].
    async fn list(&self) -> Result<Vec<McpServer>, PortError>;

    /// One server.
    ///
    /// # Errors
    /// [`PortError::NotFound`].
    async fn get(&self, name: &str) -> Result<McpServer, PortError>;

    /// Sets up a server, or replaces the one of that name.
    ///
    /// # Errors
    /// [`PortError::Refused`] names the field.
    async fn set(&self, principal: &Principal, server: SetMcpServer) -> Result<McpServer, PortError>;

    /// Forgets a server.
    ///
    /// # Errors
    /// [`PortError::NotFound`], or [`PortError::Refused`] for one in a file.
    async fn remove(&self, principal: &Principal, name: &str) -> Result<(), PortError>;

    /// Starts or reaches a server. One that does not work is a result, not an error.
    ///
    /// # Errors
    /// [`PortError::NotFound`].
    async fn test(&self, name: &str) -> Result<McpServerTest, PortError>;

    /// Ends a server's connection and forgets its failures.
    ///
    /// # Errors
    /// [`PortError::NotFound`], or [`PortError::Refused`] for one that is disabled.
    async fn restart(&self, name: &str) -> Result<McpServer, PortError>;

    /// Lets the next call through, whatever failed before.
    ///
    /// # Errors
    /// [`PortError::NotFound`], or [`PortError::Refused`] for one that is disabled.
    async fn reset(&self, name: &str) -> Result<McpServer, PortError>;

    /// Begins a sign-in to a server: the address that the person opens. Their browser is sent to `redirect_uri` then.
    ///
    /// # Errors
    /// [`PortError::Refused`] says why it cannot be signed in to.
    async fn begin_sign_in(&self, principal: &Principal, name: &str, redirect_uri: &str) -> Result<String, PortError>;

    /// Ends it with the address that the browser came back to, whoever brings it: only that sign-in's own word in it counts.
    ///
    /// # Errors
    /// [`PortError::Refused`] says why not.
    async fn finish_sign_in(&self, name: &str, came_back: &str) -> Result<McpServer, PortError>;

    /// Forgets what somebody signed in with.
    ///
    /// # Errors
    /// [`PortError::NotFound`], or [`PortError::Refused`] for one that is disabled.
    async fn sign_out(&self, principal: &Principal, name: &str) -> Result<McpServer, PortError>;

    /// Takes a tool of a server, given as both names, when it still has the hash that was shown.
    ///
    /// # Errors
    /// [`PortError::Refused`] says why it is not taken.
    async fn accept(&self, principal: &Principal, tool: (&str, &str), hash: &str) -> Result<McpServer, PortError>;

    /// Takes that back.
    ///
    /// # Errors
    /// [`PortError::Refused`] when it was not accepted.
    async fn withdraw(&self, principal: &Principal, tool: (&str, &str)) -> Result<McpServer, PortError>;
}

/// The models of one person.
#[async_trait]
pub trait ModelAdmin: Send + Sync {
    /// Every model, the built-in one included.
    ///
    /// # Errors
    /// [`PortError`].
    async fn list(&self, principal: &Principal) -> Result<Vec<Model>, PortError>;

    /// Sets up a model, or replaces the one of that name; the key goes to the vault.
    ///
    /// # Errors
    /// [`PortError::Refused`] names what is wrong.
    async fn add(&self, principal: &Principal, model: AddModel) -> Result<Model, PortError>;

    /// Asks the model something short. A model that does not answer is a result, not an error.
    ///
    /// # Errors
    /// [`PortError::NotFound`].
    async fn test(&self, principal: &Principal, name: &str) -> Result<ModelTest, PortError>;

    /// Uses the model when nothing else is asked for.
    ///
    /// # Errors
    /// [`PortError::NotFound`].
    async fn set_default(&self, principal: &Principal, name: &str) -> Result<Model, PortError>;

    /// Forgets a model and its key.
    ///
    /// # Errors
    /// [`PortError::NotFound`], or [`PortError::Refused`] for the built-in one.
    async fn remove(&self, principal: &Principal, name: &str) -> Result<(), PortError>;
}

/// The models themselves, for clients that bring their own conversation.
#[async_trait]
pub trait ChatModels: Send + Sync {
    /// The person's model of that name, ready to be asked.
    ///
    /// # Errors
    /// [`PortError::NotFound`], or [`PortError::Refused`] when it is set up in a way that cannot work.
    async fn chat_model(&self, principal: &Principal, name: &str) -> Result<Arc<dyn ChatModel>, PortError>;
}

/// Whatever hides secrets.
#[async_trait]
pub trait SecretsChanged: Send + Sync {
    /// The person's secrets are others now; from here on the new ones are hidden.
    async fn changed(&self, principal: &Principal);
}

/// Reads what a program says of itself at its own address.
#[async_trait]
pub trait ProgramDocuments: Send + Sync {
    /// What stands at a public address, small and soon, without following anybody elsewhere.
    ///
    /// # Errors
    /// [`PortError::Upstream`] says why nothing could be read.
    async fn read(&self, url: &str) -> Result<Vec<u8>, PortError>;
}
