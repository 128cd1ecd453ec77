//! Under which address octi is known: the issuer of its tokens, and what they are for.

use url::{Host, Url};

/// An address that octi cannot be known by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it must be the beginning of an address and no more, such as `https://octi.example.com`")]
pub struct BadPlace;

/// Where octi is, as a program sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Scheme, host and port, without a slash at the end.
    origin: String,
}

impl Place {
    /// The place with that origin.
    ///
    /// # Errors
    /// [`BadPlace`] for what is more than scheme, host and port, or neither `https` nor `http`.
    pub fn new(origin: &str) -> Result<Self, BadPlace> {
        let url = Url::parse(origin).map_err(|_| BadPlace)?;
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_bare || !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(BadPlace);
        }
        Ok(Self { origin: url.origin().ascii_serialization() })
    }

    /// Who makes the tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.origin
    }

    /// An address of this octi.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What tokens are for.
    #[must_use]
    pub fn resource(&self) -> String {
        self.at("/mcp")
    }

    /// Whether a program means this octi's MCP server: one of its transports, or simply the host.
    #[must_use]
    pub fn is_meant(&self, resource: &str) -> bool {
        let Ok(url) = Url::parse(resource) else { return false };
        let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        is_plain
            && url.origin().ascii_serialization() == self.origin
            && matches!(url.path().trim_end_matches('/'), "" | "/mcp" | "/sse")
    }
}

/// Whether this host is the machine that asks, so that nothing leaves it.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_origin() {
        for (text, origin) in [
            ("https://Octi.Example.com", "https://octi.example.com"),
            ("https://octi.example.com:443/", "https://octi.example.com"),
            ("http://127.0.0.1:3005", "http://127.0.0.1:3005"),
            ("http://[::1]:3005", "http://[::1]:3005"),
        ] {
            assert_eq!(Place::new(text).map(|place| place.origin), Ok(origin.to_owned()), "{text}");
        }
        for text in ["", "octi.example.com", "ftp://a", "https://a/octi", "https://a?b", "https://a#b", "https://u@a", "data:a"] {
            assert_eq!(Place::new(text), Err(BadPlace), "{text}");
        }
    }

    #[test]
    fn a_resource_is_this_octi_or_none() {
        let place = Place::new("https://octi.example.com").unwrap();
        for resource in [
            "https://octi.example.com",
            "https://octi.example.com/",
            "https://octi.example.com:443/mcp",
            "https://octi.example.com/mcp/",
            "HTTPS://octi.example.com/sse",
        ] {
            assert!(place.is_meant(resource), "{resource}");
        }
        for resource in [
            "",
            "/mcp",
            "http://octi.example.com/mcp",
            "https://octi.example.com:8443/mcp",
            "https://octi.example.com/api",
            "https://octi.example.com/mcp?x",
            "https://octi.example.com/mcp#x",
            "https://u@octi.example.com/mcp",
            "https://octi.example.com.evil.example/mcp",
        ] {
            assert!(!place.is_meant(resource), "{resource}");
        }
    }
}
