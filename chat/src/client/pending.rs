//! A message on its way from its user to the server.

use std::cmp::Reverse;

use crate::{
    id::ClientId,
    protocol::Refused,
    room_name::RoomName,
    time::{Millis, Ticks},
};

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Where it is to be said.
    pub room: RoomName,
    /// Its name.
    pub id: ClientId,
    /// What is said.
    pub text: String,
    /// When its user said it, by the server's clock as far as it is known: that is the clock by which the server forgets.
    /// Rather too early than too late. No two of a tab's have the same moment, so that it tells their order too.
    pub at: Millis,
    /// The same by the steady clock, if it was on this page.
    pub(super) ticks: Option<Ticks>,
    /// The tab that sends it.
    pub owner: ClientId,
    /// The tab in which it was said. What was said in one goes out in that order, whoever sends it.
    pub origin: ClientId,
    /// How often it has been claimed. Of two claims the later turn counts, and of two at once that of the smaller name.
    pub(super) turn: u64,
    /// How far it has come.
    pub state: Delivery,
    /// Whether the server has refused it for now, and takes no other to its room until it comes again.
    pub(super) held: bool,
    /// Whether its user wants it sent however old it is.
    pub(super) insisted: bool,
}

impl Pending {
    /// The claim that comes last in this order counts. Every tab sees it so, in whatever order it hears of them.
    pub(super) fn precedence(&self) -> (u64, Reverse<&ClientId>) {
        (self.turn, Reverse(&self.owner))
    }
}

/// How far a pending message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It waits for a connection, or for its turn.
    Queued,
    /// It was sent on the present connection.
    Sent,
    /// It waited for so long that it might be said twice; the user may send or discard it.
    Old,
    /// The server will not have it; the user may retry or discard it.
    Refused(Refused),
}
