//! Which hosts somebody may connect to, and how.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr as _;
use std::sync::Arc;

use ipnet::IpNet;
use octi_extension::capability::HttpRequest;
use octi_extension::host::{HostPattern, bare};
use url::{Host, Url};

use super::EgressError;

/// Names under which clouds and machines answer themselves; refused like their addresses.
const METADATA_NAMES: [&str; 9] = [
    "metadata.google.internal",
    "metadata.goog",
    "metadata",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.azure.internal",
    "metadata.azure.com",
    "metadata.oraclecloud.com",
    "metadata.tencentyun.com",
];

/// The hosts somebody may connect to. Empty allows none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostAllow {
    /// Shared, because every request takes the list of its plugin along.
    rules: Arc<[HostRule]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct HostRule {
    pattern: HostPattern,
    methods: Methods,
    /// Named by the operator: it may be private, and spoken to without encryption.
    operator: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Methods {
    All,
    Of(HttpRequest),
}

impl Methods {
    fn have(&self, method: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(request) => request.has_method(method),
        }
    }
}

/// What a connection to one host may do. Part of the key of its connections, so that none is reused under other rights.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Leave {
    pub private: Private,
    /// Without encryption only inside of these networks.
    pub only_private: bool,
}

/// Which addresses besides public ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) enum Private {
    #[default]
    None,
    All,
    Within(Arc<[IpNet]>),
}

impl Private {
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Within(networks) => networks.iter().any(|network| network.contains(&address)),
        }
    }
}

impl HostAllow {
    /// No host.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Hosts as manifests write them ([`HostPattern`]), with every method.
    ///
    /// # Errors
    /// Names the entry that cannot be understood.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, EgressError> {
        let rule = |entry: &'a str| {
            let pattern = parse_pattern(entry)?;
            Ok(HostRule { pattern, methods: Methods::All, operator: false })
        };
        Ok(Self { rules: entries.into_iter().map(rule).collect::<Result<_, EgressError>>()? })
    }

    /// The hosts and methods that a plugin was granted.
    ///
    /// # Errors
    /// Names the entry that cannot be understood; the manifest's check has refused it already.
    pub fn granted(requests: &[HttpRequest]) -> Result<Self, EgressError> {
        let mut rules = Vec::new();
        for request in requests {
            if let Some(host) = &request.host {
                let pattern = parse_pattern(host)?;
                rules.push(HostRule { pattern, methods: Methods::Of(request.clone()), operator: false });
            }
        }
        Ok(Self { rules: rules.into() })
    }

    /// The host of an address that the operator typed in, such as a model's endpoint. It may be private, and `http`.
    ///
    /// # Errors
    /// When the address has no host or another scheme than `http` and `https`.
    pub fn operator(url: &Url) -> Result<Self, EgressError> {
        let (host, port) = host_and_port(url)?;
        let pattern = HostPattern::exact(host, port);
        Ok(Self { rules: [HostRule { pattern, methods: Methods::All, operator: true }].into() })
    }

    /// Both lists together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { rules: self.rules.iter().chain(&*other.rules).cloned().collect() }
    }

    /// What is allowed with this address; refuses when nothing is.
    pub(super) fn leave(&self, url: &Url, method: Option<&str>, targets: &PrivateTargets) -> Result<Leave, EgressError> {
        let (host, port) = host_and_port(url)?;
        let is_name = matches!(url.host(), Some(Host::Domain(_)));
        let fitting = || self.rules.iter().filter(|rule| rule.pattern.fits(host, is_name, port));
        if fitting().next().is_none() {
            return Err(EgressError::NotAllowed { host: host.to_owned(), port, allowed: self.to_string() });
        }
        let fitting = || fitting().filter(|rule| method.is_none_or(|method| rule.methods.have(method)));
        if fitting().next().is_none() {
            let method = method.unwrap_or_default().to_owned();
            return Err(EgressError::Method { host: host.to_owned(), port, method });
        }
        let private = if fitting().any(|rule| rule.operator) {
            Private::All
        } else if fitting().any(|rule| !rule.pattern.is_any()) {
            targets.of(host, port)
        } else {
            Private::None
        };
        let clear = url.scheme() == "http" && !fitting().any(|rule| rule.operator || rule.pattern.is_any());
        if clear && private == Private::None {
            return Err(EgressError::Refused(format!("`{host}` would be spoken to without encryption: use `https`")));
        }
        Ok(Leave { only_private: clear && private != Private::All, private })
    }
}

fn parse_pattern(entry: &str) -> Result<HostPattern, EgressError> {
    HostPattern::parse(entry).map_err(|why| EgressError::BadRule { entry: entry.to_owned(), why })
}

impl fmt::Display for HostAllow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rules.is_empty() {
            return f.write_str("no host");
        }
        for (at, rule) in self.rules.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}`{}`", rule.pattern)?;
        }
        Ok(())
    }
}

/// Private targets that the operator opened for plugins whose grant names them: `wiki.corp:443`, `10.1.0.0/16:443`, `[fd00::/8]:8080`.
///
/// A target here gives nobody anything: it only lets a grant for that host reach an address that is not public. It never opens a
/// metadata address, and never counts for `*`. A network counts for every other grant, because on some networks every name leads
/// into one (NAT64); so whoever writes a granted host's DNS records chooses where in it that host is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrivateTargets {
    hosts: Vec<(String, u16)>,
    networks: Vec<(IpNet, u16)>,
}

impl PrivateTargets {
    /// Reads the operator's entries.
    ///
    /// # Errors
    /// Names the entry that cannot be understood.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, EgressError> {
        let mut targets = Self::default();
        for entry in entries {
            let bad = |why: &str| EgressError::BadRule { entry: entry.to_owned(), why: why.to_owned() };
            let (place, port) = entry.rsplit_once(':').ok_or_else(|| bad("write `host:port` or `network/bits:port`"))?;
            let port: u16 = port.parse().map_err(|_| bad("a port is a number from 1 to 65535"))?;
            if place.contains('/') {
                let network = IpNet::from_str(place.trim_start_matches('[').trim_end_matches(']'));
                targets.networks.push((network.map_err(|_| bad("this is not a network such as `10.1.0.0/16`"))?, port));
            } else if place.contains('*') {
                return Err(bad("a private target is one host or a network, never a wildcard"));
            } else {
                let url = Url::parse(&format!("http://{place}:{port}/")).map_err(|error| bad(&error.to_string()))?;
                let (host, port) = host_and_port(&url)?;
                targets.hosts.push((host.to_owned(), port));
            }
        }
        Ok(targets)
    }

    /// Whether the target stands in the list by its own name.
    pub(super) fn names(&self, host: &str, port: u16) -> bool {
        self.hosts.iter().any(|(name, at)| *at == port && name == host)
    }

    fn of(&self, host: &str, port: u16) -> Private {
        if self.names(host, port) {
            return Private::All;
        }
        // The usual case, on the way of every request.
        if self.networks.is_empty() {
            return Private::None;
        }
        let networks: Arc<[IpNet]> = self.networks.iter().filter(|(_, at)| *at == port).map(|(network, _)| *network).collect();
        if networks.is_empty() { Private::None } else { Private::Within(networks) }
    }
}

pub(super) fn is_metadata_name(host: &str) -> bool {
    METADATA_NAMES.contains(&host)
}

pub(super) fn host_and_port(url: &Url) -> Result<(&str, u16), EgressError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(EgressError::Refused(format!(
            "`{}` addresses are not for connections of this host: use `https`",
            url.scheme()
        )));
    }
    let host = url.host_str().map(bare).filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| EgressError::Refused("the address names no host".to_owned()))?;
    // Two dots at the end are no name at all, and would not be compared as one.
    if host.ends_with('.') {
        return Err(EgressError::Refused(format!("`{host}` is not a host")));
    }
    Ok((host, url.port_or_known_default().unwrap_or(443)))
}
