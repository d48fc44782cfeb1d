//! The mark that every message text of a run carries, and the scanner that finds marks in the bytes a server
//! sends.
//!
//! Knows nothing about WebSocket or any server's protocol: a mark is plain ASCII that JSON and every other
//! format leave unchanged, so the scanner searches raw bytes and parses nothing around it.

use memchr::memmem::Finder;

/// Length of a mark in bytes: `t7:RRRRRR:SSSSS:NNNNNNNNNN:TTTTTTTTTTTTTTT`.
pub(crate) const LENGTH: usize = 42;

/// Length of the prefix that all marks of a run share: `t7:RRRRRR:`.
const PREFIX: usize = 10;

/// Identifies one load test among all that a server may have seen. Messages of other runs are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run(u32);

impl Run {
    /// Creates the run of this number; only its last six digits count.
    pub(crate) fn new(number: u32) -> Self {
        Self(number % 1_000_000)
    }

    /// Returns the six digits that name the run, also in nicknames and rooms.
    pub(crate) fn digits(self) -> String {
        format!("{:06}", self.0)
    }

    fn prefix(self) -> String {
        format!("t7:{}:", self.digits())
    }
}

/// The content of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The seat that sent the message.
    pub(crate) speaker: u32,
    /// Number of messages the seat had sent before.
    pub(crate) number: u32,
    /// When the message was due, in nanoseconds since the load test began. An open loop may send it later
    /// than that if something blocks it, and this wait counts as latency too.
    pub(crate) intended: u64,
}

impl Mark {
    /// Appends the mark, padded to a text of `size` characters.
    pub(crate) fn write(self, run: Run, size: usize, text: &mut Vec<u8>) {
        let end = text.len() + size;
        text.extend_from_slice(run.prefix().as_bytes());
        digits(u64::from(self.speaker), 5, text);
        text.push(b':');
        digits(u64::from(self.number), 10, text);
        text.push(b':');
        digits(self.intended, 15, text);
        text.resize(end.max(text.len()), b'.');
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < LENGTH || bytes[15] != b':' || bytes[26] != b':' {
            return None;
        }
        Some(Self {
            speaker: u32::try_from(number(&bytes[10..15])?).ok()?,
            number: u32::try_from(number(&bytes[16..26])?).ok()?,
            intended: number(&bytes[27..LENGTH])?,
        })
    }
}

fn digits(mut value: u64, width: usize, text: &mut Vec<u8>) {
    let start = text.len();
    text.resize(start + width, b'0');
    for place in text[start..].iter_mut().rev() {
        *place = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits
        .iter()
        .try_fold(0, |value: u64, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
}

/// The result of a scan, apart from the marks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// Number of heartbeats from the server.
    pub(crate) calls: usize,
    /// Number of bytes at the end that may be the beginning of a mark or heartbeat: scan them again with the
    /// bytes that follow.
    pub(crate) kept: usize,
}

/// Searches bytes for marks and for the server's heartbeat.
pub(crate) struct Scanner {
    marks: Finder<'static>,
    call: Option<Finder<'static>>,
}

impl Scanner {
    pub(crate) fn new(run: Run, call: Option<&[u8]>) -> Self {
        Self {
            marks: Finder::new(run.prefix().as_bytes()).into_owned(),
            call: call.map(|call| Finder::new(call).into_owned()),
        }
    }

    /// Reports all complete marks, in order.
    pub(crate) fn scan(&self, bytes: &[u8], mut heard: impl FnMut(Mark)) -> Scanned {
        let mut scanned = Scanned::default();
        let mut done = 0;
        while let Some(found) = self.marks.find(&bytes[done..]) {
            let start = done + found;
            if bytes.len() - start < LENGTH {
                scanned.kept = bytes.len() - start;
                break;
            }
            match Mark::read(&bytes[start..]) {
                Some(mark) => {
                    heard(mark);
                    done = start + LENGTH;
                }
                // Text that only looks like a mark.
                None => done = start + PREFIX,
            }
        }
        if scanned.kept == 0 {
            scanned.kept = beginning(&bytes[done..], self.marks.needle());
        }
        if let Some(call) = &self.call {
            let mut done = 0;
            while let Some(found) = call.find(&bytes[done..]) {
                scanned.calls += 1;
                done += found + call.needle().len();
            }
            // A heartbeat is never scanned twice: the retained bytes begin after the last one.
            let most = scanned.kept.max(beginning(&bytes[done..], call.needle()));
            scanned.kept = most.min(bytes.len() - done);
        }
        scanned
    }
}

/// Returns how many bytes at the end could be the beginning of the needle.
fn beginning(bytes: &[u8], needle: &[u8]) -> usize {
    let most = bytes.len().min(needle.len() - 1);
    (1..=most).rev().find(|&length| needle.starts_with(&bytes[bytes.len() - length..])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &[u8] = br#"{"ping":{"#;

    fn mark(number: u32) -> Mark {
        Mark { speaker: 12, number, intended: 987_654_321_012 }
    }

    fn text(run: Run, number: u32) -> Vec<u8> {
        let mut text = Vec::new();
        mark(number).write(run, 60, &mut text);
        text
    }

    fn heard(scanner: &Scanner, bytes: &[u8]) -> (Vec<Mark>, Scanned) {
        let mut marks = Vec::new();
        let rest = scanner.scan(bytes, |mark| marks.push(mark));
        (marks, rest)
    }

    #[test]
    fn a_mark_is_found_again_in_a_line() {
        let run = Run::new(4711);
        let mut line = br#"{"message":{"text":""#.to_vec();
        line.extend(text(run, 3));
        line.extend(br#"","at":1}}"#);
        let (marks, scanned) = heard(&Scanner::new(run, Some(CALL)), &line);
        assert_eq!(marks, [mark(3)]);
        assert_eq!(scanned, Scanned::default());
    }

    #[test]
    fn a_text_has_the_size_that_was_asked_for() {
        assert_eq!(text(Run::new(1), 1).len(), 60);
        assert_eq!(&text(Run::new(1), 1)[..LENGTH], b"t7:000001:00012:0000000001:000987654321012");
    }

    #[test]
    fn marks_of_another_run_are_not_heard() {
        let (marks, _) = heard(&Scanner::new(Run::new(1), None), &text(Run::new(2), 3));
        assert_eq!(marks, []);
    }

    #[test]
    fn what_only_looks_like_a_mark_is_passed_over() {
        let run = Run::new(1);
        let mut bytes = b"t7:000001:".to_vec();
        bytes.extend([b'x'; LENGTH]);
        bytes.extend(text(run, 5));
        assert_eq!(heard(&Scanner::new(run, None), &bytes).0, [mark(5)]);
    }

    /// Every mark and every heartbeat is found exactly once, however reads split the stream.
    #[test]
    fn a_mark_or_call_that_is_split_between_reads_is_found_once() {
        let run = Run::new(77);
        let mut stream = Vec::new();
        for number in 0..3 {
            stream.extend(text(run, number));
            stream.extend(br#"","at":1}}"#);
            stream.extend(CALL);
            stream.extend(br#""heads":[]}}t7:0000"#);
        }
        let scanner = Scanner::new(run, Some(CALL));
        for first in 1..stream.len() {
            for second in first..=stream.len() {
                let (mut marks, mut calls, mut kept) = (Vec::new(), 0, Vec::new());
                for piece in [&stream[..first], &stream[first..second], &stream[second..]] {
                    kept.extend_from_slice(piece);
                    let found = scanner.scan(&kept, |mark| marks.push(mark));
                    calls += found.calls;
                    kept.drain(..kept.len() - found.kept);
                }
                assert_eq!((marks, calls), (vec![mark(0), mark(1), mark(2)], 3), "cut at {first}, {second}");
            }
        }
    }
}
