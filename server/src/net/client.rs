//! Who limits count as the other end of a connection or a request, and which other ends are trusted proxies.

use std::net::IpAddr;

use ipnet::IpNet;

/// Who limits count as the caller of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// Where the request comes from, as far as trusted proxies say.
    pub(crate) address: IpAddr,
    /// Whether it has passed a proxy, trusted or not.
    pub(crate) is_forwarded: bool,
}

impl Client {
    /// Whether the request comes from this very machine, for which no limits count. One that was forwarded does not,
    /// whatever address stands on it.
    pub(crate) fn is_this_machine(self) -> bool {
        self.address.is_loopback() && !self.is_forwarded
    }
}

/// Whether this is one of the proxies whose word counts.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}
