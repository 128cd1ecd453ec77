//! Hosts as manifests and operators write them: `api.example.com`, `api.example.com:8443`, `*.example.com`, `*`.

use std::fmt;
use std::net::Ipv4Addr;

use url::{Host, Url};

/// Ports of `*`, "any public web site".
const WEB_PORTS: [u16; 2] = [80, 443];

/// One host, the names below one, or any public web site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPattern {
    names: Names,
    /// Not looked at for [`Names::Any`].
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Names {
    Exact(String),
    /// Names below this one, at any depth; never the name itself, never an address.
    Below(String),
    /// Every name with a dot; never an address.
    Any,
}

impl HostPattern {
    /// Reads one entry. The port is 443 when it is not given; `*` has 80 and 443.
    ///
    /// # Errors
    /// Why it cannot be understood, or would allow too much.
    pub fn parse(entry: &str) -> Result<Self, String> {
        if entry == "*" {
            return Ok(Self { names: Names::Any, port: 443 });
        }
        let (below, rest) = match entry.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, entry),
        };
        if rest.is_empty() || rest.contains(['*', '/', '@', '?', '#', '\\', '%']) || rest.contains(char::is_whitespace) {
            return Err("write `host`, `host:port`, `*.host`, or `*` for any public web site".to_owned());
        }
        // The URL parser knows best what a host is, and what the same host looks like.
        let url = Url::parse(&format!("https://{rest}/")).map_err(|error| error.to_string())?;
        let host = url.host_str().map(bare).filter(|host| !host.is_empty()).ok_or("it names no host")?;
        let port = url.port_or_known_default().unwrap_or(443);
        if host.split('.').any(str::is_empty) {
            return Err("a part of the name is empty: there are two dots in a row, or one at its beginning".to_owned());
        }
        if below && !matches!(url.host(), Some(Host::Domain(_))) {
            return Err("`*.` goes with names, not with addresses".to_owned());
        }
        if below && !host.contains('.') {
            return Err("`*.` needs a name with at least one dot, or it would allow a whole top-level domain".to_owned());
        }
        let host = host.to_owned();
        Ok(Self { names: if below { Names::Below(host) } else { Names::Exact(host) }, port })
    }

    /// Exactly this host, already in the form that [`bare`] gives.
    #[must_use]
    pub fn exact(host: &str, port: u16) -> Self {
        Self { names: Names::Exact(host.to_owned()), port }
    }

    /// Whether a host (as a parsed URL spells it, see [`bare`]) and port fit. `is_name` is false for a literal address.
    #[must_use]
    pub fn fits(&self, host: &str, is_name: bool, port: u16) -> bool {
        match &self.names {
            Names::Exact(exact) => self.port == port && exact == host,
            Names::Below(base) => {
                let front = host.strip_suffix(base.as_str());
                self.port == port && is_name && front.is_some_and(|front| front.len() > 1 && front.ends_with('.'))
            }
            Names::Any => is_name && WEB_PORTS.contains(&port) && host.contains('.'),
        }
    }

    /// Whether everything that fits the other one fits this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let is_below = |name: &str, base: &str| name.strip_suffix(base).is_some_and(|front| front.ends_with('.'));
        match (&self.names, &other.names) {
            _ if self == other => true,
            (Names::Below(base), Names::Exact(name) | Names::Below(name)) => self.port == other.port && is_below(name, base),
            (Names::Any, Names::Exact(name)) => {
                let is_address = name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok();
                !is_address && name.contains('.') && WEB_PORTS.contains(&other.port)
            }
            (Names::Any, Names::Below(_)) => WEB_PORTS.contains(&other.port),
            (Names::Any, Names::Any) => true,
            _ => false,
        }
    }

    /// Whether it stands for every public web site.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        matches!(self.names, Names::Any)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.names {
            Names::Exact(host) => write!(f, "{host}:{}", self.port),
            Names::Below(host) => write!(f, "*.{host}:{}", self.port),
            Names::Any => f.write_str("*"),
        }
    }
}

/// The host of a parsed URL without the dot that marks the root. The parser has made it lower case already.
#[must_use]
pub fn bare(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_fit_what_they_name_and_nothing_else() {
        let fits = |entry: &str, host: &str, port| HostPattern::parse(entry).unwrap().fits(host, true, port);
        assert!(fits("API.example.com", "api.example.com", 443));
        assert!(fits("api.example.com.:8443", "api.example.com", 8_443));
        assert!(!fits("api.example.com", "api.example.com", 80));
        assert!(fits("*.example.com", "a.b.example.com", 443));
        assert!(!fits("*.example.com", "example.com", 443));
        assert!(!fits("*.example.com", ".example.com", 443));
        assert!(!fits("*.example.com", "evilexample.com", 443));
        assert!(fits("*", "example.com", 443) && fits("*", "example.com", 80));
        assert!(!fits("*", "example.com", 8_080) && !fits("*", "localhost", 443));
        assert!(fits("bücher.example", "xn--bcher-kva.example", 443));
    }

    #[test]
    fn a_pattern_covers_what_is_no_wider() {
        let covers = |one: &str, other: &str| HostPattern::parse(one).unwrap().covers(&HostPattern::parse(other).unwrap());
        for (one, other) in [("a.test", "A.test:443"), ("*.a.test", "x.a.test"), ("*.a.test", "*.x.a.test"), ("*", "*.a.test")] {
            assert!(covers(one, other), "{one} covers {other}");
        }
        assert!(covers("*", "a.test:80") && covers("*", "*"));
        for (one, other) in [
            ("a.test", "b.test"),
            ("a.test", "a.test:8443"),
            ("a.test", "*.a.test"),
            ("*.a.test", "a.test"),
            ("*.a.test", "xa.test"),
            ("*.x.a.test", "*.a.test"),
            ("*.a.test", "*"),
            ("*", "1.1.1.1"),
            ("*", "[::1]"),
            ("*", "localhost"),
            ("*", "a.test:8443"),
        ] {
            assert!(!covers(one, other), "{one} does not cover {other}");
        }
    }

    #[test]
    fn wildcards_never_fit_an_address() {
        for entry in ["*", "*.0.0.1x.test"] {
            assert!(!HostPattern::parse(entry).unwrap().fits("127.0.0.1", false, 443), "{entry}");
        }
        assert!(HostPattern::parse("1.1.1.1").unwrap().fits("1.1.1.1", false, 443));
    }

    #[test]
    fn entries_that_would_allow_too_much_are_refused() {
        for entry in [
            "*.com",
            "*.",
            "",
            "a*.example.com",
            "**",
            "*:443",
            "https://x.test",
            "x.test/path",
            "u@x.test",
            "*.1.2.3.4",
            "*..com",
            "%2A.x.test",
            "%61.test",
        ] {
            assert!(HostPattern::parse(entry).is_err(), "{entry}");
        }
    }

    #[test]
    fn a_name_has_no_empty_part() {
        for entry in ["x..", "x.test..", "x..test", ".x.test", "*..x.test"] {
            assert!(HostPattern::parse(entry).is_err_and(|why| why.contains("empty")), "{entry}");
        }
    }

    #[test]
    fn a_pattern_reads_back_as_it_is_shown() {
        for entry in ["api.example.com:443", "*.example.com:8443", "*", "[2606:4700::1]:443"] {
            assert_eq!(HostPattern::parse(entry).unwrap().to_string(), entry);
        }
    }
}
