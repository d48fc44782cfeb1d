//! Nodes, as far as the store needs them, on a Redis for one test.

use std::{any::Any, sync::Arc, time::Duration};

use chat::id::NodeId;
use redis::Client;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    events::CAPACITY,
    store::{
        SharedStore,
        conformance::{Bench, Told},
        redis::{RedisStore, channel::Channel, key::Keys, link::Link, test_server::RedisServer},
    },
};

/// How long an expected event may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// One node's access to the log.
pub(super) struct Node {
    pub(super) link: Arc<Link>,
    pub(super) redis: Arc<RedisStore>,
    pub(super) store: SharedStore,
    pub(super) news: Told,
    _stop: DropGuard,
}

/// Starts a node that maintains its connections.
pub(super) async fn node(server: &RedisServer, name: &str, retain: u32) -> Node {
    let (sender, news) = mpsc::channel(2 * CAPACITY);
    let link = Link::open(Client::open(server.url()).unwrap(), Keys::new("teahouse")).await.unwrap();
    let link = Arc::new(link);
    let name = NodeId::parse(name).unwrap();
    let channel = Arc::new(Channel::new(name.clone()));
    let stop = CancellationToken::new();
    tokio::spawn(link.clone().run(sender.clone(), stop.clone()));
    tokio::spawn(channel.clone().run(link.clone(), sender, stop.clone()));
    let redis = Arc::new(RedisStore::start(link.clone(), channel, &name, retain));
    Node { link, store: redis.clone(), redis, news: Told::of(news), _stop: stop.drop_guard() }
}

/// Creates a node that greets once and then receives nothing.
pub(super) async fn hermit(server: &RedisServer) -> (Arc<Link>, RedisStore) {
    let link = Link::open(Client::open(server.url()).unwrap(), Keys::new("teahouse")).await.unwrap();
    let (link, name) = (Arc::new(link), NodeId::parse("hermit").unwrap());
    let channel = Arc::new(Channel::new(name.clone()));
    (link.clone(), RedisStore::start(link, channel, &name, 0))
}

/// Starts a node on a new Redis.
pub(super) async fn open(retain: u32) -> Bench {
    let server = RedisServer::start(&[]);
    let Node { store, news, _stop: stop, .. } = node(&server, "n", retain).await;
    let beneath: Box<dyn Any + Send> = Box::new((stop, server));
    Bench { store, news, _beneath: beneath }
}

/// Waits until a condition holds.
pub(super) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let so = async {
        while !is_so().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, so).await.expect("it comes to be so");
}
