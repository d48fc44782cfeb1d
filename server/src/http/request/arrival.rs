//! How a request reached the server: client address, TLS or not, and host name. Believes proxies only as far
//! as `--trust-proxy` allows. Never accepts or refuses a request.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
};

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap, header},
};
use ipnet::IpNet;

use crate::{
    config::{Config, authority::Authority},
    http::request::forwarded::Forwarded,
    net::client::{Client, is_trusted},
};

/// How a request reached the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    peer: SocketAddr,
    client: Client,
    /// Whether browsers reach the server over TLS.
    is_secure: bool,
    /// All host names from trusted proxies and `Host`, the browser's own first; `None` for an invalid one.
    hosts: Vec<Option<Authority>>,
    /// Whether the peer is a trusted proxy.
    is_trusted: bool,
    /// Whether trusted headers contradict each other about the client.
    is_contradictory: bool,
    /// The headers present that proxies write.
    written: Vec<&'static str>,
}

impl Arrival {
    /// Reads the arrival of a request.
    pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap, config: &Config) -> Arrival {
        Arrival::read(peer(extensions), headers, config)
    }

    /// Reads the arrival of a request on a connection from `peer`.
    pub(crate) fn read(peer: SocketAddr, headers: &HeaderMap, config: &Config) -> Arrival {
        let near = peer.ip().to_canonical();
        let is_trusted = is_trusted(near, &config.trust_proxy);
        let said = if is_trusted { Forwarded::read(headers) } else { Forwarded::default() };
        let behind = |hops: &[Option<IpAddr>]| client_address(near, hops, &config.trust_proxy);
        // A proxy passes on the header that it does not write itself, with whatever the client wrote there.
        // If both are present and name different clients, neither is believed.
        let is_contradictory = !said.listed.is_empty()
            && !said.described.is_empty()
            && behind(&said.listed) != behind(&said.described);
        let address = match (&said.listed, &said.described) {
            _ if is_contradictory => near,
            (listed, described) if listed.is_empty() => behind(described),
            (listed, _) => behind(listed),
        };
        let called = headers.get_all(header::HOST).iter();
        let called = called.map(|host| host.to_str().ok().and_then(Authority::parse));
        let written = Forwarded::names(headers);
        Arrival {
            peer,
            client: Client { address, is_forwarded: !written.is_empty() },
            is_secure: match &config.base_url {
                Some(base) => base.is_secure(),
                None => said.is_secure.unwrap_or(false),
            },
            hosts: said.hosts.into_iter().chain(called).collect(),
            is_trusted,
            is_contradictory,
            written,
        }
    }

    /// Returns the client to which rate limits apply.
    pub(crate) fn client(&self) -> Client {
        self.client
    }

    /// Returns whether the connection comes from a trusted proxy, and so carries other clients' requests.
    pub(crate) fn is_trusted(&self) -> bool {
        self.is_trusted
    }

    /// Returns whether browsers reach the server over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Returns all host names of this request; `None` for an invalid one.
    pub(crate) fn hosts(&self) -> &[Option<Authority>] {
        &self.hosts
    }

    /// Returns the origin of pages that reach the server under this host name; `None` without a host.
    pub(crate) fn origin(&self) -> Option<String> {
        let (scheme, usual) = if self.is_secure { ("https", 443) } else { ("http", 80) };
        let host = self.hosts.first()?.clone()?.without_port(usual);
        Some(format!("{scheme}://{host}"))
    }
}

impl fmt::Display for Arrival {
    /// Formats it for the log, for operators who debug a proxy's settings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        match self.hosts.first() {
            Some(Some(host)) => write!(f, "{scheme} to {host}")?,
            _ => write!(f, "{scheme} to no host")?,
        }
        write!(f, " from {}", self.client.address)?;
        let written = self.written.join(", ");
        match (self.is_trusted, written.as_str()) {
            (true, "") => write!(f, ", through the trusted proxy {}, which forwards nothing", self.peer.ip()),
            (true, _) if self.is_contradictory => {
                write!(f, ", which the trusted proxy {} contradicts itself about ({written})", self.peer.ip())
            }
            (true, _) => write!(f, ", as the trusted proxy {} says ({written})", self.peer.ip()),
            (false, "") => write!(f, ", through no proxy"),
            (false, _) => {
                write!(f, "; {written} not believed, because --trust-proxy does not name {}", self.peer.ip())
            }
        }
    }
}

/// Warnings about misconfigured proxies, each logged once.
#[derive(Debug, Default)]
pub(crate) struct ProxyWarnings {
    untrusted: AtomicBool,
    contradictory: AtomicBool,
}

impl ProxyWarnings {
    /// Warns about the proxy of a request if it is misconfigured and this was not logged before.
    pub(crate) fn look_at(&self, arrival: &Arrival) {
        let near = arrival.peer.ip().to_canonical();
        let first = |said: &AtomicBool| !said.swap(true, Ordering::Relaxed);
        if near.is_loopback() && arrival.client.is_forwarded && !arrival.is_trusted && first(&self.untrusted)
        {
            tracing::warn!(
                headers = arrival.written.join(", "),
                "a proxy on this machine forwards requests and is not trusted: all of its people count as one address, and \
                 pages over TLS are refused; start with --trust-proxy {}",
                IpNet::from(near)
            );
        }
        if arrival.is_contradictory && first(&self.contradictory) {
            tracing::warn!(
                proxy = %near,
                "`Forwarded` and `X-Forwarded-For` name different clients, so the proxy itself counts as the client; \
                 have it delete the one that it does not write"
            );
        }
    }
}

#[cfg(test)]
impl ProxyWarnings {
    /// Returns how many were logged.
    fn count(&self) -> u8 {
        [&self.untrusted, &self.contradictory].map(|said| u8::from(said.load(Ordering::Relaxed))).iter().sum()
    }
}

/// Returns the peer address of the request's connection; unspecified if the request came on no connection.
fn peer(extensions: &Extensions) -> SocketAddr {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    extensions.get::<ConnectInfo<SocketAddr>>().map_or(unknown, |info| info.0)
}

/// Returns the address of the client behind a connection from `near`. Reads the hops from the end, as far as
/// trusted proxies wrote them.
fn client_address(near: IpAddr, hops: &[Option<IpAddr>], trusted: &[IpNet]) -> IpAddr {
    let mut address = near;
    for hop in hops.iter().rev() {
        let Some(next) = hop.filter(|_| is_trusted(address, trusted)) else { break };
        address = next;
    }
    address
}

#[cfg(test)]
mod tests;
