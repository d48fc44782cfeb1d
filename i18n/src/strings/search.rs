//! The strings of the search, in each language.

use crate::Language;

/// The strings of the search.
#[expect(missing_docs, reason = "a field is called what it says")]
pub struct SearchStrings {
    pub title: &'static str,
    /// Label and placeholder of the field.
    pub field: &'static str,
    pub search: &'static str,
    /// Limits the search to the room of this name.
    pub only_in: fn(&str) -> String,
    pub to_chat: &'static str,

    /// Label of the field for a day in the room that the user came from, and of its button.
    pub day: &'static str,
    pub go_to_day: &'static str,

    /// Heading of the examples, and the examples with what each of them finds.
    pub how: &'static str,
    pub examples: [(&'static str, &'static str); 8],

    /// Number of results, and whether there are older ones.
    pub found: fn(usize, bool) -> String,
    /// The same, for older results on a further page.
    pub found_older: fn(usize) -> String,
    pub older: &'static str,
    pub newest: &'static str,
    /// Label of the list of results.
    pub hits: &'static str,
    /// Stands between an author and the room.
    pub in_room: &'static str,

    /// Nothing was found, and what to do about it.
    pub none: (&'static str, &'static str),
    /// Nothing older was found.
    pub none_older: &'static str,
    /// The query contains nothing that can be searched for.
    pub nothing_to_find: (&'static str, &'static str),
    /// Only the beginning of the query was used.
    pub shortened: &'static str,
    /// The search took too long and was stopped.
    pub cut: &'static str,
    /// This many messages were examined, which is the limit of one search; true on a further page, where they
    /// are older ones.
    pub looked: fn(usize, bool) -> String,
    pub go_on: &'static str,
    /// Some messages are not indexed yet.
    pub behind: &'static str,
    /// Search is temporarily unavailable.
    pub unavailable: (&'static str, &'static str),
    /// Too many searches are running at once.
    pub busy: (&'static str, &'static str),
    /// The user's login is no longer valid.
    pub logged_out: (&'static str, &'static str),
    pub log_in: &'static str,
}

impl Language {
    /// Returns the strings of the search.
    pub const fn search_strings(self) -> &'static SearchStrings {
        match self {
            Language::English => &ENGLISH,
            Language::Chinese => &CHINESE,
        }
    }
}

const ENGLISH: SearchStrings = SearchStrings {
    title: "Search",
    field: "Search messages",
    search: "Search",
    only_in: |room| format!("Only in {room}"),
    to_chat: "To the chat",

    day: "Or go to a day",
    go_to_day: "Go",
    how: "What you can write",
    examples: [
        ("green tea", "both words; their last letters may be missing"),
        ("\"green tea\"", "these words, next to each other"),
        ("上海", "Chinese, Japanese and Korean anywhere in a sentence"),
        ("from:Ann", "what Ann said; from:\"Ann Lee\" if there is a space in the name"),
        ("in:tea", "what was said in the room tea"),
        ("on:2026-11-20", "what was said on that day"),
        ("after:2026-11-20", "what was said later than that day"),
        ("before:2026-11-20", "what was said earlier than that day"),
    ],

    found: |n, more| match (n, more) {
        (1, false) => "1 message found".to_owned(),
        (n, false) => format!("{n} messages found"),
        (n, true) => format!("The newest {n} of the messages found"),
    },
    found_older: |n| match n {
        1 => "1 older message".to_owned(),
        _ => format!("{n} older messages"),
    },
    older: "Show older ones",
    newest: "Back to the newest",
    hits: "Messages found",
    in_room: "in",

    none: ("Nothing was found.", "Try fewer words, or only the beginning of one."),
    none_older: "Nothing older was found.",
    nothing_to_find: ("There is nothing in it to search for.", "Type a word, a name or a day."),
    shortened: "That is more than can be searched for at once, so only its beginning was.",
    cut: "The search took too long and was stopped before it had looked at everything. More words, a room or a day make it \
          quicker.",
    looked: |n, older| {
        let which = if older { format!("{n} older") } else { format!("the newest {n}") };
        format!("Only {which} messages were looked through. A room or a day leads further back.")
    },
    go_on: "Search on from here",
    behind: "Messages are still being made ready for the search, so some cannot be found yet.",
    unavailable: ("The search is out of order.", "Talking is not affected. Please try again shortly."),
    busy: ("Many people are searching just now.", "Please try again in a moment."),
    logged_out: ("You are not logged in.", "To search, please log in first."),
    log_in: "Log in",
};

const CHINESE: SearchStrings = SearchStrings {
    title: "搜索",
    field: "搜索消息",
    search: "搜索",
    only_in: |room| format!("只在“{room}”里搜索"),
    to_chat: "回到聊天",

    day: "或者跳到某一天",
    go_to_day: "前往",
    how: "可以这样写",
    examples: [
        ("上海 东边", "两个词都要出现"),
        ("“龙井茶”", "一字不差，连在一起"),
        ("tea", "英文可以只写开头，teahouse 也能找到"),
        ("来自:小明", "小明说的话；名字里有空格时写作 来自:“小 明”"),
        ("房间:龙井", "在“龙井”聊天室里说的"),
        ("当天:2026-11-20", "这一天说的"),
        ("之后:2026-11-20", "比这一天更晚说的"),
        ("之前:2026-11-20", "比这一天更早说的"),
    ],

    found: |n, more| {
        if more {
            format!("找到的消息很多，先显示最新的 {n} 条")
        } else {
            format!("找到 {n} 条消息")
        }
    },
    found_older: |n| format!("更早的 {n} 条消息"),
    older: "看更早的",
    newest: "回到最新的",
    hits: "找到的消息",
    in_room: "在",

    none: ("没有找到。", "可以少写几个词，或者只写一个词的一部分。"),
    none_older: "没有更早的了。",
    nothing_to_find: ("里面没有可以搜索的内容。", "请输入文字、名字或日期。"),
    shortened: "输入的内容太长，只搜索了前面的一部分。",
    cut: "搜索太久，没有看完就停下了。多写几个词，或者指定聊天室或日期，会快一些。",
    looked: |n, older| {
        let which = if older { "更早" } else { "最新" };
        format!("只看了{which}的 {n} 条消息。指定聊天室或日期，可以找到更久以前的。")
    },
    go_on: "从这里接着搜索",
    behind: "有些消息还在整理，暂时搜索不到。",
    unavailable: ("搜索暂时不能用。", "聊天不受影响，请稍后再试。"),
    busy: ("现在搜索的人很多。", "请稍后再试。"),
    logged_out: ("您还没有登录。", "登录以后才能搜索。"),
    log_in: "登录",
};
