//! Finds `@name` in a message and extracts the question addressed to that name.

use unicode_normalization::UnicodeNormalization as _;
use unicode_script::{Script, UnicodeScript as _};

/// How many `@` of a message are checked: real messages have fewer, and a crafted one must not cost more.
const CALLS: usize = 20;

/// Returns the text that a message addresses to `name`, without the first mention of it; `None` if it does
/// not mention the name. A longer name in `known` that begins with `name` takes precedence.
///
/// `@` may be full-width, case is ignored, and the name must not be the beginning of a longer word. In
/// scripts without spaces, such as Chinese, text may follow the name directly.
pub(super) fn question(text: &str, name: &str, known: &[String]) -> Option<String> {
    let mut before = None;
    let mut looked_at = 0;
    for (start, at) in text.char_indices() {
        let calls = matches!(at, '@' | '＠');
        looked_at += usize::from(calls);
        if looked_at > CALLS {
            return None;
        }
        if calls
            && !before.is_some_and(is_ascii_word)
            && let Some(length) = mentioned(&text[start + at.len_utf8()..], name)
        {
            let rest = &text[start + at.len_utf8()..];
            let another =
                known.iter().filter(|other| *other != name).filter_map(|other| mentioned(rest, other));
            if another.max().is_none_or(|longer| longer <= length) {
                return Some(without(&text[..start], &rest[length..]));
            }
        }
        before = Some(at);
    }
    None
}

/// Returns how many bytes at the start of `rest` match the name, if any.
fn mentioned(rest: &str, name: &str) -> Option<usize> {
    let wanted: Vec<char> = fold(name).collect();
    let mut matched = 0;
    let mut end = 0;
    for (index, c) in rest.char_indices() {
        if matched == wanted.len() {
            break;
        }
        for folded in fold(c.encode_utf8(&mut [0; 4])) {
            if wanted.get(matched) != Some(&folded) {
                return None;
            }
            matched += 1;
        }
        end = index + c.len_utf8();
    }
    let next = rest[end..].chars().next();
    let last = rest[..end].chars().next_back()?;
    let goes_on = next.is_some_and(|next| is_word(next) && !stands_without_spaces(last));
    // Latin letters directly after a Chinese name, or the reverse, begin a new word.
    let goes_on = goes_on && !next.is_some_and(|next| stands_without_spaces(next) && last.is_ascii());
    (matched == wanted.len() && !goes_on).then_some(end)
}

fn fold(text: &str) -> impl Iterator<Item = char> + use<'_> {
    text.nfkc().flat_map(char::to_lowercase)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_ascii_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn stands_without_spaces(c: char) -> bool {
    matches!(
        c.script(),
        Script::Han
            | Script::Hiragana
            | Script::Katakana
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
    )
}

/// Joins the text before and after a mention, without the punctuation that separated them.
fn without(before: &str, after: &str) -> String {
    let links = |c: char| c.is_whitespace() || matches!(c, ',' | '，' | '、' | ':' | '：');
    let (before, after) = (before.trim(), after.trim_start_matches(links).trim_end());
    match (before.is_empty(), after.is_empty()) {
        (true, _) => after.to_owned(),
        (false, true) => before.to_owned(),
        (false, false) => format!("{before} {after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::question;

    fn asked(text: &str, name: &str) -> Option<String> {
        question(text, name, &["小二".to_owned(), "小二黑".to_owned(), "Bo".to_owned(), "Bo Li".to_owned()])
    }

    #[test]
    fn a_mention_makes_a_question_of_the_rest() {
        for (text, rest) in [
            ("@小二 几点了", "几点了"),
            ("@小二几点了", "几点了"),
            ("＠小二，几点了", "几点了"),
            ("几点了 @小二", "几点了"),
            ("你好@小二 几点了", "你好 几点了"),
            ("@小二", ""),
            ("@小二\n一\n二", "一\n二"),
        ] {
            assert_eq!(asked(text, "小二").as_deref(), Some(rest), "{text}");
        }
        for (text, rest) in
            [("@bo: help", "help"), ("hi @BO!", "hi !"), ("@bo你好", "你好"), ("@ｂｏ hi", "hi")]
        {
            assert_eq!(asked(text, "Bo").as_deref(), Some(rest), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_mention_is_none() {
        for text in ["小二 几点了", "@ 小二", "mail@小二", "@bo2", "@boat", "@b", "", "@", "bo@bo.example"]
        {
            assert_eq!(asked(text, "小二"), None, "{text}");
            assert_eq!(asked(text, "Bo"), None, "{text}");
        }
    }

    #[test]
    fn of_two_names_the_longer_one_is_meant() {
        assert_eq!(asked("@小二黑 在吗", "小二"), None);
        assert_eq!(asked("@小二黑 在吗", "小二黑").as_deref(), Some("在吗"));
        assert_eq!(asked("@bo li tea?", "Bo"), None);
        assert_eq!(asked("@bo li tea?", "Bo Li").as_deref(), Some("tea?"));
        assert_eq!(asked("@小二黑 and @小二", "小二").as_deref(), Some("@小二黑 and"));
    }
}
