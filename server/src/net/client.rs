//! Identifies the client behind a connection or a request, as limits count it, and decides which peers are
//! trusted proxies.

use std::net::IpAddr;

use ipnet::IpNet;

/// The client of a request, as limits count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address that the request comes from, as far as trusted proxies tell.
    pub(crate) address: IpAddr,
    /// Whether the request passed a proxy, trusted or not.
    pub(crate) is_forwarded: bool,
}

impl Client {
    /// Returns whether the request comes from this machine, which has no limits. A forwarded request never
    /// does, whatever address its header names.
    pub(crate) fn is_this_machine(self) -> bool {
        self.address.is_loopback() && !self.is_forwarded
    }
}

/// Returns whether an address is one of the trusted proxies.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}
