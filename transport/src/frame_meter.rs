//! Meters the frames that come in on a WebSocket (RFC 6455, section 5.2), fragments and control frames
//! included, and how long a message has been incomplete. Parses frame headers only and skips payloads; the
//! protocol engine checks their validity.

use tokio::time::Instant;

/// The number of bytes that weigh as much as one frame.
const BYTES_PER_FRAME: u64 = 4_096;

/// The length of a client's masking key, in bytes.
const MASK: u64 = 4;

/// The meter of one connection.
#[derive(Debug, Default)]
pub struct FrameMeter {
    state: State,
    /// The weight not yet taken, in frames.
    weight: u32,
    /// Bytes that do not add up to the weight of a frame yet.
    odd_bytes: u16,
    /// When the current message or frame began; `None` between messages.
    unfinished_since: Option<Instant>,
    /// Whether a fragmented message has begun and its last fragment has not come.
    in_message: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// At the first byte of a frame.
    #[default]
    Head,
    /// At the second byte: the mask bit and the length.
    Length { first: u8 },
    /// Within an extended length, with `left` bytes to come.
    LongLength { first: u8, left: u8, length: u64, is_masked: bool },
    /// Within masking key and payload, with `left` bytes to come.
    Contents { first: u8, left: u64 },
}

impl FrameMeter {
    /// Counts bytes that arrived at `now`.
    pub fn count(&mut self, mut bytes: &[u8], now: Instant) {
        let weighed = u64::from(self.odd_bytes) + bytes.len() as u64;
        self.add(weighed / BYTES_PER_FRAME);
        self.odd_bytes = u16::try_from(weighed % BYTES_PER_FRAME).unwrap_or_default();
        while let Some((&byte, rest)) = bytes.split_first() {
            self.state = match self.state {
                State::Head => {
                    self.add(1);
                    // A frame that has begun is unfinished, even a control frame between messages.
                    self.unfinished_since.get_or_insert(now);
                    State::Length { first: byte }
                }
                State::Length { first } => {
                    let is_masked = byte & 0x80 != 0;
                    match byte & 0x7F {
                        126 => State::LongLength { first, left: 2, length: 0, is_masked },
                        127 => State::LongLength { first, left: 8, length: 0, is_masked },
                        length => self.contents(first, length.into(), is_masked),
                    }
                }
                State::LongLength { first, left, length, is_masked } => {
                    let length = length << 8 | u64::from(byte);
                    match left {
                        1 => self.contents(first, length, is_masked),
                        _ => State::LongLength { first, left: left - 1, length, is_masked },
                    }
                }
                State::Contents { first, left } => {
                    // Skips all of it at once, including this byte.
                    let here = left.min(bytes.len() as u64);
                    let (_, behind) = bytes.split_at(usize::try_from(here).unwrap_or(bytes.len()));
                    self.state = self.rest(first, left - here);
                    bytes = behind;
                    continue;
                }
            };
            bytes = rest;
        }
    }

    /// Returns whether there is weight that has not been taken.
    pub fn has_weight(&self) -> bool {
        self.weight > 0
    }

    /// Takes the weight that has accrued since the last call, in frames.
    pub fn take(&mut self) -> u32 {
        std::mem::take(&mut self.weight)
    }

    /// Returns when the message that is still incomplete began.
    pub fn unfinished_since(&self) -> Option<Instant> {
        self.unfinished_since
    }

    fn add(&mut self, frames: u64) {
        self.weight = self.weight.saturating_add(u32::try_from(frames).unwrap_or(u32::MAX));
    }

    fn contents(&mut self, first: u8, length: u64, is_masked: bool) -> State {
        let mask = if is_masked { MASK } else { 0 };
        self.rest(first, length.saturating_add(mask))
    }

    fn rest(&mut self, first: u8, left: u64) -> State {
        if left > 0 {
            return State::Contents { first, left };
        }
        let (is_final, is_control) = (first & 0x80 != 0, first & 0x08 != 0);
        // A control frame within a fragmented message does not finish that message; one between messages
        // leaves nothing unfinished.
        if is_final && !is_control {
            self.unfinished_since = None;
            self.in_message = false;
        } else if is_control && !self.in_message {
            self.unfinished_since = None;
        } else if !is_control {
            self.in_message = true;
        }
        State::Head
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;
    use tungstenite::protocol::frame::{
        Frame, FrameHeader,
        coding::{Control, Data, OpCode},
    };

    use super::FrameMeter;

    fn frame(opcode: OpCode, is_final: bool, length: usize) -> Vec<u8> {
        let header = FrameHeader { is_final, opcode, mask: Some([1, 2, 3, 4]), ..FrameHeader::default() };
        let mut bytes = Vec::new();
        Frame::from_payload(header, vec![b'x'; length].into()).format(&mut bytes).unwrap();
        bytes
    }

    const TEXT: OpCode = OpCode::Data(Data::Text);
    const REST: OpCode = OpCode::Data(Data::Continue);
    const PING: OpCode = OpCode::Control(Control::Ping);

    #[test]
    fn every_frame_counts_and_so_do_its_bytes_however_they_come() {
        let frames =
            [frame(TEXT, true, 0), frame(PING, true, 100), frame(TEXT, true, 200), frame(TEXT, true, 70_000)];
        let bytes = frames.concat();
        for size in [1, 2, 3, 7, 100, 4_096, bytes.len()] {
            let mut meter = FrameMeter::default();
            for part in bytes.chunks(size) {
                meter.count(part, Instant::now());
            }
            assert_eq!(meter.take(), 4 + u32::try_from(bytes.len() / 4_096).unwrap(), "{size} at once");
            assert_eq!(meter.take(), 0);
            assert_eq!(meter.unfinished_since(), None, "{size} at once");
        }
    }

    #[test]
    fn a_message_is_unfinished_from_its_first_byte_to_its_last() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut meter = FrameMeter::default();
        meter.count(&frame(TEXT, false, 3), now);
        assert_eq!(meter.unfinished_since(), Some(now));
        meter.count(&frame(PING, true, 0), later);
        meter.count(&frame(REST, false, 0), later);
        assert_eq!(meter.unfinished_since(), Some(now), "neither a ping nor a piece makes it younger");
        meter.count(&frame(REST, true, 0), later);
        assert_eq!(meter.unfinished_since(), None);
        let whole = frame(TEXT, true, 300);
        meter.count(&whole[..5], later);
        assert_eq!(meter.unfinished_since(), Some(later));
        meter.count(&whole[5..], later);
        assert_eq!(meter.unfinished_since(), None);
        meter.count(&frame(PING, true, 0), later);
        assert_eq!(meter.unfinished_since(), None);
    }
}
