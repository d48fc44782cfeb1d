//! Writes each event as one line, whatever untrusted text it contains: without line breaks, without
//! characters that control a terminal or the text direction, and cut to a readable length.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

/// The longest line, in bytes; longer lines are cut.
const LONGEST: usize = 4 * 1_024;

/// Makes writers that write single lines to another writer's output.
pub(super) struct Lines<M> {
    to: M,
    /// Whether to cut long lines. A cut line of JSON would not be valid JSON.
    cuts: bool,
}

/// Writes one event as a single line.
pub(super) struct Line<W> {
    to: W,
    cuts: bool,
}

impl<M> Lines<M> {
    /// Text lines, which are cut.
    pub(super) fn of_text(to: M) -> Lines<M> {
        Lines { to, cuts: true }
    }

    /// JSON lines, which are never cut.
    pub(super) fn of_json(to: M) -> Lines<M> {
        Lines { to, cuts: false }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Lines<M> {
    type Writer = Line<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { to: self.to.make_writer(), cuts: self.cuts }
    }
}

impl<W: Write> Write for Line<W> {
    /// Takes a whole event, which arrives in one call.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = tame(text.strip_suffix('\n').unwrap_or(&text), self.cuts.then_some(LONGEST));
        self.to.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Returns the text as one line with its line break, cut at about `longest` bytes.
fn tame(text: &str, longest: Option<usize>) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if longest.is_some_and(|longest| line.len() >= longest) {
            line.push('…');
            break;
        }
        match c {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            c if is_unruly(c) => {
                use std::fmt::Write as _;
                // The same escape as in JSON; all these characters have four digits.
                let _ = write!(line, "\\u{:04x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
    line.push('\n');
    line
}

/// Returns whether a character is invisible and controls how text is displayed. Escape is not among them:
/// colours use it, and values are written without it.
fn is_unruly(c: char) -> bool {
    matches!(
        c,
        '\u{80}'..='\u{9F}'
            | '\u{AD}'
            | '\u{61C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}'
            | '\u{FEFF}'
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tracing_subscriber::fmt::MakeWriter as _;

    use super::{LONGEST, Lines, tame};

    #[test]
    fn an_event_is_one_line_and_steers_nothing() {
        assert_eq!(tame("a\nb\r\u{9b}31m\u{202e}evil", None), "a\\nb\\r\\u009b31m\\u202eevil\n");
        assert_eq!(tame("小明 🍵 é", None), "小明 🍵 é\n");
    }

    #[test]
    fn a_long_line_is_cut_between_characters_unless_it_is_json() {
        let text = "茶".repeat(LONGEST);
        let line = tame(&text, Some(LONGEST));
        assert!(line.len() < LONGEST + 10 && line.ends_with("茶…\n"), "{}", line.len());
        assert_eq!(tame(&text, None).len(), text.len() + 1);
    }

    #[test]
    fn what_comes_with_its_end_has_one_end() {
        let lines = Lines::of_text(std::io::sink);
        let event = b"an event\n";
        assert_eq!(lines.make_writer().write(event).unwrap(), event.len());
        assert_eq!(tame("an event", None), "an event\n");
    }
}
