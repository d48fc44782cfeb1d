//! WebSocket frames of one or more lines, each encoded once for any number of sockets. Never waits and writes
//! nothing.

use axum::body::Bytes;
use chat::protocol::{ServerLine, StreamingAnswer};

use crate::wire_format::Broadcast;

/// The size from which a frame takes no more lines, in bytes.
const SHARED: usize = 64 * 1_024;

/// The longest header of a server frame (RFC 6455, section 5.2), which is not masked.
const LONGEST_HEAD: usize = 10;

/// The first byte of an unfragmented text message, and of a ping.
const TEXT: u8 = 0x81;
const PING: u8 = 0x89;

/// An encoded frame of one or more lines.
#[derive(Debug)]
pub struct Frame {
    lines: Vec<Broadcast>,
    bytes: Bytes,
}

impl Frame {
    /// Encodes one line.
    pub fn of(line: ServerLine) -> Frame {
        Frame::of_broadcast(Broadcast::new(line))
    }

    /// Encodes one broadcast line.
    pub fn of_broadcast(line: Broadcast) -> Frame {
        let mut gathering = Gathering::default();
        gathering.add(line);
        gathering.finish().expect("a line was added")
    }

    /// Returns its lines, in order.
    pub fn lines(&self) -> &[Broadcast] {
        &self.lines
    }

    /// Returns the encoded frame for clients of the protocol: the header, and JSON objects, one per line.
    #[inline]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns whether it holds nothing but an earlier state of the same streaming answer.
    pub fn is_replaced_by(&self, later: &StreamingAnswer) -> bool {
        self.growing().is_some_and(|before| {
            before.id == later.id && before.user.id == later.user.id && before.room == later.room
        })
    }

    /// Returns the streaming answer that it holds, if it holds nothing else.
    pub fn growing(&self) -> Option<&StreamingAnswer> {
        let [line] = self.lines.as_slice() else { return None };
        match line.line() {
            ServerLine::StreamingAnswer(growing) => Some(growing),
            _ => None,
        }
    }
}

/// Collects lines into one frame.
#[derive(Debug, Default)]
pub struct Gathering {
    lines: Vec<Broadcast>,
    /// Space for the longest header, followed by the encoded lines.
    bytes: Vec<u8>,
}

impl Gathering {
    /// Appends a line.
    pub fn add(&mut self, line: Broadcast) {
        if self.lines.is_empty() {
            self.bytes.resize(LONGEST_HEAD, 0);
        } else {
            self.bytes.push(b'\n');
        }
        line.line().print_to(&mut self.bytes);
        self.lines.push(line);
    }

    /// Returns whether the frame takes no more lines.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= SHARED
    }

    /// Returns the frame, if any line was added, and leaves the collector empty.
    pub fn finish(&mut self) -> Option<Frame> {
        if self.lines.is_empty() {
            return None;
        }
        let lines = std::mem::take(&mut self.lines);
        let mut bytes = std::mem::take(&mut self.bytes);
        let (head, length) = head(TEXT, bytes.len() - LONGEST_HEAD);
        let start = LONGEST_HEAD - length;
        bytes[start..LONGEST_HEAD].copy_from_slice(&head[..length]);
        Some(Frame { lines, bytes: Bytes::from(bytes).slice(start..) })
    }
}

/// Encodes each text as a frame of its own, one after the other.
pub fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Bytes {
    let mut bytes = Vec::new();
    for text in texts {
        let (head, length) = head(TEXT, text.len());
        bytes.extend_from_slice(&head[..length]);
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.into()
}

/// Returns a ping without a payload.
pub const fn ping() -> Bytes {
    Bytes::from_static(&[PING, 0])
}

/// Returns a frame's header and its length.
fn head(first: u8, payload: usize) -> ([u8; LONGEST_HEAD], usize) {
    let mut head = [0; LONGEST_HEAD];
    head[0] = first;
    let length = if let Ok(short) = u8::try_from(payload)
        && short <= 125
    {
        head[1] = short;
        2
    } else if let Ok(middle) = u16::try_from(payload) {
        head[1] = 126;
        head[2..4].copy_from_slice(&middle.to_be_bytes());
        4
    } else {
        head[1] = 127;
        head[2..].copy_from_slice(&(payload as u64).to_be_bytes());
        LONGEST_HEAD
    };
    (head, length)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, Write};

    use chat::protocol::{RefusalCode, Refused, ServerLine};
    use tungstenite::protocol::{Message, Role, WebSocketContext};

    use super::{Broadcast, Gathering, texts};

    struct Incoming<'a>(Cursor<&'a [u8]>);

    impl Read for Incoming<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(into)
        }
    }

    impl Write for Incoming<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            panic!("a reader answers nothing: {bytes:?}")
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Returns the texts that a client reads from these bytes.
    fn read(bytes: &[u8]) -> Vec<String> {
        let mut client = WebSocketContext::new(Role::Client, None);
        let mut heard = Incoming(Cursor::new(bytes));
        let mut texts = Vec::new();
        while let Ok(Message::Text(text)) = client.read(&mut heard) {
            texts.push(text.to_string());
        }
        assert_eq!(heard.0.position(), bytes.len() as u64, "all of it is read");
        texts
    }

    #[test]
    fn lines_of_any_length_arrive_as_they_are() {
        for length in [0, 1, 90, 91, 92, 93, 94, 95, 125, 126, 1_000, 65_480, 65_500, 65_535, 65_536, 70_000]
        {
            let text = "t".repeat(length);
            assert_eq!(read(&texts([text.as_str()].into_iter())), [text.as_str()]);
            let line = ServerLine::Refused(Refused {
                id: None,
                room: None,
                code: RefusalCode::Malformed,
                reason: text.clone(),
                retry_ms: None,
            });
            let mut gathering = Gathering::default();
            gathering.add(Broadcast::new(line.clone()));
            gathering.add(Broadcast::new(ServerLine::Drain { retry_ms: 1 }));
            let frame = gathering.finish().unwrap();
            let expected = format!("{}\n{}", line.print(), r#"{"drain":{"retry_ms":1}}"#);
            assert_eq!(read(frame.bytes()), [expected]);
            assert!(gathering.finish().is_none());
        }
    }

    #[test]
    fn texts_are_frames_of_their_own() {
        assert_eq!(read(&texts("one\ntwo\n".lines())), ["one", "two"]);
    }
}
