//! The built-in bot's replies, in English and Chinese.

use chat::{protocol::Message, time::Millis};
use i18n::Language;
use jiff::Zoned;

use super::{
    super::reminders::{EACH, Full, Reminder},
    clock,
};

/// Lists what the bot can do; in both languages if the user's is unknown.
pub(super) fn help(name: &str, language: Option<Language>) -> String {
    match language {
        Some(Language::English) => help_english(name),
        Some(Language::Chinese) => help_chinese(name),
        None => format!("{}\n\n{}", help_chinese(name), help_english(name)),
    }
}

fn help_english(name: &str) -> String {
    format!(
        "I am {name}, the waiter here. Speak to me with @{name} and one of these:\n\
         · help – this list\n\
         · time, or time in Tokyo\n\
         · roll 2d6 – dice, or flip a coin\n\
         · counts – how much was said in this room\n\
         · quote – something that was said here\n\
         · remind me in 10 minutes to drink tea, or tomorrow at 18:30\n\
         · reminders, forget 1"
    )
}

fn help_chinese(name: &str) -> String {
    format!(
        "我是{name}，这里的伙计。用 @{name} 叫我，可以说：\n\
         · 帮助 —— 这份单子\n\
         · 几点了，或者 东京几点\n\
         · 掷骰子 2d6，或者 抛硬币\n\
         · 统计 —— 这间屋子里说了多少话\n\
         · 来一句 —— 翻一句大家说过的话\n\
         · 提醒我 10分钟后 喝茶，或者 提醒我 明天 18:30 开会\n\
         · 我的提醒，取消提醒 1"
    )
}

pub(super) fn coin(is_head: bool, language: Language) -> &'static str {
    match (language, is_head) {
        (Language::English, true) => "🪙 Heads.",
        (Language::English, false) => "🪙 Tails.",
        (Language::Chinese, true) => "🪙 正面。",
        (Language::Chinese, false) => "🪙 反面。",
    }
}

pub(super) fn welcome(language: Language) -> &'static str {
    match language {
        Language::English => "You are welcome.",
        Language::Chinese => "不客气。",
    }
}

pub(super) fn farewell(language: Language) -> &'static str {
    match language {
        Language::English => "Come again soon.",
        Language::Chinese => "慢走，再来。",
    }
}

pub(super) fn unknown(name: &str, language: Language) -> String {
    match language {
        Language::English => format!("That I do not know how to do. Say “@{name} help” to see what I can."),
        Language::Chinese => format!("这个我不会。说“@{name} 帮助”看看我会什么。"),
    }
}

pub(super) fn time(place: Option<&str>, moment: &Zoned, language: Language) -> String {
    let distance = clock::distance(moment);
    match (language, place) {
        (Language::English, None) => {
            format!("It is {} ({distance}, the house clock).", moment.strftime("%H:%M on %A, %-d %B %Y"))
        }
        (Language::English, Some(place)) => {
            let named = capitalized(place);
            format!("It is {} in {named} ({distance}).", moment.strftime("%H:%M on %A, %-d %B %Y"))
        }
        (Language::Chinese, place) => {
            let (date, day) = (moment.strftime("%Y年%-m月%-d日"), clock::weekday(moment.weekday()));
            match place {
                None => format!("现在是{date} {day} {}（{distance}，茶馆的钟）。", moment.strftime("%H:%M")),
                Some(place) => {
                    format!("{place}现在是{date} {day} {}（{distance}）。", moment.strftime("%H:%M"))
                }
            }
        }
    }
}

pub(super) fn no_such_place(place: &str, language: Language) -> String {
    match language {
        Language::English => format!("I do not know the time in “{place}”. Try a large city, such as Tokyo."),
        Language::Chinese => format!("不知道“{place}”的时间，换个大城市试试，比如东京。"),
    }
}

pub(super) fn counts(
    all: u64,
    looked_at: usize,
    mine: usize,
    most: Option<(usize, &str)>,
    language: Language,
) -> String {
    let most = match (language, most) {
        (_, None) => String::new(),
        (Language::English, Some((n, name))) => format!(" {name} said most: {n}."),
        (Language::Chinese, Some((n, name))) => format!("说得最多的是{name}：{n} 条。"),
    };
    match language {
        Language::English => {
            format!(
                "{all} messages were said in this room. Of the latest {looked_at}, {mine} are yours.{most}"
            )
        }
        Language::Chinese => {
            format!("这间屋子里一共说了 {all} 条。最近的 {looked_at} 条里有 {mine} 条是你说的。{most}")
        }
    }
}

pub(super) fn quote(message: &Message, said: &Zoned, now: &Zoned) -> String {
    let date = if said.year() == now.year() {
        said.strftime("%m-%d %H:%M")
    } else {
        said.strftime("%Y-%m-%d %H:%M")
    };
    format!("“{}”\n—— {}, {date}", message.text, message.user.name)
}

pub(super) fn nothing_to_quote(language: Language) -> &'static str {
    match language {
        Language::English => "Nothing was said here yet that I could quote.",
        Language::Chinese => "这里还没有可以翻出来的话。",
    }
}

pub(super) fn remind_when(name: &str, language: Language) -> String {
    match language {
        Language::English => {
            format!(
                "When? For example: “@{name} remind me in 10 minutes to drink tea”, or “tomorrow at 9:00”, at most \
                 a year ahead."
            )
        }
        Language::Chinese => {
            format!("什么时候？比如“@{name} 提醒我 10分钟后 喝茶”，或者“明天 9:00”，最长一年。")
        }
    }
}

pub(super) fn will_remind(what: &str, at: &Zoned, now: &Zoned, language: Language) -> String {
    let time = if at.date() == now.date() { at.strftime("%H:%M") } else { at.strftime("%Y-%m-%d %H:%M") };
    let distance = clock::distance(at);
    match (language, what.is_empty()) {
        (Language::English, true) => format!("I will remind you at {time} ({distance})."),
        (Language::English, false) => format!("I will remind you at {time} ({distance}): {what}"),
        (Language::Chinese, true) => format!("好的，{time}（{distance}）提醒你。"),
        (Language::Chinese, false) => format!("好的，{time}（{distance}）提醒你：{what}"),
    }
}

/// Returns the text that is sent when a reminder is due.
pub(super) fn reminder(name: &str, what: &str, language: Language) -> String {
    match (language, what.is_empty()) {
        (Language::English, true) => format!("@{name} ⏰ It is time."),
        (Language::Chinese, true) => format!("@{name} ⏰ 时间到了。"),
        (_, false) => format!("@{name} ⏰ {what}"),
    }
}

pub(super) fn reminders(theirs: &[Reminder], now: Millis, language: Language) -> String {
    if theirs.is_empty() {
        return match language {
            Language::English => "Nothing waits for you in this room.".to_owned(),
            Language::Chinese => "你在这间屋子里没有等着的提醒。".to_owned(),
        };
    }
    let today = clock::at(now, clock::server_zone()).date();
    let lines = theirs.iter().enumerate().map(|(index, one)| {
        let at = clock::at(one.at, clock::server_zone());
        let time = if at.date() == today { at.strftime("%H:%M") } else { at.strftime("%Y-%m-%d %H:%M") };
        format!("{}. {time} {}", index + 1, one.what)
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn forgotten(what: &str, language: Language) -> String {
    match (language, what.is_empty()) {
        (Language::English, true) => "Forgotten.".to_owned(),
        (Language::English, false) => format!("Forgotten: {what}"),
        (Language::Chinese, true) => "取消了。".to_owned(),
        (Language::Chinese, false) => format!("取消了：{what}"),
    }
}

pub(super) fn full(full: Full, language: Language) -> String {
    match (full, language) {
        (Full::Theirs, Language::English) => format!("You have {EACH} reminders already; forget one first."),
        (Full::Theirs, Language::Chinese) => format!("你已经有 {EACH} 个提醒了，先取消一个吧。"),
        (Full::All, Language::English) => "I have too much to remember as it is.".to_owned(),
        (Full::All, Language::Chinese) => "要记的事情太多了，记不下了。".to_owned(),
    }
}

/// Capitalizes each word of a place's name.
fn capitalized(place: &str) -> String {
    let mut begins = true;
    let capital = |c: char| {
        let shown = if begins { c.to_uppercase().collect::<String>() } else { c.to_string() };
        begins = !c.is_alphanumeric();
        shown
    };
    place.chars().map(capital).collect()
}
