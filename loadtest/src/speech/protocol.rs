//! The [`Speech`] trait, one implementation per kind of server, and the types exchanged while a client joins.

/// A client protocol over WebSocket.
pub(crate) trait Speech {
    /// Returns the path of the upgrade request.
    fn path(&self) -> &str;

    /// Returns the `Sec-WebSocket-Protocol` to request.
    fn subprotocol(&self) -> Option<&str> {
        None
    }

    /// Returns whether users log in, by a form, before they connect.
    fn has_login(&self) -> bool {
        false
    }

    /// Returns whether the server has more than one room.
    fn has_rooms(&self) -> bool {
        true
    }

    /// Returns whether messages go out in binary frames.
    fn is_binary(&self) -> bool {
        false
    }

    /// Returns the first step on a new connection.
    fn open(&self, guest: &Guest) -> Step;

    /// Returns the step after a message that arrived before the guest was in its room. The message is
    /// complete and without its frame header.
    fn answer(&self, guest: &Guest, heard: &[u8]) -> Step;

    /// Appends a message without its frame header. Its text is ASCII that needs no escapes.
    fn say(&self, message: &Message, out: &mut Vec<u8>);

    /// Returns the application-level heartbeat, if there is one. WebSocket pings are answered without it.
    fn heartbeat(&self) -> Option<Heartbeat> {
        None
    }

    /// Returns after how many milliseconds a draining server asks the client to reconnect, if these bytes say
    /// so.
    fn drain(&self, _heard: &[u8]) -> Option<u64> {
        None
    }
}

/// A client that is joining.
pub(crate) struct Guest<'a> {
    pub(crate) room: &'a str,
    /// The client's position in the room's log, if it was in the room before.
    pub(crate) held: Option<Held<'a>>,
}

/// A position in a room's log.
#[derive(Clone, Copy)]
pub(crate) struct Held<'a> {
    pub(crate) epoch: &'a str,
    pub(crate) seq: u64,
}

/// One step of joining.
pub(crate) struct Step {
    /// Bytes to send now; none if empty.
    pub(crate) say: Vec<u8>,
    /// Set once the guest is in its room, from when on every message sent there must reach it.
    pub(crate) entered: Option<Entered>,
}

impl Step {
    /// Sends nothing, and waits for the next message.
    pub(crate) const WAIT: Self = Self { say: Vec::new(), entered: None };

    pub(crate) fn say(line: impl Into<Vec<u8>>) -> Self {
        Self { say: line.into(), entered: None }
    }

    pub(crate) fn enter(entered: Entered) -> Self {
        Self { say: Vec::new(), entered: Some(entered) }
    }
}

/// What a guest learns on joining. Empty for a server without a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entered {
    pub(crate) epoch: String,
    /// The newest seq of the room's log.
    pub(crate) head: u64,
    /// Whether the server resumed: sent exactly the missed events.
    pub(crate) resumed: bool,
}

/// A message to send.
pub(crate) struct Message<'a> {
    pub(crate) room: &'a str,
    /// Unique within this run.
    pub(crate) id: &'a str,
    pub(crate) text: &'a [u8],
}

impl Message<'_> {
    /// Appends the message as Teahouse would fan it out, for servers that forward what a client composed: the
    /// same fields and the same size, so that the servers differ in work and not in bytes.
    pub(super) fn told(&self, out: &mut Vec<u8>) {
        for piece in [
            br#"{"room":""#.as_slice(),
            self.room.as_bytes(),
            br#"","seq":100000,"id":""#,
            self.id.as_bytes(),
            br#"","user":{"id":"9b1deb4d3b7d4bad9bdd","name":"t00000000000"},"text":""#,
            self.text,
            br#"","at":1700000000000}"#,
        ] {
            out.extend_from_slice(piece);
        }
    }
}

/// A server's heartbeat and its answer. The crowd searches the raw bytes, frame headers included, for the
/// call, so it must occur nowhere else.
pub(crate) struct Heartbeat {
    pub(crate) call: &'static [u8],
    pub(crate) answer: &'static [u8],
}
