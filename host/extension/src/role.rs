//! Who an agent is.

use async_trait::async_trait;

use crate::manifest::RoleEntry;
use crate::tool::ToolError;

/// A role of a plugin.
#[async_trait]
pub trait Role: Send + Sync {
    /// Name, purpose and the tools it may use.
    fn spec(&self) -> &RoleEntry;

    /// The id of the plugin it comes from; empty for one of the host itself.
    fn plugin(&self) -> &str {
        ""
    }

    /// The system prompt's template, as the plugin returns it; `small` asks for the short one.
    ///
    /// # Errors
    /// [`ToolError::Contained`] when the sandbox ended the call.
    async fn prompt(&self, small: bool) -> Result<String, ToolError>;
}
