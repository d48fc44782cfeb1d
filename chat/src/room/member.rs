//! A member of a room: their sessions on this node, the other nodes on which they are present, and when they
//! leave.

use std::collections::BTreeSet;

use crate::{id::NodeId, protocol::User, time::Millis};

/// A user's presence in a room on one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The user has a session there.
    Online,
    /// The user's last session there was lost; they may be back shortly.
    Away,
    /// The user has no session there: they left, did not return in time, or are present elsewhere.
    Gone,
}

/// A user who counts as present.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) user: User,
    /// The number of sessions on this node.
    here: usize,
    /// The other nodes on which the user has sessions.
    there: BTreeSet<NodeId>,
    /// The time at which the user leaves, unless they are back by then.
    leaves_at: Option<Millis>,
    /// The presence here that the other nodes were last told.
    told: Presence,
}

impl Member {
    /// Creates a member without any session.
    pub(super) fn new(user: User) -> Member {
        Member { user, here: 0, there: BTreeSet::new(), leaves_at: None, told: Presence::Gone }
    }

    /// Adds a session on this node.
    pub(super) fn sit(&mut self) {
        self.here += 1;
        self.leaves_at = None;
    }

    /// Removes a session on this node. If it was the last on any node, the user leaves at `leaves_at`.
    pub(super) fn rise(&mut self, leaves_at: Millis) {
        self.here -= 1;
        self.wait_until(leaves_at);
    }

    /// Applies a change of presence on another node. If no session is left on any node, the user leaves at
    /// `lost_at` or at `left_at`.
    pub(super) fn change(&mut self, node: NodeId, seat: Presence, lost_at: Millis, left_at: Millis) {
        match seat {
            Presence::Online => {
                self.there.insert(node);
                self.leaves_at = None;
            }
            Presence::Away => {
                self.there.remove(&node);
                self.wait_until(lost_at);
            }
            Presence::Gone => {
                self.there.remove(&node);
                // An explicit leave ends the grace period.
                self.leaves_at = self.is_nowhere().then_some(left_at);
            }
        }
    }

    /// Drops the presence on all other nodes but these. If no session is left, the user leaves at `lost_at`.
    pub(super) fn keep(&mut self, nodes: &BTreeSet<NodeId>, lost_at: Millis) {
        self.there.retain(|node| nodes.contains(node));
        self.wait_until(lost_at);
    }

    /// Drops the presence on a lost node. If it was the last one, the user leaves at `lost_at`.
    pub(super) fn lose(&mut self, node: &NodeId, lost_at: Millis) {
        if self.there.remove(node) {
            self.wait_until(lost_at);
        }
    }

    /// Returns the time at which the user leaves, unless they are back by then.
    pub(super) fn leaves_at(&self) -> Option<Millis> {
        self.leaves_at
    }

    /// Whether this node is still responsible for the user: they have a session here, or had one until a
    /// moment ago.
    pub(super) fn is_here(&self) -> bool {
        self.here > 0 || self.told != Presence::Gone
    }

    /// Returns the presence on this node if the other nodes have not been told it yet.
    pub(super) fn news(&mut self) -> Option<Presence> {
        let seat = match self.here {
            0 if self.told != Presence::Gone && self.leaves_at.is_some() => Presence::Away,
            0 => Presence::Gone,
            _ => Presence::Online,
        };
        (std::mem::replace(&mut self.told, seat) != seat).then_some(seat)
    }

    /// Whether the other nodes were told of a presence here, which must be retracted when this member is
    /// removed.
    pub(super) fn owes(&self) -> bool {
        self.told != Presence::Gone
    }

    fn is_nowhere(&self) -> bool {
        self.here == 0 && self.there.is_empty()
    }

    fn wait_until(&mut self, leaves_at: Millis) {
        if self.is_nowhere() {
            self.leaves_at.get_or_insert(leaves_at);
        }
    }
}
