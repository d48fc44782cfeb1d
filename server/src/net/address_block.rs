//! Address blocks that limits treat as one payer: an IPv4 address, or the /64 that an IPv6 subscriber has at
//! least (RFC 6177).

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU64,
};

/// Prefix of the 32 bits of an IPv4 address. No IPv6 address begins with it: that range is reserved (RFC
/// 4291, 2.5.1).
const V4: u64 = 0xFFFF << 32;

/// Represents `::/64`, whose bits are all zero. The value is free, since nobody's address lies in its block.
const UNSPECIFIED: u64 = 1;

/// An IPv4 address or an IPv6 /64, in eight bytes, since every connection stores one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Block(NonZeroU64);

impl Block {
    /// Returns the block that contains an address.
    pub(crate) fn of(address: IpAddr) -> Block {
        let bits = match address.to_canonical() {
            IpAddr::V4(address) => V4 | u64::from(address.to_bits()),
            IpAddr::V6(address) => u64::try_from(address.to_bits() >> 64).unwrap_or_default(),
        };
        Block(NonZeroU64::new(bits.max(UNSPECIFIED)).unwrap_or(NonZeroU64::MIN))
    }

    /// Returns the first address of the block.
    pub(crate) fn address(self) -> IpAddr {
        let bits = self.0.get();
        match u32::try_from(bits ^ V4) {
            Ok(v4) => Ipv4Addr::from_bits(v4).into(),
            Err(_) => Ipv6Addr::from_bits(u128::from(bits) << 64).into(),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Block;

    fn block(address: &str) -> String {
        Block::of(address.parse().unwrap()).to_string()
    }

    #[test]
    fn an_ipv6_subscriber_is_one_payer_and_so_is_an_ipv4_address() {
        assert_eq!(block("203.0.113.9"), "203.0.113.9");
        assert_eq!(block("0.0.0.0"), "0.0.0.0");
        assert_eq!(block("255.255.255.255"), "255.255.255.255");
        assert_eq!(block("::ffff:203.0.113.9"), "203.0.113.9");
        assert_eq!(block("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(block("2001:db8:1:2::1"), block("2001:db8:1:2:ffff::"));
        assert_ne!(block("2001:db8:1:3::1"), block("2001:db8:1:2::1"));
    }
}
