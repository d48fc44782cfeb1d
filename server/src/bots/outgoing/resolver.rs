//! Resolves a name to the addresses that may be connected to. The client connects to exactly the addresses
//! that were checked: the name is never resolved a second time.

use std::{io, net::IpAddr, net::SocketAddr, sync::Arc};

use futures::{FutureExt as _, future::BoxFuture};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::network::Network;

/// A source of a name's addresses.
pub(crate) trait Lookup: Send + Sync {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The system's resolver: its hosts file and its name servers.
pub(crate) struct System;

impl Lookup for System {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) }
            .boxed()
    }
}

/// Resolves names to permitted addresses only.
#[derive(Clone)]
pub(crate) struct Resolver {
    lookup: Arc<dyn Lookup>,
    /// Whether names may resolve to private networks.
    private: bool,
}

/// A name resolves only to addresses that are not permitted.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Astray(String);

impl Resolver {
    pub(crate) fn new(lookup: Arc<dyn Lookup>, private: bool) -> Resolver {
        Resolver { lookup, private }
    }

    /// Returns whether a name may resolve to an address. `localhost` in a configuration names this machine
    /// explicitly, so it may mean loopback, and nothing else (RFC 6761, section 6.3).
    fn permits(&self, name: &str, address: IpAddr) -> bool {
        if name == "localhost" || name.ends_with(".localhost") {
            return address.is_loopback();
        }
        match Network::of(address) {
            Network::Public => true,
            Network::Own => self.private,
            Network::Odd => false,
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        async move {
            let name = name.as_str();
            let found = this.lookup.lookup(name.to_owned()).await?;
            let permitted: Vec<IpAddr> =
                found.iter().copied().filter(|address| this.permits(name, *address)).collect();
            match found.first() {
                Some(first) if permitted.is_empty() => {
                    let hint = match Network::of(*first) {
                        Network::Own if !this.private => "; `private = true` would permit it",
                        _ => "",
                    };
                    Err(Astray(format!("{name} leads to {first}, which is not on the internet{hint}")).into())
                }
                // The connector fills in the port.
                _ => Ok(Box::new(permitted.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::{io, net::IpAddr, sync::Arc};

    use futures::{FutureExt as _, future::BoxFuture};
    use reqwest::dns::Resolve as _;

    use super::{Lookup, Resolver};

    struct Always(Vec<IpAddr>);

    impl Lookup for Always {
        fn lookup(&self, _name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let found = self.0.clone();
            async { Ok(found) }.boxed()
        }
    }

    async fn resolved(name: &str, found: &[&str], private: bool) -> Result<Vec<String>, String> {
        let found = found.iter().map(|address| address.parse().unwrap()).collect();
        let resolver = Resolver::new(Arc::new(Always(found)), private);
        let addresses = resolver.resolve(name.parse().unwrap()).await.map_err(|error| error.to_string())?;
        Ok(addresses.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn a_name_on_the_internet_is_resolved() {
        assert_eq!(resolved("a.example", &["1.1.1.1"], false).await, Ok(vec!["1.1.1.1".to_owned()]));
    }

    #[tokio::test]
    async fn a_name_that_leads_into_ones_own_network_needs_to_be_configured() {
        let error = resolved("a.example", &["192.168.0.7"], false).await.unwrap_err();
        assert!(
            error.contains("a.example leads to 192.168.0.7") && error.contains("private = true"),
            "{error}"
        );
        assert_eq!(resolved("a.example", &["192.168.0.7"], true).await, Ok(vec!["192.168.0.7".to_owned()]));
    }

    #[tokio::test]
    async fn a_name_that_leads_to_metadata_is_refused_whatever_is_configured() {
        for private in [false, true] {
            let error = resolved("a.example", &["169.254.169.254"], private).await.unwrap_err();
            assert!(error.contains("169.254.169.254") && !error.contains("private"), "{error}");
        }
    }

    #[tokio::test]
    async fn of_several_addresses_only_those_are_used_that_may_be() {
        let found = ["10.0.0.1", "1.1.1.1", "::ffff:127.0.0.1"];
        assert_eq!(resolved("a.example", &found, false).await, Ok(vec!["1.1.1.1".to_owned()]));
    }

    #[tokio::test]
    async fn localhost_means_this_machine_and_nothing_else() {
        assert_eq!(resolved("localhost", &["127.0.0.1"], false).await, Ok(vec!["127.0.0.1".to_owned()]));
        assert!(resolved("localhost", &["1.1.1.1"], true).await.is_err());
        assert!(resolved("localhost.example", &["127.0.0.1"], false).await.is_err());
    }
}
