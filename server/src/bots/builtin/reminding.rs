//! Parses requests for reminders, with time and subject in any order. Rejects a time that may mean more than
//! this parser understands.

use std::time::Duration;

use super::{
    moment,
    order::{Order, When},
    span,
};

/// The longest delay of a reminder.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// A span shorter than this is exact, whatever else the text contains; a longer one may be combined with a
/// time of day.
const DAY: Duration = Duration::from_hours(24);

/// How many bytes at the end of a text are searched for a time.
const LONGEST_WORDS: usize = 120;

const CHINESE: [&str; 5] = ["提醒我", "提醒一下我", "叫我", "喊我", "叫一下我"];

/// Parses a text as a reminder order; `None` if it is not one.
pub(super) fn parse(text: &str) -> Option<Order> {
    // ASCII lower-casing preserves lengths, so offsets in one string are valid in the other.
    let lower = text.to_ascii_lowercase();
    if let Some(at) = lower.find("remind me") {
        let (before, after) = (&lower[..at], &text[at + "remind me".len()..]);
        return Some(order(english(before, after)));
    }
    let (at, word) = CHINESE.iter().filter_map(|word| Some((text.find(word)?, *word))).min()?;
    let (before, after) = (&text[..at], &text[at + word.len()..]);
    let understood = chinese(before, after);
    // Without a time, "call me" (叫我) is no order.
    (understood.is_some() || word.starts_with("提醒")).then(|| order(understood))
}

fn order(understood: Option<(When, String)>) -> Order {
    match understood {
        Some((When::In(after), _)) if after > LONGEST => Order::RemindWhen,
        Some((when, what)) => Order::Remind(when, what),
        None => Order::RemindWhen,
    }
}

/// Parses the text before `remind me`, in lower case, and the text after it.
fn english(before: &str, after: &str) -> Option<(When, String)> {
    let before = before.trim();
    let before = ["please", "can you", "could you", "would you"]
        .iter()
        .fold(before, |rest, word| rest.trim_end_matches(word).trim_end());
    let before = before.strip_prefix("please ").unwrap_or(before).trim_end_matches([',', ' ']);
    if !before.is_empty() {
        let (when, rest) = english_when(before)?;
        return is_over(rest).then_some(()).and_then(|()| settled(when, after, false));
    }
    let lower = after.to_ascii_lowercase();
    if let Some((when, rest)) = english_when(&lower) {
        return settled(when, &after[after.len() - rest.len()..], false);
    }
    // The time may come last.
    let (at, when) = last_places(&lower).filter(|(_, c)| c.is_whitespace()).find_map(|(at, _)| {
        let (when, rest) = english_when(&lower[at..])?;
        is_over(rest).then_some((at, when))
    })?;
    settled(when, &after[..at], true)
}

/// Parses a time at the start of a lower-case text.
fn english_when(text: &str) -> Option<(When, &str)> {
    let text = text.trim_start();
    match text.strip_prefix("in ").and_then(span::leading) {
        Some((after, rest)) if after >= DAY => on_that_day(after, rest, moment::english),
        Some((after, rest)) => Some((When::In(after), rest)),
        None => moment::english(text),
    }
}

fn chinese(before: &str, after: &str) -> Option<(When, String)> {
    let skipped = |c: char| c.is_whitespace() || "，,：:请在".contains(c);
    let before = before.trim_start_matches(skipped);
    if !before.is_empty() && !["麻烦", "麻烦你", "你", "帮忙", "记得", "到时候"].contains(&before)
    {
        let (when, rest) = chinese_when(before)?;
        return is_over(rest).then_some(()).and_then(|()| settled(when, after, false));
    }
    let after = after.trim_start_matches(skipped);
    let after = after.strip_prefix("一下").unwrap_or(after).trim_start_matches(skipped);
    if let Some((when, rest)) = chinese_when(after) {
        return settled(when, rest, false);
    }
    let mut last = None;
    let (at, when) = last_places(after).find_map(|(at, c)| {
        // A time cannot begin in the middle of a number.
        let within =
            last.replace(c).is_some_and(|last: char| last.is_ascii_digit() || ":：./-".contains(last));
        let (when, rest) = if within { None } else { chinese_when(&after[at..]) }?;
        is_over(rest).then_some((at, when))
    })?;
    settled(when, &after[..at], true)
}

fn chinese_when(text: &str) -> Option<(When, &str)> {
    if let Some((after, rest)) = span::leading(text)
        && let Some(rest) =
            ["之后", "以后", "后"].iter().find_map(|word| rest.trim_start().strip_prefix(word))
    {
        if after >= DAY {
            return on_that_day(after, rest, moment::chinese);
        }
        return Some((When::In(after), rest));
    }
    moment::chinese(text)
}

/// Combines a span of days with a time of day, if one follows.
fn on_that_day<'a>(
    after: Duration,
    rest: &'a str,
    clock: impl Fn(&'a str) -> Option<(When, &'a str)>,
) -> Option<(When, &'a str)> {
    match clock(rest) {
        Some((When::At { day: None, hour, minute }, rest)) => {
            let days = i8::try_from(after.as_secs() / DAY.as_secs()).ok()?;
            let is_whole = after.as_secs().is_multiple_of(DAY.as_secs());
            is_whole.then_some((When::At { day: Some(days), hour, minute }, rest))
        }
        Some(_) => None,
        None => Some((When::In(after), rest)),
    }
}

/// Returns the reminder, unless the remaining text may change its time.
fn settled(when: When, what: &str, is_last: bool) -> Option<(When, String)> {
    let (linked, what) = without_link(what);
    let is_exact = matches!(when, When::In(after) if after < DAY);
    let is_dated = matches!(when, When::At { day: Some(_), .. });
    let another = || chinese_when(&what).is_some() || english_when(&what.to_ascii_lowercase()).is_some();
    let is_doubtful = moment::says_more(&what, !linked, is_last || !is_dated)
        || (!linked && another())
        || (!is_dated && ends_with_when(&what));
    (is_exact || !is_doubtful).then_some((when, what))
}

/// Returns whether the subject ends with a time of its own.
fn ends_with_when(what: &str) -> bool {
    let lower = what.to_ascii_lowercase();
    last_places(&lower).any(|(at, _)| {
        let rest = &lower[at..];
        [english_when(rest), chinese_when(rest)].iter().flatten().any(|(_, after)| is_over(after))
    })
}

/// Returns the offsets at which a time that ends the text may begin.
fn last_places(text: &str) -> impl Iterator<Item = (usize, char)> {
    let first = text.len().saturating_sub(LONGEST_WORDS);
    text.char_indices().skip_while(move |(at, _)| *at < first)
}

/// Returns whether only a courtesy follows a time.
fn is_over(rest: &str) -> bool {
    let rest = rest.trim_matches(|c: char| c.is_whitespace() || ",.!?，。！？~".contains(c));
    ["", "please", "thanks", "thank you", "吧", "哦", "谢谢"].contains(&rest)
}

/// Returns the subject without its leading link word (`to`, `about`), and whether it had one.
fn without_link(what: &str) -> (bool, String) {
    let what = trimmed(what);
    let what = what.strip_prefix("一下").map_or(what, trimmed);
    let lower = what.to_ascii_lowercase();
    match ["to ", "that ", "about ", "of "].iter().find(|link| lower.starts_with(*link)) {
        Some(link) => (true, trimmed(&what[link.len()..]).to_owned()),
        None => (false, what.to_owned()),
    }
}

fn trimmed(what: &str) -> &str {
    what.trim_matches(|c: char| c.is_whitespace() || ",，:：。".contains(c))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::order::{Order, When},
        parse,
    };

    fn minutes(minutes: u64) -> When {
        When::In(Duration::from_mins(minutes))
    }

    fn at(hour: i8, minute: i8) -> When {
        When::At { day: None, hour, minute }
    }

    fn on(day: i8, hour: i8, minute: i8) -> When {
        When::At { day: Some(day), hour, minute }
    }

    #[track_caller]
    fn understood(cases: &[(&str, When, &str)]) {
        for (text, when, what) in cases {
            assert_eq!(parse(text), Some(Order::Remind(*when, (*what).to_owned())), "{text}");
        }
    }

    #[test]
    fn reminders_are_understood_as_people_say_them() {
        understood(&[
            ("提醒我 10分钟后 喝茶", minutes(10), "喝茶"),
            ("提醒我10分钟后喝茶。", minutes(10), "喝茶"),
            ("10分钟后提醒我喝茶", minutes(10), "喝茶"),
            ("半小时后叫我", minutes(30), ""),
            ("提醒我在18:30开会", at(18, 30), "开会"),
            ("remind me in 10 minutes to drink Tea", minutes(10), "drink Tea"),
            ("Remind me to drink Tea in 10 minutes", minutes(10), "drink Tea"),
            ("in half an hour, remind me to go", minutes(30), "go"),
            ("remind me at 8:05 to call Ann", at(8, 5), "call Ann"),
            ("remind me in 1h", minutes(60), ""),
            ("remind me in five minutes to go", minutes(5), "go"),
            ("remind me in a minute", minutes(1), ""),
            ("can you remind me to go in 5 minutes, please?", minutes(5), "go"),
            ("提醒我喝茶 10分钟后", minutes(10), "喝茶"),
            ("提醒我喝茶10分钟后", minutes(10), "喝茶"),
            ("提醒我一下 10分钟后喝茶", minutes(10), "喝茶"),
            ("请10分钟后提醒我一下喝茶", minutes(10), "喝茶"),
            ("remind me in an hour to plan tomorrow", minutes(60), "plan tomorrow"),
            ("提醒我1小时后订明天", minutes(60), "订明天"),
        ]);
    }

    #[test]
    fn the_day_and_the_half_of_it_are_understood_beside_the_time() {
        understood(&[
            ("remind me at 6:30 pm to go", at(18, 30), "go"),
            ("remind me at 6pm to go", at(18, 0), "go"),
            ("remind me at 12:15 a.m. to sleep", at(0, 15), "sleep"),
            ("remind me at noon to eat", at(12, 0), "eat"),
            ("remind me at 6 o'clock in the evening to eat", at(18, 0), "eat"),
            ("remind me to call Bob tomorrow at 9:00", on(1, 9, 0), "call Bob"),
            ("remind me to call Bob at 9:00 tomorrow", on(1, 9, 0), "call Bob"),
            ("remind me tomorrow at 9:00 to call Bob", on(1, 9, 0), "call Bob"),
            ("tomorrow morning at 9am, remind me to call Bob", on(1, 9, 0), "call Bob"),
            ("remind me tonight at 8:00 to eat", on(0, 20, 0), "eat"),
            ("remind me in 2 days at 9:00 to go", on(2, 9, 0), "go"),
            ("提醒我 明天 9:00 开会", on(1, 9, 0), "开会"),
            ("提醒我明天9点开会", on(1, 9, 0), "开会"),
            ("明天上午九点半提醒我开会", on(1, 9, 30), "开会"),
            ("提醒我开会 后天下午3点", on(2, 15, 0), "开会"),
            ("提醒我9点半开会", at(9, 30), "开会"),
            ("提醒我下午3点开会", at(15, 0), "开会"),
            ("提醒我今晚8点一刻看戏", on(0, 20, 15), "看戏"),
            ("两天后9点提醒我开会", on(2, 9, 0), "开会"),
            ("晚上十一点叫我", at(23, 0), ""),
        ]);
    }

    #[test]
    fn a_time_that_is_missing_or_may_mean_another_is_asked_for() {
        for text in [
            "提醒我喝茶",
            "remind me to drink",
            "remind me at 25:00 to go",
            "remind me in 400 days to go",
            "remind me at 6:30 on Monday to go",
            "remind me on Monday at 6:30 to go",
            "remind me to go on Monday at 6:30",
            "remind me at 9:00 to call Bob on the 5th",
            "remind me to call Bob on May 5 at 9:00",
            "remind me to drink every day at 9:00",
            "remind me tomorrow to go",
            "remind me at 9:00 in 2 days to go",
            "remind me at 9:00 to go in 2 days",
            "remind me tomorrow morning at 8 pm to go",
            "提醒我每天9:00喝水",
            "每天9点提醒我喝水",
            "提醒我周五9:00开会",
            "提醒我开会下周五9:00",
            "提醒我9:00开会 明天",
            "提醒我5月3日9点开会",
            "提醒我开会 5月3日 9:00",
            "提醒我晚上12点睡觉",
            "提醒我明天开会",
            "提醒我25点开会",
            "提醒我9:75开会",
        ] {
            assert_eq!(parse(text), Some(Order::RemindWhen), "{text}");
        }
        assert_eq!(parse("叫我小明"), None);
    }
}
