//! Requests that a plugin asks to send.

use serde::{Deserialize, Serialize};

use super::require_reason;
use crate::host::HostPattern;

/// Requests to one host, or to an address that the operator set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpRequest {
    /// As [`HostPattern`] reads it; either this or `endpoint`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The name of an address that the operator set, such as `searxng`; the plugin never learns the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Upper case. `GET` includes `HEAD`.
    pub methods: Vec<String>,
    pub reason: String,
}

/// What a plugin may ask to do with a host.
pub const HTTP_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl HttpRequest {
    /// Whether the method was asked for.
    #[must_use]
    pub fn has_method(&self, method: &str) -> bool {
        self.methods.iter().any(|asked| asked == method || (asked == "GET" && method == "HEAD"))
    }

    pub(super) fn line(&self) -> String {
        let whereto = match (&self.host, &self.endpoint) {
            (Some(host), _) if host == "*" => "any public web site".to_owned(),
            (Some(host), _) => HostPattern::parse(host).map_or_else(|_| host.clone(), |pattern| pattern.to_string()),
            (None, endpoint) => format!("the operator's `{}`", endpoint.as_deref().unwrap_or_default()),
        };
        format!("http: {} {whereto} ({})", self.methods.join(", "), self.reason)
    }

    pub(super) fn check(&self, field: &str) -> Result<(), (String, String)> {
        match (&self.host, &self.endpoint) {
            (Some(host), None) => {
                HostPattern::parse(host)
                    .map_err(|why| (format!("{field}.host"), format!("`{host}` is not a host to allow: {why}")))?;
            }
            (None, Some(endpoint)) if crate::manifest::is_name(endpoint) => {}
            (None, Some(endpoint)) => {
                let problem = format!("`{endpoint}` is not the name of an endpoint: lower case letters, digits, `-` and `_`");
                return Err((format!("{field}.endpoint"), problem));
            }
            _ => return Err((field.to_owned(), "give either `host` or `endpoint`".to_owned())),
        }
        if let Some(wrong) = self.methods.iter().find(|method| !HTTP_METHODS.contains(&method.as_str())) {
            return Err((format!("{field}.methods"), format!("`{wrong}` is not one of {}", HTTP_METHODS.join(", "))));
        }
        if self.methods.is_empty() {
            return Err((format!("{field}.methods"), format!("name the methods it uses, of {}", HTTP_METHODS.join(", "))));
        }
        require_reason(field, &self.reason)
    }
}

#[cfg(test)]
mod tests {
    use octi_domain::limits;

    use super::*;
    use crate::capability::Capabilities;

    fn http(host: Option<&str>, endpoint: Option<&str>, methods: &[&str], reason: &str) -> Capabilities {
        let request = HttpRequest {
            host: host.map(str::to_owned),
            endpoint: endpoint.map(str::to_owned),
            methods: methods.iter().map(|&method| method.to_owned()).collect(),
            reason: reason.to_owned(),
        };
        Capabilities { http: vec![request], ..Capabilities::default() }
    }

    #[test]
    fn the_granter_sees_where_a_plugin_connects() {
        let line = |capabilities: Capabilities| capabilities.lines().join("\n");
        assert_eq!(line(http(Some("api.example"), None, &["GET", "POST"], "read")), "http: GET, POST api.example:443 (read)");
        assert_eq!(line(http(Some("*"), None, &["GET"], "read pages")), "http: GET any public web site (read pages)");
        assert_eq!(line(http(None, Some("searxng"), &["GET"], "search")), "http: GET the operator's `searxng` (search)");
    }

    #[test]
    fn what_is_wrong_with_a_host_is_named_with_its_field() {
        for (capabilities, field) in [
            (http(Some("*.com"), None, &["GET"], "why"), "http[0].host"),
            (http(Some("https://x.test/"), None, &["GET"], "why"), "http[0].host"),
            (http(None, Some("No Name"), &["GET"], "why"), "http[0].endpoint"),
            (http(None, None, &["GET"], "why"), "http[0]"),
            (http(Some("x.test"), Some("x"), &["GET"], "why"), "http[0]"),
            (http(Some("x.test"), None, &["get"], "why"), "http[0].methods"),
            (http(Some("x.test"), None, &["CONNECT"], "why"), "http[0].methods"),
            (http(Some("x.test"), None, &[], "why"), "http[0].methods"),
            (http(Some("x.test"), None, &["GET"], " "), "http[0].reason"),
        ] {
            assert_eq!(capabilities.check().err().map(|(field, _)| field).as_deref(), Some(field), "{capabilities:?}");
        }
        let mut many = http(Some("x.test"), None, &["GET"], "why");
        many.http = vec![many.http[0].clone(); limits::MANIFEST_HOSTS_MAX + 1];
        assert_eq!(many.check().err().map(|(field, _)| field).as_deref(), Some("http"));
    }
}
