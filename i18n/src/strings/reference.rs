//! The strings of the API reference page, in each language. The reference itself is in English.

use crate::Language;

/// The strings of the page.
#[expect(missing_docs, reason = "a field is called what it says")]
pub struct ReferenceStrings {
    pub title: &'static str,
    pub to_chat: &'static str,
    pub what: &'static str,
    /// Precedes the address of the machine-readable description.
    pub machines: &'static str,
    /// Label of the list of operations.
    pub contents: &'static str,
    pub tokens: &'static str,
    /// How to create a token; text between backticks is code.
    pub how: &'static str,
    /// What a token of this scope permits.
    pub scope: fn(&str) -> &'static str,
    /// Precedes the scope that an operation requires.
    pub needs: &'static str,
    pub no_token: &'static str,
    pub parameters: &'static str,
    pub required: &'static str,
    pub body: &'static str,
    pub answers: &'static str,
    pub example: &'static str,
}

impl Language {
    /// Returns the strings of the API reference page.
    pub const fn reference_strings(self) -> &'static ReferenceStrings {
        match self {
            Language::English => &ENGLISH,
            Language::Chinese => &CHINESE,
        }
    }
}

const ENGLISH: ReferenceStrings = ReferenceStrings {
    title: "For programs",
    to_chat: "To the chat",
    what: "What a program can ask of this teahouse: read what is said, say something, follow a room.",
    machines: "The same for machines, as OpenAPI:",
    contents: "What can be asked",
    tokens: "Tokens",
    how: "Whoever runs the teahouse makes a token; a program shows it as `Authorization: Bearer th_…`.",
    scope: |scope| match scope {
        "read" => "See rooms, what is said in them and who is there",
        "write" => "Say something",
        _ => "",
    },
    needs: "Takes a token with the scope",
    no_token: "Takes no token: the address is the secret.",
    parameters: "What goes along",
    required: "required",
    body: "The body",
    answers: "Answers",
    example: "Example",
};

const CHINESE: ReferenceStrings = ReferenceStrings {
    title: "给程序用的接口",
    to_chat: "回到聊天",
    what: "程序可以向这家茶馆提出的请求：读消息、发消息、跟随一个房间。",
    machines: "给机器读的同一份说明（OpenAPI）：",
    contents: "可用的请求",
    tokens: "令牌",
    how: "令牌由茶馆的管理者制作；程序用 `Authorization: Bearer th_…` 出示它。",
    scope: |scope| match scope {
        "read" => "查看房间、其中的消息和在场的人",
        "write" => "发言",
        _ => "",
    },
    needs: "需要令牌，权限为",
    no_token: "不需要令牌：地址本身就是秘密。",
    parameters: "参数",
    required: "必填",
    body: "请求正文",
    answers: "应答",
    example: "例子",
};
