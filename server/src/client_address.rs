//! From which address a request comes: the connection's, unless a trusted proxy speaks for another.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap},
};
use ipnet::IpNet;

/// The address of the client behind a connection from `peer`. What `X-Forwarded-For` says counts from its end, as far
/// as it was written by trusted proxies.
pub(crate) fn client_address(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut address = peer.ip().to_canonical();
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in forwarded.iter().rev() {
        if !is_trusted(address, trusted) {
            break;
        }
        let Ok(next) = hop.trim().parse::<IpAddr>() else { break };
        address = next.to_canonical();
    }
    address
}

/// Where a request comes from. One that came on no connection of ours comes from nowhere.
pub(crate) fn caller(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    client_address(peer(extensions), headers, trusted)
}

/// The other end of the connection on which a request came.
pub(crate) fn peer(extensions: &Extensions) -> SocketAddr {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    extensions.get::<ConnectInfo<SocketAddr>>().map_or(unknown, |info| info.0)
}

/// Whether a trusted proxy says that the client came over TLS.
pub(crate) fn forwarded_tls(peer: SocketAddr, headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    is_trusted(peer.ip().to_canonical(), trusted)
        && headers
            .get("x-forwarded-proto")
            .is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// Whether this is one of the proxies whose word counts.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::client_address;

    fn seen(peer: &str, forwarded: &'static str, trusted: &str) -> String {
        let headers =
            HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), HeaderValue::from_static(forwarded))]);
        client_address(peer.parse().unwrap(), &headers, &[trusted.parse().unwrap()]).to_string()
    }

    #[test]
    fn a_stranger_cannot_speak_for_another_address() {
        assert_eq!(seen("203.0.113.9:1", "198.51.100.1", "10.0.0.0/8"), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_can_and_only_for_the_last_hop() {
        assert_eq!(seen("10.0.0.1:1", "198.51.100.1, 203.0.113.9", "10.0.0.0/8"), "203.0.113.9");
        assert_eq!(seen("10.0.0.1:1", "203.0.113.9, 10.0.0.2", "10.0.0.0/8"), "203.0.113.9");
        assert_eq!(seen("10.0.0.1:1", "nonsense", "10.0.0.0/8"), "10.0.0.1");
    }
}
