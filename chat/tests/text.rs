//! What a message may say, what it looks like on one line, and what in it is a link.

use chat::text::{DEFAULT_LIMIT, MessageText, Span, TextError, one_line, spans};
use proptest::prelude::*;

fn said(text: &str) -> String {
    let text = MessageText::parse(text, DEFAULT_LIMIT)
        .unwrap_or_else(|error| panic!("{text:?} is refused: {error}"));
    text.as_str().to_owned()
}

/// The links of `text`, as (what is shown, where it leads).
fn links(text: &str) -> Vec<(&str, String)> {
    let link = |span| match span {
        Span::Link { text, href } => Some((text, href)),
        Span::Text(_) | Span::Break => None,
    };
    spans(text).into_iter().filter_map(link).collect()
}

/// Text with links, brackets, quotes, Chinese, line breaks and controls in any order.
fn mixed_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "(https?|HTTP|ftp|javascript|data|x)?:(//)?",
        "(www\\.)?[a-z0-9]{1,5}(\\.[a-z]{1,3})?[/?#@:]?",
        "[-a-z0-9.,:;!?'\"()\\[\\]{}<>\\\\|/&=#%@_~*+ ]{1,6}",
        "[一-龥，。、（）！？é😀]{1,4}",
        "[\r\n\t \u{b}\u{c}\u{85}\u{2028}\u{2029}]{1,3}",
        "[\u{0}-\u{20}\u{7f}-\u{a0}\u{200b}-\u{200f}\u{202a}-\u{202e}\u{feff}]{1,3}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn a_text_is_kept_as_it_was_written() {
    for text in
        ["hello", "你好，世界", "<b>&amp;</b>", "a\tb", "  indented\n    code", "👩‍🚀❤️", "שלום\u{202b}x"]
    {
        assert_eq!(said(text), text);
    }
}

#[test]
fn a_text_has_one_kind_of_line_break_and_no_other_control() {
    for (written, kept) in [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\r\n\r\nb", "a\n\nb"),
        ("a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f", "a\nb\nc\nd\ne\nf"),
        ("a\0b\u{1b}[31mc\u{7f}\u{9b}", "ab[31mc"),
        ("\u{8}\r\n", ""),
        ("a\r\0\nb", "a\n\nb"),
    ] {
        if kept.is_empty() {
            assert_eq!(MessageText::parse(written, 0), Err(TextError::Empty));
        } else {
            assert_eq!(said(written), kept);
        }
    }
}

#[test]
fn blank_lines_before_and_white_space_after_a_text_go_but_indentation_stays() {
    assert_eq!(said("\n \t\n    fn main() {\n    }\n\n  "), "    fn main() {\n    }");
    assert_eq!(said("\u{0}\n\u{0} a \u{3000}"), " a");
}

#[test]
fn a_text_that_shows_nothing_is_empty() {
    for text in ["", " \n\t\r\n", "\0\u{7}", "\u{200b}", " \u{feff}\u{3164}\u{2800}\u{202e} ", "\u{e0041}"] {
        assert_eq!(MessageText::parse(text, 0), Err(TextError::Empty), "{text:?}");
    }
}

#[test]
fn a_character_that_unicode_lets_vanish_shows_nothing() {
    for c in '\0'..=char::MAX {
        let text = c.encode_utf8(&mut [0; 4]).to_owned();
        // The skeleton of UTS #39 drops exactly the default-ignorable characters.
        let vanishes = unicode_security::skeleton(&text).next().is_none() || c == '\u{2800}';
        let shows_nothing = vanishes || c.is_whitespace() || c.is_control();
        assert_eq!(MessageText::parse(&text, 0).is_err(), shows_nothing, "{c:?} U+{:04X}", u32::from(c));
    }
}

#[test]
fn a_text_is_measured_in_characters_after_trimming_and_zero_lifts_the_limit() {
    let error = |limit, got| Err(TextError::TooLong { limit, got });
    assert!(MessageText::parse("茶茶茶\n\n", 3).is_ok());
    assert_eq!(MessageText::parse("茶茶茶茶", 3), error(3, 4));
    let long = "茶".repeat(DEFAULT_LIMIT + 1);
    assert_eq!(MessageText::parse(&long, DEFAULT_LIMIT), error(4_000, 4_001));
    assert!(MessageText::parse(&long, 0).is_ok());
    assert_eq!(TextError::Empty.code(), "text_empty");
    assert_eq!(TextError::TooLong { limit: 3, got: 4 }.code(), "text_too_long");
}

#[test]
fn a_text_never_shows_itself_to_a_log() {
    let text = MessageText::parse("secret", 0).unwrap();
    assert_eq!(format!("{text:?}"), "MessageText(6 bytes)");
}

#[test]
fn nobody_can_forge_a_line_on_the_plain_door() {
    let text = MessageText::parse("hi\r\nadmin: bye", 0).unwrap();
    assert_eq!(text.one_line(), "hi⏎admin: bye");
    assert_eq!(one_line("a\r\nb\rc\nd\u{b}e\u{c}f\u{85}g\u{2028}h\u{2029}i"), "a⏎b⏎c⏎d⏎e⏎f⏎g⏎h⏎i");
    assert!(matches!(one_line("hi"), std::borrow::Cow::Borrowed("hi")));
}

#[test]
fn links_are_found_and_end_where_they_should() {
    for (text, link) in [
        ("https://example.com", "https://example.com"),
        ("看https://example.com/a?b=c，好的", "https://example.com/a?b=c"),
        ("看https://example.com/a，then好的", "https://example.com/a"),
        ("打开http://example.com看看", "http://example.com"),
        ("（https://example.com/茶）", "https://example.com/"),
        ("(https://a.example/x_(y))", "https://a.example/x_(y)"),
        ("(see https://a.example/x).", "https://a.example/x"),
        ("Is it https://a.example/x?", "https://a.example/x"),
        ("\"https://a.example/x\"", "https://a.example/x"),
        ("<https://a.example/x>", "https://a.example/x"),
        ("http://localhost:3000/room/1#last", "http://localhost:3000/room/1#last"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("HTTPS://Example.COM/A", "HTTPS://Example.COM/A"),
        ("https://a.example/%E8%8C%B6", "https://a.example/%E8%8C%B6"),
    ] {
        assert_eq!(links(text), [(link, link.to_owned())], "{text}");
    }
    let found = links("看www.example.com/a。https://b.example");
    let wanted = [
        ("www.example.com/a", "https://www.example.com/a".to_owned()),
        ("https://b.example", "https://b.example".to_owned()),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn only_the_web_is_linked_and_no_host_hides_behind_a_user() {
    for text in [
        "javascript:alert(1)",
        "javascript://example.com/%0aalert(1)",
        "data:text/html,<b>",
        "data://example.com/x",
        "file:///etc/passwd",
        "ftp://ftp.example.com/x",
        "xhttps://example.com",
        "https://user@host",
        "https://bank.example@evil.example/",
        "https://bank.example:443@evil.example/",
        "https://",
        "http:// example.com",
        "//example.com",
        "example.com",
        "ada@www.example.com",
        "v1.2.3 and so on...",
    ] {
        assert_eq!(links(text), [], "{text}");
    }
}

#[test]
fn links_are_looked_for_in_runs_of_bounded_length() {
    let longest = format!("https://a.example/{}", "x".repeat(4_096 - 18));
    assert_eq!(links(&longest), [(longest.as_str(), longest.clone())]);
    assert_eq!(links(&(longest.clone() + "x")), []);
    let beside = format!("{longest}x https://b.example");
    assert_eq!(links(&beside), [("https://b.example", "https://b.example".to_owned())]);
}

#[test]
fn a_text_comes_apart_into_text_links_and_line_ends() {
    let href = "https://a.example/x".to_owned();
    let wanted = [
        Span::Break,
        Span::Text("看"),
        Span::Link { text: "https://a.example/x", href },
        Span::Text("，好"),
        Span::Break,
        Span::Break,
        Span::Text("end"),
    ];
    assert_eq!(spans("\n看https://a.example/x，好\n\nend"), wanted);
    assert_eq!(spans(""), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn parsing_a_text_again_changes_nothing(text in prop_oneof![mixed_text(), any::<String>()]) {
        if let Ok(parsed) = MessageText::parse(&text, 0) {
            let kept = parsed.as_str();
            prop_assert_eq!(MessageText::parse(kept, 0), Ok(parsed.clone()));
            prop_assert!(!kept.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
            prop_assert_eq!(kept.trim_end(), kept);
            prop_assert!(!kept.lines().next().unwrap_or_default().trim().is_empty());
        }
    }

    #[test]
    fn one_line_is_one_line(text in mixed_text()) {
        let line = one_line(&text);
        let breaks = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
        prop_assert!(!line.contains(breaks));
    }

    #[test]
    fn the_spans_of_a_text_are_the_text(text in prop_oneof![mixed_text(), any::<String>()]) {
        let spans = spans(&text);
        let printed: String = spans.iter().map(Span::as_str).collect();
        prop_assert_eq!(&printed, &text);
        for span in spans {
            if let Span::Link { text, href } = span {
                let lower = href.to_ascii_lowercase();
                prop_assert!(lower.starts_with("http://") || lower.starts_with("https://"));
                prop_assert!(href.ends_with(text) && href.chars().all(|c| c.is_ascii_graphic()));
            } else {
                prop_assert!(!span.as_str().is_empty());
            }
        }
    }

    #[test]
    fn the_limit_is_the_limit(text in mixed_text(), limit in 1_usize..20) {
        if let Ok(parsed) = MessageText::parse(&text, 0) {
            let got = parsed.as_str().chars().count();
            let wanted = if got > limit { Err(TextError::TooLong { limit, got }) } else { Ok(parsed) };
            prop_assert_eq!(MessageText::parse(&text, limit), wanted);
        }
    }
}
