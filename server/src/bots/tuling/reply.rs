//! Parses the Tuling robot's responses: an intent, whose code may be an error, and results. Never sends
//! requests.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::bots::question::{BotError, BotErrorKind};

/// How many links of a list are shown: a news answer has the whole day's.
const LINKS: usize = 5;

#[derive(Debug, Deserialize)]
struct Reply {
    intent: Option<Intent>,
    #[serde(default)]
    results: Vec<Outcome>,
}

#[derive(Debug, Deserialize)]
struct Intent {
    code: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Outcome {
    #[serde(default)]
    values: Map<String, Value>,
}

/// Why a response has no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It does not have the expected form.
    Garbled,
    /// It is valid but empty.
    Empty,
    /// Its intent has an error code.
    Code(i64),
}

/// Returns the text of an answer, followed by its links.
pub(super) fn read(body: &[u8]) -> Result<String, Unfit> {
    let reply: Reply = serde_json::from_slice(body).map_err(|_| Unfit::Garbled)?;
    // Codes from 10000 mean success; lower ones are errors.
    if let Some(code @ 4_000..10_000) = reply.intent.as_ref().and_then(|intent| intent.code) {
        return Err(Unfit::Code(code));
    }
    if reply.intent.is_none() && reply.results.is_empty() {
        return Err(Unfit::Garbled);
    }
    let values = || reply.results.iter().flat_map(|outcome| &outcome.values);
    let texts = values().filter(|(kind, _)| *kind == "text").filter_map(|(_, text)| text.as_str());
    let others = values().filter(|(kind, _)| *kind != "text").flat_map(|(_, value)| links(value));
    let said = texts.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let lines: Vec<String> = said.chain(others).collect();
    if lines.is_empty() { Err(Unfit::Empty) } else { Ok(lines.join("\n")) }
}

/// Returns the links in a value that is not text: the value itself, or those in a list of news or recipes,
/// with their names.
fn links(value: &Value) -> Vec<String> {
    match value {
        Value::String(url) if is_link(url) => vec![url.clone()],
        Value::Array(items) => items.iter().filter_map(item).take(LINKS).collect(),
        _ => Vec::new(),
    }
}

fn item(item: &Value) -> Option<String> {
    let text = |field: &str| item.get(field).and_then(Value::as_str);
    let url = ["detailurl", "url"].into_iter().find_map(text).filter(|url| is_link(url))?;
    Some(text("name").map_or_else(|| url.to_owned(), |name| format!("{} {url}", name.trim())))
}

fn is_link(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

impl Unfit {
    pub(super) fn failure(self, from: &str) -> BotError {
        match self {
            Unfit::Garbled => {
                BotError::new(BotErrorKind::Garbled, format!("{from} sent what is no answer of this kind"))
            }
            Unfit::Empty => {
                BotError::new(BotErrorKind::Garbled, format!("{from} sent an answer without a text"))
            }
            Unfit::Code(code) => {
                let (trouble, meaning) = meaning(code);
                BotError::new(trouble, format!("{from} answers with the code {code}: {meaning}"))
            }
        }
    }
}

/// Returns the documented meaning of an error code.
fn meaning(code: i64) -> (BotErrorKind, &'static str) {
    match code {
        4_000 => (BotErrorKind::Refused, "the request has not the form that it wants"),
        4_001 => (BotErrorKind::Refused, "the key wants its requests encrypted, which is not done here"),
        4_002 | 4_005 => (BotErrorKind::Refused, "the key may not do this"),
        4_003 => (BotErrorKind::Busy, "the key has no requests left for today"),
        4_007 => (BotErrorKind::Refused, "the key is not valid"),
        4_100 | 4_400 => (BotErrorKind::Refused, "it does not take the user's id"),
        4_500 => (BotErrorKind::Busy, "the key has too many users"),
        4_600 => (BotErrorKind::Refused, "the text is empty"),
        4_602 => (BotErrorKind::Refused, "the text is too long for it"),
        5_000 => (BotErrorKind::Refused, "it found no answer"),
        6_000 => (BotErrorKind::Refused, "it cannot do this"),
        7_000..=8_999 => (BotErrorKind::Failing, "it has an error of its own"),
        _ => (BotErrorKind::Refused, "an error that is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use super::{BotErrorKind, Unfit, meaning, read};

    fn text(body: &str) -> Result<String, Unfit> {
        read(body.as_bytes())
    }

    #[test]
    fn the_answer_of_the_documentation_is_its_text_and_then_its_link() {
        let body = r#"{"intent":{"code":10005,"intentName":"","actionName":"","parameters":{"nearby_place":"酒店"}},
            "results":[{"groupType":1,"resultType":"url","values":{"url":"http://m.elong.com/hotel/0101/nlist/"}},
            {"groupType":1,"resultType":"text","values":{"text":"亲,已帮你找到相关酒店信息"}}]}"#;
        assert_eq!(text(body).unwrap(), "亲,已帮你找到相关酒店信息\nhttp://m.elong.com/hotel/0101/nlist/");
    }

    #[test]
    fn news_are_their_first_headlines_with_links() {
        let news: Vec<String> = (1..=9)
            .map(|n| format!(r#"{{"name":"头条{n}","info":"x","icon":"http://i.example/","detailurl":"http://n.example/{n}"}}"#))
            .collect();
        let body = format!(
            r#"{{"intent":{{"code":10003}},"results":[{{"resultType":"news","values":{{"news":[{}]}}}},
            {{"resultType":"text","values":{{"text":"新闻"}}}}]}}"#,
            news.join(",")
        );
        let said = text(&body).unwrap();
        assert!(said.starts_with("新闻\n头条1 http://n.example/1\n头条2 "), "{said}");
        assert_eq!(said.lines().count(), 6);
    }

    #[test]
    fn what_is_neither_text_nor_link_is_left_out() {
        let body = r#"{"intent":{"code":10004},"results":[{"resultType":"x","values":{"x":"y","z":[1],"n":7}},
            {"resultType":"text","values":{"text":" 茶 "}},{"resultType":"text","values":{"text":7}},{}]}"#;
        assert_eq!(text(body).unwrap(), "茶");
        let script =
            r#"{"intent":{"code":10004},"results":[{"resultType":"url","values":{"url":"javascript:x"}}]}"#;
        assert_eq!(text(script), Err(Unfit::Empty));
    }

    #[test]
    fn a_code_that_is_an_error_is_one_whatever_is_said_with_it() {
        let body = r#"{"intent":{"code":4003},"results":[{"groupType":0,"resultType":"text","values":{"text":"请求次数超限制!"}}]}"#;
        assert_eq!(text(body), Err(Unfit::Code(4_003)));
        assert_eq!(text(r#"{"intent":{"code":5000}}"#), Err(Unfit::Code(5_000)));
    }

    #[test]
    fn garbage_is_garbled() {
        for body in ["", "[]", "{}", "<html>", r#"{"results":7}"#, "null"] {
            assert_eq!(text(body), Err(Unfit::Garbled), "{body}");
        }
        assert_eq!(text(r#"{"intent":{"code":10004},"results":[]}"#), Err(Unfit::Empty));
    }

    #[test]
    fn a_code_says_whose_trouble_it_is() {
        let trouble = |code| meaning(code).0;
        assert_eq!([4_003, 4_500].map(trouble), [BotErrorKind::Busy; 2]);
        assert_eq!([4_000, 4_007, 4_602, 4_999, 5_000, 9_999].map(trouble), [BotErrorKind::Refused; 6]);
        assert_eq!(trouble(8_008), BotErrorKind::Failing);
    }
}
