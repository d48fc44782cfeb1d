//! Somebody in a room: where they sit, here by how many sessions and on which other nodes, and since when nowhere.

use std::collections::BTreeSet;

use crate::{id::NodeId, protocol::User, time::Millis};

/// How a user's seat in a room stands on one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// They have a session there.
    Online,
    /// Their last session there is gone; they may be back in a moment.
    Away,
    /// They have none: they left, were not back in time, or sit elsewhere.
    Gone,
}

/// A user who counts as there.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) user: User,
    /// How many sessions they have here.
    here: usize,
    /// On which other nodes they have some.
    there: BTreeSet<NodeId>,
    /// When the room will be told that they left, if they are not back by then.
    leaves_at: Option<Millis>,
    /// How their seat here stands, as the other nodes were told.
    told: Presence,
}

impl Member {
    /// Somebody without a seat yet.
    pub(super) fn new(user: User) -> Member {
        Member { user, here: 0, there: BTreeSet::new(), leaves_at: None, told: Presence::Gone }
    }

    /// One more session here.
    pub(super) fn sit(&mut self) {
        self.here += 1;
        self.leaves_at = None;
    }

    /// One session here less. If it was the last one anywhere, they leave at `leaves_at`.
    pub(super) fn rise(&mut self, leaves_at: Millis) {
        self.here -= 1;
        self.wait_until(leaves_at);
    }

    /// Their seat on another node has changed. If they have none any more, they leave at `lost_at` or at `left_at`.
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
                // Whoever waits to be back does not wait any longer.
                self.leaves_at = self.is_nowhere().then_some(left_at);
            }
        }
    }

    /// Forgets every seat on other nodes but these. If they have none any more, they leave at `lost_at`.
    pub(super) fn keep(&mut self, nodes: &BTreeSet<NodeId>, lost_at: Millis) {
        self.there.retain(|node| nodes.contains(node));
        self.wait_until(lost_at);
    }

    /// A node is gone. If they sat only there, they leave at `lost_at`.
    pub(super) fn lose(&mut self, node: &NodeId, lost_at: Millis) {
        if self.there.remove(node) {
            self.wait_until(lost_at);
        }
    }

    /// When they will have left, if they are not back by then.
    pub(super) fn leaves_at(&self) -> Option<Millis> {
        self.leaves_at
    }

    /// Whether this node still has to do with them: they sit here, or did until a moment ago.
    pub(super) fn is_here(&self) -> bool {
        self.here > 0 || self.told != Presence::Gone
    }

    /// How their seat here stands, if that is news to the other nodes.
    pub(super) fn news(&mut self) -> Option<Presence> {
        let seat = match self.here {
            0 if self.told != Presence::Gone && self.leaves_at.is_some() => Presence::Away,
            0 => Presence::Gone,
            _ => Presence::Online,
        };
        (std::mem::replace(&mut self.told, seat) != seat).then_some(seat)
    }

    /// Whether the other nodes were told of a seat here, which they must be told is left when this one is forgotten.
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
