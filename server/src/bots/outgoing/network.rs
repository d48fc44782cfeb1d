//! Classifies IP addresses: public, private, or where no service can be. Never looks up who owns an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kind of network an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// The internet.
    Public,
    /// This machine or a private network.
    Own,
    /// Addresses that no service name should resolve to: cloud metadata, broadcast and multicast, unassigned
    /// ranges.
    Odd,
}

/// The non-public IPv4 ranges of IANA's special-purpose registries (RFC 6890). The first match wins.
const V4: [(Ipv4Addr, u8, Network); 18] = [
    // Metadata services of two clouds, within ranges that are otherwise private.
    (Ipv4Addr::new(100, 100, 100, 200), 32, Network::Odd),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Network::Odd),
    (Ipv4Addr::UNSPECIFIED, 8, Network::Odd),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Network::Own),
    // Shared by the customers of a provider (RFC 6598).
    (Ipv4Addr::new(100, 64, 0, 0), 10, Network::Own),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Network::Own),
    // Link-local, including most clouds' metadata services.
    (Ipv4Addr::new(169, 254, 0, 0), 16, Network::Odd),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Network::Own),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Network::Odd),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Network::Odd),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Network::Own),
    // For benchmarks; some local proxies invent these for every name.
    (Ipv4Addr::new(198, 18, 0, 0), 15, Network::Own),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Network::Odd),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Network::Odd),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Network::Odd),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Network::Odd),
    (Ipv4Addr::new(192, 31, 196, 0), 24, Network::Odd),
    (Ipv4Addr::new(192, 175, 48, 0), 24, Network::Odd),
];

/// The same for IPv6. An address outside these ranges is public in `2000::/3`, the only range that is
/// allocated, and odd elsewhere.
const V6: [(Ipv6Addr, u8, Network); 8] = [
    (Ipv6Addr::LOCALHOST, 128, Network::Own),
    // Metadata services of two clouds.
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, Network::Odd),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, Network::Odd),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Network::Own),
    // Protocol assignments, including Teredo; documentation; 6to4, which leads to an unchecked IPv4 address.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Network::Odd),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Network::Odd),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Network::Odd),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Network::Odd),
];

/// The prefix that translates to IPv4 (RFC 6052).
const NAT64: Ipv6Addr = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);

impl Network {
    /// Classifies `address`; an address that embeds another one is classified as that one.
    pub(crate) fn of(address: IpAddr) -> Network {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

fn of_v4(address: Ipv4Addr) -> Network {
    let within =
        |net: Ipv4Addr, length: u8| (address.to_bits() ^ net.to_bits()).leading_zeros() >= length.into();
    V4.iter()
        .find(|(net, length, _)| within(*net, *length))
        .map_or(Network::Public, |(_, _, network)| *network)
}

fn of_v6(address: Ipv6Addr) -> Network {
    let within =
        |net: Ipv6Addr, length: u8| (address.to_bits() ^ net.to_bits()).leading_zeros() >= length.into();
    if let Some(mapped) = address.to_ipv4_mapped() {
        return of_v4(mapped);
    }
    if within(NAT64, 96) {
        let [.., a, b, c, d] = address.octets();
        return of_v4(Ipv4Addr::new(a, b, c, d));
    }
    if let Some((_, _, network)) = V6.iter().find(|(net, length, _)| within(*net, *length)) {
        return *network;
    }
    if within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3) { Network::Public } else { Network::Odd }
}

#[cfg(test)]
mod tests {
    use super::Network;

    fn all_lie(network: Network, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(Network::of(address.parse().unwrap()), network, "{address}");
        }
    }

    #[test]
    fn what_is_given_out_is_public() {
        all_lie(Network::Public, &["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"]);
        all_lie(
            Network::Public,
            &["126.255.255.255", "128.0.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0"],
        );
        all_lie(Network::Public, &["192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0"]);
        all_lie(Network::Public, &["223.255.255.255", "2606:4700::1111", "2400:3200::1", "2003::1"]);
    }

    #[test]
    fn this_machine_and_private_networks_are_ones_own() {
        all_lie(Network::Own, &["127.0.0.1", "127.255.255.255", "10.0.0.1", "172.16.0.1", "172.31.255.255"]);
        all_lie(
            Network::Own,
            &["192.168.1.1", "100.64.0.1", "100.127.255.255", "198.18.0.1", "198.19.255.255"],
        );
        all_lie(Network::Own, &["::1", "fc00::1", "fdff::1"]);
    }

    #[test]
    fn metadata_multicast_and_nowhere_are_odd() {
        all_lie(Network::Odd, &["0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "100.100.100.200"]);
        all_lie(Network::Odd, &["192.0.0.192", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"]);
        all_lie(
            Network::Odd,
            &["192.0.2.1", "198.51.100.1", "203.0.113.1", "::", "::2", "fe80::1", "fec0::1"],
        );
        all_lie(
            Network::Odd,
            &["ff02::1", "fd00:ec2::254", "fd20:ce::254", "2001:db8::1", "2001::1", "100::1"],
        );
        all_lie(Network::Odd, &["2002:7f00:1::", "64:ff9b:1::7f00:1", "::127.0.0.1", "4000::1", "3fff::1"]);
    }

    #[test]
    fn an_address_that_stands_for_another_lies_where_that_does() {
        all_lie(Network::Public, &["::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]);
        all_lie(
            Network::Own,
            &["::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::192.168.0.1"],
        );
        all_lie(Network::Odd, &["::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "::ffff:0.0.0.0"]);
    }
}
