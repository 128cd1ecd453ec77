//! May a connection lead there? Asked without looking anything up.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use octi_extension::host::bare;
use url::Url;

use crate::egress::{HostAllow, vet};

/// The first line is a URL, the others are the hosts that a plugin was granted. What is accepted is spoken to in the open only for
/// `*`, hides nobody's name, was granted, and leads to the public internet in whatever spelling.
pub fn run(data: &[u8]) {
    let Some((text, granted)) = crate::two_texts(data) else { return };
    let Ok(url) = Url::parse(text) else { return };
    let entries: Vec<&str> = granted.lines().take(16).collect();
    let Ok(allow) = HostAllow::parse(entries.iter().copied()) else { return };
    if vet(&url, &allow).is_err() {
        return;
    }
    assert!(url.username().is_empty() && url.password().is_none(), "{url} holds a name");
    let is_any = entries.contains(&"*");
    assert!(url.scheme() == "https" || (url.scheme() == "http" && is_any), "{url}");
    let Some(host) = url.host_str().map(bare) else { panic!("{url} has no host") };
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(address) => assert!(is_public(address), "{url} leads to {address}"),
        Err(_) => assert!(!is_number(host), "{url} is an address to some resolvers"),
    }
    assert!(entries.iter().any(|entry| grants(entry, host)), "nobody granted {url}");
}

/// What the door must say of an address, by the standard library's account and not by its own.
fn is_public(address: IpAddr) -> bool {
    let four = |four: Ipv4Addr| {
        !(four.is_private()
            || four.is_loopback()
            || four.is_link_local()
            || four.is_broadcast()
            || four.is_documentation()
            || four.is_multicast()
            || four.is_unspecified()
            || four.octets()[0] == 0
            || four.octets()[0] >= 240
            || (four.octets()[0] == 100 && (64..128).contains(&four.octets()[1])))
    };
    let six = |six: Ipv6Addr| {
        !(six.is_loopback()
            || six.is_unspecified()
            || six.is_multicast()
            || six.is_unique_local()
            || six.is_unicast_link_local()
            || six.to_ipv4().is_some()
            || six.segments()[0] == 0x2002)
    };
    match address {
        IpAddr::V4(address) => four(address),
        IpAddr::V6(address) => six(address),
    }
}

/// `127.1`, `0x7f.1`, `017700000001`: names that old resolvers take for addresses.
fn is_number(host: &str) -> bool {
    let part = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()),
    };
    host.split('.').all(part)
}

/// Whether an entry could mean the host, generously: without its port, and whatever stands below a wildcard.
fn grants(entry: &str, host: &str) -> bool {
    if entry == "*" {
        return host.contains('.');
    }
    let (is_below, name) = entry.strip_prefix("*.").map_or((false, entry), |name| (true, name));
    let Ok(url) = Url::parse(&format!("https://{name}/")) else { return false };
    let name = url.host_str().map(bare).unwrap_or_default();
    if is_below { host.ends_with(&format!(".{name}")) } else { host == name }
}
