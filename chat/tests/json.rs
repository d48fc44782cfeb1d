//! Compares the browser's JSON parser and printer with `serde_json`.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use chat::json::{Misread, Object, Printer};
use proptest::prelude::*;

fn text(json: &str) -> Result<String, Misread> {
    Object::parse(json)?.text("a").map(Into::into)
}

fn number(digits: &str) -> Result<u64, Misread> {
    Object::parse(&format!("{{\"a\":{digits}}}"))?.number("a")
}

/// Generates pieces of JSON in any order, so that some of the results are JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\\[\\]{},:]",
        "[ \t\r\n\u{b}\u{a0}]",
        "\"[a-c]{0,2}\"",
        "\"a\":",
        "\"(\\\\[\"\\\\/bfnrtux0]|\\\\u[0-9a-fA-F]{4}|\\\\ud83d\\\\ude00|[a\u{0}\u{1f}\u{7f}茶])*\"",
        "-?[01]{1,2}(\\.[01]{0,2})?([eE][+-]?[01]{0,2})?",
        "true|false|null|tru|nulll|\\+1|NaN|'a'",
    ];
    proptest::collection::vec(piece, 0..5)
        .prop_map(|pieces| pieces.concat())
        .prop_flat_map(|inner| prop_oneof![Just(inner.clone()), Just(format!("{{\"a\":{inner}}}"))])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn what_is_an_object_is_what_serde_json_takes_for_one(json in nearly_json()) {
        let theirs = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&json);
        let ours = Object::parse(&json);
        // A number like 1e1101 is well-formed, but `serde_json` also wants it to fit.
        let is_large = theirs.as_ref().is_err_and(|error| error.to_string().starts_with("number out of range"));
        prop_assume!(!is_large);
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{} is {:?}", json, ours);
        // For a duplicate member, `serde_json` takes the last; here it is an error.
        if let (Ok(mut ours), Ok(theirs)) = (ours, theirs)
            && let Ok(ours) = ours.text_if_any("a")
        {
            prop_assert_eq!(ours.as_deref(), theirs.get("a").and_then(|value| value.as_str()));
        }
    }

    #[test]
    fn a_text_is_printed_as_serde_json_prints_it_and_read_again(said in any::<String>()) {
        let printed = Printer::print(|object| object.text("a", &said));
        prop_assert_eq!(&printed, &serde_json::json!({ "a": said }).to_string());
        prop_assert_eq!(text(&printed), Ok(said));
    }

    #[test]
    fn a_number_crosses_to_the_last_digit(n in any::<u64>()) {
        let printed = Printer::print(|object| object.number("a", n));
        prop_assert_eq!(&printed, &serde_json::json!({ "a": n }).to_string());
        prop_assert_eq!(Object::parse(&printed).unwrap().number("a"), Ok(n));
    }
}

#[test]
fn every_character_below_the_space_is_escaped_as_serde_json_does() {
    for c in '\0'..='\u{A0}' {
        let printed = Printer::print(|object| object.text("a", &c.to_string()));
        assert_eq!(printed, serde_json::json!({ "a": c }).to_string());
    }
}

#[test]
fn what_lies_in_each_other_is_separated_and_closed() {
    let printed = Printer::print(|object| {
        object.list("none", &[], |(), _| unreachable!("the list is empty"));
        object.object("empty", |_| {});
        object.list("two", &[1, 2], |n, item| {
            item.number("n", *n);
            item.text("t", "{[");
        });
        object.text_if_any("gone", None);
        object.number_if_any("gone", None);
        object.object("inner", |inner| inner.number("x", 0));
    });
    assert_eq!(
        printed,
        r#"{"none":[],"empty":{},"two":[{"n":1,"t":"{["},{"n":2,"t":"{["}],"inner":{"x":0}}"#
    );
}

#[test]
fn a_number_is_whole_and_exact_or_an_error() {
    assert_eq!(number("0"), Ok(0));
    // The first integer that an `f64` cannot represent.
    assert_eq!(number("9007199254740993"), Ok(9_007_199_254_740_993));
    assert_eq!(number("18446744073709551615"), Ok(u64::MAX));
    for bad in ["18446744073709551616", "-1", "-0", "1.0", "1e3", "0.5", "\"1\"", "true", "[1]"] {
        assert_eq!(number(bad), Err(Misread::Unfit { name: "a", wanted: "a whole number" }), "{bad}");
    }
    let pairs = |text: &str| Object::parse(&format!("{{\"a\":{text}}}")).unwrap().pairs("a");
    assert_eq!(
        pairs("[[1763683200000,-480],[9007199254740993,0]]"),
        Ok(vec![(1_763_683_200_000, -480), (9_007_199_254_740_993, 0)])
    );
    assert_eq!(pairs("[]"), Ok(vec![]));
    for bad in ["[[0,2147483648]]", "[[0,-1.5]]", "[[-1,0]]", "[[0]]", "[[0,0,0]]", "[0,0]", "null", "{}"] {
        assert!(pairs(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_escaped_pair_of_surrogates_is_one_character_and_half_of_it_is_an_error() {
    assert_eq!(text(r#"{"a":"\ud83c\udf75\u8336"}"#).unwrap(), "🍵茶");
    for bad in
        [r"\ud83c", r"\udf75", r"\ud83cx", r"\ud83c\u0041", r"\ud83c\n", r"\udf75\ud83c", r"\u83", r"\x41"]
    {
        let json = format!("{{\"a\":\"{bad}\"}}");
        assert!(matches!(text(&json), Err(Misread::Syntax(_))), "{json}");
    }
}

#[test]
fn what_is_nested_beyond_measure_is_an_error_and_no_overflow() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert!(Object::parse(&nested(100)).is_ok());
    assert!(matches!(Object::parse(&nested(1_000_000)), Err(Misread::Syntax(_))));
    assert!(matches!(Object::parse(&"{\"a\":".repeat(1_000_000)), Err(Misread::Syntax(_))));
}

#[test]
fn a_member_that_is_there_twice_is_an_error_if_it_is_asked_for() {
    let mut object = Object::parse(r#"{"a":1,"b":2,"b":3,"a":null}"#).unwrap();
    assert_eq!(object.number("a"), Err(Misread::Twice("a")));
    let mut object = Object::parse(r#"{"a":1,"b":2,"b":3}"#).unwrap();
    assert_eq!(object.number("a"), Ok(1));
}
