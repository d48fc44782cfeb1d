//! The other nodes of one chat: what they are told of this one's people, and what they tell of theirs. Knows no sockets,
//! and keeps nothing that outlives a node.
//!
//! A node that is [`SingleNode`] has nobody to tell. What the others tell comes as [`crate::events::ClusterMessage`]s among the store's news, in the
//! order in which it happened.

pub(crate) mod redis;

use std::sync::Arc;

use chat::{
    id::{ClientId, NodeId, UserId},
    protocol::{Growing, User},
    room::Presence,
    room_name::RoomName,
};
use futures::{FutureExt as _, future::BoxFuture};

use crate::{budget::Charge, store::StoreError};

/// The other nodes.
pub(crate) type SharedCluster = Arc<dyn Cluster>;

/// Who sits where on the other nodes.
pub(crate) type Roster = Vec<(NodeId, User, Presence)>;

/// The way to the other nodes. What is told goes out in order, and nobody waits for it; a node that cannot be told is
/// told all of it again when it can.
pub(crate) trait Cluster: Send + Sync {
    /// Who sits in a room on the other nodes. Asked after the room is followed, so that nothing is missed between.
    fn roster(&self, room: RoomName) -> BoxFuture<'_, Result<Roster, StoreError>>;

    /// The rooms in which somebody sits on the other nodes, in no order.
    fn rooms(&self) -> BoxFuture<'_, Result<Vec<RoomName>, StoreError>>;

    /// Tells how a user's seat in a room stands here.
    fn seat(&self, room: &RoomName, user: &User, seat: Presence);

    /// Tells that a user writes here.
    fn typing(&self, room: &RoomName, user: &User);

    /// Tells how far a program's answer has grown here.
    fn growing(&self, growing: &Growing);

    /// Tells that a user wants no more of an answer that grows elsewhere.
    fn stop(&self, room: &RoomName, id: &ClientId, user: &UserId);

    /// Tells that a user's client has made a newer connection here.
    fn introduce(&self, user: &UserId, client: &ClientId);

    /// Tells that a user has logged out here.
    fn log_out(&self, user: &UserId);

    /// Tells what was charged here and counts elsewhere too.
    fn charge(&self, charges: &[Charge]);

    /// Whether there may be other nodes.
    fn is_single_node(&self) -> bool;

    /// Tells that a user has ended all of their other logins here.
    fn end_logins(&self, user: &UserId);

    /// Says goodbye to the others, and returns when everything was told.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// No other nodes.
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

    fn growing(&self, _growing: &Growing) {}

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
