//! Which hosts somebody may connect to.

use std::fmt;

use url::{Host, Url};

use super::EgressError;

/// Names under which clouds and machines answer themselves; refused like their addresses.
const METADATA_NAMES: [&str; 5] =
    ["metadata.google.internal", "metadata.goog", "metadata", "instance-data", "metadata.azure.internal"];

/// The hosts somebody may connect to. Empty allows none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostAllow {
    rules: Vec<HostRule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct HostRule {
    pattern: Pattern,
    port: u16,
    /// Named by the operator: it may be private, and spoken to without encryption.
    operator: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Exact(String),
    /// Names below this one, at any depth; never an address.
    Below(String),
}

/// What a connection to a host may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leave {
    pub private: bool,
}

impl HostAllow {
    /// No host.
    #[must_use]
    pub const fn none() -> Self {
        Self { rules: Vec::new() }
    }

    /// Hosts as manifests write them: `api.example.com`, `api.example.com:8443`, `*.example.com`. The port is 443 when it is not given.
    ///
    /// # Errors
    /// Names the entry that cannot be understood.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, EgressError> {
        let rules = entries.into_iter().map(HostRule::parse).collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// The host of an address that the operator typed in, such as a model's endpoint. It may be private, and `http`.
    ///
    /// # Errors
    /// When the address has no host or another scheme than `http` and `https`.
    pub fn operator(url: &Url) -> Result<Self, EgressError> {
        let (host, port) = host_and_port(url)?;
        Ok(Self { rules: vec![HostRule { pattern: Pattern::Exact(host), port, operator: true }] })
    }

    /// Both lists together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self
    }

    /// What is allowed with this address; refuses when nothing is.
    pub(super) fn leave(&self, url: &Url) -> Result<Leave, EgressError> {
        let (host, port) = host_and_port(url)?;
        let is_name = matches!(url.host(), Some(Host::Domain(_)));
        let mut fitting = self.rules.iter().filter(|rule| rule.port == port && rule.pattern.fits(&host, is_name)).peekable();
        if fitting.peek().is_none() {
            return Err(EgressError::NotAllowed { host, port, allowed: self.to_string() });
        }
        let operator = fitting.any(|rule| rule.operator);
        if url.scheme() == "http" && !operator {
            return Err(EgressError::Refused(format!("`{host}` would be spoken to without encryption: use `https`")));
        }
        Ok(Leave { private: operator })
    }

    /// What a name may resolve to, whatever the port was.
    pub(super) fn leave_for_name(&self, name: &str) -> Option<Leave> {
        let host = normal(name);
        let mut fitting = self.rules.iter().filter(|rule| rule.pattern.fits(&host, true)).peekable();
        fitting.peek()?;
        Some(Leave { private: fitting.any(|rule| rule.operator) })
    }
}

impl fmt::Display for HostAllow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rules.is_empty() {
            return f.write_str("no host");
        }
        for (at, rule) in self.rules.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            match &rule.pattern {
                Pattern::Exact(host) => write!(f, "{comma}`{host}:{}`", rule.port)?,
                Pattern::Below(host) => write!(f, "{comma}`*.{host}:{}`", rule.port)?,
            }
        }
        Ok(())
    }
}

impl HostRule {
    fn parse(entry: &str) -> Result<Self, EgressError> {
        let refuse = |why: &str| EgressError::BadRule { entry: entry.to_owned(), why: why.to_owned() };
        let (below, rest) = match entry.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, entry),
        };
        if rest.is_empty() || rest.contains(['*', '/', '@', '?', '#', '\\']) || rest.contains(char::is_whitespace) {
            return Err(refuse("write `host`, `host:port` or `*.host`"));
        }
        // The URL parser knows best what a host is, and what the same host looks like.
        let url = Url::parse(&format!("https://{rest}/")).map_err(|error| refuse(&error.to_string()))?;
        let (host, port) = host_and_port(&url)?;
        match url.host() {
            Some(Host::Domain(_)) => {}
            _ if below => return Err(refuse("`*.` goes with names, not with addresses")),
            _ => {}
        }
        if below && !host.contains('.') {
            return Err(refuse("`*.` needs a name with at least one dot, or it would allow a whole top-level domain"));
        }
        Ok(Self { pattern: if below { Pattern::Below(host) } else { Pattern::Exact(host) }, port, operator: false })
    }
}

impl Pattern {
    fn fits(&self, host: &str, is_name: bool) -> bool {
        match self {
            Self::Exact(exact) => exact == host,
            Self::Below(base) => is_name && host.strip_suffix(base).is_some_and(|front| front.len() > 1 && front.ends_with('.')),
        }
    }
}

/// Lower case, and without the dot that marks the root.
pub(super) fn normal(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

pub(super) fn is_metadata_name(host: &str) -> bool {
    METADATA_NAMES.contains(&host)
}

pub(super) fn host_and_port(url: &Url) -> Result<(String, u16), EgressError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(EgressError::Refused(format!(
            "`{}` addresses are not for connections of this host: use `https`",
            url.scheme()
        )));
    }
    let host = url.host_str().map(normal).filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| EgressError::Refused("the address names no host".to_owned()))?;
    let port = url.port_or_known_default().unwrap_or(443);
    Ok((host, port))
}
