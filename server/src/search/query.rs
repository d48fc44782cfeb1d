//! Parses a search query: words, quoted phrases, and filters by author, room and day. Every input is a valid
//! query: what is no filter is searched for as text. Does no I/O.

use std::ops::Range;

use chat::{name::Nickname, room_name::RoomName};
use i18n::Language;
use jiff::civil::Date;

use super::{fold::folded, term::Term};
use crate::time_zone::TimeZone;

/// How many characters of the input are read.
pub(crate) const LENGTH: usize = 400;

/// The most terms of a query.
const TERMS: usize = 16;

/// The most words and letters of all terms together.
const UNITS: usize = 64;

/// How many characters of an author's name are compared.
const AUTHOR_LIMIT: usize = 256;

/// A parsed search query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// All of these must occur.
    pub(super) terms: Vec<Term>,
    /// The author must be one of these, if there are any.
    pub(super) authors: Vec<Author>,
    /// The room must be one of these, if there are any.
    pub(super) rooms: Vec<RoomName>,
    /// The range of timestamps, in milliseconds since the Unix epoch.
    pub(super) span: Option<Range<u64>>,
    /// Whether the input exceeded a limit and was cut.
    pub(crate) shortened: bool,
}

/// An author's name in its form for comparison: names that look alike are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Author(String);

impl Author {
    /// Creates the comparison form of a name.
    pub(super) fn new(name: &str) -> Author {
        // A name that is not a valid nickname (perhaps an imported one) is compared like text.
        let key = match Nickname::parse(name) {
            Ok(name) => name.skeleton().as_str().to_owned(),
            Err(_) => folded(name),
        };
        Author(key.chars().take(AUTHOR_LIMIT).collect())
    }

    /// Returns whether `name` is this author's. A name with nothing left to compare matches nobody.
    pub(super) fn goes_by(&self, name: &str) -> bool {
        !self.0.is_empty() && *self == Author::new(name)
    }

    /// Returns the author's token in the index, letters and digits only.
    pub(super) fn token(&self) -> String {
        use std::fmt::Write;
        self.0.bytes().fold(String::with_capacity(2 * self.0.len()), |mut token, byte| {
            write!(token, "{byte:02x}").expect("a string takes what is written to it");
            token
        })
    }
}

/// The filters, which are named before a colon.
#[derive(Clone, Copy)]
enum Filter {
    From,
    In,
    On,
    After,
    Before,
}

const FILTERS: [(&str, Filter); 10] = [
    ("from", Filter::From),
    ("in", Filter::In),
    ("on", Filter::On),
    ("after", Filter::After),
    ("before", Filter::Before),
    ("来自", Filter::From),
    ("房间", Filter::In),
    ("当天", Filter::On),
    ("之后", Filter::After),
    ("之前", Filter::Before),
];

/// Opening quotes, and what closes them.
const QUOTES: [(char, &[char]); 7] = [
    ('"', &['"']),
    ('＂', &['＂']),
    ('“', &['”', '“']),
    ('”', &['”']),
    ('„', &['“', '”']),
    ('「', &['」']),
    ('『', &['』']),
];

impl Query {
    /// Parses the input of a user in this time zone.
    pub(crate) fn parse(typed: &str, zone: &TimeZone) -> Query {
        let typed = typed.trim();
        let end = typed.char_indices().nth(LENGTH).map_or(typed.len(), |(end, _)| end);
        let mut query = Query { shortened: end < typed.len(), ..Query::default() };
        let mut rest = typed[..end].trim_start();
        while !rest.is_empty() {
            rest = query.take(rest, zone).trim_start();
        }
        query
    }

    /// Returns whether the query has nothing to search for.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.authors.is_empty() && self.rooms.is_empty() && self.span.is_none()
    }

    /// Restricts the query to this room.
    pub(crate) fn only_in(&mut self, room: RoomName) {
        // If the input names rooms as well, both restrictions apply.
        if self.rooms.is_empty() || self.rooms.contains(&room) {
            self.rooms = vec![room];
        } else {
            self.nowhere();
        }
    }

    /// Parses the first item and returns the rest.
    fn take<'a>(&mut self, rest: &'a str, zone: &TimeZone) -> &'a str {
        if let Some((content, left)) = quoted(rest) {
            self.demand(Term::quoted(content));
            return left;
        }
        if let Some((filter, value)) = filter(rest) {
            let (value, left) = quoted(value).unwrap_or_else(|| split(value));
            if self.restrict(filter, value.trim(), zone) {
                return left;
            }
        }
        let (item, left) = split(rest);
        self.demand(Term::typed(item));
        left
    }

    fn demand(&mut self, term: Option<Term>) {
        let Some(mut term) = term else { return };
        let room = UNITS - self.terms.iter().map(Term::len).sum::<usize>();
        if self.terms.len() == TERMS || room == 0 {
            self.shortened = true;
            return;
        }
        if term.len() > room {
            self.shortened = true;
            term.truncate(room);
        }
        self.terms.push(term);
    }

    /// Applies a filter; returns `false` if the value is invalid for it.
    fn restrict(&mut self, filter: Filter, value: &str, zone: &TimeZone) -> bool {
        if value.is_empty() {
            return false;
        }
        match filter {
            Filter::From => {
                if self.authors.len() < TERMS {
                    self.authors.push(Author::new(value));
                } else {
                    self.shortened = true;
                }
            }
            Filter::In => {
                let Ok(room) = RoomName::parse_any(value.trim_start_matches('#')) else { return false };
                if self.rooms.len() < TERMS {
                    // The lobby's name in any of the page's languages means the lobby; a room may have that
                    // name as well.
                    if Language::ALL.iter().any(|language| room.as_str() == language.strings().lobby) {
                        self.rooms.push(RoomName::lobby());
                    }
                    self.rooms.push(room);
                } else {
                    self.shortened = true;
                }
            }
            Filter::On | Filter::After | Filter::Before => {
                let Some(day) = day(value, zone) else { return false };
                self.narrow(match filter {
                    Filter::After => day.end..u64::MAX,
                    Filter::Before => 0..day.start,
                    _ => day,
                });
            }
        }
        true
    }

    fn narrow(&mut self, span: Range<u64>) {
        let before = self.span.take().unwrap_or(0..u64::MAX);
        self.span = Some(before.start.max(span.start)..before.end.min(span.end));
    }

    fn nowhere(&mut self) {
        self.span = Some(0..0);
    }
}

/// Returns the quoted text at the start, and the rest. An unclosed quote extends to the end.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let (_, closing) = QUOTES.into_iter().find(|(opening, _)| *opening == first)?;
    let inside = &text[first.len_utf8()..];
    match inside.char_indices().find(|(_, c)| closing.contains(c)) {
        Some((end, last)) => Some((&inside[..end], &inside[end + last.len_utf8()..])),
        None => Some((inside, "")),
    }
}

/// Splits a text before the next space or quote. The first part is empty only if the text is.
fn split(text: &str) -> (&str, &str) {
    let ends = |c: char| c.is_whitespace() || QUOTES.iter().any(|(opening, _)| *opening == c);
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end = text[first..].find(ends).map_or(text.len(), |end| first + end);
    text.split_at(end)
}

/// Returns the filter whose name and colon are at the start, and the rest.
fn filter(text: &str) -> Option<(Filter, &str)> {
    FILTERS.into_iter().find_map(|(name, filter)| {
        let (start, rest) = text.split_at_checked(name.len())?;
        let value = rest.strip_prefix([':', '：'])?;
        start.eq_ignore_ascii_case(name).then_some((filter, value))
    })
}

/// Returns a calendar day in milliseconds since the Unix epoch: `2026-11-20`, `2026/11/20`, `2026.11.20` or
/// `2026年11月20日`.
fn day(text: &str, zone: &TimeZone) -> Option<Range<u64>> {
    let mut parts = text.strip_suffix('日').unwrap_or(text).split(['-', '/', '.', '年', '月']);
    let mut number = |digits: usize| {
        let part = parts.next()?;
        let plain = (1..=digits).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    if parts.next().is_some() {
        return None;
    }
    let [month, day] = [i8::try_from(month).ok()?, i8::try_from(day).ok()?];
    let date = Date::new(i16::try_from(year).ok()?, month, day).ok()?;
    let millis = |date: Date| zone.beginning(date).0;
    Some(millis(date)..date.tomorrow().map_or(u64::MAX, millis))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Author, Query, Term, TimeZone};
    use chat::room_name::RoomName;

    fn parse(typed: &str) -> Query {
        Query::parse(typed, &TimeZone::parse("UTC"))
    }

    fn typed(text: &str) -> Term {
        Term::typed(text).unwrap()
    }

    /// 2026-11-20 00:00 UTC.
    const FRIDAY: u64 = 1_795_132_800_000;
    const DAY: u64 = 24 * 60 * 60 * 1_000;

    #[test]
    fn words_and_phrases_are_told_apart() {
        assert_eq!(parse("green  tea").terms, [typed("green"), typed("tea")]);
        for quotes in ["“green tea”", "\"green tea\"", "「green tea」", "\"green tea", "＂green tea＂"]
        {
            assert_eq!(parse(quotes).terms, [Term::quoted("green tea").unwrap()], "{quotes}");
        }
        assert_eq!(parse("hot\"green tea\"now").terms.len(), 3);
        assert_eq!(parse("上海\u{3000}东边").terms, [typed("上海"), typed("东边")]);
    }

    #[test]
    fn filters_have_names_in_both_languages_and_either_colon() {
        for (text, other) in [
            ("from:Ann", "来自：Ann"),
            ("FROM:\"Ann Lee\"", "来自:“Ann Lee”"),
            ("in:Tea", "房间：tea"),
            ("in:#tea", "in:ＴＥＡ"),
            ("on:2026-11-20", "当天：2026年11月20日"),
            ("after:2026-1-2", "之后:2026/01/02"),
            ("before:2026.01.02", "之前：2026-01-02"),
        ] {
            let query = parse(text);
            assert_eq!(query, parse(other), "{text}");
            assert!(query.terms.is_empty() && !query.is_empty(), "{text}");
        }
        assert_eq!(parse("in:tea").rooms, [RoomName::parse("tea").unwrap()]);
        assert!(parse("房间：大堂").rooms.contains(&RoomName::lobby()));
        assert_eq!(parse("from:ANN").authors, [Author::new("ann")]);
    }

    #[test]
    fn what_is_no_filter_is_text() {
        for text in ["from:", "in:a/b", "on:yesterday", "on:2026-13-01", "after:2026-02-30", "to:Ann", ":Ann"]
        {
            let query = parse(text);
            assert_eq!(query, Query { terms: vec![typed(text)], ..Query::default() }, "{text}");
        }
        for nothing in ["", "   ", "\"\"", "*", "()", "-", "：", "\0", "“”"] {
            assert!(parse(nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn a_day_is_the_readers_day() {
        assert_eq!(parse("on:2026-11-20").span, Some(FRIDAY..FRIDAY + DAY));
        let shanghai = Query::parse("on:2026-11-20", &TimeZone::parse("Asia/Shanghai")).span.unwrap();
        assert_eq!(shanghai, FRIDAY - DAY / 3..FRIDAY + DAY / 3 * 2);
        let berlin = |day| Query::parse(day, &TimeZone::parse("Europe/Berlin")).span.unwrap();
        assert_eq!(berlin("on:2026-11-20"), FRIDAY - DAY / 24..FRIDAY + DAY / 24 * 23);
        let october = berlin("on:2026-10-25");
        assert_eq!(october.end - october.start, DAY / 24 * 25, "the clocks go back");
        let skipped = Query::parse("on:2011-12-30", &TimeZone::parse("Pacific/Apia")).span.unwrap();
        assert!(skipped.is_empty(), "a day that nobody had");
        assert_eq!(parse("after:2026-11-20").span, Some(FRIDAY + DAY..u64::MAX));
        assert_eq!(parse("before:2026-11-20").span, Some(0..FRIDAY));
        assert_eq!(parse("after:2026-11-19 before:2026-11-21").span, Some(FRIDAY..FRIDAY + DAY));
    }

    #[test]
    fn a_room_that_was_chosen_beside_another_that_was_typed_leaves_nothing() {
        let [tea, milk] = ["tea", "milk"].map(|room| RoomName::parse(room).unwrap());
        let mut query = parse("in:tea in:milk x");
        query.only_in(tea.clone());
        assert_eq!(query.rooms, [tea]);
        let mut query = parse("in:tea x");
        query.only_in(milk);
        assert_eq!(query.span, Some(0..0));
    }

    #[test]
    fn names_that_look_alike_are_one_author() {
        assert_eq!(Author::new("Аnna"), Author::new("ＡＮＮＡ"));
        assert_ne!(Author::new("Ann"), Author::new("Anna"));
        assert!(Author::new("小明 x").token().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn what_is_long_is_shortened_and_says_so() {
        let words = |n: usize| vec!["tea"; n].join(" ");
        assert!(!parse(&words(super::TERMS)).shortened);
        assert!(parse(&words(super::TERMS + 1)).shortened);
        assert!(parse(&"上".repeat(super::UNITS + 1)).shortened);
        assert!(parse(&"x".repeat(super::LENGTH + 1)).shortened);
        assert!(!parse(&"x".repeat(super::LENGTH)).shortened);
        assert!(parse(&"from:a ".repeat(super::TERMS + 1)).shortened);
        assert!(parse(&"in:a ".repeat(super::TERMS + 1)).shortened);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_query_within_bounds(text in any::<String>(), offset in -840..=840_i32) {
            let query = Query::parse(&text, &TimeZone::parse(&offset.to_string()));
            prop_assert!(query.terms.len() <= super::TERMS);
            prop_assert!(query.terms.iter().map(Term::len).sum::<usize>() <= super::UNITS);
        }

        #[test]
        fn whatever_looks_like_a_query_is_one(text in "(from|in|on|after|来自|房间|NEAR|OR| |:|：|\"|“|”|\\*|\\(|-|\\+|2026|年|a|海|\0|\\\\){0,60}") {
            for term in parse(&text).terms {
                let phrase = term.phrase();
                let inside = phrase.trim_end_matches(" *").trim_matches('"');
                prop_assert!(inside.chars().all(|c| c == ' ' || !c.is_ascii() || c.is_ascii_alphanumeric()), "{phrase}");
            }
        }
    }
}
