//! Parses durations: `10分钟`, `一个半小时`, `1h30m`, `half an hour`.

use std::time::Duration;

const MINUTE: u64 = 60;
const QUARTER: u64 = 15 * MINUTE;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Units and their seconds. Longer words come before their own prefixes.
const UNITS: [(&str, u64); 29] = [
    ("seconds", 1),
    ("second", 1),
    ("secs", 1),
    ("sec", 1),
    ("minutes", MINUTE),
    ("minute", MINUTE),
    ("mins", MINUTE),
    ("min", MINUTE),
    ("hours", HOUR),
    ("hour", HOUR),
    ("hrs", HOUR),
    ("hr", HOUR),
    ("days", DAY),
    ("day", DAY),
    ("weeks", 7 * DAY),
    ("week", 7 * DAY),
    ("s", 1),
    ("m", MINUTE),
    ("h", HOUR),
    ("d", DAY),
    ("秒", 1),
    ("分", MINUTE),
    ("小时", HOUR),
    ("钟头", HOUR),
    ("天", DAY),
    ("周", 7 * DAY),
    ("星期", 7 * DAY),
    ("礼拜", 7 * DAY),
    ("刻", QUARTER),
];

/// English number words.
const NUMBERS: [(&str, u64); 19] = [
    ("an", 1),
    ("a", 1),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
];

/// Parses a whole number at the start of a text, in digits or Chinese numerals, and returns it with the rest.
pub(super) fn whole(text: &str) -> Option<(u64, &str)> {
    let (halves, rest) = number(text)?;
    halves.is_multiple_of(2).then_some((halves / 2, rest))
}

/// Parses a duration at the start of a text and returns it with the rest; `None` if there is none or it is
/// zero.
pub(super) fn leading(text: &str) -> Option<(Duration, &str)> {
    let mut rest = text.trim_start();
    let mut seconds: u64 = 0;
    let mut found = false;
    while let Some((more, after)) = one(rest) {
        seconds = seconds.checked_add(more)?;
        found = true;
        let next = after.trim_start();
        let next = next.strip_prefix("and ").or_else(|| next.strip_prefix('零')).unwrap_or(next);
        if one(next).is_none() {
            rest = after;
            break;
        }
        rest = next;
    }
    (found && seconds > 0).then_some((Duration::from_secs(seconds), rest))
}

/// Parses a number with its unit, in seconds.
fn one(text: &str) -> Option<(u64, &str)> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("half an hour") {
        return Some((HOUR / 2, rest));
    }
    let (halves, rest) = number(text)?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('个').unwrap_or(rest);
    // 一个半小时
    let (halves, rest) = match rest.strip_prefix('半') {
        Some(rest) if halves % 2 == 0 && halves > 0 => (halves + 1, rest),
        _ => (halves, rest),
    };
    let (unit, rest) = unit(rest)?;
    let rest = if matches!(unit, MINUTE | QUARTER) { rest.strip_prefix('钟').unwrap_or(rest) } else { rest };
    // 一小时半
    let (halves, rest) = match rest.strip_prefix('半').or_else(|| rest.strip_prefix(" and a half")) {
        Some(rest) if halves % 2 == 0 => (halves + 1, rest),
        _ => (halves, rest),
    };
    Some((halves.checked_mul(unit)? / 2, rest))
}

fn unit(text: &str) -> Option<(u64, &str)> {
    UNITS.iter().find_map(|(word, seconds)| {
        let rest = text.strip_prefix(word)?;
        let goes_on = word.is_ascii() && rest.starts_with(|c: char| c.is_ascii_alphabetic());
        (!goes_on).then_some((*seconds, rest))
    })
}

/// Parses a number, in halves.
fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if digits > 0 {
        let (number, rest) = text.split_at(digits);
        let (tenths, rest) = match rest.strip_prefix(".5") {
            Some(rest) => (1, rest),
            None => (0, rest),
        };
        return Some((number.parse::<u64>().ok()?.checked_mul(2)? + tenths, rest));
    }
    if let Some(rest) = text.strip_prefix('半') {
        return Some((1, rest));
    }
    let word = NUMBERS.iter().find_map(|(word, number)| {
        let rest = text.strip_prefix(word)?;
        rest.starts_with(' ').then_some((2 * number, rest))
    });
    if word.is_some() {
        return word;
    }
    chinese(text).map(|(number, rest)| (2 * number, rest))
}

/// Parses a Chinese numeral from 一 to 九十九.
fn chinese(text: &str) -> Option<(u64, &str)> {
    let digit =
        |c: char| "零一二三四五六七八九".chars().position(|one| one == c || (c == '两' && one == '二'));
    let mut number = 0;
    let mut end = 0;
    let mut pending = None;
    for (index, c) in text.char_indices() {
        if c == '十' {
            number += pending.take().unwrap_or(1) * 10;
        } else if let (Some(digit), None) = (digit(c), pending) {
            pending = Some(u64::try_from(digit).ok()?);
        } else {
            break;
        }
        end = index + c.len_utf8();
    }
    (end > 0).then(|| (number + pending.unwrap_or(0), &text[end..]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::leading;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, seconds, rest) in [
            ("10分钟后喝茶", 600, "后喝茶"),
            ("十分钟后", 600, "后"),
            ("两个小时后", 7_200, "后"),
            ("半小时", 1_800, ""),
            ("半个小时后", 1_800, "后"),
            ("一个半小时", 5_400, ""),
            ("一小时半后", 5_400, "后"),
            ("1小时30分钟", 5_400, ""),
            ("二十五秒", 25, ""),
            ("3天", 259_200, ""),
            ("一周后", 604_800, "后"),
            ("10 minutes to drink", 600, " to drink"),
            ("1h30m tea", 5_400, " tea"),
            ("an hour", 3_600, ""),
            ("half an hour to go", 1_800, " to go"),
            ("2 hours and 5 minutes", 7_500, ""),
            ("1.5 hours", 5_400, ""),
            ("90s", 90, ""),
            ("five minutes", 300, ""),
            ("an hour and a half", 5_400, ""),
            ("一刻钟后", 900, "后"),
            ("两个星期后", 1_209_600, "后"),
        ] {
            assert_eq!(leading(text), Some((Duration::from_secs(seconds), rest)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_is_none() {
        for text in ["", "tea", "10", "10 monkeys", "0 minutes", "分钟", "99999999999999999999 days", "a cup"]
        {
            assert_eq!(leading(text), None, "{text}");
        }
    }
}
