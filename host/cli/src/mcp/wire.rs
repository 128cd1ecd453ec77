//! Servers as clients see them.

use std::path::PathBuf;
use std::time::Duration;

use octi_api::v1::mcp::{
    McpBreaker, McpIdentity, McpOAuth, McpServer, McpServerConfig, McpServerSource, McpSignedIn, McpTool, McpToolState,
    McpToolText, McpTransport,
};
use octi_mcp::client::{
    BreakerState, Described, IdentityConfig, Kind, OAuthConfig, PinState, ServerConfig, SignedIn, Source, Status, ToolStatus,
};

pub(super) fn from_api(config: McpServerConfig) -> ServerConfig {
    let paths = |paths: Vec<String>| paths.into_iter().map(PathBuf::from).collect();
    ServerConfig {
        kind: config.transport.map(|transport| match transport {
            McpTransport::Stdio => Kind::Stdio,
            McpTransport::Sse => Kind::Sse,
            McpTransport::Http => Kind::Http,
        }),
        command: config.command,
        args: config.args,
        env: config.env,
        read: paths(config.read),
        write: paths(config.write),
        network: config.network,
        memory_mb: config.memory_mb,
        url: config.url,
        headers: config.headers,
        oauth: config.oauth.map(|oauth| OAuthConfig {
            client_id: oauth.client_id,
            client_secret: oauth.client_secret,
            client_key: oauth.client_key,
            client_metadata_url: oauth.client_metadata_url,
            scopes: oauth.scopes,
            client_credentials: oauth.client_credentials,
            identity: oauth.identity.map(|identity| IdentityConfig {
                issuer: identity.issuer,
                token_endpoint: identity.token_endpoint,
                client_id: identity.client_id,
                client_secret: identity.client_secret,
                id_token: identity.id_token,
                refresh_token: identity.refresh_token,
            }),
        }),
        sampling: config.sampling,
        timeout_ms: config.timeout_ms,
        auto_start: config.auto_start,
        disabled: config.disabled,
    }
}

fn config_to_api(config: ServerConfig) -> McpServerConfig {
    let texts = |paths: Vec<PathBuf>| paths.into_iter().map(|path| path.to_string_lossy().into_owned()).collect();
    McpServerConfig {
        transport: Some(match config.kind() {
            Kind::Stdio => McpTransport::Stdio,
            Kind::Sse => McpTransport::Sse,
            Kind::Http => McpTransport::Http,
        }),
        command: config.command,
        args: config.args,
        env: config.env,
        read: texts(config.read),
        write: texts(config.write),
        network: config.network,
        memory_mb: config.memory_mb,
        url: config.url,
        headers: config.headers,
        oauth: config.oauth.map(|oauth| McpOAuth {
            client_id: oauth.client_id,
            client_secret: oauth.client_secret,
            client_key: oauth.client_key,
            client_metadata_url: oauth.client_metadata_url,
            scopes: oauth.scopes,
            client_credentials: oauth.client_credentials,
            identity: oauth.identity.map(|identity| McpIdentity {
                issuer: identity.issuer,
                token_endpoint: identity.token_endpoint,
                client_id: identity.client_id,
                client_secret: identity.client_secret,
                id_token: identity.id_token,
                refresh_token: identity.refresh_token,
            }),
        }),
        sampling: config.sampling,
        timeout_ms: config.timeout_ms,
        auto_start: config.auto_start,
        disabled: config.disabled,
    }
}

pub(super) fn to_api(status: Status) -> McpServer {
    McpServer {
        name: status.name,
        config: config_to_api(status.config),
        source: match status.source {
            Source::File => McpServerSource::File,
            Source::Database => McpServerSource::Database,
            Source::Extism => McpServerSource::Extism,
        },
        running: status.running,
        version: status.version,
        breaker: match status.breaker {
            BreakerState::Closed => McpBreaker::Closed,
            BreakerState::Open => McpBreaker::Open,
            BreakerState::Probing => McpBreaker::Probing,
        },
        retry_in_ms: status.rests_for.map(millis),
        problem: status.problem,
        signed_in: match status.signed_in {
            SignedIn::NotNeeded => McpSignedIn::NotNeeded,
            SignedIn::Wanted => McpSignedIn::Wanted,
            SignedIn::Yes => McpSignedIn::Yes,
        },
        tools: status.tools.into_iter().map(tool_to_api).collect(),
        left_out: status.left_out,
    }
}

fn tool_to_api(tool: ToolStatus) -> McpTool {
    McpTool {
        name: tool.name,
        state: match tool.state {
            PinState::Lazy => McpToolState::Lazy,
            PinState::Pinned => McpToolState::Pinned,
            PinState::Changed => McpToolState::Changed,
            PinState::Missing => McpToolState::Missing,
        },
        now: tool.now.map(text_to_api),
        accepted: tool.accepted.map(text_to_api),
    }
}

fn text_to_api(described: Described) -> McpToolText {
    let hash = described.hash();
    McpToolText { description: described.description, input_schema: described.input_schema, hash }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_comes_back_as_it_went() {
        let text = r#"{"type": "stdio", "command": "/usr/bin/node", "args": ["a"], "env": {"K": "v"}, "read": ["/r"],
            "write": ["/w"], "network": ["example.com"], "memoryMb": 9, "timeoutMs": 5, "autoStart": true, "disabled": true}"#;
        check(text);
        check(
            r#"{"type": "http", "url": "https://a.example", "sampling": true, "autoStart": false, "disabled": false, "oauth": {
            "clientId": "a", "clientSecret": "b", "clientMetadataUrl": "c", "scopes": ["d"], "clientCredentials": true,
            "clientKey": "k", "identity": {"issuer": "i", "tokenEndpoint": "t", "clientId": "c", "clientSecret": "s",
            "idToken": "x", "refreshToken": "y"}}}"#,
        );
    }

    fn check(text: &str) {
        let wire: McpServerConfig = serde_json::from_str(text).expect("a configuration");
        let own: ServerConfig = serde_json::from_str(text).expect("the names of `mcp.json` are the same");
        assert_eq!(from_api(wire.clone()), own);
        assert_eq!(config_to_api(own), wire);
    }
}
