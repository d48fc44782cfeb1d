//! One line of the log for each event, whatever text of strangers is in it: without line breaks, without characters that
//! steer a terminal or the direction of text, and no longer than is read.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

/// The longest line, in bytes; of a longer one the end is left out.
const LONGEST: usize = 4 * 1_024;

/// Writes lines to what another one makes.
pub(super) struct Lines<M> {
    to: M,
    /// Whether lines are cut. One of JSON would not be JSON any more.
    cuts: bool,
}

/// Writes one line.
pub(super) struct Line<W> {
    to: W,
    cuts: bool,
}

impl<M> Lines<M> {
    /// Lines for people, which are cut.
    pub(super) fn of_text(to: M) -> Lines<M> {
        Lines { to, cuts: true }
    }

    /// Lines of JSON, which are whole.
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
    /// Takes all of an event, which comes at once.
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

/// Returns one line with its end, of at most `longest` bytes and a few.
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
                // As JSON writes it, too; all of them have four digits.
                let _ = write!(line, "\\u{:04x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
    line.push('\n');
    line
}

/// Whether a character steers what shows the text, and shows nothing itself. Escape is not among them: the colours have it,
/// and values are written without.
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
