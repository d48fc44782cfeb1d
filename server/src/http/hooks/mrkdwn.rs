//! Converts Slack's markup (<https://docs.slack.dev/messaging/formatting-message-text>) to plain text: links,
//! mentions, escapes and emoji. Leaves asterisks and other formatting characters as they are.
//!
//! Many programs do not escape their text, so a `<` that begins no Slack markup stays a `<`.

/// The longest `<…>` that is recognised, in bytes.
const LONGEST: usize = 4_096;

/// The longest name of an emoji, in bytes.
const LONGEST_EMOJI: usize = 64;

/// Converts a text in Slack's markup to plain text.
pub(super) fn plain(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        words.push_str(&with_emoji(&unescaped(before)));
        if let Some((meant, length)) = marked(from) {
            words.push_str(&meant);
            rest = &from[length..];
        } else {
            words.push('<');
            rest = &from[1..];
        }
    }
    words.push_str(&with_emoji(&unescaped(rest)));
    words
}

/// Decodes Slack's three escapes.
pub(super) fn unescaped(text: &str) -> String {
    // The ampersand comes last, so that a doubly escaped text loses only one level.
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Returns the emoji with this short name, which is given without colons.
pub(super) fn emoji(name: &str) -> Option<&'static str> {
    emojis::get_by_shortcode(name).map(emojis::Emoji::as_str)
}

/// Converts the `<…>` at the start of a text, and returns its length too; `None` if it is not Slack's markup.
fn marked(text: &str) -> Option<(String, usize)> {
    let length = looked_at(text);
    let inside = text.get(1..length)?.strip_suffix('>')?;
    let (what, label) = inside.split_once('|').map_or((inside, ""), |(what, label)| (what, label));
    let label = unescaped(label);
    let meant = match what.chars().next()? {
        '!' => special(&what[1..], &label)?,
        sign @ ('@' | '#') if is_name(&what[1..]) => {
            let name = if label.is_empty() { &what[1..] } else { label.trim_start_matches(sign) };
            format!("{sign}{name}")
        }
        _ => link(&unescaped(what), &label)?,
    };
    Some((meant, length))
}

/// Returns how many bytes are scanned for the closing `>` of a text that begins with `<`: up to that `>`, the
/// next `<`, or the end of the line. Apart from a `<`, no byte is scanned for two openings, so the scanning
/// of unclosed openings stays linear in the length of the text.
fn looked_at(text: &str) -> usize {
    let within = &text.as_bytes()[..text.len().min(LONGEST)];
    let end = within.iter().skip(1).position(|byte| b"<>\n\r".contains(byte));
    end.map_or(within.len(), |end| end + 2)
}

/// Converts the content of `<!…>`.
fn special(what: &str, label: &str) -> Option<String> {
    let name = what.split('^').next().unwrap_or_default();
    match name {
        "channel" | "here" | "everyone" => Some(format!("@{name}")),
        "group" => Some("@channel".to_owned()),
        "subteam" if label.is_empty() => Some(format!("@{}", what.trim_start_matches("subteam^"))),
        "subteam" => Some(format!("@{}", label.trim_start_matches('@'))),
        "date" => Some(label.to_owned()),
        _ => None,
    }
}

/// Converts a link to its label and target, or to only one of them where they are the same.
fn link(target: &str, label: &str) -> Option<String> {
    let (scheme, rest) = target.split_once(':')?;
    let is_scheme = !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !target.contains(char::is_whitespace);
    if !is_scheme || !(rest.starts_with("//") || ["mailto", "tel"].contains(&scheme)) {
        return None;
    }
    let shown = rest.trim_start_matches('/');
    Some(match label.trim() {
        "" if rest.starts_with("//") => target.to_owned(),
        "" => shown.to_owned(),
        label if label == target => target.to_owned(),
        label if label == shown && rest.starts_with("//") => target.to_owned(),
        label if label == shown => label.to_owned(),
        label => format!("{} ({target})", with_emoji(label)),
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Replaces `:name:` with its emoji, unless a colon adjoins a letter or digit on the outside.
fn with_emoji(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        let (before, from) = rest.split_at(at);
        words.push_str(before);
        let inside =
            from[1..].bytes().take(LONGEST_EMOJI).position(|byte| byte == b':').map(|end| &from[1..=end]);
        let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let found = inside
            .filter(|inside| free(words.chars().next_back()) && free(from[inside.len() + 2..].chars().next()))
            .and_then(|inside| Some((emoji(inside)?, inside.len() + 2)));
        if let Some((emoji, length)) = found {
            words.push_str(emoji);
            rest = &from[length..];
        } else {
            words.push(':');
            rest = &from[1..];
        }
    }
    words.push_str(rest);
    words
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, looked_at, plain};

    #[test]
    fn what_slack_marks_is_said_in_words() {
        for (marked, words) in [
            ("see <https://tea.example/a?b=1&amp;c=2>", "see https://tea.example/a?b=1&c=2"),
            ("<https://tea.example|the &lt;shop&gt;> is open", "the <shop> (https://tea.example) is open"),
            ("<http://tea.example|tea.example>", "http://tea.example"),
            ("<https://tea.example|https://tea.example>", "https://tea.example"),
            ("<https://tea.example|>", "https://tea.example"),
            ("<mailto:ann@tea.example|ann@tea.example>", "ann@tea.example"),
            ("<mailto:ann@tea.example>", "ann@tea.example"),
            ("<mailto:ann@tea.example|Ann>", "Ann (mailto:ann@tea.example)"),
            ("<!channel> <!here|here> <!everyone>", "@channel @here @everyone"),
            ("<!subteam^S123|@ops> <!subteam^S123>", "@ops @S123"),
            ("<!date^1392734382^{date}|18 February 2014>", "18 February 2014"),
            ("<@U024BE7LH> <@U024BE7LH|ann> in <#C024BE7LR|lobby>", "@U024BE7LH @ann in #lobby"),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
            ("&amp;lt;", "&lt;"),
            ("*bold* _it_ `code` ~gone~", "*bold* _it_ `code` ~gone~"),
            (":fire: hot :tea:!", "🔥 hot 🍵!"),
            ("(:warning:)", "(⚠️)"),
        ] {
            assert_eq!(plain(marked), words, "{marked}");
        }
    }

    #[test]
    fn what_is_not_slack_s_stays_as_it_is() {
        for text in [
            "a < b and c > d",
            "cpu<90>mem",
            "<b>bold</b>",
            "<not a link|really>",
            "<!unknown>",
            "<",
            "<>",
            "<|>",
            "<https://tea.example",
            "at 12:30:45",
            "::",
            "a:fire:b",
            ":no_such_emoji:",
            "C:\\tea: :",
            "茶:馆:",
            "<@> <#>",
        ] {
            assert_eq!(plain(text), text);
        }
        assert_eq!(plain("a < <https://tea.example|b>"), "a < b (https://tea.example)");
    }

    #[test]
    fn of_a_long_text_of_beginnings_nothing_is_looked_at_over_and_over() {
        for beginning in ["<", "<a", "<\n", "<a\r", "<https://tea.example:", "<茶|", "<@a|<!"] {
            let text = beginning.repeat(256 * 1_024 / beginning.len());
            let looked_at: usize = text.match_indices('<').map(|(at, _)| looked_at(&text[at..])).sum();
            assert!(looked_at <= 2 * text.len(), "{beginning:?}: {looked_at} of {}", text.len());
            assert_eq!(plain(&text), text, "{beginning:?}");
        }
        let endless = format!("<{}", "a".repeat(256 * 1_024));
        assert_eq!(looked_at(&endless), LONGEST);
        assert_eq!(plain(&endless), endless);
    }

    #[test]
    fn a_mark_ends_in_its_line_and_before_the_next_one() {
        for text in ["<https://tea.example|a\nb>", "<https://tea.example\r\n>", "<!here|\n>"] {
            assert_eq!(plain(text), text);
        }
        assert_eq!(plain("<https://tea.example|<!here>"), "<https://tea.example|@here");
        let long = format!("<https://tea.example|{}>", "茶".repeat(LONGEST));
        assert_eq!(plain(&long), long);
    }
}
