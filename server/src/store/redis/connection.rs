//! The way to a Redis: connected, and this node named.

use std::sync::Arc;

use chat::id::NodeId;
use redis::Client;

use crate::{
    config::{Config, RedisAddress},
    random,
    store::redis::{channel::Channel, key::Keys, link::Link, live::LinkError},
};

/// Connects; fails, in one line, with what is wrong there.
pub(crate) async fn connect(address: &RedisAddress, prefix: &str) -> Result<Link, LinkError> {
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
}

impl Redis {
    /// Connects; fails, in one line, with what is wrong there.
    pub(crate) async fn open(config: &Config, address: &RedisAddress) -> Result<Redis, LinkError> {
        let node = random::node_id();
        let link = Arc::new(connect(address, &config.redis_prefix).await?);
        Ok(Redis { channel: Arc::new(Channel::new(node.clone())), node, link })
    }
}
