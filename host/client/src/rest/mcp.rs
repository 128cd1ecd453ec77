//! Servers of the Model Context Protocol, for administrators.

use std::time::Duration;

use octi_api::page::Page;
use octi_api::v1::mcp::{AcceptMcpTool, BeginMcpSignIn, FinishMcpSignIn, McpServer, McpServerTest, McpSignIn, SetMcpServer};
use reqwest::Method;

use crate::{Client, ClientError};

/// A server may be slow to start: as long as its configuration may allow.
const TEST_TIME_MAX: Duration = Duration::from_secs(11 * 60);

impl Client {
    /// Every server, as it is now.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_mcp_servers(&self) -> Result<Page<McpServer>, ClientError> {
        self.get(&["api", "mcp", "servers"]).await
    }

    /// One server.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn mcp_server(&self, name: &str) -> Result<McpServer, ClientError> {
        self.get(&["api", "mcp", "servers", name]).await
    }

    /// Sets up a server, or replaces the one of that name.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_mcp_server(&self, server: &SetMcpServer) -> Result<McpServer, ClientError> {
        self.post(&["api", "mcp", "servers"], server).await
    }

    /// Forgets a server.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_mcp_server(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["api", "mcp", "servers", name]).await
    }

    /// Starts or reaches a server and lists its tools.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn test_mcp_server(&self, name: &str) -> Result<McpServerTest, ClientError> {
        self.json(self.request(Method::POST, &["api", "mcp", "servers", name, "test"])?.timeout(TEST_TIME_MAX)).await
    }

    /// Ends a server's connection and forgets its failures.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn restart_mcp_server(&self, name: &str) -> Result<McpServer, ClientError> {
        self.json(self.request(Method::POST, &["api", "mcp", "servers", name, "restart"])?).await
    }

    /// Lets the next call through, whatever failed before.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn reset_mcp_server(&self, name: &str) -> Result<McpServer, ClientError> {
        self.json(self.request(Method::POST, &["api", "mcp", "servers", name, "reset"])?).await
    }

    /// Begins a sign-in to a server: the address that the person opens.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn begin_mcp_sign_in(&self, name: &str, how: BeginMcpSignIn) -> Result<McpSignIn, ClientError> {
        self.post(&["api", "mcp", "servers", name, "sign-in"], &how).await
    }

    /// Ends it with what the browser brought back.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn finish_mcp_sign_in(&self, name: &str, brought: &FinishMcpSignIn) -> Result<McpServer, ClientError> {
        self.json(self.request(Method::PUT, &["api", "mcp", "servers", name, "sign-in", "end"])?.json(brought)).await
    }

    /// Forgets what somebody signed in with.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn sign_out_of_mcp(&self, name: &str) -> Result<McpServer, ClientError> {
        self.json(self.request(Method::DELETE, &["api", "mcp", "servers", name, "sign-in"])?).await
    }

    /// Takes a tool as it was shown.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn accept_mcp_tool(&self, name: &str, tool: &str, shown: &AcceptMcpTool) -> Result<McpServer, ClientError> {
        let path = ["api", "mcp", "servers", name, "tools", tool, "acceptance"];
        self.json(self.request(Method::PUT, &path)?.json(shown).timeout(TEST_TIME_MAX)).await
    }

    /// Takes that back.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn withdraw_mcp_tool(&self, name: &str, tool: &str) -> Result<McpServer, ClientError> {
        self.json(self.request(Method::DELETE, &["api", "mcp", "servers", name, "tools", tool, "acceptance"])?).await
    }
}
