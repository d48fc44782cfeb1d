//! What can happen to a client.

use super::timeline::Hole;

use crate::{
    id::{ClientId, Epoch},
    protocol::Seq,
    room_name::RoomName,
    time::{Millis, Ticks},
};

/// The moment of an input, and the chance it may take.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// What the wall clock says, which its user may set: for people, and for what other pages read.
    pub at: Millis,
    /// What a steady clock says: every deadline goes by it.
    pub ticks: Ticks,
    /// A number drawn evenly from 0 up to 1, for jitter.
    pub random: f64,
}

/// What can happen to a client.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The driver is ready; connect.
    Start,
    /// A message of the user's was kept before this page was loaded, or by another tab; or was forgotten there. A page that
    /// loads gives the others' signs of life first, lest it takes their messages for lost.
    Stored(ClientId, Option<&'a str>),
    /// An earlier login of the same nickname left a message in this browser, which never went out as far as is known.
    Inherited(ClientId, &'a str),
    /// Another tab of the user's showed a sign of life at a moment by the wall clock; at 0, it is gone.
    Signed(ClientId, Millis),
    /// An earlier page had seen a room up to a position.
    Recall(RoomName, Epoch, Seq),
    /// Another tab of the user's has seen a room up to a position.
    SeenElsewhere(RoomName, Epoch, Seq),
    /// The connection of this number is open.
    Opened(u32),
    /// A frame came: one or more lines.
    Received(u32, &'a str),
    /// The connection of this number has ended with a close code; 1006 where there was none.
    Closed(u32, u16),
    /// The user says something.
    Say {
        /// In which room; it must be open.
        room: RoomName,
        /// A new id for it, drawn by the driver.
        id: ClientId,
        /// What.
        text: String,
    },
    /// Send a refused message again.
    Retry(ClientId),
    /// Forget a message that is not confirmed.
    Discard(ClientId),
    /// Look at a room, and enter it if it is not open.
    Visit(RoomName),
    /// Leave a room. One in which something waits to be said is not left.
    Leave(RoomName),
    /// Ask for what comes before the first entry of the room that is looked at.
    Earlier,
    /// Ask for some of what a hole in that room is missing.
    Fill(Hole),
    /// The user wants no more of an answer that grows in the room they look at.
    Stop(ClientId),
    /// The user wants to see others of a crowd than are named, in the room they look at.
    Members,
    /// The user is writing in the room they look at.
    Typing,
    /// The page is seen, or is not.
    Visible(bool),
    /// The machine has, or has not, a network.
    Online(bool),
    /// The user wants to connect now rather than wait.
    ConnectNow,
    /// The moment of the latest [`super::Effect::WakeAt`] has come, or another one.
    Timer,
}
