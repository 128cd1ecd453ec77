//! What a plugin asks for, each with the reason shown to the person who grants it.

mod artifacts;
mod ask;
mod http;
mod llm;

use octi_domain::{limits, secret};
use serde::{Deserialize, Serialize};

pub use artifacts::ArtifactsRequest;
pub use ask::AskRequest;
pub use http::{HTTP_METHODS, HttpRequest};
pub use llm::LlmRequest;

use crate::manifest::one_line;

/// The capabilities of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fs: Vec<FsRequest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shell: Vec<ShellRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv: Option<KvRequest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vault: Vec<VaultRequest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<ArtifactsRequest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<AskRequest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub llm: Vec<LlmRequest>,
}

/// How far a plugin may reach into a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    Read,
    Write,
}

/// Files under a named root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FsRequest {
    /// `workspace` is the only root so far.
    pub root: String,
    /// `write` includes reading.
    pub access: Access,
    pub reason: String,
}

/// Programs of one profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShellRequest {
    /// A profile the operator set up; `workspace-shell`, `git` and `git-network` are built in.
    pub profile: String,
    pub reason: String,
}

/// The plugin's own memory between calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KvRequest {
    /// Bytes of all keys and values of one person.
    pub bytes_max: u64,
}

/// One secret of the person behind a call, for one header of one host. The plugin writes `{{secret:NAME}}` there and never
/// sees the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultRequest {
    /// What the person calls it.
    pub secret: String,
    /// `host`, or `host:port` when the port is not 443. No wildcard: a secret goes to one place.
    pub host: String,
    /// In any case.
    pub header: String,
    pub reason: String,
}

impl VaultRequest {
    /// Whether the secret may go into that header of that host, both written as a manifest writes them.
    pub(crate) fn fits(&self, host: &str, header: &str) -> bool {
        plain_host(&self.host).eq_ignore_ascii_case(plain_host(host)) && self.header.eq_ignore_ascii_case(header)
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        if !secret::is_name(&self.secret) {
            return Err(("secret", format!("`{}` is not a name of {}", self.secret, secret::NAME_RULE)));
        }
        if !is_host(&self.host) {
            let problem = "is not one host: write `host` or `host:port` in lower case, without a wildcard or an address's path";
            return Err(("host", format!("`{}` {problem}", self.host)));
        }
        let header = self.header.to_ascii_lowercase();
        if header.is_empty() || !header.chars().all(is_token) {
            return Err(("header", format!("`{}` is not the name of an HTTP header", self.header)));
        }
        if HEADERS_OF_THE_HOST.contains(&header.as_str()) {
            return Err(("header", format!("`{}` is written by the host and cannot carry a secret", self.header)));
        }
        Ok(())
    }
}

/// Headers that say where a request goes or how it is framed; the host alone writes them.
const HEADERS_OF_THE_HOST: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The same host in one spelling: 443 is not written.
fn plain_host(host: &str) -> &str {
    host.strip_suffix(":443").unwrap_or(host)
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, port.parse::<u16>().ok().filter(|number| *number > 0 && number.to_string() == port)),
        None => (text, Some(443)),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    port.is_some() && name.len() <= 253 && name.split('.').all(is_label)
}

/// A character of a header's name (RFC 9110, 5.6.2).
const fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '.' | '^' | '_' | '`' | '|' | '~')
}

/// The `octi:*` packages that need a grant, with the manifest key that asks for each.
pub const GATED_PACKAGES: [(&str, &str); 7] = [
    ("octi:fs", "fs"),
    ("octi:shell", "shell"),
    ("octi:kv", "kv"),
    ("octi:http", "http"),
    ("octi:artifacts", "artifacts"),
    ("octi:ask", "ask"),
    ("octi:llm", "llm"),
];

impl Capabilities {
    /// Whether the manifest asks for the capability of that key (`fs`, `shell`, `kv`, `vault`, `http`, `artifacts`, `ask`, `llm`).
    #[must_use]
    pub fn asks_for(&self, key: &str) -> bool {
        match key {
            "fs" => !self.fs.is_empty(),
            "shell" => !self.shell.is_empty(),
            "kv" => self.kv.is_some(),
            "vault" => !self.vault.is_empty(),
            "http" => !self.http.is_empty(),
            "artifacts" => self.artifacts.is_some(),
            "ask" => self.ask.is_some(),
            "llm" => !self.llm.is_empty(),
            _ => false,
        }
    }

    /// One line per capability, for the person who grants it.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let fs = self.fs.iter().map(|r| {
            let access = if r.access == Access::Write { "read and write" } else { "read" };
            format!("fs: {access} {} ({})", r.root, r.reason)
        });
        let shell = self.shell.iter().map(|r| format!("shell: run profile {} ({})", r.profile, r.reason));
        let kv = self.kv.iter().map(|r| format!("kv: keep up to {} bytes per person", r.bytes_max));
        let vault = self
            .vault
            .iter()
            .map(|r| format!("vault: send your secret {} to {} in the header {} ({})", r.secret, r.host, r.header, r.reason));
        let http = self.http.iter().map(HttpRequest::line);
        let artifacts = self.artifacts.iter().map(ArtifactsRequest::line);
        let ask = self.ask.iter().map(AskRequest::line);
        let llm = self.llm.iter().map(LlmRequest::line);
        fs.chain(shell).chain(kv).chain(vault).chain(http).chain(artifacts).chain(ask).chain(llm).collect()
    }

    pub(crate) fn check(&self) -> Result<(), (String, String)> {
        for (index, request) in self.fs.iter().enumerate() {
            if request.root != "workspace" {
                return Err((
                    format!("fs[{index}].root"),
                    format!("`{}` is not a root; the only one is `workspace`", request.root),
                ));
            }
            require_reason(&format!("fs[{index}]"), &request.reason)?;
        }
        for (index, request) in self.shell.iter().enumerate() {
            one_line(&request.profile).map_err(|problem| (format!("shell[{index}].profile"), problem))?;
            require_reason(&format!("shell[{index}]"), &request.reason)?;
        }
        for (index, request) in self.vault.iter().enumerate() {
            request.check().map_err(|(field, problem)| (format!("vault[{index}].{field}"), problem))?;
            require_reason(&format!("vault[{index}]"), &request.reason)?;
        }
        if self.http.len() > limits::MANIFEST_HOSTS_MAX {
            let problem = format!("{} entries are more than the {} allowed", self.http.len(), limits::MANIFEST_HOSTS_MAX);
            return Err(("http".to_owned(), problem));
        }
        for (index, request) in self.http.iter().enumerate() {
            request.check(&format!("http[{index}]"))?;
        }
        self.artifacts.iter().try_for_each(ArtifactsRequest::check)?;
        self.ask.iter().try_for_each(AskRequest::check)?;
        llm::check(&self.llm)?;
        match self.kv {
            Some(kv) if kv.bytes_max == 0 || kv.bytes_max > 64 * limits::KV_VALUE_BYTES_MAX as u64 => {
                Err(("kv.bytes_max".to_owned(), format!("must be between 1 and {}", 64 * limits::KV_VALUE_BYTES_MAX)))
            }
            _ => Ok(()),
        }
    }
}

fn require_reason(field: &str, reason: &str) -> Result<(), (String, String)> {
    if reason.trim().is_empty() {
        return Err((format!("{field}.reason"), "say why, for the person who grants it".to_owned()));
    }
    one_line(reason).map_err(|problem| (format!("{field}.reason"), problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(secret: &str, host: &str, header: &str, reason: &str) -> Capabilities {
        let [secret, host, header, reason] = [secret, host, header, reason].map(str::to_owned);
        Capabilities { vault: vec![VaultRequest { secret, host, header, reason }], ..Capabilities::default() }
    }

    #[test]
    fn a_secret_is_bound_to_one_header_of_one_host() {
        for (host, header) in [("api.weather.example", "x-api-key"), ("api.weather.example:8443", "Authorization"), ("a", "X")] {
            assert_eq!(request("weather_key", host, header, "why").check(), Ok(()), "{host} {header}");
        }
        for (secret, host, header, field) in [
            ("", "a.example", "x-key", "vault[0].secret"),
            ("two words", "a.example", "x-key", "vault[0].secret"),
            ("key}}", "a.example", "x-key", "vault[0].secret"),
            ("key", "*.example", "x-key", "vault[0].host"),
            ("key", "A.example", "x-key", "vault[0].host"),
            ("key", "a.example.", "x-key", "vault[0].host"),
            ("key", "a.example/path", "x-key", "vault[0].host"),
            ("key", "user@a.example", "x-key", "vault[0].host"),
            ("key", "a.example:0", "x-key", "vault[0].host"),
            ("key", "a.example:0443", "x-key", "vault[0].host"),
            ("key", "", "x-key", "vault[0].host"),
            ("key", "a.example", "", "vault[0].header"),
            ("key", "a.example", "x key", "vault[0].header"),
            ("key", "a.example", "Host", "vault[0].header"),
            ("key", "a.example", "transfer-encoding", "vault[0].header"),
        ] {
            let refused = request(secret, host, header, "why").check().map_err(|(field, _)| field);
            assert_eq!(refused, Err(field.to_owned()), "{secret} {host} {header}");
        }
        let refused = request("key", "a.example", "x-key", " ").check().map_err(|(field, _)| field);
        assert_eq!(refused, Err("vault[0].reason".to_owned()));
    }

    #[test]
    fn the_person_reads_where_a_secret_goes() {
        let capabilities = request("weather_key", "api.weather.example", "x-api-key", "authenticate");
        assert!(capabilities.asks_for("vault"));
        assert_eq!(
            capabilities.lines(),
            ["vault: send your secret weather_key to api.weather.example in the header x-api-key (authenticate)"]
        );
    }
}
