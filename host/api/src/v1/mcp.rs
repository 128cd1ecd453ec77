//! `/api/mcp`: servers of the Model Context Protocol that this host uses, for administrators.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum McpTransport {
    /// Standard input and output of a program on this machine.
    Stdio,
    /// HTTP with server-sent events, as before 2025.
    Sse,
    /// Streamable HTTP.
    Http,
}

/// What an administrator says about a server, with the names that `mcp.json` has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct McpServerConfig {
    /// Without it, `stdio` for a command and `http` for a URL.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub transport: Option<McpTransport>,
    /// The program, by its absolute path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Variables of the program; `{{secret:NAME}}` in a value stands for a secret of whoever configured the server.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Directories the program may read besides the system's and its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<String>,
    /// Directories it may write besides its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub write: Vec<String>,
    /// Hosts it may connect to; none without it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub network: Vec<String>,
    /// MiB of memory one of its processes may map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// Where a remote server is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Headers of every request; `{{secret:NAME}}` in a value stands for a secret of whoever configured the server.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// How octi signs in to a remote server; none to find that out from the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth: Option<McpOAuth>,
    /// Whether it may ask for the model of whoever calls it; they are asked each time, and pay.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sampling: bool,
    /// Milliseconds that a call may take; 30000 without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Start with the host, not with the first call.
    pub auto_start: bool,
    pub disabled: bool,
}

/// Signing in to a remote server, for those that do not tell all of it themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct McpOAuth {
    /// What the authorization server calls octi, when it was told by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What it gave octi to prove that: `{{secret:NAME}}`, a secret of whoever configured the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// The private key that octi proves it with instead (`private_key_jwt`), as PEM: `{{secret:NAME}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<String>,
    /// Where a document about octi lies that authorization servers may read instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata_url: Option<String>,
    /// What to ask for; what the server says without it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// octi signs in by itself, as `clientId`, and no person does.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub client_credentials: bool,
    /// octi signs in as `clientId` by the word of a company's identity provider, and no person does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<McpIdentity>,
}

/// An identity provider, and the account there whose word counts: with `idToken` or `refreshToken`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct McpIdentity {
    /// What it calls itself.
    pub issuer: String,
    /// Where it gives tokens.
    pub token_endpoint: String,
    /// What it calls octi.
    pub client_id: String,
    /// What it gave octi to prove that: `{{secret:NAME}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// The account's ID token: `{{secret:NAME}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The account's refresh token, which lasts longer: `{{secret:NAME}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// Whether somebody signed in to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum McpSignedIn {
    /// It did not ask for it, or was not called yet.
    NotNeeded,
    /// It asks for it, or for more than was granted.
    Wanted,
    Yes,
}

/// Where the browser is sent when the person has signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct BeginMcpSignIn {
    /// A port of the person's own machine where a program waits for it; without it, octi's own address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// The address that the person opens to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpSignIn {
    pub url: String,
}

/// What the browser brought back to a program of the person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FinishMcpSignIn {
    /// The whole address.
    pub came_back: String,
}

/// A server to be set up. A server of that name is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetMcpServer {
    /// The beginning of its tools' names: lower case letters, digits, `-` and `_`.
    pub name: String,
    pub config: McpServerConfig,
}

/// Where a server was configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum McpServerSource {
    /// In `mcp.json`, which changes at a start only.
    File,
    Database,
    /// Installed as a plugin: a module of Extism.
    Extism,
}

/// Whether calls go through to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum McpBreaker {
    Closed,
    /// It failed too often; calls are refused at once.
    Open,
    /// One call finds out whether it has recovered.
    Probing,
}

/// How a tool stands to what was accepted of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum McpToolState {
    /// Not accepted: agents call it through `mcp.call_tool` only.
    Lazy,
    /// Accepted: agents see it like octi's own.
    Pinned,
    /// Another than was accepted, and out of service.
    Changed,
    /// Accepted, and no longer there.
    Missing,
}

/// A tool in its server's own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpToolText {
    pub description: String,
    pub input_schema: Value,
    /// SHA-256 of both, in hex.
    pub hash: String,
}

/// One tool of a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpTool {
    pub name: String,
    pub state: McpToolState,
    /// As the server describes it, when it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<McpToolText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<McpToolText>,
}

/// One server, as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServer {
    pub name: String,
    pub config: McpServerConfig,
    pub source: McpServerSource,
    /// Servers are started by the first call.
    pub running: bool,
    /// As the server calls it; empty until it ran.
    pub version: String,
    pub breaker: McpBreaker,
    /// How long it is still left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_in_ms: Option<u64>,
    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    pub signed_in: McpSignedIn,
    /// Empty until it ran, but for what was accepted.
    pub tools: Vec<McpTool>,
    /// The tools that cannot be called, each with the reason.
    pub left_out: Vec<String>,
}

/// What came of starting or reaching a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerTest {
    pub ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    pub server: McpServer,
}

/// Takes a tool as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptMcpTool {
    /// Of what was shown: `now.hash` of the tool.
    pub hash: String,
}
