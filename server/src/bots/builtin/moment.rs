//! Parses times of day, with an optional day: `18:30`, `tomorrow at 6:30 pm`, `明天下午3点半`.

use super::{order::When, span};

/// A part of the day, which resolves an hour on the twelve-hour clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// From midnight, which is 12, to noon.
    Am,
    Morning,
    Noon,
    Afternoon,
    Evening,
}

/// Days and parts of days that may stand before or after a time. Longer words come before their own prefixes.
const ENGLISH: [(&str, Option<i8>, Option<Part>); 15] = [
    ("the day after tomorrow", Some(2), None),
    ("tomorrow morning", Some(1), Some(Part::Morning)),
    ("tomorrow afternoon", Some(1), Some(Part::Afternoon)),
    ("tomorrow evening", Some(1), Some(Part::Evening)),
    ("tomorrow night", Some(1), Some(Part::Evening)),
    ("tomorrow", Some(1), None),
    ("this morning", Some(0), Some(Part::Morning)),
    ("this afternoon", Some(0), Some(Part::Afternoon)),
    ("this evening", Some(0), Some(Part::Evening)),
    ("tonight", Some(0), Some(Part::Evening)),
    ("today", Some(0), None),
    ("in the morning", None, Some(Part::Morning)),
    ("in the afternoon", None, Some(Part::Afternoon)),
    ("in the evening", None, Some(Part::Evening)),
    ("at night", None, Some(Part::Evening)),
];
const CHINESE: [(&str, Option<i8>, Option<Part>); 20] = [
    ("大后天", Some(3), None),
    ("后天", Some(2), None),
    ("明天", Some(1), None),
    ("明日", Some(1), None),
    ("明早", Some(1), Some(Part::Morning)),
    ("明晚", Some(1), Some(Part::Evening)),
    ("今天", Some(0), None),
    ("今日", Some(0), None),
    ("今早", Some(0), Some(Part::Morning)),
    ("今晚", Some(0), Some(Part::Evening)),
    ("凌晨", None, Some(Part::Am)),
    ("清晨", None, Some(Part::Morning)),
    ("早晨", None, Some(Part::Morning)),
    ("早上", None, Some(Part::Morning)),
    ("上午", None, Some(Part::Morning)),
    ("中午", None, Some(Part::Noon)),
    ("下午", None, Some(Part::Afternoon)),
    ("傍晚", None, Some(Part::Evening)),
    ("晚上", None, Some(Part::Evening)),
    ("夜里", None, Some(Part::Evening)),
];

/// Words of days and parts of days. Beside a time, they may change it in ways that this parser does not
/// understand.
const WORDS: [&str; 45] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "today",
    "tonight",
    "tomorrow",
    "day",
    "days",
    "daily",
    "week",
    "weeks",
    "weekend",
    "month",
    "year",
    "morning",
    "afternoon",
    "evening",
    "night",
    "noon",
    "midnight",
    "am",
    "pm",
];
const CHARACTERS: [&str; 28] = [
    "今天",
    "明天",
    "后天",
    "今日",
    "明日",
    "今早",
    "今晚",
    "明早",
    "明晚",
    "每天",
    "每日",
    "每周",
    "周末",
    "下周",
    "下个月",
    "月底",
    "早上",
    "早晨",
    "清晨",
    "上午",
    "中午",
    "下午",
    "傍晚",
    "晚上",
    "凌晨",
    "夜里",
    "半夜",
    "午夜",
];

/// How many words beside a time are checked.
const BESIDE: usize = 3;

/// Parses a time of day at the start of a lower-case text; returns it and the rest.
pub(super) fn english(text: &str) -> Option<(When, &str)> {
    let (mut day, mut part, mut rest) = (None, None, text.trim_start());
    loop {
        if let Some((more, after)) = word(&ENGLISH, rest) {
            add(&mut day, &mut part, more)?;
            rest = after.trim_start_matches([' ', ',']);
        }
        let at = rest.strip_prefix("at ").map_or(rest, str::trim_start);
        if let Some((hour, minute, is_afternoon, after)) = english_clock(at) {
            rest = after;
            let half = is_afternoon.map(|is| if is { Part::Afternoon } else { Part::Am });
            while let Some((more, after)) = word(&ENGLISH, rest.trim_start_matches([' ', ','])) {
                add(&mut day, &mut part, more)?;
                rest = after;
            }
            let hour = within(within(hour, half)?, part)?;
            return Some((When::At { day, hour, minute }, rest));
        }
        word(&ENGLISH, rest)?;
    }
}

/// Parses a time of day at the start of a text; returns it and the rest.
pub(super) fn chinese(text: &str) -> Option<(When, &str)> {
    let (mut day, mut part, mut rest) = (None, None, text.trim_start());
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "的在，,".contains(c));
        let Some((more, after)) = word(&CHINESE, rest) else { break };
        add(&mut day, &mut part, more)?;
        rest = after;
    }
    let (hour, minute, rest) = chinese_clock(rest)?;
    Some((When::At { day, hour: within(hour, part)?, minute }, rest))
}

/// Returns whether the subject of a reminder begins or ends with words that may change its time.
pub(super) fn says_more(what: &str, in_front: bool, behind: bool) -> bool {
    let lower = what.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let front = words.iter().take(if in_front { BESIDE } else { 0 });
    let last = words.iter().rev().take(if behind { BESIDE } else { 0 });
    let of_time = |word: &&str| WORDS.contains(word) || is_ordinal(word);
    front.chain(last).any(of_time)
        || CHARACTERS
            .iter()
            .any(|word| (in_front && lower.starts_with(word)) || (behind && lower.ends_with(word)))
        || (in_front && begins_with_a_day(&lower))
        || (behind && ends_with_a_day(&lower))
}

fn is_ordinal(word: &str) -> bool {
    ["st", "nd", "rd", "th"].iter().filter_map(|end| word.strip_suffix(end)).any(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

const WEEKS: [&str; 3] = ["周", "星期", "礼拜"];

fn is_day_of_week(c: char) -> bool {
    "一二三四五六日天末".contains(c)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || "一二三四五六七八九十".contains(c)
}

/// Matches `5月3日`, `3号`, `下周五`.
fn begins_with_a_day(what: &str) -> bool {
    let week = what.trim_start_matches(['下', '本', '这', '个', '每']);
    WEEKS.iter().any(|name| week.strip_prefix(name).is_some_and(|rest| rest.starts_with(is_day_of_week)))
        || (what.starts_with(is_digit) && what.trim_start_matches(is_digit).starts_with(['日', '号', '月']))
}

fn ends_with_a_day(what: &str) -> bool {
    let week = what.strip_suffix(is_day_of_week);
    week.is_some_and(|rest| WEEKS.iter().any(|name| rest.ends_with(name)))
        || what.strip_suffix(['日', '号', '月']).is_some_and(|rest| rest.ends_with(is_digit))
}

type DayAndPart = (Option<i8>, Option<Part>);

/// Returns the day or part of the day at the start of a text, and the rest.
fn word<'a>(words: &[(&str, Option<i8>, Option<Part>)], text: &'a str) -> Option<(DayAndPart, &'a str)> {
    words.iter().find_map(|(word, day, part)| {
        let rest = text.strip_prefix(word)?;
        let goes_on = word.is_ascii() && rest.starts_with(char::is_alphanumeric);
        (!goes_on).then_some(((*day, *part), rest))
    })
}

/// Merges a word's day and part of day into those found before; `None` if one of them is already set.
fn add(day: &mut Option<i8>, part: &mut Option<Part>, (new_day, new_part): DayAndPart) -> Option<()> {
    if (day.is_some() && new_day.is_some()) || (part.is_some() && new_part.is_some()) {
        return None;
    }
    *day = day.or(new_day);
    *part = part.or(new_part);
    Some(())
}

/// Converts an hour to the 24-hour clock according to the part of the day; `None` if there is no such hour.
fn within(hour: i8, part: Option<Part>) -> Option<i8> {
    let Some(part) = part else { return Some(hour) };
    match (part, hour) {
        (Part::Am, 12) => Some(0),
        (Part::Am | Part::Morning, 0..=11)
        | (Part::Noon, 11..=13)
        | (Part::Afternoon, 12..=23)
        | (Part::Evening, 16..=23) => Some(hour),
        (Part::Noon, 1..=2) | (Part::Afternoon, 1..=11) | (Part::Evening, 4..=11) => Some(hour + 12),
        _ => None,
    }
}

/// Parses `18:30`, `6:30 pm`, `6pm`, `6 o'clock`, `noon`; the flag is `true` for p.m., `false` for a.m.
fn english_clock(text: &str) -> Option<(i8, i8, Option<bool>, &str)> {
    if let Some(rest) = text.strip_prefix("noon")
        && !rest.starts_with(char::is_alphanumeric)
    {
        return Some((12, 0, None, rest));
    }
    let (hour, rest) = digits(text)?;
    let (minute, rest) = minutes(rest)?;
    let after = rest.trim_start();
    let half =
        [("a.m.", false), ("p.m.", true), ("am", false), ("pm", true)].iter().find_map(|(word, is)| {
            let rest = after.strip_prefix(word)?;
            (!rest.starts_with(char::is_alphanumeric)).then_some((*is, rest))
        });
    let is_hour = |most| (0..=most).contains(&hour);
    match (half, minute) {
        (Some((is_afternoon, rest)), minute) => is_hour(if is_afternoon { 23 } else { 12 }).then_some((
            hour,
            minute.unwrap_or(0),
            Some(is_afternoon),
            rest,
        )),
        (None, Some(minute)) => is_hour(23).then_some((hour, minute, None, rest)),
        (None, None) => {
            let rest = ["o'clock", "o’clock"].iter().find_map(|word| after.strip_prefix(word))?;
            is_hour(23).then_some((hour, 0, None, rest))
        }
    }
}

/// Parses `18:30`, `9点`, `九点半`, `9点一刻`, `9点05分`.
fn chinese_clock(text: &str) -> Option<(i8, i8, &str)> {
    if let Some((hour, rest)) = digits(text)
        && let (Some(minute), rest) = minutes(rest)?
    {
        return (0..24).contains(&hour).then_some((hour, minute, rest));
    }
    let (hour, rest) = span::whole(text)?;
    let rest = rest.trim_start().strip_prefix(['点', '點'])?;
    let rest = rest.strip_prefix('钟').unwrap_or(rest);
    let (minute, rest) = if let Some((minute, rest)) = [("整", 0), ("半", 30), ("一刻", 15), ("三刻", 45)]
        .iter()
        .find_map(|(word, minute)| Some((*minute, rest.strip_prefix(word)?)))
    {
        (minute, rest)
    } else if let Some((minute, rest)) = span::whole(rest)
        && let Some(rest) = rest.strip_prefix('分')
    {
        (i8::try_from(minute).ok()?, rest)
    } else if rest.starts_with(|c: char| c.is_ascii_digit()) {
        let (minute, rest) = digits(rest)?;
        (minute, rest)
    } else {
        (0, rest)
    };
    let hour = i8::try_from(hour).ok()?;
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some((hour, minute, rest))
}

/// Parses one or two digits.
fn digits(text: &str) -> Option<(i8, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (end <= 2).then(|| number.parse().ok().map(|number| (number, rest))).flatten()
}

/// Parses `:30`. The inner `None` means that there are no minutes; the outer one, that they are invalid.
fn minutes(text: &str) -> Option<(Option<i8>, &str)> {
    let Some(rest) = text.strip_prefix([':', '：']) else { return Some((None, text)) };
    let (minute, after) = digits(rest)?;
    let is_minute = rest.len() - after.len() == 2 && (0..60).contains(&minute);
    (is_minute && !after.starts_with([':', '：'])).then_some((Some(minute), after))
}
