//! WebSocket frames (RFC 6455), as far as a load test needs them: where each frame ends, and the content of
//! control frames.
//!
//! Never looks into the payload of a data frame.

use std::ops::Range;

/// The FIN bit, set in the last frame of a message. RFC 6455, 5.2 defines it and the opcodes below.
const LAST: u8 = 0x80;

const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A control frame from the peer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Control {
    Ping(Vec<u8>),
    /// The peer closes, with this code if any.
    Close(Option<u16>),
}

/// Tracks the frames of one connection, whatever pieces they are read in.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// Bytes of a header that is still incomplete.
    header: Vec<u8>,
    /// Bytes of the current frame that are still to come.
    left: usize,
    /// The current frame, if it is a control frame.
    control: Option<(u8, Vec<u8>)>,
    /// Number of frames that have begun.
    pub(crate) count: u64,
}

impl Frames {
    /// Consumes the bytes just read, and reports the control frames that are complete.
    pub(crate) fn walk(&mut self, mut bytes: &[u8], mut said: impl FnMut(Control)) {
        while !bytes.is_empty() {
            if self.left == 0 {
                // A header usually arrives in one piece, and then none of it is copied.
                let kept = self.header.len();
                let header = if kept == 0 {
                    Header::read(bytes)
                } else {
                    self.header.extend_from_slice(&bytes[..bytes.len().min(Header::MOST)]);
                    Header::read(&self.header)
                };
                let Some(header) = header else {
                    if kept == 0 {
                        self.header.extend_from_slice(bytes);
                    }
                    return;
                };
                bytes = &bytes[header.length - kept..];
                self.header.clear();
                self.left = header.payload;
                self.count += 1;
                self.control = header.is_control().then(|| (header.opcode, Vec::new()));
            }
            let piece = self.left.min(bytes.len());
            if let Some((_, payload)) = &mut self.control {
                payload.extend_from_slice(&bytes[..piece]);
            }
            self.left -= piece;
            bytes = &bytes[piece..];
            if self.left == 0
                && let Some((opcode, payload)) = self.control.take()
                && let Some(control) = control(opcode, payload)
            {
                said(control);
            }
        }
    }
}

fn control(opcode: u8, payload: Vec<u8>) -> Option<Control> {
    match opcode {
        PING => Some(Control::Ping(payload)),
        CLOSE => Some(Control::Close(payload.first_chunk().map(|code| u16::from_be_bytes(*code)))),
        _ => None,
    }
}

struct Header {
    opcode: u8,
    length: usize,
    payload: usize,
}

impl Header {
    /// The longest header: a server's frames are not masked.
    const MOST: usize = 10;

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let (length, payload) = match second & 0x7f {
            126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
            127 => (10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).unwrap_or(usize::MAX)),
            short => (2, usize::from(short)),
        };
        Some(Self { opcode: first & 0x0f, length, payload })
    }

    fn is_control(&self) -> bool {
        self.opcode >= CLOSE
    }
}

/// Returns the first frame if it is complete: the range of its payload, and whether it is a data frame rather
/// than a control frame.
pub(crate) fn first(bytes: &[u8]) -> Option<(Range<usize>, bool)> {
    let header = Header::read(bytes)?;
    let end = header.length.checked_add(header.payload)?;
    (end <= bytes.len()).then(|| (header.length..end, !header.is_control()))
}

/// Returns the first frame of a client if it is complete, unmasked in place: the range of its payload, and
/// where the frame ends.
pub(crate) fn masked(bytes: &mut [u8]) -> Option<(Range<usize>, usize)> {
    let header = Header::read(bytes)?;
    let start = header.length + 4;
    let end = start.checked_add(header.payload)?;
    if end > bytes.len() {
        return None;
    }
    let (head, payload) = bytes[..end].split_at_mut(start);
    let key: &[u8; 4] = head[header.length..].first_chunk()?;
    for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
    Some((start..end, end))
}

/// Appends a message in one frame. A client must mask; with a key of zeros that costs nothing.
pub(crate) fn message(binary: bool, masked: bool, payload: &[u8], out: &mut Vec<u8>) {
    frame(LAST | if binary { 2 } else { 1 }, masked, payload, out);
}

/// Appends the answer to a ping.
pub(crate) fn pong(payload: &[u8], out: &mut Vec<u8>) {
    frame(LAST | PONG, true, payload, out);
}

/// Appends a frame with this first byte, which holds the FIN bit and the opcode.
pub(crate) fn frame(first: u8, masked: bool, payload: &[u8], out: &mut Vec<u8>) {
    let mask = if masked { 0x80 } else { 0 };
    out.push(first);
    if let Ok(length @ 0..=125) = u8::try_from(payload.len()) {
        out.push(mask | length);
    } else if let Ok(length) = u16::try_from(payload.len()) {
        out.push(mask | 0x7e);
        out.extend(length.to_be_bytes());
    } else {
        out.push(mask | 0x7f);
        out.extend((payload.len() as u64).to_be_bytes());
    }
    if masked {
        out.extend([0; 4]);
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Vec<u8> {
        let mut stream = Vec::new();
        for length in [0, 1, 125, 126, 300, 70_000] {
            message(false, false, &vec![b'\x89'; length], &mut stream);
            frame(LAST | PING, false, b"still there?", &mut stream);
        }
        frame(LAST | CLOSE, false, &4000_u16.to_be_bytes(), &mut stream);
        stream
    }

    #[test]
    fn control_frames_are_heard_however_the_stream_is_cut() {
        let stream = stream();
        for size in [1, 2, 3, 7, 64, 4096, stream.len()] {
            let mut frames = Frames::default();
            let mut said = Vec::new();
            for piece in stream.chunks(size) {
                frames.walk(piece, |control| said.push(control));
            }
            assert_eq!(frames.count, 13);
            assert_eq!(said.pop(), Some(Control::Close(Some(4000))));
            assert_eq!(said.len(), 6);
            assert!(said.iter().all(|control| *control == Control::Ping(b"still there?".to_vec())));
        }
    }

    #[test]
    fn the_first_frame_is_found_when_it_is_whole() {
        let mut bytes = Vec::new();
        message(false, false, &[b'x'; 200], &mut bytes);
        assert_eq!(first(&bytes[..bytes.len() - 1]), None);
        bytes.push(0);
        assert_eq!(first(&bytes), Some((4..204, true)));
    }

    #[test]
    fn a_client_masks_with_zeros() {
        let mut bytes = Vec::new();
        message(true, true, b"tea", &mut bytes);
        assert_eq!(bytes, [0x82, 0x83, 0, 0, 0, 0, b't', b'e', b'a']);
    }
}
