//! The text of a message: its canonical form, its one-line form for plain-text clients, and its spans for the
//! view.
//!
//! Defines the maximum length, which line breaks and characters are kept, and what counts as a link. Never
//! escapes or renders: `<` stays `<`. Bidirectional controls are kept, because users who write from right to
//! left need them; the view isolates every text (`dir="auto"`, `<bdi>`), so that they do not affect the rest
//! of the page. Runs in the browser too, so it uses no Unicode table beyond the standard library's.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

mod host;
mod invisible;
mod link;
mod part;

pub(crate) use invisible::is_invisible;
use link::Link;

/// The maximum length of a message in characters (`char`s), unless the operator sets another.
pub const DEFAULT_LIMIT: usize = 4_000;

/// Replaces a line break where a text must stay on one line.
const LINE_BREAK_MARK: char = '⏎';

/// The text of a message, as stored and sent.
///
/// It has at least one visible character, `\n` as its only line break, no control character other than `\t`,
/// no blank line at its start and no white space at its end.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MessageText(Arc<str>);

impl MessageText {
    /// Parses a message text and converts it to its canonical form.
    ///
    /// Every line break of the Unicode Standard, section 5.8 (CR LF, CR, NEL, VT, FF, LS, PS) becomes `\n`.
    /// Other control characters except `\t` are dropped, because they are pasted by accident. Blank lines at
    /// the start and white space at the end are removed; the indentation of the first line stays. Parsing a
    /// parsed text again changes nothing.
    ///
    /// `limit` is the maximum number of `char`s of the result; 0 means no limit.
    ///
    /// # Errors
    /// [`TextError::Empty`] if nothing visible is left, [`TextError::TooLong`] above the limit.
    pub fn parse(text: &str, limit: usize) -> Result<Self, TextError> {
        let kept = keep(text);
        let kept = without_leading_blank_lines(&kept).trim_end();
        if kept.chars().all(|c| c.is_whitespace() || is_invisible(c)) {
            return Err(TextError::Empty);
        }
        // A text has no more characters than bytes, so most texts need no counting.
        if limit > 0 && kept.len() > limit {
            let got = kept.chars().count();
            if got > limit {
                return Err(TextError::TooLong { limit, got });
            }
        }
        Ok(Self(kept.into()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the length, in bytes.
    pub fn bytes(&self) -> u32 {
        u32::try_from(self.as_str().len()).unwrap_or(u32::MAX)
    }

    /// Returns the text on one line; see [`one_line`].
    pub fn one_line(&self) -> Cow<'_, str> {
        one_line(&self.0)
    }
}

impl fmt::Debug for MessageText {
    /// Prints only the length: a message's text never reaches the server's log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageText({} bytes)", self.0.len())
    }
}

impl From<MessageText> for Arc<str> {
    fn from(text: MessageText) -> Self {
        text.0
    }
}

/// The reason why a text cannot be a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TextError {
    /// It has no visible character.
    #[error("A message needs some text.")]
    Empty,
    /// It exceeds the maximum length.
    #[error("A message may have {limit} characters at most; this one has {got}.")]
    TooLong {
        /// The most characters allowed.
        limit: usize,
        /// The actual number of characters.
        got: usize,
    },
}

impl TextError {
    /// Returns the code of the error on the wire, which never changes.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "text_empty",
            Self::TooLong { .. } => "text_too_long",
        }
    }
}

/// A part of a text, as the view draws it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Span<'a> {
    /// Plain text; never empty.
    Text(&'a str),
    /// A link.
    Link {
        /// The text as written, which is shown.
        text: &'a str,
        /// The target: an `http:`, `https:` or `mailto:` URL.
        href: String,
        /// The host as in the DNS, if it is written in letters other than ASCII, which may look like other
        /// hosts.
        ascii_host: Option<String>,
    },
    /// The end of a line.
    Break,
}

impl<'a> Span<'a> {
    /// Returns the part of the text that this span covers. All spans in order make up the text.
    pub fn as_str(&self) -> &'a str {
        match self {
            Self::Text(text) | Self::Link { text, .. } => text,
            Self::Break => "\n",
        }
    }
}

/// Splits `text` into its links, its line ends (`\n`), and the text between them.
///
/// A link is an `http` or `https` URL, a name that starts with `www.`, which leads to `https`, or an e-mail
/// address. It is recognized whole, in letters of any script, or not at all. White space ends it, and so does
/// the punctuation of prose, but not a letter: a user who continues in Chinese after a path inserts a space.
/// Only a host ends at a letter that cannot be part of it, as in `https://example.org好的`. A URL with a user
/// before its host is not a link, because in `https://bank.example@evil.example` the reader sees the wrong
/// host first; nor is one of more than 4,096 bytes.
pub fn spans(text: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            spans.push(Span::Break);
        }
        push_line(line, &mut spans);
    }
    spans
}

/// Returns `text` with each line break replaced by `⏎`.
///
/// The plain-text protocol sends one line per message; a line break inside would let anyone forge the next
/// one. All line breaks of the Unicode Standard, section 5.8, count, CR LF as one.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_line_break) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 8);
    for c in text.replace("\r\n", "\n").chars() {
        line.push(if is_line_break(c) { LINE_BREAK_MARK } else { c });
    }
    Cow::Owned(line)
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Returns `text` with every line break as `\n`, and without control characters other than `\t`.
fn keep(text: &str) -> Cow<'_, str> {
    let changes = |c: char| c != '\n' && c != '\t' && (c.is_control() || is_line_break(c));
    if !text.contains(changes) {
        return Cow::Borrowed(text);
    }
    let mut kept = text.replace("\r\n", "\n").replace(is_line_break, "\n");
    kept.retain(|c| !changes(c));
    Cow::Owned(kept)
}

/// Returns `text` from the start of its first line that is not blank.
fn without_leading_blank_lines(text: &str) -> &str {
    let blank = text.len() - text.trim_start().len();
    let start = text[..blank].rfind('\n').map_or(0, |at| at + 1);
    &text[start..]
}

/// Appends the spans of `line`, which has no `\n`.
fn push_line<'a>(line: &'a str, spans: &mut Vec<Span<'a>>) {
    let mut shown = 0;
    for Link { start, end, href, ascii_host } in link::links(line) {
        push_text(&line[shown..start], spans);
        spans.push(Span::Link { text: &line[start..end], href, ascii_host });
        shown = end;
    }
    push_text(&line[shown..], spans);
}

fn push_text<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    if !text.is_empty() {
        spans.push(Span::Text(text));
    }
}
