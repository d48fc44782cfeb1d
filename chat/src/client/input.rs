//! The inputs of a client.

use super::timeline::Hole;

use crate::{
    id::{ClientId, Epoch},
    protocol::Seq,
    room_name::RoomName,
    time::{Millis, Ticks},
};

/// The time of an input, and the randomness it may use.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The wall-clock time, which the user may set: for display, and for what other pages read.
    pub at: Millis,
    /// The steady-clock time, on which every deadline is based.
    pub ticks: Ticks,
    /// A random number, uniform from 0 up to 1, for jitter.
    pub random: f64,
}

/// An input of a client.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The driver is ready; connect.
    Start,
    /// A message of this user was stored before this page was loaded, or was stored or removed by another
    /// tab. A page that is loading passes the other tabs' signs of life first, or it would take their
    /// messages for abandoned.
    Stored(ClientId, Option<&'a str>),
    /// An earlier login of the same nickname left a message in this browser that, as far as is known, was
    /// never sent.
    Inherited(ClientId, &'a str),
    /// Another tab of this user showed a sign of life at this wall-clock time; 0 means that the tab is gone.
    Signed(ClientId, Millis),
    /// An earlier page had shown its user a room up to this position.
    Recall(RoomName, Epoch, Seq),
    /// Another tab of this user has shown a room up to this position.
    SeenElsewhere(RoomName, Epoch, Seq),
    /// The connection with this number is open.
    Opened(u32),
    /// A frame arrived, with one or more lines.
    Received(u32, &'a str),
    /// The connection with this number ended with a close code; 1006 if there was none.
    Closed(u32, u16),
    /// The user sends a message.
    Send {
        /// The room to send to; it must be open.
        room: RoomName,
        /// A new id, drawn by the driver.
        id: ClientId,
        /// The message text.
        text: String,
    },
    /// Send a refused message again.
    Retry(ClientId),
    /// Discard a message that is not acknowledged.
    Discard(ClientId),
    /// Make a room active, opening it if necessary.
    Visit(RoomName),
    /// Leave a room. A room with messages still to send is not left.
    Leave(RoomName),
    /// Request the history before the first entry of the active room.
    Earlier,
    /// Request some of the events missing in a hole of the active room.
    Fill(Hole),
    /// Stop a streaming answer in the active room.
    Stop(ClientId),
    /// Request the next page of a crowd's members in the active room.
    Members,
    /// The user is typing in the active room.
    Typing,
    /// Whether the page is visible.
    Visible(bool),
    /// Whether the machine has a network.
    Online(bool),
    /// Connect now instead of waiting.
    ConnectNow,
    /// The time of the latest [`super::Effect::WakeAt`] has come; a spurious call is harmless.
    Timer,
}
