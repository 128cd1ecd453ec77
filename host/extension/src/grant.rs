//! What a plugin was given: its manifest's wishes, cut down to what the installer granted.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::capability::{Access, Capabilities, HttpRequest};
use crate::host::HostPattern;

/// The effective rights of one generation of a plugin. Checked on every host call.
#[derive(Debug)]
pub struct Grant {
    plugin: String,
    capabilities: Capabilities,
    /// The hosts of `capabilities.http`, read once. An entry that cannot be read allows nothing.
    hosts: Vec<(HostPattern, HttpRequest)>,
    revoked: AtomicBool,
}

impl Grant {
    /// The rights of `plugin`.
    #[must_use]
    pub fn new(plugin: String, capabilities: Capabilities) -> Self {
        let host = |request: &HttpRequest| {
            let pattern = HostPattern::parse(request.host.as_deref()?).ok()?;
            Some((pattern, request.clone()))
        };
        let hosts = capabilities.http.iter().filter_map(host).collect();
        Self { plugin, capabilities, hosts, revoked: AtomicBool::new(false) }
    }

    /// The plugin's id.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Takes everything away, in running calls too.
    pub fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }

    /// May it reach files under `root`?
    ///
    /// # Errors
    /// A text that names the missing grant and where to add it.
    pub fn fs(&self, root: &str, access: Access) -> Result<(), String> {
        self.live()?;
        let best = self.capabilities.fs.iter().filter(|r| r.root == root).map(|r| r.access).max();
        match best {
            Some(granted) if granted >= access => Ok(()),
            Some(_) => Err(format!(
                "plugin `{}` may only read `{root}`: writing needs `access = \"write\"` under `capabilities.fs` of its plugin.toml",
                self.plugin
            )),
            None => Err(format!(
                "plugin `{}` has no grant for files under `{root}`: add `{{ root = \"{root}\", access = … }}` to `capabilities.fs` of its plugin.toml",
                self.plugin
            )),
        }
    }

    /// May it run programs of `profile`?
    ///
    /// # Errors
    /// A text that names the missing grant and where to add it.
    pub fn shell(&self, profile: &str) -> Result<(), String> {
        self.live()?;
        if self.capabilities.shell.iter().any(|r| r.profile == profile) {
            return Ok(());
        }
        Err(format!(
            "plugin `{}` has no grant for the shell profile `{profile}`: add `{{ profile = \"{profile}\", reason = … }}` to `capabilities.shell` of its plugin.toml",
            self.plugin
        ))
    }

    /// How many bytes it may keep per person.
    ///
    /// # Errors
    /// A text that names the missing grant and where to add it.
    pub fn kv_bytes_max(&self) -> Result<u64, String> {
        self.live()?;
        self.capabilities.kv.map(|r| r.bytes_max).ok_or_else(|| {
            format!(
                "plugin `{}` has no grant for kv: add `kv = {{ bytes_max = … }}` to `capabilities` of its plugin.toml",
                self.plugin
            )
        })
    }

    /// May it use the person's secret of that name at all?
    ///
    /// # Errors
    /// A text that names the missing grant and where to add it.
    pub fn secret(&self, name: &str) -> Result<(), String> {
        self.live()?;
        if self.capabilities.vault.iter().any(|r| r.secret == name) {
            return Ok(());
        }
        Err(format!(
            "plugin `{}` has no grant for the secret `{name}`: add `{{ secret = \"{name}\", host = …, header = …, reason = … }}` to `capabilities.vault` of its plugin.toml",
            self.plugin
        ))
    }

    /// May the secret go into that header of a request to that host? `host` has its port when that is not 443.
    ///
    /// # Errors
    /// A text that names the missing grant, where to add it, and where the secret may go instead.
    pub fn vault(&self, secret: &str, host: &str, header: &str) -> Result<(), String> {
        self.secret(secret)?;
        let bound: Vec<_> = self.capabilities.vault.iter().filter(|r| r.secret == secret).collect();
        if bound.iter().any(|r| r.fits(host, header)) {
            return Ok(());
        }
        let places: Vec<String> = bound.iter().map(|r| format!("`{}` of `{}`", r.header, r.host)).collect();
        Err(format!(
            "plugin `{}` may send the secret `{secret}` only in the header {}: `{header}` of `{host}` needs `{{ secret = \"{secret}\", host = \"{host}\", header = \"{header}\", reason = … }}` under `capabilities.vault` of its plugin.toml",
            self.plugin,
            places.join(" or "),
        ))
    }

    /// May it send a request with this method to this host? `is_name` is false for a literal address.
    ///
    /// # Errors
    /// A text that names the missing grant and where to add it.
    pub fn http(&self, host: &str, is_name: bool, port: u16, method: &str) -> Result<(), String> {
        self.live()?;
        let mut fitting = self.hosts.iter().filter(|(pattern, _)| pattern.fits(host, is_name, port)).peekable();
        if fitting.peek().is_none() {
            return Err(format!(
                "plugin `{}` has no grant for requests to `{host}:{port}`: add `{{ host = \"{host}:{port}\", methods = [\"{method}\"], reason = … }}` to `capabilities.http` of its plugin.toml",
                self.plugin
            ));
        }
        if fitting.any(|(_, request)| request.has_method(method)) {
            return Ok(());
        }
        Err(format!(
            "plugin `{}` may not use the method `{method}` with `{host}:{port}`: add it to `methods` of that host under `capabilities.http` of its plugin.toml",
            self.plugin
        ))
    }

    /// May it send a request with this method to the address that the operator set under this name?
    ///
    /// # Errors
    /// A text that names the missing grant and where to add it.
    pub fn http_endpoint(&self, endpoint: &str, method: &str) -> Result<(), String> {
        self.live()?;
        let asked = |request: &&HttpRequest| request.endpoint.as_deref() == Some(endpoint) && request.has_method(method);
        if self.capabilities.http.iter().any(|request| asked(&request)) {
            return Ok(());
        }
        Err(format!(
            "plugin `{}` has no grant for `{method}` requests to the endpoint `{endpoint}`: add `{{ endpoint = \"{endpoint}\", methods = [\"{method}\"], reason = … }}` to `capabilities.http` of its plugin.toml",
            self.plugin
        ))
    }

    /// How many bytes of files it may give with one result.
    ///
    /// # Errors
    /// A text that names the missing grant and where to add it.
    pub fn artifacts_bytes_max(&self) -> Result<u64, String> {
        self.live()?;
        self.capabilities.artifacts.as_ref().map(|r| r.bytes_max).ok_or_else(|| {
            format!(
                "plugin `{}` has no grant to give files: add `artifacts = {{ bytes_max = …, reason = … }}` to `capabilities` of its plugin.toml",
                self.plugin
            )
        })
    }

    /// May it ask the person whose call it is?
    ///
    /// # Errors
    /// A text that names the missing grant and where to add it.
    pub fn ask(&self) -> Result<(), String> {
        self.live()?;
        if self.capabilities.ask.is_some() {
            return Ok(());
        }
        Err(format!(
            "plugin `{}` has no grant to ask people: add `ask = {{ reason = … }}` to `capabilities` of its plugin.toml",
            self.plugin
        ))
    }

    /// How many tokens one tool call may use for that topic.
    ///
    /// # Errors
    /// A text that names the missing grant and where to add it.
    pub fn llm_tokens_max(&self, topic: &str) -> Result<u64, String> {
        self.live()?;
        let granted = self.capabilities.llm.iter().find(|r| r.topic == topic);
        granted.map(|r| r.tokens_per_call_max).ok_or_else(|| {
            let topic = octi_domain::text::clean(topic);
            format!(
                "plugin `{}` has no grant for a model's answers about `{topic}`: add `{{ topic = \"{topic}\", tokens_per_call_max = …, reason = … }}` to `capabilities.llm` of its plugin.toml",
                self.plugin
            )
        })
    }

    /// Is anything of it left?
    ///
    /// # Errors
    /// A text that says that it was revoked.
    pub fn live(&self) -> Result<(), String> {
        if self.revoked.load(Ordering::Acquire) {
            return Err(format!("the rights of plugin `{}` were revoked", self.plugin));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::{FsRequest, VaultRequest};

    fn reader() -> Grant {
        let fs = vec![FsRequest { root: "workspace".into(), access: Access::Read, reason: "look".into() }];
        Grant::new("acme/reader".into(), Capabilities { fs, ..Capabilities::default() })
    }

    #[test]
    fn what_is_granted_passes_and_the_rest_names_the_grant() {
        let grant = reader();
        assert_eq!(grant.fs("workspace", Access::Read), Ok(()));
        let refusal = grant.fs("workspace", Access::Write).err().unwrap_or_default();
        assert!(refusal.contains("access = \"write\""), "{refusal}");
        let refusal = grant.shell("git").err().unwrap_or_default();
        assert!(refusal.contains("`capabilities.shell`"), "{refusal}");
        assert!(grant.kv_bytes_max().is_err());
        assert!(grant.artifacts_bytes_max().is_err_and(|text| text.contains("`artifacts = { bytes_max = …, reason = … }`")));
        assert!(grant.ask().is_err_and(|text| text.contains("`ask = { reason = … }`")));
        let refusal = grant.llm_tokens_max("summarise").err().unwrap_or_default();
        assert!(refusal.contains("topic = \"summarise\"") && refusal.contains("`capabilities.llm`"), "{refusal}");
    }

    #[test]
    fn a_secret_goes_to_its_own_header_of_its_own_host() {
        let bound = |secret: &str, host: &str, header: &str| VaultRequest {
            secret: secret.into(),
            host: host.into(),
            header: header.into(),
            reason: "authenticate".into(),
        };
        let vault = vec![bound("key", "api.example", "X-Api-Key"), bound("other", "b.example:8443", "authorization")];
        let grant = Grant::new("acme/weather".into(), Capabilities { vault, ..Capabilities::default() });
        for (secret, host, header) in [
            ("key", "api.example", "x-api-key"),
            ("key", "API.example:443", "X-API-KEY"),
            ("other", "b.example:8443", "Authorization"),
        ] {
            assert_eq!(grant.vault(secret, host, header), Ok(()), "{secret} {host} {header}");
        }
        for (secret, host, header) in [
            ("key", "api.example", "authorization"),
            ("key", "api.example:8443", "x-api-key"),
            ("key", "api.example.evil", "x-api-key"),
            ("key", "sub.api.example", "x-api-key"),
            ("other", "b.example", "authorization"),
            ("other", "api.example", "x-api-key"),
            ("Key", "api.example", "x-api-key"),
        ] {
            let refusal = grant.vault(secret, host, header).err().unwrap_or_default();
            assert!(refusal.contains("`capabilities.vault`"), "{secret} {host} {header}: {refusal}");
        }
        let refusal = grant.vault("key", "evil.example", "x-api-key").err().unwrap_or_default();
        assert!(refusal.contains("only in the header `X-Api-Key` of `api.example`"), "{refusal}");
        assert!(grant.secret("third").is_err_and(|text| text.contains("secret = \"third\"")));
        grant.revoke();
        assert!(grant.vault("key", "api.example", "x-api-key").is_err_and(|text| text.contains("revoked")));
    }

    #[test]
    fn a_request_outside_of_the_grant_is_answered_with_the_line_to_add() {
        let ask = |host: Option<&str>, endpoint: Option<&str>| HttpRequest {
            host: host.map(str::to_owned),
            endpoint: endpoint.map(str::to_owned),
            methods: vec!["GET".to_owned()],
            reason: "read".to_owned(),
        };
        let http = vec![ask(Some("api.example:8443"), None), ask(None, Some("searxng"))];
        let grant = Grant::new("acme/x".into(), Capabilities { http, ..Capabilities::default() });
        assert_eq!(grant.http("api.example", true, 8_443, "GET"), Ok(()));
        assert_eq!(grant.http("api.example", true, 8_443, "HEAD"), Ok(()));
        let refusal = grant.http("api.example", true, 443, "GET").err().unwrap_or_default();
        assert!(refusal.contains(r#"`{ host = "api.example:443", methods = ["GET"], reason = … }`"#), "{refusal}");
        let refusal = grant.http("api.example", true, 8_443, "POST").err().unwrap_or_default();
        assert!(refusal.contains("method `POST`") && refusal.contains("`capabilities.http`"), "{refusal}");
        assert_eq!(grant.http_endpoint("searxng", "GET"), Ok(()));
        let refusal = grant.http_endpoint("other", "GET").err().unwrap_or_default();
        assert!(refusal.contains(r#"endpoint = "other""#), "{refusal}");
    }

    #[test]
    fn revoking_stops_a_call_that_already_runs() {
        let grant = reader();
        grant.revoke();
        assert!(grant.fs("workspace", Access::Read).is_err_and(|text| text.contains("revoked")));
    }
}
