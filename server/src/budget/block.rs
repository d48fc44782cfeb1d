//! Which addresses are one payer: an IPv4 address, or the /64 that an IPv6 subscriber has at the least (RFC 6177).

use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 address, or an IPv6 /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Block(IpAddr);

impl Block {
    /// Returns the block in which an address is.
    pub(crate) fn of(address: IpAddr) -> Block {
        Block(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    /// Returns its first address.
    pub(crate) fn address(self) -> IpAddr {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Block;

    fn block(address: &str) -> String {
        Block::of(address.parse().unwrap()).address().to_string()
    }

    #[test]
    fn an_ipv6_subscriber_is_one_payer_and_so_is_an_ipv4_address() {
        assert_eq!(block("203.0.113.9"), "203.0.113.9");
        assert_eq!(block("::ffff:203.0.113.9"), "203.0.113.9");
        assert_eq!(block("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(block("2001:db8:1:2::1"), block("2001:db8:1:2:ffff::"));
        assert_ne!(block("2001:db8:1:3::1"), block("2001:db8:1:2::1"));
    }
}
