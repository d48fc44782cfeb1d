//! The hosts of links: which names are valid, where a host ends in text without spaces, and how it is written
//! in ASCII.
//!
//! Uses no table: a name with letters that a browser would first map to others (UTS #46) does not count as a
//! host.

use super::part::is_word;

/// A host at the start of a text.
pub(super) struct Host {
    /// The length, in bytes.
    pub(super) len: usize,
    /// The host in ASCII (RFC 3492), if it contains other letters.
    pub(super) ascii: Option<String>,
    /// The number of labels, which dots separate.
    pub(super) labels: usize,
}

/// The maximum lengths of a name and of one label, in ASCII (RFC 1035, 2.3.4).
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Returns the host at the start of `authority`: an IPv4 address or a name. `None` if there is none, or if
/// its end is ambiguous.
pub(super) fn parse(authority: &str) -> Option<Host> {
    let run = authority.find(|c: char| !is_hosts(c)).unwrap_or(authority.len());
    // A letter that no host may contain, or not in this form.
    if authority[run..].starts_with(is_word) {
        return None;
    }
    let mut name = authority[..run].trim_end_matches(['.', '-']);
    let last = name.rfind('.').map_or(0, |dot| dot + 1);
    // No top-level domain mixes Latin with another script, so prose without a space before it begins there.
    if let Some(prose) = first_foreign(&name[last..]) {
        name = &name[..last + prose];
        // A port after the prose would belong to another host.
        if port_follows(&authority[run..]) {
            return None;
        }
    }
    // The ASCII form is no shorter.
    if name.len() > 2 * LONGEST || name.chars().count() > LONGEST {
        return None;
    }
    let (mut labels, mut numbers) = (0, 0);
    for label in name.split('.') {
        if label.is_empty() || label.starts_with('-') {
            return None;
        }
        labels += 1;
        numbers += u8::from(label.len() <= 3 && label.parse::<u8>().is_ok());
    }
    let top = &name[last..];
    let fits = if name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        labels == 4 && numbers == 4
    } else if labels == 1 {
        // A single word is a host of the local network, if its end is unambiguous.
        let ends = authority[name.len()..].chars().next().is_none_or(|c| c.is_ascii());
        name.is_ascii() && (ends || name.eq_ignore_ascii_case("localhost"))
    } else {
        let letters = top.chars().take(2).filter(|c| !matches!(c, '0'..='9' | '-')).count();
        // Latin after another script: one of the two is prose, and which is ambiguous.
        let mixed = top.contains(is_foreign) && top.contains(|c: char| c.is_ascii_alphabetic());
        letters == 2 && !mixed
    };
    if !fits {
        return None;
    }
    // Computed last, only for valid hosts, because it is the most expensive step.
    let mut ascii = String::new();
    for (index, label) in name.split('.').enumerate() {
        if index > 0 {
            ascii.push('.');
        }
        push_ascii(label, &mut ascii)?;
    }
    let is_short = ascii.len() <= LONGEST || name.is_ascii();
    let ascii = (!name.is_ascii()).then_some(ascii);
    is_short.then_some(Host { len: name.len(), ascii, labels })
}

fn port_follows(rest: &str) -> bool {
    rest.strip_prefix(':').is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()))
}

/// Returns where a non-Latin letter follows, in a label that begins in ASCII.
fn first_foreign(label: &str) -> Option<usize> {
    let ascii = label.find(|c: char| !c.is_ascii()).filter(|at| *at > 0)?;
    label[ascii..].starts_with(is_foreign).then_some(ascii)
}

/// Whether a host's letter belongs to a script other than Latin.
fn is_foreign(c: char) -> bool {
    !c.is_ascii() && !matches!(c, '\u{80}'..='\u{2FF}' | '\u{1E00}'..='\u{1EFF}')
}

/// Whether a host may contain `c`: a character that browsers leave unchanged except for its case.
fn is_hosts(c: char) -> bool {
    match c {
        '\0'..='\u{7F}' => c.is_ascii_alphanumeric() || matches!(c, '-' | '.'),
        _ => is_letter(c),
    }
}

/// Whether `c` is a letter or a mark of a living script that browsers leave unchanged except for its case.
fn is_letter(c: char) -> bool {
    matches!(
        c,
        '\u{C0}'..='\u{D6}'
            | '\u{D8}'..='\u{F6}'
            | '\u{F8}'..='\u{12F}'
            | '\u{131}'
            | '\u{134}'..='\u{137}'
            | '\u{139}'..='\u{13E}'
            | '\u{141}'..='\u{148}'
            | '\u{14A}'..='\u{177}'
            | '\u{179}'..='\u{17E}'
            | '\u{1A0}'
            | '\u{1A1}'
            | '\u{1AF}'
            | '\u{1B0}'
            | '\u{218}'..='\u{21B}'
            | '\u{259}'
            | '\u{391}'..='\u{3CE}'
            | '\u{400}'..='\u{481}'
            | '\u{48A}'..='\u{4BF}'
            | '\u{4D0}'..='\u{52F}'
            | '\u{561}'..='\u{586}'
            | '\u{5D0}'..='\u{5EA}'
            | '\u{620}'..='\u{669}'
            | '\u{671}'..='\u{674}'
            | '\u{679}'..='\u{6D3}'
            | '\u{900}'..='\u{957}'
            | '\u{960}'..='\u{963}'
            | '\u{966}'..='\u{96F}'
            | '\u{971}'..='\u{9DB}'
            | '\u{9E0}'..='\u{A32}'
            | '\u{A38}'..='\u{A58}'
            | '\u{A66}'..='\u{B5B}'
            | '\u{B5F}'..='\u{DEF}'
            | '\u{E01}'..='\u{E32}'
            | '\u{E34}'..='\u{E4E}'
            | '\u{10D0}'..='\u{10FA}'
            | '\u{1E00}'..='\u{1E95}'
            | '\u{1EA0}'..='\u{1EFF}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{3096}'
            | '\u{30A1}'..='\u{30FA}'
            | '\u{30FC}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{AC00}'..='\u{D7A3}'
            | '\u{20000}'..='\u{2A6DF}'
    )
}

/// Returns the lower case of a character that [`is_hosts`] accepts. The standard library's table would make
/// up a large part of a small program.
fn lower(c: char) -> char {
    let code = u32::from(c);
    let pair = |odd: u32| code + u32::from(code % 2 == odd);
    let lower = match c {
        'A'..='Z' | '\u{C0}'..='\u{DE}' | '\u{391}'..='\u{3AB}' | '\u{410}'..='\u{42F}' => code + 0x20,
        '\u{400}'..='\u{40F}' => code + 0x50,
        '\u{139}'..='\u{148}' | '\u{179}'..='\u{17E}' | '\u{1AF}' | '\u{1B0}' => pair(1),
        '\u{100}'..='\u{130}' | '\u{132}'..='\u{21B}' | '\u{460}'..='\u{52F}' | '\u{1E00}'..='\u{1EFF}' => {
            pair(0)
        }
        _ => code,
    };
    char::from_u32(lower).unwrap_or(c)
}

/// Appends a label in ASCII, as in the DNS: in lower case, and in Punycode if it contains other letters.
/// Returns `None` if it is too long.
fn push_ascii(label: &str, host: &mut String) -> Option<()> {
    let letters: Vec<u32> = label.chars().map(|c| lower(c).into()).collect();
    if letters.len() > LONGEST_LABEL {
        return None;
    }
    let start = host.len();
    if label.is_ascii() {
        host.extend(label.chars().map(lower));
    } else {
        host.push_str("xn--");
        punycode(&letters, host);
    }
    (host.len() - start <= LONGEST_LABEL).then_some(())
}

/// Encodes the letters of a label in Punycode (RFC 3492, 6.3). A label has few letters, so speed does not
/// matter.
fn punycode(letters: &[u32], encoded: &mut String) {
    const BASE: u32 = 36;
    const FIRST_BIAS: u32 = 72;
    let before = encoded.len();
    encoded.extend(letters.iter().filter_map(|letter| char::from_u32(*letter)).filter(char::is_ascii));
    let basic = encoded.len() - before;
    if basic > 0 {
        encoded.push('-');
    }
    let (mut code, mut delta, mut bias, mut handled) = (0x80, 0_u32, FIRST_BIAS, basic);
    while let Some(next) = letters.iter().copied().filter(|letter| *letter >= code).min() {
        let count = u32::try_from(handled).unwrap_or_default() + 1;
        delta += (next - code) * count;
        code = next;
        for letter in letters {
            if *letter < code {
                delta += 1;
            }
            if *letter != code {
                continue;
            }
            let (mut rest, mut k) = (delta, BASE);
            loop {
                let threshold = k.saturating_sub(bias).clamp(1, 26);
                if rest < threshold {
                    break;
                }
                encoded.push(digit(threshold + (rest - threshold) % (BASE - threshold)));
                rest = (rest - threshold) / (BASE - threshold);
                k += BASE;
            }
            encoded.push(digit(rest));
            bias = adapted(delta, u32::try_from(handled).unwrap_or_default() + 1, handled == basic);
            delta = 0;
            handled += 1;
        }
        delta += 1;
        code += 1;
    }
}

/// Returns the bias for the next letter (RFC 3492, 6.1).
fn adapted(delta: u32, handled: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / handled;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

fn digit(value: u32) -> char {
    // `a` to `z`, then `0` to `9`.
    char::from_digit((value + 10) % 36, 36).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{is_letter, push_ascii};

    #[test]
    fn a_host_in_ascii_is_the_one_that_browsers_go_to() {
        let differs = |c: &char| {
            // Put after other letters, since a mark cannot begin a label; `idna` rejects what a browser
            // would.
            [format!("ab{c}"), format!("ab{c}cd{c}")].iter().any(|label| {
                let mut ascii = String::new();
                push_ascii(label, &mut ascii).expect("it is short");
                idna::domain_to_ascii(label).is_ok_and(|wanted| ascii != wanted)
            })
        };
        let letters = (0x80..=0x10_FFFF).filter_map(char::from_u32).filter(|c| is_letter(*c));
        let different: Vec<String> =
            letters.filter(differs).map(|c| format!("U+{:04X}", u32::from(c))).collect();
        assert!(different.is_empty(), "{different:?}");
    }
}
