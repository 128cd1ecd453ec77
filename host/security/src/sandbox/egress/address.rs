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

/// What of `2000::/3`, the only public part, is not public.
const PRIVATE_6: [&str; 6] = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16"];

const PUBLIC_6: &str = "2000::/3";

/// Where clouds answer the machines in them, with their credentials. Never reachable, whoever names them.
const METADATA: [&str; 8] = [
    "169.254.169.254/32",
    "169.254.169.123/32",
    "169.254.170.0/24",
    "100.100.100.200/32",
    "192.0.0.192/32",
    "168.63.129.16/32",
    "169.254.169.253/32",
    "169.254.0.23/32",
];
const METADATA_6: [&str; 2] = ["fd00:ec2::/32", "fd20:ce::254/128"];

struct Networks {
    private_4: Vec<Ipv4Net>,
    private_6: Vec<Ipv6Net>,
    public_6: Vec<Ipv6Net>,
    metadata: Vec<Ipv4Net>,
    metadata_6: Vec<Ipv6Net>,
}

static NETWORKS: LazyLock<Networks> = LazyLock::new(|| Networks {
    private_4: parse(&PRIVATE_4),
    private_6: parse(&PRIVATE_6),
    public_6: parse(&[PUBLIC_6]),
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

/// An address that carries an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) is refused whole: whoever needs one of
/// them for an honest service can name the service. A metadata address inside stays one.
fn reach_6(address: Ipv6Addr) -> Reach {
    let inside = embedded(address.segments());
    let is_metadata = NETWORKS.metadata_6.iter().any(|net| net.contains(&address));
    if is_metadata || inside.iter().flatten().any(|four| reach_4(*four) == Reach::Metadata) {
        return Reach::Metadata;
    }
    let public = NETWORKS.public_6.iter().any(|net| net.contains(&address));
    let private = NETWORKS.private_6.iter().any(|net| net.contains(&address));
    if public && !private && inside == [None; 2] { Reach::Public } else { Reach::Private }
}

/// The IPv4 addresses that an address may carry. A local NAT64 prefix has two possible places for one.
fn embedded(segments: [u16; 8]) -> [Option<Ipv4Addr>; 2] {
    let four = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    let last = four(segments[6], segments[7]);
    match segments {
        // Mapped and compatible.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] => [last, None],
        // NAT64 (RFC 6052), the well-known prefix and those of one's own (RFC 8215).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => [last, None],
        [0x64, 0xff9b, 1, high, middle, low, ..] => [last, four(high, (middle << 8) | (low >> 8))],
        [0x2002, high, low, ..] => [four(high, low), None],
        // Teredo, which stores it inverted.
        [0x2001, 0, ..] => [four(!segments[6], !segments[7]), None],
        // ISATAP.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => [last, None],
        _ => [None; 2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_in_the_lists_counts() {
        assert_eq!(NETWORKS.private_4.len(), PRIVATE_4.len());
        assert_eq!(NETWORKS.private_6.len(), PRIVATE_6.len());
        assert_eq!(NETWORKS.public_6.len(), 1);
        assert_eq!((NETWORKS.metadata.len(), NETWORKS.metadata_6.len()), (METADATA.len(), METADATA_6.len()));
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "three lists, one address a line")]
    fn addresses_lead_where_they_lead() {
        let public = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1", "2a00:1450::1"];
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
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2606:4700::5efe:10.0.0.1",
            "2606:4700::200:5efe:8.8.8.8",
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
            "64:ff9b:1::169.254.169.254",
            "64:ff9b:1:a9fe:a9:fe00::",
            "2606:4700::5efe:169.254.169.254",
            "169.254.0.23",
            "2001:0:4136:e378:8000:63bf:5601:5601",
        ];
        for (list, expected) in [(&public[..], Reach::Public), (&private, Reach::Private), (&metadata, Reach::Metadata)] {
            for text in list {
                assert_eq!(reach(text.parse().unwrap()), expected, "{text}");
            }
        }
    }
}
