//! The notes that a bot sends in place of an answer, or after a partial one, in both languages. Each is one
//! line; the details are in the log.

use i18n::Language;
use unicode_script::{Script, UnicodeScript as _};

use super::question::BotErrorKind;

/// Guesses the language of a text: Chinese if it has Chinese characters, English if it has other letters.
pub(super) fn language_of(text: &str) -> Option<Language> {
    if text.chars().any(|c| c.script() == Script::Han) {
        Some(Language::Chinese)
    } else {
        text.chars().any(char::is_alphabetic).then_some(Language::English)
    }
}

/// Returns the note about a service's failure.
pub(super) fn trouble(trouble: BotErrorKind, language: Language) -> &'static str {
    let (english, chinese) = match trouble {
        BotErrorKind::Busy => {
            ("I have my hands full just now. Please ask again in a while.", "现在太忙了，请过一会儿再问。")
        }
        BotErrorKind::TooSlow => ("It took too long, so I gave up waiting.", "等得太久，没等到回答。"),
        BotErrorKind::Unreachable => ("I cannot reach the service that knows.", "联系不上回答问题的服务。"),
        BotErrorKind::Failing => {
            ("The service that knows is in trouble itself.", "回答问题的服务自己出了问题。")
        }
        BotErrorKind::Refused => {
            ("The service that knows would not take the question.", "回答问题的服务没有接受这个问题。")
        }
        BotErrorKind::Forbidden => {
            ("I may not go where the answer would be.", "要去的地方不在允许的范围里。")
        }
        BotErrorKind::Garbled => ("I got an answer that I cannot make out.", "得到的回答看不懂。"),
        BotErrorKind::TooLong => (
            "The answer is longer than a message may be; the rest is left out.",
            "回答比一条消息还长，后面的省略了。",
        ),
        BotErrorKind::Unfinished => ("That is as much as I am allowed to say.", "只允许说这么多，到此为止。"),
        BotErrorKind::CutOff => ("The answer broke off there.", "回答到这里断了。"),
        BotErrorKind::Forgetful => {
            ("I cannot look that up just now. Please ask again in a while.", "现在查不了，请过一会儿再问。")
        }
    };
    pick(language, english, chinese)
}

/// Returns the note that the asker stopped the answer.
pub(super) fn stopped(language: Language) -> &'static str {
    pick(language, "(stopped)", "（已停止）")
}

/// Returns the note that the server stopped or failed in the middle.
pub(super) fn interrupted(language: Language) -> &'static str {
    pick(language, "(The answer was interrupted. Please ask again.)", "（回答被打断了，请再问一次。）")
}

/// Returns the note that a promised answer never arrived.
pub(super) fn never_came(language: Language) -> &'static str {
    pick(language, "No answer has come.", "一直没有等到回答。")
}

/// Returns the note that the user has spent their hourly budget.
pub(super) fn budget_spent(minutes: u64, language: Language) -> String {
    match language {
        Language::English if minutes == 1 => {
            "You have asked me a lot. Please ask again in a minute.".to_owned()
        }
        Language::English => format!("You have asked me a lot. Please ask again in {minutes} minutes."),
        Language::Chinese => format!("你问得有点多了，请 {minutes} 分钟后再问。"),
    }
}

fn pick<'a>(language: Language, english: &'a str, chinese: &'a str) -> &'a str {
    match language {
        Language::English => english,
        Language::Chinese => chinese,
    }
}

#[cfg(test)]
mod tests {
    use i18n::Language;

    use super::language_of;

    #[test]
    fn a_question_is_answered_in_its_language() {
        assert_eq!(language_of("几点了 please"), Some(Language::Chinese));
        assert_eq!(language_of("what time is it"), Some(Language::English));
        assert_eq!(language_of("2d6?"), Some(Language::English));
        assert_eq!(language_of("? 👍 12"), None);
    }
}
