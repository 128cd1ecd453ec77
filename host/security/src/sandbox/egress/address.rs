//! Which addresses belong to the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::{Ipv4Net, Ipv6Net};

/// Networks whose addresses are never public (IANA special-purpose registries).
const PRIVATE_4: [&str; 17] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
];

/// What of `2000::/3`, the only public part, is not public; and the two networks whose IPv4 address is at the end are
/// looked at apart.
const PRIVATE_6: [&str; 6] = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16"];

const PUBLIC_6: &str = "2000::/3";
/// NAT64: the last 32 bits are an IPv4 address (RFC 6052).
const NAT64: &str = "64:ff9b::/96";

/// Where clouds answer the machines in them, with their credentials. Never reachable, whoever names them.
const METADATA: [&str; 7] = [
    "169.254.169.254/32",
    "169.254.169.123/32",
    "169.254.170.0/24",
    "100.100.100.200/32",
    "192.0.0.192/32",
    "168.63.129.16/32",
    "169.254.169.253/32",
];
const METADATA_6: [&str; 2] = ["fd00:ec2::/32", "fd20:ce::254/128"];

struct Networks {
    private_4: Vec<Ipv4Net>,
    private_6: Vec<Ipv6Net>,
    public_6: Vec<Ipv6Net>,
    nat64: Vec<Ipv6Net>,
    metadata: Vec<Ipv4Net>,
    metadata_6: Vec<Ipv6Net>,
}

static NETWORKS: LazyLock<Networks> = LazyLock::new(|| Networks {
    private_4: parse(&PRIVATE_4),
    private_6: parse(&PRIVATE_6),
    public_6: parse(&[PUBLIC_6]),
    nat64: parse(&[NAT64]),
    metadata: parse(&METADATA),
    metadata_6: parse(&METADATA_6),
});

/// A line that cannot be parsed would silently open a network; a test counts them.
fn parse<N: std::str::FromStr>(lines: &[&str]) -> Vec<N> {
    lines.iter().filter_map(|line| line.parse().ok()).collect()
}

/// How far an address may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Public,
    /// Of this machine or its network: only for hosts that the operator named.
    Private,
    /// Never.
    Metadata,
}

/// Where an address leads, also when it wraps another.
pub(super) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(four) => reach_4(four),
        IpAddr::V6(six) => reach_6(six),
    }
}

fn reach_4(address: Ipv4Addr) -> Reach {
    if NETWORKS.metadata.iter().any(|net| net.contains(&address)) {
        Reach::Metadata
    } else if NETWORKS.private_4.iter().any(|net| net.contains(&address)) {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn reach_6(address: Ipv6Addr) -> Reach {
    if NETWORKS.metadata_6.iter().any(|net| net.contains(&address)) {
        return Reach::Metadata;
    }
    if let Some(inner) = address.to_ipv4_mapped() {
        return reach_4(inner);
    }
    let segments = address.segments();
    let four = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    if NETWORKS.nat64.iter().any(|net| net.contains(&address)) {
        return reach_4(four(segments[6], segments[7]));
    }
    // 6to4 and Teredo carry an IPv4 address too. They are refused whole; a metadata address inside stays one.
    let tunnelled = match segments[0] {
        0x2002 => Some(four(segments[1], segments[2])),
        0x2001 if segments[1] == 0 => Some(four(!segments[6], !segments[7])),
        0 if segments[..6] == [0; 6] => Some(four(segments[6], segments[7])),
        _ => None,
    };
    if tunnelled.is_some_and(|inner| reach_4(inner) == Reach::Metadata) {
        return Reach::Metadata;
    }
    let public = NETWORKS.public_6.iter().any(|net| net.contains(&address));
    let private = NETWORKS.private_6.iter().any(|net| net.contains(&address));
    if public && !private { Reach::Public } else { Reach::Private }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_in_the_lists_counts() {
        assert_eq!(NETWORKS.private_4.len(), PRIVATE_4.len());
        assert_eq!(NETWORKS.private_6.len(), PRIVATE_6.len());
        assert_eq!((NETWORKS.public_6.len(), NETWORKS.nat64.len()), (1, 1));
        assert_eq!((NETWORKS.metadata.len(), NETWORKS.metadata_6.len()), (METADATA.len(), METADATA_6.len()));
    }

    #[test]
    fn addresses_lead_where_they_lead() {
        let public =
            ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1", "2a00:1450::1", "64:ff9b::8.8.8.8"];
        let private = [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "127.0.0.1",
            "127.1.2.3",
            "169.254.1.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::8.8.8.8",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2001:0:7f00:1::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "3fff::1",
            "5f00::1",
            "4000::1",
        ];
        let metadata = [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "::169.254.169.254",
            "2001:0:4136:e378:8000:63bf:5601:5601",
        ];
        for (list, expected) in [(&public[..], Reach::Public), (&private, Reach::Private), (&metadata, Reach::Metadata)] {
            for text in list {
                assert_eq!(reach(text.parse().unwrap()), expected, "{text}");
            }
        }
    }
}
