//! Parses server-sent events (HTML Standard, section 9.2) from bytes, wherever the network split them. Never
//! interprets an event's data.

use std::mem;

/// The most bytes of one event.
pub(crate) const LONGEST: usize = 262_144;

/// An incremental parser of an event stream.
#[derive(Default)]
pub(crate) struct Events {
    /// The current line, still incomplete.
    line: Vec<u8>,
    /// The data of the current event, a line break after each of its lines.
    data: String,
    /// Whether the last byte was a CR, so that an LF after it ends no further line.
    after_cr: bool,
    /// Whether any field or comment of an event stream was parsed.
    seen: bool,
}

/// An event exceeds the size limit; no legitimate event is that long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event has more than {LONGEST} bytes")]
pub(crate) struct TooLong;

impl Events {
    /// Takes more of the stream and returns the data of each event that it completes.
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

    /// Returns the incomplete event at the end of the stream. The standard discards it, but some servers do
    /// not terminate their last event.
    pub(crate) fn end(&mut self) -> Option<String> {
        let last = self.end_line();
        last.or_else(|| self.dispatch())
    }

    /// Returns whether anything was parsed so far.
    pub(crate) fn seen(&self) -> bool {
        self.seen
    }

    fn end_line(&mut self) -> Option<String> {
        let line = mem::take(&mut self.line);
        if line.is_empty() {
            return self.dispatch();
        }
        // Only whole lines are decoded, so a character split across pieces is complete again.
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            // Older versions of llama.cpp use a field `error`; no other server does.
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
