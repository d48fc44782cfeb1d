//! One way to talk to a server, and what goes to and fro on the way in.

/// One way to talk to a server over WebSocket.
pub(crate) trait Speech {
    /// The path of the upgrade.
    fn path(&self) -> &str;

    /// What the upgrade asks for as `Sec-WebSocket-Protocol`.
    fn subprotocol(&self) -> Option<&str> {
        None
    }

    /// Whether users log in, by a form, before they connect.
    fn has_login(&self) -> bool {
        false
    }

    /// Whether there is more than one room.
    fn has_rooms(&self) -> bool {
        true
    }

    /// Whether messages go out in binary frames.
    fn is_binary(&self) -> bool {
        false
    }

    /// What is said first on a new connection.
    fn open(&self, guest: &Guest) -> Step;

    /// What is said to a message that came before the guest was in. The message is whole, its frame's header is off.
    fn answer(&self, guest: &Guest, heard: &[u8]) -> Step;

    /// Appends what says a text, as a message without a frame's header. The text is ASCII that needs no escapes.
    fn say(&self, message: &Message, out: &mut Vec<u8>);

    /// The heartbeat in messages, if there is one. Pings of WebSocket itself are answered without this.
    fn heartbeat(&self) -> Option<Heartbeat> {
        None
    }

    /// In how many milliseconds a server that is about to stop wants the client back, if that is said in these bytes.
    fn drain(&self, _heard: &[u8]) -> Option<u64> {
        None
    }
}

/// Who wants to get in.
pub(crate) struct Guest<'a> {
    pub(crate) room: &'a str,
    /// How far the room's log is held, on a connection that is not the first.
    pub(crate) held: Option<Held<'a>>,
}

/// How far a room's log is held.
#[derive(Clone, Copy)]
pub(crate) struct Held<'a> {
    pub(crate) epoch: &'a str,
    pub(crate) seq: u64,
}

/// One step on the way in.
pub(crate) struct Step {
    /// What to say now; nothing if empty.
    pub(crate) say: Vec<u8>,
    /// Whether the guest is in, so that everything said from now on must reach it.
    pub(crate) entered: Option<Entered>,
}

impl Step {
    /// Nothing to say, and not in yet.
    pub(crate) const WAIT: Self = Self { say: Vec::new(), entered: None };

    pub(crate) fn say(line: impl Into<Vec<u8>>) -> Self {
        Self { say: line.into(), entered: None }
    }

    pub(crate) fn enter(entered: Entered) -> Self {
        Self { say: Vec::new(), entered: Some(entered) }
    }
}

/// What a guest learnt on entering. A server without a log leaves it empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entered {
    pub(crate) epoch: String,
    /// The log's newest seq.
    pub(crate) head: u64,
    /// Whether exactly what was missed came along.
    pub(crate) resumed: bool,
}

/// A message to be said.
pub(crate) struct Message<'a> {
    pub(crate) room: &'a str,
    /// Unlike any other of this run.
    pub(crate) id: &'a str,
    pub(crate) text: &'a [u8],
}

impl Message<'_> {
    /// Appends what Teahouse would tell everybody, for servers that hand on what a client made: the same fields and the
    /// same size, so that what differs is the work and not the bytes.
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

/// A server's question whether a client is still there. The call is searched for in the raw bytes, headers of frames
/// included, so it must be something that stands nowhere else.
pub(crate) struct Heartbeat {
    pub(crate) call: &'static [u8],
    pub(crate) answer: &'static [u8],
}
