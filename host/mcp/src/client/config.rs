//! What an administrator says about a server, as `mcp.json` and the REST API have it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use octi_domain::limits;
use octi_domain::secret::placeholders;
use octi_security::sandbox::egress::{HostAllow, request_headers};
use serde::{Deserialize, Serialize};
use url::Url;

/// One server. Which fields go together is checked by [`ServerConfig::check`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ServerConfig {
    /// `stdio`, `sse` or `http`; without it, `stdio` for a command and `http` for a URL.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The program, by its absolute path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Variables of the program; `{{secret:NAME}}` in a value is joined when it starts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Directories the program may read besides the system's and its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<PathBuf>,
    /// Directories it may write besides its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub write: Vec<PathBuf>,
    /// Hosts it may connect to, through the host's proxy; none without it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub network: Vec<String>,
    /// MiB of memory one of its processes may map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// Where a remote server is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Headers of every request; `{{secret:NAME}}` in a value is joined at egress.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// How octi signs in to it; none to find that out from the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth: Option<OAuthConfig>,
    /// Whether it may ask for the model of whoever calls it; they are asked each time, and pay.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sampling: bool,
    /// Milliseconds that a call may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Start with the host, not with the first call.
    pub auto_start: bool,
    pub disabled: bool,
}

/// Signing in to a remote server, for those that do not tell all of it themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct OAuthConfig {
    /// What the authorization server calls octi, when it was told by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What it gave octi to prove that; a `{{secret:NAME}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// The private key that octi proves it with instead (`private_key_jwt`), as PEM; a `{{secret:NAME}}`.
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
    pub identity: Option<IdentityConfig>,
}

/// An identity provider, and the account there whose word counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct IdentityConfig {
    /// What it calls itself.
    pub issuer: String,
    /// Where it gives tokens.
    pub token_endpoint: String,
    /// What it calls octi.
    pub client_id: String,
    /// What it gave octi to prove that; a `{{secret:NAME}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// The account's ID token; a `{{secret:NAME}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The account's refresh token, which lasts longer; a `{{secret:NAME}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Standard input and output of a program.
    Stdio,
    /// HTTP with server-sent events, as before 2025.
    Sse,
    /// Streamable HTTP.
    #[serde(alias = "streamable-http", alias = "streamableHttp")]
    Http,
}

impl Kind {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Sse => "sse",
            Self::Http => "http",
        }
    }
}

/// Why a configuration is refused, with the field's place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {why}")]
pub struct ConfigError {
    pub field: String,
    pub why: String,
}

impl ConfigError {
    pub(super) fn new(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self { field: field.into(), why: why.into() }
    }
}

/// A configuration that holds together.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub way: Way,
    pub time_max: Duration,
}

/// How it is reached, with everything that needs.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Stdio { program: PathBuf, network: HostAllow },
    Remote { kind: Kind, url: Url, allow: HostAllow },
}

/// Checks the name of a server: it is the beginning of its tools' names and a part of rules.
///
/// # Errors
/// Says what a name is.
pub fn check_name(name: &str) -> Result<(), ConfigError> {
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= limits::MCP_SERVER_NAME_BYTES_MAX
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
        && !name.contains("__")
        && !["mcp", "list_tools", "call_tool"].contains(&name);
    if is_name {
        return Ok(());
    }
    let max = limits::MCP_SERVER_NAME_BYTES_MAX;
    let why = format!(
        "`{}` is not a server's name: 1 to {max} lower case letters, digits, `-` and `_`, beginning with a letter, without `__`, and none of octi's own (`mcp`, `list_tools`, `call_tool`)",
        name.escape_debug()
    );
    Err(ConfigError::new("name", why))
}

impl ServerConfig {
    /// How it is spoken to, by what it says.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match (self.kind, &self.url) {
            (Some(kind), _) => kind,
            (None, Some(_)) => Kind::Http,
            (None, None) => Kind::Stdio,
        }
    }

    /// Checks that the fields go together and are within their bounds.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.checked().map(drop)
    }

    pub(super) fn checked(&self) -> Result<Checked, ConfigError> {
        let bytes = serde_json::to_string(self).map(|text| text.len()).unwrap_or(usize::MAX);
        if bytes > limits::MCP_CONFIG_BYTES_MAX {
            let why = format!("it has {bytes} bytes and at most {} are allowed", limits::MCP_CONFIG_BYTES_MAX);
            return Err(ConfigError::new("config", why));
        }
        let ms = self.timeout_ms.unwrap_or(limits::MCP_CALL_MS_DEFAULT);
        if !(1..=limits::MCP_CALL_MS_MAX).contains(&ms) {
            return Err(ConfigError::new("timeoutMs", format!("from 1 to {} milliseconds", limits::MCP_CALL_MS_MAX)));
        }
        let way = match self.kind() {
            Kind::Stdio => self.program()?,
            kind => self.remote(kind)?,
        };
        Ok(Checked { way, time_max: Duration::from_millis(ms) })
    }

    fn program(&self) -> Result<Way, ConfigError> {
        absent("url", self.url.is_some(), "a server with a command has no URL")?;
        absent("headers", !self.headers.is_empty(), "headers are for servers with a URL")?;
        absent("oauth", self.oauth.is_some(), "only servers with a URL are signed in to; a program takes its keys from `env`")?;
        let command = self.command.as_deref().unwrap_or_default();
        if !Path::new(command).is_absolute() {
            let why = "name the program by its absolute path, such as `/usr/bin/node`, so that nothing else can take its place";
            return Err(ConfigError::new("command", why));
        }
        for (field, paths) in [("read", &self.read), ("write", &self.write)] {
            if let Some(at) = paths.iter().position(|path| !path.is_absolute()) {
                return Err(ConfigError::new(format!("{field}[{at}]"), "name a directory by its absolute path"));
            }
        }
        let network = HostAllow::parse(self.network.iter().map(String::as_str));
        let network = network.map_err(|error| ConfigError::new("network", error.to_string()))?;
        Ok(Way::Stdio { program: PathBuf::from(command), network })
    }

    fn remote(&self, kind: Kind) -> Result<Way, ConfigError> {
        let is_local = self.command.is_some() || !self.args.is_empty() || !self.env.is_empty();
        absent("command", is_local, "a server with a URL runs elsewhere: it has no command, arguments or variables")?;
        let has_grants = !self.read.is_empty() || !self.write.is_empty() || !self.network.is_empty();
        absent("network", has_grants, "directories and hosts are granted to programs of this machine only")?;
        let url = Url::parse(self.url.as_deref().unwrap_or_default());
        let url = url.map_err(|error| ConfigError::new("url", format!("this is not an address: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            let why = "write `https://host/path`, without a user; what signs requests goes into `headers`";
            return Err(ConfigError::new("url", why));
        }
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
        let allow = HostAllow::parse([format!("{host}:{port}").as_str()]);
        let allow = allow.map_err(|error| ConfigError::new("url", error.to_string()))?;
        for (name, value) in &self.headers {
            let headers = request_headers([(name.as_str(), value.as_bytes())]);
            headers.map_err(|error| ConfigError::new(format!("headers.{name}"), error.to_string()))?;
        }
        self.oauth.as_ref().map_or(Ok(()), |oauth| oauth.check(&self.headers))?;
        Ok(Way::Remote { kind, url, allow })
    }
}

impl OAuthConfig {
    fn check(&self, headers: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let signs = headers.keys().any(|name| name.eq_ignore_ascii_case("authorization"));
        absent("oauth", signs, "the header `authorization` signs every request already: leave one of both out")?;
        self.check_client()?;
        let document = self.client_metadata_url.as_deref().map(Url::parse);
        let is_public = |url: &Url| url.scheme() == "https" && url.path() != "/";
        let is_odd = document.is_some_and(|url| !url.as_ref().is_ok_and(is_public));
        absent("oauth.clientMetadataUrl", is_odd, "write `https://host/path` of the document")?;
        let is_scope =
            |scope: &String| !scope.is_empty() && scope.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'));
        match self.scopes.iter().position(|scope| !is_scope(scope)) {
            Some(at) => {
                Err(ConfigError::new(format!("oauth.scopes[{at}]"), "a scope has no spaces, quotes or letters beyond ASCII"))
            }
            None => Ok(()),
        }
    }

    /// Who octi is there, and how it proves that.
    fn check_client(&self) -> Result<(), ConfigError> {
        let (secret, key) = (self.client_secret.as_deref(), self.client_key.as_deref());
        for (field, value) in [("oauth.clientSecret", secret), ("oauth.clientKey", key)] {
            let is_lone = value.is_some() && self.client_id.is_none();
            absent(field, is_lone, "it is of a client: write its `clientId` too")?;
            is_secret(field, value)?;
        }
        absent(
            "oauth.clientKey",
            secret.is_some() && key.is_some(),
            "a secret or a key proves who octi is: leave one of both out",
        )?;
        let is_signed_by_a_person = key.is_some() && !self.client_credentials;
        absent("oauth.clientKey", is_signed_by_a_person, "octi signs in by itself with a key: write `clientCredentials` too")?;
        let is_nobody = self.client_credentials && secret.is_none() && key.is_none();
        let why = "octi signs in by itself with `clientId` and `clientSecret` or `clientKey`: write both";
        absent("oauth.clientCredentials", is_nobody, why)?;
        let Some(identity) = &self.identity else { return Ok(()) };
        absent("oauth.identity", self.client_credentials, "octi signs in by itself either way: leave `clientCredentials` out")?;
        absent("oauth.identity", self.client_id.is_none(), "the server knows octi beforehand: write its `clientId` too")?;
        identity.check()
    }
}

impl IdentityConfig {
    fn check(&self) -> Result<(), ConfigError> {
        for (field, address) in [("issuer", &self.issuer), ("tokenEndpoint", &self.token_endpoint)] {
            let is_address = Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            absent(&format!("oauth.identity.{field}"), !is_address, "write its address, `https://host/path`")?;
        }
        absent("oauth.identity.clientId", self.client_id.is_empty(), "write what the identity provider calls octi")?;
        is_secret("oauth.identity.clientSecret", self.client_secret.as_deref())?;
        is_secret("oauth.identity.idToken", self.id_token.as_deref())?;
        is_secret("oauth.identity.refreshToken", self.refresh_token.as_deref())?;
        let is_one = self.id_token.is_some() ^ self.refresh_token.is_some();
        absent("oauth.identity", !is_one, "write the `idToken` of an account, or its `refreshToken`, which lasts longer")
    }
}

/// A value that is nobody's to read is named, and not written down.
fn is_secret(field: &str, value: Option<&str>) -> Result<(), ConfigError> {
    let is_plain = value.is_some_and(|text| placeholders(text).next().is_none());
    absent(field, is_plain, "write `{{secret:NAME}}`, and keep the value with `octi secret set NAME`")
}

fn absent(field: &str, is_there: bool, why: &str) -> Result<(), ConfigError> {
    if is_there { Err(ConfigError::new(field, why)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Kind, String> {
        let config: ServerConfig = serde_json::from_str(text).map_err(|error| error.to_string())?;
        config.check().map_err(|error| error.to_string())?;
        Ok(config.kind())
    }

    #[test]
    fn the_kind_follows_from_what_is_there() {
        assert_eq!(read(r#"{"command": "/usr/bin/node", "args": ["x"]}"#), Ok(Kind::Stdio));
        assert_eq!(read(r#"{"url": "https://mcp.example/mcp"}"#), Ok(Kind::Http));
        assert_eq!(read(r#"{"type": "sse", "url": "https://mcp.example/sse"}"#), Ok(Kind::Sse));
        assert_eq!(read(r#"{"type": "streamable-http", "url": "https://mcp.example/mcp"}"#), Ok(Kind::Http));
    }

    #[test]
    fn a_mistake_is_named_by_its_field() {
        let bytes = limits::MCP_CONFIG_BYTES_MAX;
        for (text, field) in [
            (r#"{"command": "node"}"#.to_owned(), "`command`"),
            (r#"{"command": "/bin/a", "read": ["b"]}"#.to_owned(), "`read[0]`"),
            (r#"{"command": "/bin/a", "network": ["*.com"]}"#.to_owned(), "`network`"),
            (r#"{"command": "/bin/a", "url": "https://a.example"}"#.to_owned(), "`command`"),
            (r#"{"type": "stdio", "command": "/bin/a", "headers": {"a": "b"}}"#.to_owned(), "`headers`"),
            (r#"{"url": "ftp://a.example"}"#.to_owned(), "`url`"),
            (r#"{"url": "https://me:secret@a.example"}"#.to_owned(), "`url`"),
            (r#"{"url": "https://a.example", "headers": {"host": "b"}}"#.to_owned(), "`headers.host`"),
            (r#"{"url": "https://a.example", "timeoutMs": 0}"#.to_owned(), "`timeoutMs`"),
            (r#"{"command": "/bin/a", "oauth": {}}"#.to_owned(), "`oauth`"),
            (r#"{"url": "https://a.example", "headers": {"Authorization": "x"}, "oauth": {}}"#.to_owned(), "`oauth`"),
            (r#"{"url": "https://a.example", "oauth": {"clientSecret": "{{secret:A}}"}}"#.to_owned(), "`oauth.clientSecret`"),
            (
                r#"{"url": "https://a.example", "oauth": {"clientId": "a", "clientSecret": "b"}}"#.to_owned(),
                "`oauth.clientSecret`",
            ),
            (r#"{"url": "https://a.example", "oauth": {"clientCredentials": true}}"#.to_owned(), "`oauth.clientCredentials`"),
            (
                r#"{"url": "https://a.example", "oauth": {"clientId": "a", "clientKey": "{{secret:A}}"}}"#.to_owned(),
                "`oauth.clientKey`",
            ),
            (r#"{"url": "https://a.example", "oauth": {"clientId": "a", "identity": {}}}"#.to_owned(), "`oauth.identity.issuer`"),
            (
                r#"{"url": "https://a.example", "oauth": {"clientId": "a", "identity": {"issuer": "https://b.example",
                    "tokenEndpoint": "https://b.example/token", "clientId": "c"}}}"#
                    .to_owned(),
                "`oauth.identity`",
            ),
            (
                r#"{"url": "https://a.example", "oauth": {"clientId": "a", "identity": {"issuer": "https://b.example",
                    "tokenEndpoint": "https://b.example/token", "clientId": "c", "idToken": "in-the-open"}}}"#
                    .to_owned(),
                "`oauth.identity.idToken`",
            ),
            (
                r#"{"url": "https://a.example", "oauth": {"clientMetadataUrl": "http://b.example/c"}}"#.to_owned(),
                "`oauth.clientMetadataUrl`",
            ),
            (r#"{"url": "https://a.example", "oauth": {"scopes": ["a", "b c"]}}"#.to_owned(), "`oauth.scopes[1]`"),
            (format!(r#"{{"url": "https://a.example", "timeoutMs": {}}}"#, limits::MCP_CALL_MS_MAX + 1), "`timeoutMs`"),
            (format!(r#"{{"command": "/bin/a", "args": ["{}"]}}"#, "x".repeat(bytes)), "`config`"),
            (r#"{"command": "/bin/a", "comand": "b"}"#.to_owned(), "`comand`"),
        ] {
            let error = read(&text).expect_err(field);
            assert!(error.contains(field), "{error}");
        }
    }

    #[test]
    fn a_name_is_short_and_plain() {
        for good in ["files", "git-hub_2", "a"] {
            assert_eq!(check_name(good), Ok(()));
        }
        let long = "a".repeat(limits::MCP_SERVER_NAME_BYTES_MAX + 1);
        for bad in ["", "Files", "1a", "a.b", "a__b", "mcp", "call_tool", "a b", long.as_str()] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
