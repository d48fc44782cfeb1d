//! What a chat on several nodes keeps in Redis, and the way there.
//!
//! [`mod@link`] holds the connection and knows in which life the logs are, [`channel`] hears what is told there, and
//! [`neighbours`] tells and finds out who sits on which node; [`key`] names everything that lies there, and [`word`] what
//! nodes tell each other. The log and the nicknames are [`crate::store::redis`]'s.

pub(crate) mod channel;
pub(crate) mod entry;
pub(crate) mod key;
pub(crate) mod link;
pub(crate) mod neighbours;

mod spelling;
mod wanted;
mod word;

#[cfg(test)]
pub(crate) mod test_server;

use std::sync::Arc;

use channel::Channel;
use chat::id::NodeId;
use key::Keys;
use link::{Link, LinkError};
use neighbours::Others;
use rand::Rng as _;
use redis::Client;

use crate::config::{Config, RedisAddress};

/// Connects; fails, in one line, with what is wrong there.
pub(crate) async fn link(address: &RedisAddress, prefix: &str) -> Result<Link, LinkError> {
    // Whoever has chosen one before has chosen for the whole process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Link::open(Client::open(address.url())?, Keys::new(prefix)).await
}

/// The way to Redis, opened.
pub(crate) struct Redis {
    /// This node's name among the others, as long as it runs.
    pub(crate) node: NodeId,
    pub(crate) link: Arc<Link>,
    pub(crate) channel: Arc<Channel>,
    pub(crate) others: Arc<Others>,
}

impl Redis {
    /// Connects; fails, in one line, with what is wrong there.
    pub(crate) async fn open(config: &Config, address: &RedisAddress) -> Result<Redis, LinkError> {
        let mut name = [0; 8];
        rand::rng().fill_bytes(&mut name);
        let node = NodeId::from_bytes(name);
        let link = Arc::new(link(address, &config.redis_prefix).await?);
        let others =
            Others::new(node.clone(), link.clone(), config.leave_grace.millis(), config.node_lease.0);
        Ok(Redis { channel: Arc::new(Channel::new(node.clone())), others: Arc::new(others), node, link })
    }
}
