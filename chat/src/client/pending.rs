//! A message that the server has not acknowledged yet, and how far it has come.

use std::cmp::Reverse;

use crate::{
    id::ClientId,
    protocol::Refused,
    room_name::RoomName,
    time::{Millis, Ticks},
};

/// A message not yet acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The room to send it to.
    pub room: RoomName,
    /// Its id.
    pub id: ClientId,
    /// The message text.
    pub text: String,
    /// The time at which the user sent it, by the server's clock as far as that is known, because the server
    /// forgets ids by that clock. Too early rather than too late. No two messages of a tab have the same
    /// time, so it also gives their order.
    pub at: Millis,
    /// The same time by the steady clock, if it was sent from this page.
    pub(super) ticks: Option<Ticks>,
    /// The tab that sends it.
    pub owner: ClientId,
    /// The tab in which the user wrote it. Messages from one tab are sent in that order, whichever tab sends
    /// them.
    pub origin: ClientId,
    /// How often it has been claimed. The claim with the later turn wins; of two with the same turn, the one
    /// of the smaller tab name.
    pub(super) turn: u64,
    /// How far it has come.
    pub state: Delivery,
    /// Whether the server refused it temporarily, and accepts no other message to its room until this one
    /// comes again.
    pub(super) held: bool,
    /// Whether the user wants it sent however old it is.
    pub(super) insisted: bool,
}

impl Pending {
    /// Returns the sort key of the claim; the greatest one wins. Every tab comes to the same result, in
    /// whatever order it learns of the claims.
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
    /// It waited so long that sending it might duplicate it; the user may send or discard it.
    Old,
    /// The server refused it for good; the user may retry or discard it.
    Refused(Refused),
}
