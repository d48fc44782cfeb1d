//! Server-sent events out of bytes (HTML Standard, section 9.2), cut wherever the network cut them. Never asks what an
//! event says.

use std::mem;

/// The most bytes of one event.
pub(crate) const LONGEST: usize = 262_144;

/// Reads a stream of events.
#[derive(Default)]
pub(crate) struct Events {
    /// The line that has begun.
    line: Vec<u8>,
    /// The data of the event that has begun, each line of it ended.
    data: String,
    /// The last byte was a CR, so that an LF after it ends no other line.
    after_cr: bool,
    /// Something was read that only such a stream holds.
    seen: bool,
}

/// An event is longer than anybody who means well would make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event has more than {LONGEST} bytes")]
pub(crate) struct TooLong;

impl Events {
    /// Takes more of the stream, and gives the data of each event that is now whole.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut whole = Vec::new();
        for &byte in bytes {
            let after_cr = mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => whole.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            if self.line.len() + self.data.len() > LONGEST {
                return Err(TooLong);
            }
        }
        Ok(whole)
    }

    /// What there is of an event when the stream ends. Such an event is no event by the book; there are servers that do not
    /// end their last one.
    pub(crate) fn end(&mut self) -> Option<String> {
        let last = self.end_line();
        last.or_else(|| self.dispatch())
    }

    /// Whether anything was understood so far.
    pub(crate) fn seen(&self) -> bool {
        self.seen
    }

    fn end_line(&mut self) -> Option<String> {
        let line = mem::take(&mut self.line);
        if line.is_empty() {
            return self.dispatch();
        }
        // Only whole lines become text, so that a character that was cut is whole again.
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            // Older servers of llama.cpp name a field `error`, as no other does.
            "data" | "error" => {
                self.seen = true;
                self.data.push_str(value);
                self.data.push('\n');
            }
            "" | "event" | "id" | "retry" => self.seen = true,
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<String> {
        let mut data = mem::take(&mut self.data);
        data.pop();
        (!data.is_empty()).then_some(data)
    }
}

#[cfg(test)]
mod tests {
    use super::{Events, LONGEST};

    fn all(pieces: &[&[u8]]) -> Vec<String> {
        let mut events = Events::default();
        let mut all: Vec<String> = pieces.iter().flat_map(|piece| events.take(piece).unwrap()).collect();
        all.extend(events.end());
        all
    }

    #[test]
    fn events_are_the_same_wherever_they_are_cut() {
        let stream = "\u{feff}data: 龙井\n\n: a comment\n\ndata:茶\r\ndata: 🍵\r\n\r\nevent: x\rid: 1\rdata: [DONE]\r\r";
        let bytes = stream.as_bytes();
        for cut in 0..bytes.len() {
            let (left, right) = bytes.split_at(cut);
            assert_eq!(all(&[left, right]), ["龙井", "茶\n🍵", "[DONE]"], "cut at {cut}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(all(&single), ["龙井", "茶\n🍵", "[DONE]"]);
    }

    #[test]
    fn comments_and_fields_without_data_are_no_events() {
        assert_eq!(all(&[b": ping\n\n:\n\nevent: x\n\ndata\n\nretry: 3\n\n"]), [""; 0]);
    }

    #[test]
    fn an_event_that_was_not_ended_is_one_at_the_end() {
        assert_eq!(all(&[b"data: a\n\ndata: b\n"]), ["a", "b"]);
        assert_eq!(all(&[b"data: a\n\ndata: b"]), ["a", "b"]);
    }

    #[test]
    fn the_way_in_which_llama_cpp_used_to_tell_of_errors_is_understood() {
        assert_eq!(all(&[b"error: {\"code\":500}\n\n"]), ["{\"code\":500}"]);
    }

    #[test]
    fn an_event_has_a_longest() {
        let mut events = Events::default();
        assert!(events.take(&vec![b'x'; LONGEST]).is_ok());
        assert!(events.take(b"x").is_err());
        let mut events = Events::default();
        let line = [b"data: ".as_slice(), &[b'x'; 1_000], b"\n"].concat();
        assert!((0..=LONGEST / 1_000).any(|_| events.take(&line).is_err()));
    }

    #[test]
    fn a_page_is_no_stream_of_events() {
        let mut events = Events::default();
        events.take(b"<!doctype html>\n<p>Welcome to nginx!\n\n").unwrap();
        assert!(!events.seen());
    }
}
