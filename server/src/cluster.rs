//! The other nodes of the cluster: publishes this node's presence and receives theirs. Knows nothing about
//! sockets, and stores nothing that outlives a node.
//!
//! A single server uses [`SingleNode`], which publishes nothing. Reports of the other nodes arrive as
//! [`crate::events::ClusterMessage`]s among the store's events, in the order in which they happened.

pub(crate) mod redis;

use std::sync::Arc;

use chat::{
    id::{ClientId, NodeId, UserId},
    protocol::{StreamingAnswer, User},
    room::Presence,
    room_name::RoomName,
};
use futures::{FutureExt as _, future::BoxFuture};

use crate::{budget::Charge, store::StoreError};

/// The cluster, shared between tasks.
pub(crate) type SharedCluster = Arc<dyn Cluster>;

/// The presence of users on the other nodes.
pub(crate) type Roster = Vec<(NodeId, User, Presence)>;

/// Publishes to the other nodes, in order and without blocking the caller. A node that could not be reached
/// receives everything again once it can be.
pub(crate) trait Cluster: Send + Sync {
    /// Returns the presence of a room's members on the other nodes. Call it after following the room, so that
    /// no change is missed in between.
    fn roster(&self, room: RoomName) -> BoxFuture<'_, Result<Roster, StoreError>>;

    /// Returns the rooms that have members on the other nodes, in no particular order.
    fn rooms(&self) -> BoxFuture<'_, Result<Vec<RoomName>, StoreError>>;

    /// Publishes a user's presence in a room on this node.
    fn seat(&self, room: &RoomName, user: &User, seat: Presence);

    /// Publishes that a user is typing on this node.
    fn typing(&self, room: &RoomName, user: &User);

    /// Publishes the progress of a program's streaming answer on this node.
    fn growing(&self, growing: &StreamingAnswer);

    /// Publishes that a user stops a streaming answer that another node produces.
    fn stop(&self, room: &RoomName, id: &ClientId, user: &UserId);

    /// Publishes that a user's client has opened a newer connection to this node.
    fn introduce(&self, user: &UserId, client: &ClientId);

    /// Publishes that a user has logged out on this node.
    fn log_out(&self, user: &UserId);

    /// Publishes charges made on this node that count on the others too.
    fn charge(&self, charges: &[Charge]);

    /// Returns whether this is the only node there can be.
    fn is_single_node(&self) -> bool;

    /// Publishes that a user has ended all of their other logins on this node.
    fn end_logins(&self, user: &UserId);

    /// Announces that this node leaves, and returns once everything is published.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// A cluster without other nodes.
pub(crate) struct SingleNode;

impl Cluster for SingleNode {
    fn roster(&self, _room: RoomName) -> BoxFuture<'_, Result<Roster, StoreError>> {
        async { Ok(Roster::new()) }.boxed()
    }

    fn rooms(&self) -> BoxFuture<'_, Result<Vec<RoomName>, StoreError>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn seat(&self, _room: &RoomName, _user: &User, _seat: Presence) {}

    fn typing(&self, _room: &RoomName, _user: &User) {}

    fn growing(&self, _growing: &StreamingAnswer) {}

    fn stop(&self, _room: &RoomName, _id: &ClientId, _user: &UserId) {}

    fn introduce(&self, _user: &UserId, _client: &ClientId) {}

    fn log_out(&self, _user: &UserId) {}

    fn charge(&self, _charges: &[Charge]) {}

    fn is_single_node(&self) -> bool {
        true
    }

    fn end_logins(&self, _user: &UserId) {}

    fn close(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }
}
