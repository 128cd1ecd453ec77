//! Tools, and calling them by hand.

use std::time::Duration;

use octi_api::page::Page;
use octi_api::v1::tools::{ExecuteTool, Tool, ToolOutcome};
use octi_domain::limits::GUEST_WALL_MS_CEILING;
use reqwest::Method;

use crate::{Client, ClientError};

/// The longest a tool may take, and a little for the way.
const EXECUTE_TIME_MAX: Duration = Duration::from_millis(GUEST_WALL_MS_CEILING + 30_000);

impl Client {
    /// Every operation of every tool.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_tools(&self) -> Result<Page<Tool>, ClientError> {
        self.get(&["api", "tools"]).await
    }

    /// Calls one operation of a tool.
    ///
    /// # Errors
    /// [`ClientError`]; its code is `approval_required` when the call must be approved.
    pub async fn execute_tool(&self, tool: &str, operation: &str, call: &ExecuteTool) -> Result<ToolOutcome, ClientError> {
        let request = self.request(Method::POST, &["api", "tools", tool, "tools", operation, "execute"])?;
        self.json(request.timeout(EXECUTE_TIME_MAX).json(call)).await
    }
}
