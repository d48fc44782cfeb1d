//! Valid message texts, their one-line form, and the links in them.

use chat::text::{DEFAULT_LIMIT, MessageText, Span, TextError, one_line, spans};
use proptest::prelude::*;

fn said(text: &str) -> String {
    let text = MessageText::parse(text, DEFAULT_LIMIT)
        .unwrap_or_else(|error| panic!("{text:?} is refused: {error}"));
    text.as_str().to_owned()
}

/// Returns the links of `text`, as (shown text, target).
fn links(text: &str) -> Vec<(&str, String)> {
    let link = |span| match span {
        Span::Link { text, href, .. } => Some((text, href)),
        Span::Text(_) | Span::Break => None,
    };
    spans(text).into_iter().filter_map(link).collect()
}

/// Generates text with links, brackets, quotes, Chinese, line breaks and controls in any order.
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

/// Characters with a blank glyph that Unicode does not classify as ignorable.
const BLANK: [char; 7] =
    ['\u{2800}', '\u{2D7F}', '\u{1107F}', '\u{13441}', '\u{13442}', '\u{16FE4}', '\u{1D159}'];

#[test]
fn a_character_that_unicode_lets_vanish_or_that_is_blank_shows_nothing() {
    for c in '\0'..=char::MAX {
        let text = c.encode_utf8(&mut [0; 4]).to_owned();
        // The skeleton of UTS #39 drops exactly the default-ignorable characters.
        let vanishes = unicode_security::skeleton(&text).next().is_none() || BLANK.contains(&c);
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
        ("(https://a.example/x_(y))", "https://a.example/x_(y)"),
        ("(see https://a.example/x).", "https://a.example/x"),
        ("Is it https://a.example/x?", "https://a.example/x"),
        ("\"https://a.example/x\"", "https://a.example/x"),
        ("'https://a.example/x','https://a.example/x", "https://a.example/x"),
        ("<https://a.example/x>", "https://a.example/x"),
        ("http://localhost:3000/room/1#last", "http://localhost:3000/room/1#last"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("HTTPS://Example.COM/A", "HTTPS://Example.COM/A"),
        ("https://a.example/%E8%8C%B6", "https://a.example/%E8%8C%B6"),
        ("https://a.example#part", "https://a.example#part"),
        ("https://a.example?q=1.", "https://a.example?q=1"),
        ("https://a.example, or", "https://a.example"),
        ("https://a.example: or", "https://a.example"),
        ("https://a.example...", "https://a.example"),
    ] {
        assert_eq!(links(text)[0], (link, link.to_owned()), "{text}");
    }
    let found = links("看www.example.com/a。https://b.example");
    let wanted = [
        ("www.example.com/a", "https://www.example.com/a".to_owned()),
        ("https://b.example", "https://b.example".to_owned()),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn a_link_is_taken_whole_in_letters_of_any_script() {
    for (text, link) in [
        ("https://bücher.example", "https://bücher.example"),
        ("http://127.0.0.1:3000/chat/读书会", "http://127.0.0.1:3000/chat/读书会"),
        ("https://example.org/读书会", "https://example.org/读书会"),
        ("（https://example.com/茶）", "https://example.com/茶"),
        ("https://zh.wikipedia.org/wiki/C语言", "https://zh.wikipedia.org/wiki/C语言"),
        ("https://example.org/茶，不错", "https://example.org/茶"),
        ("https://example.org/?q=读书&p=1 好", "https://example.org/?q=读书&p=1"),
        (
            "https://ja.wikipedia.org/wiki/レオナルド・ダ・ヴィンチ",
            "https://ja.wikipedia.org/wiki/レオナルド・ダ・ヴィンチ",
        ),
        ("https://fa.wikipedia.org/wiki/می\u{200c}خواهم", "https://fa.wikipedia.org/wiki/می\u{200c}خواهم"),
        ("https://en.wikipedia.org/wiki/Rubik’s_Cube", "https://en.wikipedia.org/wiki/Rubik’s_Cube"),
        ("‘https://a.example/x’", "https://a.example/x"),
        ("“https://a.example/é”。", "https://a.example/é"),
        ("https://a.example/x——好", "https://a.example/x"),
        ("https://a.example/x👍", "https://a.example/x"),
        ("https://a.example/👨\u{200d}👩", "https://a.example/👨\u{200d}👩"),
        ("https://例え.テスト/", "https://例え.テスト/"),
        ("https://пример.испытание：", "https://пример.испытание"),
        ("https://عربي.example/؟", "https://عربي.example/"),
        ("https://a.example/क।", "https://a.example/क"),
    ] {
        assert_eq!(links(text), [(link, link.to_owned())], "{text}");
    }
}

#[test]
fn prose_directly_behind_a_host_ends_it_where_no_host_could_go_on() {
    for (text, link) in [
        ("打开http://example.com看看", "http://example.com"),
        ("见https://example.org好的", "https://example.org"),
        ("https://example.org에서", "https://example.org"),
        ("http://127.0.0.1:3000好的", "http://127.0.0.1:3000"),
        ("http://localhost好的", "http://localhost"),
        ("https://example.org。好的", "https://example.org"),
        ("https://example.org👍", "https://example.org"),
        ("http://wiki：", "http://wiki"),
    ] {
        assert_eq!(links(text), [(link, link.to_owned())], "{text}");
    }
    let two = ["https://a.example", "https://b.example/x"];
    assert_eq!(
        links("https://a.example和https://b.example/x").iter().map(|(text, _)| *text).collect::<Vec<_>>(),
        two
    );
    for text in [
        "https://example.org好的/a",
        "https://example.org好的:8080/a",
        "https://wiki好的",
        "https://好的",
        "https://example。org",
        "https://exam\u{200b}ple.org",
        "https://exam\u{ad}ple.org",
        "https://bu\u{308}cher.example",
        "https://ｂａｎｋ.example",
        "https://example.cоm",
        "https://example.соm",
        "https://1.2",
        "https://256.1.1.1",
        "https://my_host.example/",
        "https://ex%61mple.org",
        "https://a.example\\@b.example",
        "https://a..example",
        "https://a.example./x",
        "https://a.example:99999/",
        "https://a.example:8o/",
        "https://a.example:/x",
    ] {
        assert_eq!(links(text), [], "{text}");
    }
}

#[test]
fn a_host_in_other_letters_is_given_in_ascii_too() {
    let hosts = |text: &'static str| {
        let ascii = |span| match span {
            Span::Link { ascii_host, .. } => Some(ascii_host),
            _ => None,
        };
        spans(text).into_iter().find_map(ascii).expect("a link").unwrap_or_default()
    };
    for (text, ascii) in [
        ("https://bücher.example/ü", "xn--bcher-kva.example"),
        ("https://BÜCHER.Example", "xn--bcher-kva.example"),
        ("https://сосо.com", "xn--n1aahb.com"),
        ("https://例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("info@bücher.example", "xn--bcher-kva.example"),
        ("www.bücher.example", "www.xn--bcher-kva.example"),
        ("https://example.org/ü", ""),
        ("https://xn--bcher-kva.example", ""),
    ] {
        assert_eq!(hosts(text), ascii, "{text}");
    }
}

#[test]
fn e_mail_addresses_are_links() {
    for (text, link) in [
        ("ada@example.org", "ada@example.org"),
        ("写信给ada.l+tea@mail.example.org。", "ada.l+tea@mail.example.org"),
        ("mailto:ada@example.org?", "ada@example.org"),
        ("<o'brien@example.org>", "o'brien@example.org"),
        ("'ada@example.org'", "ada@example.org"),
        ("ada@www.example.com", "ada@www.example.com"),
        ("联系ada@example.org好吗", "ada@example.org"),
        ("info@bücher.example", "info@bücher.example"),
    ] {
        assert_eq!(links(text), [(link, format!("mailto:{link}"))], "{text}");
    }
    for text in [
        "@ada",
        "ada@home",
        "@ada@example.org",
        "ada@127.0.0.1",
        "müller@example.org",
        "git@example.org:tea/house.git",
        "ssh://git@example.org/tea",
        "a..b@example.org",
        "ada.@example.org",
        "a=b@example.org",
        "ada@example.org@b.example",
        "ada@example.o",
    ] {
        assert_eq!(links(text), [], "{text}");
    }
}

#[test]
fn only_the_web_and_mail_are_linked_and_no_host_hides_behind_a_user() {
    for text in [
        "javascript:alert(1)",
        "javascript://example.com/%0aalert(1)",
        "data:text/html,<b>",
        "data://example.com/x",
        "file:///etc/passwd",
        "ftp://ftp.example.com/x",
        "xhttps://example.com",
        "https://user@host",
        "https://bank.example@evil/",
        "https://bank.example:443@evil/",
        "https://",
        "http:// example.com",
        "//example.com",
        "example.com",
        "www.example",
        "v1.2.3 and so on...",
    ] {
        assert_eq!(links(text), [], "{text}");
    }
    for text in ["https://bank.example@evil.example/", "https://bank.example:443@evil.example/"] {
        assert!(links(text).iter().all(|(_, href)| !href.starts_with("http")), "{text}");
    }
}

#[test]
fn a_link_has_a_bounded_length() {
    let longest = format!("https://a.example/{}", "x".repeat(4_096 - 18));
    assert_eq!(links(&longest), [(longest.as_str(), longest.clone())]);
    assert_eq!(links(&(longest.clone() + "x")), []);
    let beside = format!("{longest}x https://b.example");
    assert_eq!(links(&beside), [("https://b.example", "https://b.example".to_owned())]);
}

/// Running time is no measure on a busy machine; the number of examined bytes would be, and a quadratic
/// search takes hours.
#[test]
fn whatever_is_written_links_are_found_in_a_moment() {
    for piece in [
        "www.a.b_",
        "www.a_",
        "http://",
        "https://a.bb/",
        "https://a.bb好",
        "a@",
        "a.",
        "a@b.cc",
        "https://a.bb/((",
        "@a",
        "www.好",
        "https://a.bb/x'",
        "-",
        "https://xn--",
        "好.",
    ] {
        let text = piece.repeat(200_000 / piece.len());
        let printed: usize = spans(&text).iter().map(|span| span.as_str().len()).sum();
        assert_eq!(printed, text.len(), "{piece}");
    }
}

#[test]
fn a_text_comes_apart_into_text_links_and_line_ends() {
    let href = "https://a.example/x".to_owned();
    let wanted = [
        Span::Break,
        Span::Text("看"),
        Span::Link { text: "https://a.example/x", href, ascii_host: None },
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
            if let Span::Link { text, href, ascii_host } = span {
                let lower = href.to_ascii_lowercase();
                prop_assert!(["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme)));
                prop_assert!(href.ends_with(text) && !href.contains(|c: char| c.is_whitespace() || c.is_control()));
                prop_assert!(ascii_host.is_none_or(|host| host.is_ascii() && host.contains("xn--")));
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
