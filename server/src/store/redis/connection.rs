//! Connects to Redis, and names this node.

use std::sync::Arc;

use chat::id::NodeId;
use redis::Client;

use crate::{
    config::{Config, RedisAddress},
    random,
    store::redis::{channel::Channel, key::Keys, link::Link, live::LinkError},
};

/// Connects. An error is one line that says what is wrong.
pub(crate) async fn connect(address: &RedisAddress, prefix: &str) -> Result<Link, LinkError> {
    // A provider installed earlier applies to the whole process, so a failure does not matter.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Link::open(Client::open(address.url())?, Keys::new(prefix)).await
}

/// An open connection to Redis.
pub(crate) struct Redis {
    /// This node's id in the cluster, for the lifetime of the process.
    pub(crate) node: NodeId,
    pub(crate) link: Arc<Link>,
    pub(crate) channel: Arc<Channel>,
}

impl Redis {
    /// Connects. An error is one line that says what is wrong.
    pub(crate) async fn open(config: &Config, address: &RedisAddress) -> Result<Redis, LinkError> {
        let node = random::node_id();
        let link = Arc::new(connect(address, &config.redis_prefix).await?);
        Ok(Redis { channel: Arc::new(Channel::new(node.clone())), node, link })
    }
}
