//! Parses orders to the built-in bot in English and Chinese. Executes none of them.

use unicode_normalization::UnicodeNormalization as _;

use super::{clock, dice::Dice, order::Order, reminding, span};

const HELP: [&str; 12] = [
    "help",
    "?",
    "？",
    "what can you do",
    "who are you",
    "what is your name",
    "帮助",
    "菜单",
    "怎么用",
    "你会什么",
    "你是谁",
    "你叫什么",
];
const GREETINGS: [&str; 18] = [
    "good morning",
    "good afternoon",
    "good evening",
    "hello",
    "hey",
    "hi",
    "早上好",
    "上午好",
    "中午好",
    "下午好",
    "晚上好",
    "你好",
    "您好",
    "大家好",
    "在吗",
    "早安",
    "嗨",
    "早",
];
const THANKS: [&str; 11] = [
    "thanks",
    "thank you",
    "thanks a lot",
    "thank you very much",
    "thx",
    "谢谢",
    "谢谢你",
    "多谢",
    "谢啦",
    "谢谢您",
    "辛苦",
];
const FAREWELLS: [&str; 7] = ["bye", "goodbye", "good night", "see you", "再见", "拜拜", "晚安"];
const COINS: [&str; 9] = [
    "flip a coin",
    "toss a coin",
    "coin",
    "heads or tails",
    "抛硬币",
    "扔硬币",
    "掷硬币",
    "抛个硬币",
    "扔个硬币",
];
/// Longer phrases come before their own prefixes.
const TIME: [&str; 17] = [
    "what time is it",
    "what is the time",
    "what's the time",
    "what’s the time",
    "what time",
    "what is the date",
    "what's the date",
    "what’s the date",
    "what date is it",
    "what day is it",
    "what day is today",
    "what is today's date",
    "the time",
    "time",
    "the date",
    "date",
    "today",
];
const TIME_CHINESE: [&str; 14] = [
    "什么时间",
    "什么时候",
    "的时间",
    "几月几号",
    "几点钟",
    "几点",
    "时间",
    "日期",
    "几号",
    "多少号",
    "星期几",
    "礼拜几",
    "周几",
    "今天",
];
const COUNTS: [&str; 8] = ["counts", "count", "stats", "how many", "统计", "计数", "多少条", "说了多少"];
const QUOTE: [&str; 8] = ["quote", "a quote", "语录", "来一句", "名言", "旧话", "随便来一句", "一句话"];
const REMINDERS: [&str; 6] = ["reminders", "my reminders", "我的提醒", "提醒列表", "有哪些提醒", "提醒们"];

/// Characters that end a sentence without changing its meaning.
const ENDINGS: &str = "?？!！.。,，~～吗呢了吧啊呀啦哦";

impl Order {
    /// Parses a text as an order.
    pub(super) fn parse(text: &str) -> Order {
        let text = text.trim();
        if HELP.contains(&text) {
            return Order::Help;
        }
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || ",，、:：".contains(c));
        // A greeting may precede an order or stand alone.
        Order::without_greeting(after_greeting(text).unwrap_or(text))
    }

    fn without_greeting(text: &str) -> Order {
        let lower = text.to_lowercase();
        let plain = ended(&lower);
        let plain = plain.strip_suffix("please").map_or(plain, ended);
        let plain = ["please ", "tell me ", "请问", "请"]
            .iter()
            .fold(plain, |rest, word| rest.strip_prefix(word).unwrap_or(rest).trim_start());
        if plain.is_empty() || HELP.contains(&plain) {
            return Order::Help;
        }
        if THANKS.contains(&plain) {
            return Order::Thanks;
        }
        if FAREWELLS.contains(&plain) {
            return Order::Farewell;
        }
        if REMINDERS.contains(&plain) {
            return Order::Reminders;
        }
        if COINS.contains(&plain) {
            return Order::Coin;
        }
        if COUNTS.iter().any(|word| plain.starts_with(word)) {
            return Order::Counts;
        }
        if QUOTE.contains(&plain) {
            return Order::Quote;
        }
        forget(plain)
            .or_else(|| reminding::parse(text))
            .or_else(|| dice(plain))
            .or_else(|| time(plain))
            .unwrap_or(Order::Unknown)
    }
}

/// Returns whether a text contains a word for help, whatever its language: `请 help`, `帮助 me, please`.
pub(super) fn has_word_for_help(text: &str) -> bool {
    let plain: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let in_english = |(start, word): (usize, &str)| {
        let before = plain[..start].chars().next_back();
        let after = plain[start + word.len()..].chars().next();
        // A script without spaces, such as Chinese, may adjoin the word directly.
        ![before, after].into_iter().flatten().any(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    ["帮助", "幫助"].iter().any(|word| plain.contains(word)) || plain.match_indices("help").any(in_english)
}

/// Strips the end of a sentence.
fn ended(text: &str) -> &str {
    text.trim().trim_end_matches(|c: char| c.is_whitespace() || ENDINGS.contains(c))
}

/// Returns the text after a greeting.
fn after_greeting(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    GREETINGS.iter().find_map(|word| {
        let rest = &text[text.len() - lower.strip_prefix(word)?.len()..];
        let goes_on = word.is_ascii() && rest.starts_with(char::is_alphanumeric);
        let goes_on = goes_on || (*word == "早" && !ended(rest).is_empty());
        (!goes_on).then(|| rest.trim_start_matches(|c: char| c.is_whitespace() || ENDINGS.contains(c)))
    })
}

/// Parses `forget 2`, `取消提醒 2`.
fn forget(plain: &str) -> Option<Order> {
    let rest = ["forget reminder", "cancel reminder", "forget", "取消提醒", "取消"]
        .iter()
        .find_map(|word| plain.strip_prefix(word))?;
    rest.trim().trim_start_matches(['#', '第']).trim_end_matches(['个', '条']).parse().ok().map(Order::Forget)
}

/// Parses `roll 2d6`, `throw two dice`, `掷个骰子`, `2d6`.
fn dice(plain: &str) -> Option<Order> {
    const VERBS: [&str; 7] = ["roll", "throw", "掷", "扔", "丢", "投", "摇"];
    const NOUNS: [&str; 4] = ["骰子", "色子", "dice", "die"];
    let verb = VERBS.iter().find_map(|verb| plain.strip_prefix(verb));
    let rest = verb.unwrap_or(plain).trim();
    let noun = NOUNS.iter().find_map(|noun| rest.split_once(noun));
    if verb.is_none() && noun.is_none_or(|(before, _)| !before.is_empty()) {
        // `2d6` alone is an order; a number alone is not.
        return plain.contains('d').then(|| Dice::parse(plain)).flatten().map(Order::Dice);
    }
    let (before, after) = noun.unwrap_or((rest, ""));
    let what = format!("{} {}", before.trim(), after.trim());
    let what = what.trim().trim_end_matches(['个', '颗', '粒', '次', '把', '下']);
    let what = ["a", "the", "some", "my", "一"].iter().find(|word| what == **word).map_or(what, |_| "");
    // `span::whole` expects a space after a number word.
    let spaced = format!("{what} ");
    let number = span::whole(&spaced).filter(|(_, rest)| rest.trim().is_empty());
    let count = number.map(|(number, _)| number.to_string());
    Dice::parse(count.as_deref().unwrap_or(what)).map(Order::Dice)
}

fn time(plain: &str) -> Option<Order> {
    time_english(plain).or_else(|| time_chinese(plain))
}

/// Parses `time`, `what time is it now`, `time in Tokyo`, `Tokyo time`.
fn time_english(plain: &str) -> Option<Order> {
    let known = |place: &str| clock::zone_of(place).is_some().then(|| Order::Time(Some(place.to_owned())));
    let plain = plain.strip_suffix(" now").unwrap_or(plain);
    let plain = plain.strip_suffix(" right").unwrap_or(plain).trim_end();
    for word in TIME {
        let Some(rest) = plain.strip_prefix(word) else { continue };
        if rest.starts_with(char::is_alphanumeric) {
            continue;
        }
        let rest = rest.trim();
        let rest = rest.strip_prefix("now").unwrap_or(rest).trim();
        return match rest.strip_prefix("in ").map(str::trim) {
            _ if rest.is_empty() => Some(Order::Time(None)),
            Some(place) if !place.is_empty() => Some(Order::Time(Some(place.to_owned()))),
            _ => known(rest),
        };
    }
    known(plain.strip_suffix(" time")?.trim())
}

/// Parses `几点了`, `东京现在几点`, `几点 东京`.
fn time_chinese(plain: &str) -> Option<Order> {
    // Words around the place that belong to the question.
    const AROUND: [&str; 12] =
        ["现在", "今天", "今日", "请问", "你知道", "告诉我", "当前", "那边", "那里", "当地", "的", "是"];
    let (before, after) = TIME_CHINESE.iter().find_map(|word| plain.split_once(word))?;
    let mut place = before.trim();
    while let Some(inner) =
        AROUND.iter().find_map(|word| place.strip_suffix(word).or_else(|| place.strip_prefix(word)))
    {
        place = inner.trim();
    }
    let after = after.trim().trim_start_matches('钟').trim_start_matches(['了', '啦']).trim();
    let after = after.strip_prefix("现在").unwrap_or(after).trim();
    let known = |place: &str| clock::zone_of(place).is_some();
    match (place.is_empty(), after.is_empty()) {
        (true, true) => Some(Order::Time(None)),
        // A clear question about an unknown place still counts, so that the bot can reply that it does not
        // know it.
        (false, true) if known(place) || plain.contains("几点") || plain.contains("的时间") => {
            Some(Order::Time(Some(place.to_owned())))
        }
        (true, false) if known(after) => Some(Order::Time(Some(after.to_owned()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Order, has_word_for_help};
    use crate::bots::builtin::{dice::Dice, order::When};

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
            ("你好 几点了", Order::Time(None)),
            ("Hello, what time is it?", Order::Time(None)),
            ("早", Order::Help),
            ("Good morning!", Order::Help),
            ("hit me", Order::Unknown),
            ("现在几点钟了", Order::Time(None)),
            ("几点啦", Order::Time(None)),
            ("现在是几点？", Order::Time(None)),
            ("今天是星期几", Order::Time(None)),
            ("几点开会", Order::Unknown),
            ("几点 东京", Order::Time(Some("东京".into()))),
            ("亚特兰蒂斯几点", Order::Time(Some("亚特兰蒂斯".into()))),
            ("时间管理", Order::Unknown),
            ("what time is it now?", Order::Time(None)),
            ("time please", Order::Time(None)),
            ("what time is it in tokyo right now?", Order::Time(Some("tokyo".into()))),
            ("tokyo time", Order::Time(Some("tokyo".into()))),
            ("time in atlantis", Order::Time(Some("atlantis".into()))),
            ("today is a fine day", Order::Unknown),
            ("timetable", Order::Unknown),
            ("掷个骰子", Order::Dice(Dice::ONE)),
            ("扔个骰子吧", Order::Dice(Dice::ONE)),
            ("掷骰子 2d6", Order::Dice(Dice { count: 2, sides: 6, plus: 0 })),
            ("掷两个骰子", Order::Dice(Dice { count: 2, sides: 6, plus: 0 })),
            ("roll a die", Order::Dice(Dice::ONE)),
            ("throw two dice", Order::Dice(Dice { count: 2, sides: 6, plus: 0 })),
            ("骰子", Order::Dice(Dice::ONE)),
            ("投票", Order::Unknown),
            ("flip a coin", Order::Coin),
            ("抛硬币", Order::Coin),
            ("谢谢！", Order::Thanks),
            ("辛苦了", Order::Thanks),
            ("Thanks!", Order::Thanks),
            ("bye", Order::Farewell),
            ("再见", Order::Farewell),
            ("sing me a song", Order::Unknown),
            ("唱首歌", Order::Unknown),
        ] {
            assert_eq!(Order::parse(text), order, "{text}");
        }
    }

    #[test]
    fn the_word_for_help_is_found_among_words_of_any_language() {
        for text in [
            "请 help",
            "帮助 please",
            "我想要help啊",
            "HELP!!",
            "could you help me",
            "ｈｅｌｐ",
            "Hilfe, 帮助",
            "我需要帮助",
            "幫助",
            "помощь help",
            "help?帮助",
        ] {
            assert!(has_word_for_help(text), "{text}");
        }
        for text in ["helpful", "whelp", "help_desk", "self-helper", "帮 助", "帮忙", ""] {
            assert!(!has_word_for_help(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_no_reason_to_panic(text in "\\PC*") {
            Order::parse(&text);
            has_word_for_help(&text);
        }

        #[test]
        fn whatever_follows_a_known_word_is_no_reason_to_panic(
            words in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(vec![
                        "remind me", "REMIND ME ", "please ", " in ", " at ", " to ", "1 wee\u{212a}", "\u{130}", "ß", "10", "9:00",
                        ":", "：", " pm", " tomorrow ", "noon", "提醒我", "叫我", "明天", "下午", "三", "十", "点", "半", "分钟", "后",
                        "一下", "5月", "号", "周", "99999999999", "time in ", "几点", "roll ", "d6-2147483648", "掷", "骰子",
                        "forget ", "取消提醒", "第", "你好", "hi ", " now", "week", "days", "-", ".5",
                    ])
                    .prop_map(str::to_owned),
                    "\\PC{0,3}",
                ],
                0..9,
            ),
        ) {
            Order::parse(&words.concat());
        }
    }

    #[test]
    fn letters_that_change_their_length_are_remembered_as_they_are() {
        assert_eq!(Order::parse("remind me in 1 wee\u{212a} \u{130}\u{130}x"), Order::RemindWhen);
        assert_eq!(
            Order::parse("REMIND ME IN 1 HOUR TO \u{130}\u{130}X"),
            Order::Remind(minutes(60), "\u{130}\u{130}X".to_owned())
        );
    }
}
