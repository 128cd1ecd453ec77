//! Who did what.

use octi_api::page::Page;
use octi_api::v1::audit::{AuditEntry, AuditQuery};

use crate::{Client, ClientError};

impl Client {
    /// What was done in the person's name, newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_audit(&self, query: &AuditQuery) -> Result<Page<AuditEntry>, ClientError> {
        self.get_with(&["api", "audit"], query).await
    }
}
