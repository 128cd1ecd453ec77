//! `/api/me/workspaces`.

use octi_api::page::Page;
use octi_api::v1::workspaces::{CreateWorkspace, PatchWorkspace, Workspace};
use octi_domain::ids::WorkspaceId;
use reqwest::Method;

use crate::{Client, ClientError};

impl Client {
    /// The person's workspaces, the default one first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_workspaces(&self) -> Result<Page<Workspace>, ClientError> {
        self.get(&["api", "me", "workspaces"]).await
    }

    /// Makes a workspace.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_workspace(&self, workspace: &CreateWorkspace) -> Result<Workspace, ClientError> {
        self.post(&["api", "me", "workspaces"], workspace).await
    }

    /// One workspace.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn workspace(&self, id: WorkspaceId) -> Result<Workspace, ClientError> {
        self.get(&["api", "me", "workspaces", &id.to_string()]).await
    }

    /// Gives a workspace another name.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn patch_workspace(&self, id: WorkspaceId, patch: &PatchWorkspace) -> Result<Workspace, ClientError> {
        self.json(self.request(Method::PATCH, &["api", "me", "workspaces", &id.to_string()])?.json(patch)).await
    }

    /// Lets conversations begin in that workspace.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_default_workspace(&self, id: WorkspaceId) -> Result<Workspace, ClientError> {
        self.json(self.request(Method::PUT, &["api", "me", "workspaces", &id.to_string(), "default"])?).await
    }

    /// Takes a workspace away; its conversations go on in the default one, and its files stay on the host.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_workspace(&self, id: WorkspaceId) -> Result<(), ClientError> {
        self.delete(&["api", "me", "workspaces", &id.to_string()]).await
    }
}
