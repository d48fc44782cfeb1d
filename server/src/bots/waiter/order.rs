//! What the waiter is asked for, understood in both languages. Does none of it.

use std::time::Duration;

use super::{dice::Dice, span};

/// The longest time that a reminder waits.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// What the waiter is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// What it can do.
    Help,
    /// What time it is, in a place or in the house.
    Time(Option<String>),
    /// A throw of dice.
    Dice(Dice),
    /// How much was said.
    Counts,
    /// Something that was said.
    Quote,
    /// A reminder.
    Remind(When, String),
    /// A reminder of which the time is missing or makes no sense.
    RemindWhen,
    /// What one will be reminded of.
    Reminders,
    /// One reminder less, by its place in that list, from 1.
    Forget(usize),
    /// Something else.
    Unknown,
}

/// When to remind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// After this time.
    In(Duration),
    /// When the house's clock next shows this hour and minute.
    At(i8, i8),
}

const HELP: [&str; 16] = [
    "help",
    "?",
    "？",
    "hi",
    "hello",
    "hey",
    "what can you do",
    "who are you",
    "帮助",
    "你好",
    "您好",
    "在吗",
    "菜单",
    "怎么用",
    "你会什么",
    "你是谁",
];
const TIME: [&str; 13] = [
    "what time is it",
    "what's the time",
    "the time",
    "time",
    "date",
    "what day is it",
    "today",
    "现在几点",
    "几点",
    "时间",
    "日期",
    "今天几号",
    "今天星期几",
];
const DICE: [&str; 10] =
    ["roll", "dice", "throw", "掷骰子", "扔骰子", "丢骰子", "投骰子", "骰子", "掷", "色子"];
const COUNTS: [&str; 8] = ["counts", "count", "stats", "how many", "统计", "计数", "多少条", "说了多少"];
const QUOTE: [&str; 8] = ["quote", "a quote", "语录", "来一句", "名言", "旧话", "随便来一句", "一句话"];
const REMINDERS: [&str; 6] = ["reminders", "my reminders", "我的提醒", "提醒列表", "有哪些提醒", "提醒们"];

impl Order {
    /// What a text orders.
    pub(super) fn parse(text: &str) -> Order {
        let text = text.trim();
        let plain = text
            .trim_end_matches(|c: char| c.is_whitespace() || "?？!！.。~吗呢了吧啊呀".contains(c))
            .to_lowercase();
        if plain.is_empty() || HELP.contains(&plain.as_str()) || HELP.contains(&text) {
            return Order::Help;
        }
        if REMINDERS.contains(&plain.as_str()) {
            return Order::Reminders;
        }
        if COUNTS.iter().any(|word| plain.starts_with(word)) {
            return Order::Counts;
        }
        if QUOTE.contains(&plain.as_str()) {
            return Order::Quote;
        }
        forget(&plain)
            .or_else(|| remind(text))
            .or_else(|| dice(&plain))
            .or_else(|| time(&plain))
            .unwrap_or(Order::Unknown)
    }
}

/// `forget 2`, `取消提醒 2`.
fn forget(plain: &str) -> Option<Order> {
    let rest = ["forget reminder", "cancel reminder", "forget", "取消提醒", "取消"]
        .iter()
        .find_map(|word| plain.strip_prefix(word))?;
    rest.trim().trim_start_matches(['#', '第']).trim_end_matches(['个', '条']).parse().ok().map(Order::Forget)
}

fn dice(plain: &str) -> Option<Order> {
    if let Some(rest) = DICE.iter().find_map(|word| plain.strip_prefix(word)) {
        let rest = rest.trim().trim_start_matches("a ").trim_end_matches("dice").trim_end_matches("骰子");
        return Dice::parse(rest).map(Order::Dice);
    }
    // `2d6` by itself; a number by itself is none.
    plain.contains('d').then(|| Dice::parse(plain)).flatten().map(Order::Dice)
}

/// `time in Tokyo`, `几点 东京`, `东京几点`.
fn time(plain: &str) -> Option<Order> {
    for word in TIME {
        if let Some(rest) = plain.strip_prefix(word) {
            let rest = rest.trim().trim_start_matches("in ").trim();
            return Some(Order::Time((!rest.is_empty()).then(|| rest.to_owned())));
        }
    }
    let place = ["现在几点", "几点", "时间", "的时间"].iter().find_map(|word| plain.strip_suffix(word))?;
    let place = place.trim().trim_end_matches('的').trim_end_matches("现在");
    Some(Order::Time((!place.is_empty()).then(|| place.to_owned())))
}

fn remind(text: &str) -> Option<Order> {
    let lower = text.to_lowercase();
    // What is to be remembered keeps its letters; `lower` is as long, unless a letter has a longer lower case.
    let same = if lower.len() == text.len() { text } else { lower.as_str() };
    let english = lower.strip_prefix("please ").unwrap_or(&lower);
    let skipped = lower.len() - english.len();
    if let Some(rest) = english.strip_prefix("remind me") {
        return Some(order(remind_english(rest, &same[skipped + "remind me".len()..])));
    }
    if let Some(rest) = lower.strip_prefix("in ")
        && let Some((after, rest)) = span::leading(rest)
        && let Some(what) = rest.trim_start_matches([',', ' ']).strip_prefix("remind me")
    {
        let what = &same[same.len() - what.len()..];
        return Some(order(Some((When::In(after), without_link(what)))));
    }
    if let Some(rest) = ["请提醒我", "提醒我", "提醒一下我"].iter().find_map(|word| same.strip_prefix(word))
    {
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "，,：:在".contains(c));
        return Some(order(when_chinese(rest)));
    }
    // 10分钟后提醒我喝茶
    let (when, rest) = when_chinese(same)?;
    let what = ["提醒我", "叫我", "喊我"].iter().find_map(|word| rest.strip_prefix(word))?;
    Some(order(Some((when, trimmed(what)))))
}

/// ` in 10 minutes to drink`, ` to drink in 10 minutes`, ` at 18:30 to go`; of `same`, which has its letters as they were.
fn remind_english(lower: &str, same: &str) -> Option<(When, String)> {
    let rest = lower.trim_start();
    let cut = |rest: &str| same[same.len() - rest.len()..].to_owned();
    if let Some((when, rest)) = when_english(rest) {
        return Some((when, without_link(&cut(rest))));
    }
    let at = [" in ", " at "].iter().filter_map(|word| rest.rfind(word)).max()?;
    let (when, after) = when_english(rest[at..].trim_start())?;
    let what = cut(rest);
    after.trim().is_empty().then(|| (when, without_link(&what[..at])))
}

fn when_english(text: &str) -> Option<(When, &str)> {
    if let Some(rest) = text.strip_prefix("in ") {
        return span::leading(rest).map(|(after, rest)| (When::In(after), rest));
    }
    clock(text.strip_prefix("at ")?)
}

fn when_chinese(text: &str) -> Option<(When, String)> {
    if let Some((after, rest)) = span::leading(text) {
        let rest = ["之后", "以后", "后"].iter().find_map(|word| rest.trim_start().strip_prefix(word))?;
        return Some((When::In(after), trimmed(rest)));
    }
    clock(text).map(|(when, rest)| (when, trimmed(rest)))
}

/// `18:30`, `8：05`.
fn clock(text: &str) -> Option<(When, &str)> {
    let (hour, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let rest = rest.strip_prefix([':', '：'])?;
    let (minute, rest) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
    let (hour, minute) = (hour.parse::<i8>().ok()?, minute.parse::<i8>().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some((When::At(hour, minute), rest))
}

fn order(understood: Option<(When, String)>) -> Order {
    match understood {
        Some((When::In(after), _)) if after > LONGEST => Order::RemindWhen,
        Some((when, what)) => Order::Remind(when, what),
        None => Order::RemindWhen,
    }
}

fn without_link(what: &str) -> String {
    let what = what.trim();
    let links = ["to ", "that ", "about ", "of "];
    let lower = what.to_lowercase();
    match links.iter().find(|link| lower.starts_with(*link)) {
        Some(link) => trimmed(&what[link.len()..]),
        None => trimmed(what),
    }
}

fn trimmed(what: &str) -> String {
    what.trim_matches(|c: char| c.is_whitespace() || ",，:：。".contains(c)).to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::dice::Dice, Order, When};

    fn minutes(minutes: u64) -> When {
        When::In(Duration::from_mins(minutes))
    }

    #[test]
    fn orders_are_understood_in_both_languages() {
        for (text, order) in [
            ("", Order::Help),
            ("help", Order::Help),
            ("你好！", Order::Help),
            ("？", Order::Help),
            ("What time is it?", Order::Time(None)),
            ("time in Tokyo", Order::Time(Some("tokyo".into()))),
            ("几点了？", Order::Time(None)),
            ("东京几点", Order::Time(Some("东京".into()))),
            ("东京现在几点了", Order::Time(Some("东京".into()))),
            ("掷骰子", Order::Dice(Dice::ONE)),
            ("roll 2d6+1", Order::Dice(Dice { count: 2, sides: 6, plus: 1 })),
            ("掷3个骰子", Order::Dice(Dice { count: 3, sides: 6, plus: 0 })),
            ("d20", Order::Dice(Dice { count: 1, sides: 20, plus: 0 })),
            ("统计", Order::Counts),
            ("How many messages?", Order::Counts),
            ("来一句", Order::Quote),
            ("quote", Order::Quote),
            ("我的提醒", Order::Reminders),
            ("取消提醒 2", Order::Forget(2)),
            ("forget 1", Order::Forget(1)),
            ("sing me a song", Order::Unknown),
            ("唱首歌", Order::Unknown),
        ] {
            assert_eq!(Order::parse(text), order, "{text}");
        }
    }

    #[test]
    fn reminders_are_understood_as_people_say_them() {
        for (text, when, what) in [
            ("提醒我 10分钟后 喝茶", minutes(10), "喝茶"),
            ("提醒我10分钟后喝茶。", minutes(10), "喝茶"),
            ("10分钟后提醒我喝茶", minutes(10), "喝茶"),
            ("半小时后叫我", minutes(30), ""),
            ("提醒我在18:30开会", When::At(18, 30), "开会"),
            ("remind me in 10 minutes to drink Tea", minutes(10), "drink Tea"),
            ("Remind me to drink Tea in 10 minutes", minutes(10), "drink Tea"),
            ("in half an hour, remind me to go", minutes(30), "go"),
            ("remind me at 8:05 to call Ann", When::At(8, 5), "call Ann"),
            ("remind me in 1h", minutes(60), ""),
        ] {
            assert_eq!(Order::parse(text), Order::Remind(when, what.to_owned()), "{text}");
        }
        for text in
            ["提醒我喝茶", "remind me to drink", "remind me at 25:00 to go", "remind me in 400 days to go"]
        {
            assert_eq!(Order::parse(text), Order::RemindWhen, "{text}");
        }
    }
}
