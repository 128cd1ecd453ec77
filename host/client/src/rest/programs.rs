//! Programs that a person let in over MCP.

use octi_api::page::Page;
use octi_api::v1::programs::Program;
use octi_domain::ids::ProgramId;

use crate::{Client, ClientError};

impl Client {
    /// The programs that may act for the person over MCP, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_programs(&self) -> Result<Page<Program>, ClientError> {
        self.get(&["api", "programs"]).await
    }

    /// Ends what a program may do.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn revoke_program(&self, id: ProgramId) -> Result<(), ClientError> {
        self.delete(&["api", "programs", &id.to_string()]).await
    }
}
