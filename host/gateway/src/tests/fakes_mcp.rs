//! A stand-in for the servers of others: the one called `weather_key` is there, and every change of it works.

use async_trait::async_trait;
use octi_api::v1::mcp::{McpBreaker, McpServer, McpServerConfig, McpServerSource, McpServerTest, McpSignedIn, SetMcpServer};
use octi_domain::principal::Principal;

use crate::ports::{McpAdmin, PortError};

pub(super) struct FakeMcp;

fn server(name: &str, config: McpServerConfig) -> Result<McpServer, PortError> {
    if name == "nobody" {
        return Err(PortError::NotFound(format!("there is no MCP server `{name}`")));
    }
    Ok(McpServer {
        name: name.to_owned(),
        config,
        source: McpServerSource::Database,
        running: false,
        version: String::new(),
        breaker: McpBreaker::Closed,
        retry_in_ms: None,
        problem: None,
        signed_in: McpSignedIn::NotNeeded,
        tools: Vec::new(),
        left_out: Vec::new(),
    })
}

#[async_trait]
impl McpAdmin for FakeMcp {
    async fn list(&self) -> Result<Vec<McpServer>, PortError> {
        Ok(vec![self.get("weather_key").await?])
    }

    async fn get(&self, name: &str) -> Result<McpServer, PortError> {
        server(name, McpServerConfig::default())
    }

    async fn set(&self, _principal: &Principal, wanted: SetMcpServer) -> Result<McpServer, PortError> {
        server(&wanted.name, wanted.config)
    }

    async fn remove(&self, _principal: &Principal, name: &str) -> Result<(), PortError> {
        self.get(name).await.map(drop)
    }

    async fn test(&self, name: &str) -> Result<McpServerTest, PortError> {
        Ok(McpServerTest { ok: false, problem: Some("it ended".to_owned()), server: self.get(name).await? })
    }

    async fn restart(&self, name: &str) -> Result<McpServer, PortError> {
        self.get(name).await
    }

    async fn reset(&self, name: &str) -> Result<McpServer, PortError> {
        self.get(name).await
    }

    async fn begin_sign_in(&self, _principal: &Principal, name: &str, redirect_uri: &str) -> Result<String, PortError> {
        self.get(name).await.map(|_| format!("https://accounts.example/?redirect_uri={redirect_uri}"))
    }

    async fn finish_sign_in(&self, name: &str, came_back: &str) -> Result<McpServer, PortError> {
        if came_back.contains("state=wrong") {
            return Err(PortError::Refused(format!("the sign-in to `{name}` failed")));
        }
        self.get(name).await
    }

    async fn sign_out(&self, _principal: &Principal, name: &str) -> Result<McpServer, PortError> {
        self.get(name).await
    }

    async fn accept(&self, _principal: &Principal, (name, _tool): (&str, &str), _hash: &str) -> Result<McpServer, PortError> {
        self.get(name).await
    }

    async fn withdraw(&self, _principal: &Principal, (name, _tool): (&str, &str)) -> Result<McpServer, PortError> {
        self.get(name).await
    }
}
