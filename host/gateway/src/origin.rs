//! Where a request comes from: the client's address and whether it came over TLS, also through reverse proxies.
//!
//! Anybody can write `X-Forwarded-For`, so it counts only where a trusted proxy wrote it. Each proxy adds the address it was
//! called from at the end; read from there, the first address that is no trusted proxy is the client. What stands before it is
//! the client's own word and is never looked at.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;
use octi_domain::limits;

use crate::error::ApiError;
use crate::state::Gateway;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The client's address; never an IPv4 address in the clothes of IPv6.
    pub(crate) address: IpAddr,
    /// Whether the client speaks TLS with the proxy in front. Anybody may say so: it only makes their own cookie stricter.
    pub(crate) is_https: bool,
}

impl Origin {
    /// The origin of what this peer sent.
    fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let peer = peer.to_canonical();
        let proto = headers.get_all(FORWARDED_PROTO).iter().next_back();
        let is_https = proto.is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"));
        let address = if contains(trusted, peer) { client(peer, headers, trusted) } else { peer };
        Self { address, is_https }
    }

    /// The same for whoever asks for a port: behind a proxy the client's is not known, and nobody looks at it.
    pub(crate) const fn socket_addr(self) -> SocketAddr {
        SocketAddr::new(self.address, 0)
    }
}

impl FromRequestParts<Gateway> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let peer = peer.ok_or_else(|| ApiError::internal("the listener does not say who is connected"))?;
        Ok(Self::of(peer, &parts.headers, &gateway.trusted_proxies))
    }
}

/// Walks from the nearest proxy to the first address that is none. Where the words of a proxy cannot be read, it is the client
/// itself: whatever came through it shares its address.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let mut nearest = peer;
    for hop in hops.take(limits::FORWARDED_HOPS_MAX) {
        let Some(address) = read(hop) else { break };
        if address.is_loopback() && !nearest.is_loopback() {
            // It is the loopback of another machine. Here it would count as this one, which is let in with the local token.
            break;
        }
        nearest = address;
        if !contains(trusted, address) {
            break;
        }
    }
    nearest
}

/// One entry; some proxies add the port.
fn read(hop: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(hop).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn origin(peer: &str, lines: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        Origin::of(peer.parse().unwrap(), &headers, &trusted).address.to_string()
    }

    #[test]
    fn the_rightmost_address_that_is_no_trusted_proxy_is_the_client() {
        let trusted = ["127.0.0.0/8", "10.1.0.0/16", "fd00::/8"];
        for (peer, lines, client) in [
            ("127.0.0.1", vec![], "127.0.0.1"),
            ("127.0.0.1", vec!["203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", vec!["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
            ("127.0.0.1", vec!["198.51.100.1", "203.0.113.7,10.1.0.9"], "203.0.113.7"),
            ("127.0.0.1", vec!["10.1.0.8, 10.1.0.9"], "10.1.0.8"),
            ("::ffff:10.1.0.9", vec!["::ffff:203.0.113.7"], "203.0.113.7"),
            ("fd00::1", vec!["[2001:db8::7]:4711"], "2001:db8::7"),
            ("fd00::1", vec!["[2001:db8::7]"], "2001:db8::7"),
            ("127.0.0.1", vec!["203.0.113.7:4711"], "203.0.113.7"),
            ("127.0.0.1", vec!["garbage, 203.0.113.7"], "203.0.113.7"),
        ] {
            assert_eq!(origin(peer, &lines, &trusted), client, "{peer} {lines:?}");
        }
    }

    #[test]
    fn what_a_stranger_writes_does_not_count() {
        assert_eq!(origin("203.0.113.7", &["198.51.100.1"], &["127.0.0.0/8"]), "203.0.113.7");
        assert_eq!(origin("127.0.0.1", &["198.51.100.1"], &[]), "127.0.0.1");
    }

    #[test]
    fn what_cannot_be_read_leaves_the_proxy_that_wrote_it() {
        for line in ["unknown", "", "203.0.113.7,", "203.0.113.7 10.1.0.9", "\u{e9}"] {
            assert_eq!(origin("127.0.0.1", &[line], &["127.0.0.0/8"]), "127.0.0.1", "{line}");
        }
        assert_eq!(origin("127.0.0.1", &["203.0.113.7, _hidden, 10.1.0.9"], &["127.0.0.0/8", "10.1.0.0/16"]), "10.1.0.9");
    }

    #[test]
    fn nobody_elsewhere_is_on_this_machine() {
        assert_eq!(origin("10.1.0.9", &["127.0.0.1"], &["10.1.0.0/16"]), "10.1.0.9");
        assert_eq!(origin("10.1.0.9", &["::ffff:127.0.0.1"], &["10.1.0.0/16", "127.0.0.0/8"]), "10.1.0.9");
        assert_eq!(origin("127.0.0.1", &["127.0.0.1"], &["127.0.0.0/8"]), "127.0.0.1");
    }

    #[test]
    fn only_so_many_entries_are_looked_at() {
        let behind = |proxies: usize| format!("203.0.113.7{}", ", 10.1.0.9".repeat(proxies));
        let trusted = ["127.0.0.0/8", "10.1.0.0/16"];
        assert_eq!(origin("127.0.0.1", &[&behind(limits::FORWARDED_HOPS_MAX - 1)], &trusted), "203.0.113.7");
        assert_eq!(origin("127.0.0.1", &[&behind(limits::FORWARDED_HOPS_MAX)], &trusted), "10.1.0.9");
    }

    #[test]
    fn tls_is_believed_from_anybody_for_their_own_cookie() {
        let is_https = |words: &[&'static str], trusted: &[IpNet]| {
            let mut headers = HeaderMap::new();
            for word in words {
                headers.append(FORWARDED_PROTO, HeaderValue::from_static(word));
            }
            Origin::of(IpAddr::from([10, 1, 0, 9]), &headers, trusted).is_https
        };
        for trusted in [&["10.1.0.0/16".parse().unwrap()][..], &[]] {
            assert!(is_https(&["https"], trusted) && is_https(&["http", "HTTPS"], trusted));
            assert!(!is_https(&["https", "http"], trusted) && !is_https(&["http"], trusted) && !is_https(&[], trusted));
        }
    }
}
