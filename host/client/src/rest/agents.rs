//! Turns of agents, and the artifacts they leave.

use octi_api::page::Page;
use octi_api::v1::agents::{Agent, AgentEvent, AgentEventQuery, AgentQuery, AgentStopped};
use octi_api::v1::artifacts::Artifact;
use octi_domain::ids::{ArtifactId, RunId};
use reqwest::Method;

use crate::{Client, ClientError};

impl Client {
    /// Turns, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_agents(&self, query: &AgentQuery) -> Result<Page<Agent>, ClientError> {
        self.get_with(&["api", "agents"], query).await
    }

    /// One turn.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn agent(&self, id: RunId) -> Result<Agent, ClientError> {
        self.get(&["api", "agents", &id.to_string()]).await
    }

    /// What happened in a turn, in the order in which it happened.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_agent_events(&self, id: RunId, query: &AgentEventQuery) -> Result<Page<AgentEvent>, ClientError> {
        self.get_with(&["api", "agents", &id.to_string(), "events"], query).await
    }

    /// Stops a turn; false when it had already ended.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stop_agent(&self, id: RunId) -> Result<bool, ClientError> {
        let request = self.request(Method::POST, &["api", "agents", &id.to_string(), "stop"])?;
        let AgentStopped { stopped } = self.json(request).await?;
        Ok(stopped)
    }

    /// What an artifact is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn artifact(&self, id: ArtifactId) -> Result<Artifact, ClientError> {
        self.get(&["api", "artifacts", &id.to_string()]).await
    }

    /// The bytes of an artifact.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn artifact_bytes(&self, id: ArtifactId) -> Result<Vec<u8>, ClientError> {
        self.bytes(self.request(Method::GET, &["api", "artifacts", &id.to_string(), "raw"])?).await
    }
}
