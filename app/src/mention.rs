//! Mentions: `@`, or the full-width `＠`, followed by a name. Detects mentions of a name in a text, and the
//! mention that the user is typing.

/// Whether a text mentions a name: the name must not continue with a word character. Ignores ASCII case.
pub(crate) fn is_mentioned(name: &str, text: &str) -> bool {
    text.char_indices().any(|(at, c)| {
        is_at(c)
            && strip_name(name, &text[at + c.len_utf8()..])
                .is_some_and(|rest| !rest.chars().next().is_some_and(goes_in_a_word))
    })
}

/// Returns the typed part of a mention, given the text before the caret: everything after the last `@` of the
/// line, unless that `@` is inside a word, as in an e-mail address.
pub(crate) fn begun(before: &str) -> Option<&str> {
    let (mut typed, mut last) = (None, ' ');
    for (at, c) in before.char_indices() {
        if is_at(c) {
            typed = (!last.is_ascii_alphanumeric()).then(|| &before[at + c.len_utf8()..]);
        } else if c == '\n' {
            typed = None;
        }
        last = c;
    }
    typed
}

/// Whether a name starts with the typed part.
pub(crate) fn goes_on(name: &str, typed: &str) -> bool {
    strip_name(typed, name).is_some()
}

/// Returns the rest of a text after a name at its beginning.
fn strip_name<'a>(name: &str, text: &'a str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name).then_some(rest)
}

fn is_at(c: char) -> bool {
    matches!(c, '@' | '＠')
}

/// Whether a character belongs to a word, approximated by Unicode block: an exact table of letters would add
/// a kilobyte to the WebAssembly binary.
fn goes_in_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '_'
            | '\u{c0}'..='\u{1fff}'
            | '\u{2c00}'..='\u{2dff}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3040}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '０'..='９'
            | 'Ａ'..='Ｚ'
            | 'ａ'..='ｚ'
            | '\u{ff66}'..='\u{ffdc}'
            | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::{begun, goes_on, is_mentioned};

    #[test]
    fn a_name_is_mentioned_where_it_ends() {
        for text in [
            "@小二",
            "＠小二 帮助",
            "你好@小二，帮助",
            "no @小二黑, but @小二",
            "@小二🍵",
            "@小二」",
            "@小二…",
        ] {
            assert!(is_mentioned("小二", text), "{text}");
        }
        for text in
            ["小二", "@小", "@小二黑", "@小二_", "@小二ー", "@小二é", "@小二가", "@ 小二", "@二小", ""]
        {
            assert!(!is_mentioned("小二", text), "{text}");
        }
        assert!(is_mentioned("Ann Lee", "thanks, @ann lee!"));
        assert!(!is_mentioned("Ann", "thanks, @Anna"));
    }

    #[test]
    fn a_mention_begins_with_the_last_sign_of_its_line() {
        assert_eq!(begun("hello @A"), Some("A"));
        assert_eq!(begun("你好＠小"), Some("小"));
        assert_eq!(begun("@"), Some(""));
        assert_eq!(begun("@Ann @B"), Some("B"));
        assert_eq!(begun("@Ann Le"), Some("Ann Le"));
        for nothing in ["", "hello", "ann@example", "@A\nand"] {
            assert_eq!(begun(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_name_goes_on_from_what_is_written_of_it() {
        for typed in ["", "a", "AN", "Ann Lee"] {
            assert!(goes_on("Ann Lee", typed), "{typed}");
        }
        for typed in ["nn", "Ann  ", "Ann Lee "] {
            assert!(!goes_on("Ann Lee", typed), "{typed}");
        }
        assert!(goes_on("小二", "小") && !goes_on("小二", "小\u{4e00}"));
    }
}
