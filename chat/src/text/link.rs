//! Links in a line of text: web addresses, names that start with `www.`, and e-mail addresses.
//!
//! Decides where a link begins and ends. A link is recognized whole, as an IRI (RFC 3987), or not at all: cut
//! off at some letter, it would look right and lead elsewhere. Letters of any script belong to it; white
//! space and the punctuation of prose end it. Examines each character a bounded number of times. Never
//! decides how a link is drawn.

use super::{
    host::{self, Host},
    invisible::is_invisible,
    part::{Part, is_word},
};

/// The maximum length of a link, in bytes. A longer one stays text.
const LONGEST: usize = 4_096;

/// The most bytes examined for a host; no host is longer.
const LONGEST_AUTHORITY: usize = 512;

/// The maximum length of the part before the `@` of an e-mail address, in bytes (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL_PART: usize = 64;

/// The budget of bytes examined for hosts: a factor of the line's length, and a constant. A link uses up its
/// own length; only a line crafted to be expensive exceeds the budget, and its rest stays text.
const LOOKED_AT: (usize, usize) = (2, 1_024);

/// A link in a line.
pub(super) struct Link {
    /// The start, in bytes.
    pub(super) start: usize,
    /// The end, in bytes.
    pub(super) end: usize,
    /// The target: an `http:`, `https:` or `mailto:` URL.
    pub(super) href: String,
    /// The host in ASCII (RFC 3492), if it is written in other letters.
    pub(super) ascii_host: Option<String>,
}

/// Returns the links of `line`, in order.
pub(super) fn links(line: &str) -> Vec<Link> {
    let mut links = Vec::new();
    let mut left = line.len().saturating_mul(LOOKED_AT.0).saturating_add(LOOKED_AT.1);
    // No web address begins before this.
    let mut searched = 0;
    // The start of the run of characters that may precede the `@` of an e-mail address, and the character
    // before it.
    let mut local = (0, None);
    let mut before = None;
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        let found = match c {
            'h' | 'H' | 'w' | 'W' if at >= searched && before.is_none_or(may_precede) => {
                let (found, barren) = web(&line[at..], before, &mut left);
                searched = at + barren;
                found.map(|(len, ascii_host)| (at, len, ascii_host))
            }
            '@' => email(&line[local.0..], at - local.0, local.1, &mut left)
                .map(|(start, len, ascii_host)| (local.0 + start, len, ascii_host)),
            _ => None,
        };
        if let Some((start, len, ascii_host)) = found {
            let text = &line[start..start + len];
            let href = match c {
                '@' => format!("mailto:{text}"),
                'w' | 'W' => format!("https://{text}"),
                _ => text.to_owned(),
            };
            links.push(Link { start, end: start + len, href, ascii_host });
            at = start + len;
            before = text.chars().next_back();
            local = (at, before);
            continue;
        }
        at += c.len_utf8();
        before = Some(c);
        if !is_local(c) {
            local = (at, before);
        }
    }
    links
}

/// Whether a web address may directly follow `c`. It cannot begin in the middle of a word.
fn may_precede(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '@' | '_' | '+' | '-'))
}

/// Returns the length of the web address at the start of `text` and its host in ASCII, if there is one; and
/// the length of the part of `text` that contains no other.
fn web(text: &str, before: Option<char>, left: &mut usize) -> (Option<(usize, Option<String>)>, usize) {
    let starts =
        |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let Some(scheme) = ["http://", "https://", "www."].into_iter().find(|prefix| starts(prefix)) else {
        return (None, 0);
    };
    let named = scheme == "www.";
    if named && before.is_some_and(|before| "./:%\\=&?#~".contains(before)) {
        return (None, 0);
    }
    // The `www.` is a part of the host.
    let (start, least) = if named { (0, 3) } else { (scheme.len(), 1) };
    let Some((after, ascii)) = site(text, start, least, left) else {
        return (None, 0);
    };
    let end = after + tail(&text[after..], before.filter(|before| *before == '\''));
    if end <= LONGEST { (Some((end, ascii)), 0) } else { (None, end) }
}

/// Returns the end of the host and port that begin at `start`, and the host in ASCII, if it has at least
/// `least` labels.
fn site(text: &str, start: usize, least: usize, left: &mut usize) -> Option<(usize, Option<String>)> {
    let rest = &text[start..];
    let authority = authority(rest, left)?;
    // The reader would see the wrong host first.
    if rest[..authority].contains('@') {
        return None;
    }
    let Host { len, ascii, labels } = host::parse(&rest[..authority])?;
    // Prose without a space, and then a path: which of the two the path belongs to is ambiguous.
    let prose = rest[len..authority].starts_with(is_word) && !rest[len..authority].contains(':');
    if labels < least || (prose && rest[authority..].starts_with('/')) {
        return None;
    }
    Some((after_host(text, start + len)?, ascii))
}

/// Returns the length of the user, host and port at the start of `text`, or `None` if the budget is
/// exhausted.
fn authority(text: &str, left: &mut usize) -> Option<usize> {
    if *left == 0 {
        return None;
    }
    let ends =
        |(at, c): &(usize, char)| *at > LONGEST_AUTHORITY || "/?#".contains(*c) || Part::of(*c) == Part::Ends;
    let length = text.char_indices().find(ends).map_or(text.len(), |(at, _)| at);
    *left = left.saturating_sub(length.max(1));
    Some(length)
}

/// Returns where a path may begin after a host that ends at `end` and its port, or `None` if the text
/// continues in a way that no host does.
fn after_host(text: &str, end: usize) -> Option<usize> {
    let rest = &text[end..];
    if let Some(port) = rest.strip_prefix(':') {
        let digits = port.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            port[..digits].parse::<u16>().ok()?;
            let goes_on =
                port[digits..].starts_with(|c: char| c.is_ascii_alphanumeric() || "@_%\\".contains(c));
            return (!goes_on).then_some(end + 1 + digits);
        }
        return (!port.starts_with(['/', '?', '#'])).then_some(end);
    }
    ends_well(rest).then_some(end)
}

/// Whether a host may end before `rest`.
fn ends_well(rest: &str) -> bool {
    let mut rest = rest.chars();
    match rest.next() {
        Some('_' | '~' | '%' | '\\' | '@') => false,
        Some('.') => rest.next() != Some('/'),
        // Browsers ignore the former and treat the latter as dots (UTS #46), so the following text might
        // belong to the host.
        Some(c) if is_invisible(c) || matches!(c, '\u{3002}' | '\u{FF0E}' | '\u{FF61}') => {
            !rest.next().is_some_and(|c| c.is_ascii_alphanumeric())
        }
        Some(_) | None => true,
    }
}

/// Returns the length of the path, the query and the fragment at the start of `text`.
fn tail(text: &str, quote: Option<char>) -> usize {
    if !text.starts_with(['/', '?', '#']) {
        return 0;
    }
    let mut end = 0;
    // The number of open brackets of each kind. A closing bracket without an opening one belongs to the
    // surrounding text.
    let mut open = [0_usize; 3];
    let mut quotes = 0;
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if Some(c) == quote {
            break;
        }
        let bracket = "([{".find(c).or_else(|| ")]}".find(c));
        let part = match (bracket, Part::of(c)) {
            (Some(kind), _) if "([{".contains(c) => {
                open[kind] += 1;
                Part::Middle
            }
            (Some(kind), _) => {
                let Some(fewer) = open[kind].checked_sub(1) else { break };
                open[kind] = fewer;
                Part::Inside
            }
            (None, Part::Inside) if c == '\'' => {
                quotes += 1;
                if quotes % 2 == 0 { Part::Inside } else { Part::Middle }
            }
            (None, Part::Apostrophe) => {
                let between = is_word(before) && chars.peek().is_some_and(|(_, c)| is_spaced_letter(*c));
                if between { Part::Middle } else { Part::Ends }
            }
            (None, Part::Symbol) => match Part::of(before) {
                _ if matches!(before, '/' | '=' | '-' | '_' | '#') => Part::Inside,
                Part::Symbol | Part::Joiner => Part::Inside,
                _ => Part::Ends,
            },
            (None, Part::Joiner) => {
                if before.is_ascii() {
                    Part::Ends
                } else {
                    Part::Inside
                }
            }
            (None, part) => part,
        };
        match part {
            Part::Ends => break,
            Part::Inside => end = at + c.len_utf8(),
            _ => {}
        }
        before = c;
    }
    end
}

/// Whether `c` is a letter of a script that separates words by spaces, approximately.
fn is_spaced_letter(c: char) -> bool {
    is_word(c) && c < '\u{E00}'
}

/// Whether an e-mail address may contain `c` before its `@`. The standard allows more, which is not used in
/// practice.
fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-' | '\'')
}

/// Returns the start of the e-mail address in `text` whose `@` is at `at`, its length, and its host in ASCII.
/// All of `text` before the `@` may belong to it; `before` is the character preceding `text`.
fn email(
    text: &str,
    at: usize,
    before: Option<char>,
    left: &mut usize,
) -> Option<(usize, usize, Option<String>)> {
    let local = text[..at].trim_start_matches(['.', '-', '\'']);
    let start = at - local.len();
    let fits = !local.is_empty()
        && local.len() <= LONGEST_LOCAL_PART
        && !local.ends_with('.')
        && !local.contains("..");
    // Otherwise it would be the last part of a longer name, or of a path.
    let whole = start > 0
        || before.is_none_or(|c| !"!#$%&*/=?^`{|}~@\\".contains(c) && (c.is_ascii() || !is_spaced_letter(c)));
    if !fits || !whole {
        return None;
    }
    let after = at + 1;
    let authority = authority(&text[after..], left)?;
    let Host { len, ascii, labels } = host::parse(&text[after..after + authority])?;
    let end = after + len;
    // `git@host:path` and `user@host/path` are not mailboxes.
    let rest = &text[end..];
    let goes_on = rest.starts_with('/')
        || rest.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_graphic()));
    let digits = text[after..end].bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (labels > 1 && !digits && !goes_on && ends_well(rest)).then_some((start, end - start, ascii))
}
