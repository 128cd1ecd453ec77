//! Which addresses and which pages a request may name (DNS rebinding).
//!
//! A page of another site can make a name of its own lead to this machine, and its browser then takes octi for a part of that
//! site. So a request must name an address, this machine, or a name that an administrator added; and where a browser says
//! which page asks, it must be one of those too.

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// Why a request is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It names a host that is not this one.
    #[error("this host is not known as `{0}`: an administrator can add that name to the setting `gateway.mcp_hosts`")]
    Host(String),
    /// It says nothing that can be read of the host it is for.
    #[error("the request must say in `Host` which host it is for")]
    NoHost,
    /// A page of another site asks.
    #[error("pages of `{0}` may not use octi over MCP: an administrator can add that name to the setting `gateway.mcp_hosts`")]
    Origin(String),
}

/// Bytes of a name that are repeated in a refusal.
const SHOWN_BYTES_MAX: usize = 100;

/// Looks at what a request says of where it goes and where it comes from.
pub(super) fn check(uri: &Uri, headers: &HeaderMap, known: &[String]) -> Result<(), Refused> {
    let named = headers.get(HOST).map(|value| value.to_str().unwrap_or_default().parse::<Authority>());
    let authority = match (named, uri.authority()) {
        (Some(Ok(authority)), _) => authority,
        (None, Some(authority)) => authority.clone(),
        (Some(Err(_)) | None, _) => return Err(Refused::NoHost),
    };
    if !is_known(authority.host(), known) {
        return Err(Refused::Host(shown(authority.host())));
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let text = origin.to_str().unwrap_or_default();
    let page = text.split_once("://").and_then(|(_, rest)| rest.parse::<Authority>().ok());
    match page {
        Some(page) if is_own(&page, &authority, known) => Ok(()),
        _ => Err(Refused::Origin(shown(text))),
    }
}

fn is_known(host: &str, known: &[String]) -> bool {
    is_address(host) || is_this_machine(host) || known.iter().any(|name| name.eq_ignore_ascii_case(host))
}

/// A page of octi itself, of a program on this machine, or of a name that was added. An address that is not the one asked is
/// somebody else's page.
fn is_own(page: &Authority, asked: &Authority, known: &[String]) -> bool {
    let host = page.host();
    page == asked || is_this_machine(host) || is_loopback(host) || known.iter().any(|name| name.eq_ignore_ascii_case(host))
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
}

fn is_address(host: &str) -> bool {
    address(host).is_some()
}

fn is_loopback(host: &str) -> bool {
    address(host).is_some_and(|address| address.is_loopback())
}

fn address(host: &str) -> Option<std::net::IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn shown(text: &str) -> String {
    text[..text.floor_char_boundary(SHOWN_BYTES_MAX)].to_owned()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn asked(host: Option<&str>, origin: Option<&str>) -> Result<(), Refused> {
        let mut headers = HeaderMap::new();
        for (name, value) in [(HOST, host), (ORIGIN, origin)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        check(&Uri::from_static("/mcp"), &headers, &["octi.example".to_owned()])
    }

    #[test]
    fn addresses_this_machine_and_added_names_are_this_host() {
        for host in ["127.0.0.1:3005", "[::1]:3005", "192.0.2.7", "localhost:3005", "LOCALHOST", "Octi.Example:443"] {
            assert_eq!(asked(Some(host), None), Ok(()), "{host}");
        }
        for host in ["evil.example:3005", "localhost.evil.example", "127.0.0.1.evil.example", "octi.example.evil.example"] {
            assert!(matches!(asked(Some(host), None), Err(Refused::Host(_))), "{host}");
        }
        assert_eq!(asked(None, None), Err(Refused::NoHost));
        assert_eq!(asked(Some(""), None), Err(Refused::NoHost));
    }

    #[test]
    fn a_name_in_the_address_stands_for_a_missing_header() {
        let check = |uri: &'static str| check(&Uri::from_static(uri), &HeaderMap::new(), &[]);
        assert_eq!(check("http://127.0.0.1:3005/mcp"), Ok(()));
        assert_eq!(check("http://evil.example/mcp"), Err(Refused::Host("evil.example".to_owned())));
    }

    #[test]
    fn only_pages_of_this_host_and_this_machine_may_ask() {
        for origin in
            ["http://192.0.2.7:3005", "http://localhost:6274", "http://127.0.0.1:1", "http://[::1]", "https://octi.example"]
        {
            assert_eq!(asked(Some("192.0.2.7:3005"), Some(origin)), Ok(()), "{origin}");
        }
        for origin in [
            "https://evil.example",
            "http://192.0.2.8:3005",
            "http://192.0.2.7:3006",
            "null",
            "",
            "http://localhost.evil.example",
        ] {
            assert!(matches!(asked(Some("192.0.2.7:3005"), Some(origin)), Err(Refused::Origin(_))), "{origin}");
        }
    }

    #[test]
    fn a_long_name_is_not_repeated() {
        let Err(Refused::Host(name)) = asked(Some(&format!("{}.example", "x".repeat(200))), None) else { panic!() };
        assert_eq!(name.len(), SHOWN_BYTES_MAX);
    }
}
