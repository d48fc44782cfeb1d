//! The format of Slack's incoming webhooks
//! (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>), reduced to text.
//!
//! Ignores what is not text, such as colours, images and buttons, and every unknown field and block, because
//! Slack keeps adding new ones.

use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value, error::Category};

use super::{
    json,
    mrkdwn::{emoji, plain, unescaped},
    push::Push,
    tools,
};
use crate::http::api_error::ApiError;

/// The most levels of nested blocks that are read; Slack's own nest four deep.
const DEPTH: usize = 8;

/// The most characters of a JSON error that are reported.
const REASON: usize = 200;

/// A message as posted to Slack.
#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "an object")]
struct Message {
    text: Words,
    username: Words,
    /// Rocket.Chat's name for `username`.
    alias: Words,
    icon_emoji: Words,
    channel: Words,
    /// Some programs send a single attachment without brackets.
    #[serde(deserialize_with = "one_or_more")]
    attachments: Vec<Attachment>,
    #[serde(deserialize_with = "none_or_more")]
    blocks: Vec<Value>,
    /// GitLab's short form of its attachments.
    fallback: Words,
}

/// An attachment, Slack's older format for rich messages
/// (<https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments>).
#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "an attachment, which is an object")]
struct Attachment {
    pretext: Words,
    author_name: Words,
    title: Words,
    title_link: Words,
    text: Words,
    #[serde(deserialize_with = "none_or_more")]
    fields: Vec<Field>,
    #[serde(deserialize_with = "none_or_more")]
    blocks: Vec<Value>,
    /// A substitute for clients that cannot show the rest.
    fallback: Words,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a field, which is an object")]
struct Field {
    title: Words,
    value: Words,
}

/// A string. Also accepts null, a number or a boolean, which some programs send instead.
#[derive(Debug, Default)]
struct Words(String);

/// Reads a message in Slack's format or in another tool's native format.
pub(super) fn read(json: &str) -> Result<Push, ApiError> {
    let is_object = json.trim_start().starts_with('{');
    let message = json::read::<Message>(json);
    // Serde would also read a list of values in field order, which is never intended.
    if let Ok(message) = &message
        && is_object
    {
        let push = message.push();
        if !push.text.trim().is_empty() {
            return Ok(push);
        }
    }
    let other = json::read::<Map<String, Value>>(json).ok();
    if let Some((text, name)) = other.as_ref().and_then(tools::read) {
        return Ok(Push { text, name, is_slack: true, ..Push::default() });
    }
    message.map_err(|error| unreadable(&error))?;
    let Some(other) = other else { return Err(unfit("a list, not an object")) };
    let reason = format!(
        "there is nothing to say: no text in `text`, `attachments` or `blocks`; {}",
        tools::advice(&other)
    );
    Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "text_empty", reason))
}

/// Reports a JSON error with line and column. Truncates it, because it may quote a long string of the body.
fn unreadable(error: &serde_json::Error) -> ApiError {
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = said.strip_suffix(&*place).unwrap_or(&said);
    let mut short: String = what.chars().take(REASON).collect();
    if short.len() < what.len() {
        short.push('…');
    }
    let said = format!("{short}{place}");
    if error.classify() == Category::Data {
        return unfit(&said);
    }
    ApiError::new(StatusCode::BAD_REQUEST, "json_broken", format!("the JSON is broken: {said}"))
}

fn unfit(what: &str) -> ApiError {
    let reason = format!("the JSON is no message in Slack's shape: {what}");
    ApiError::new(StatusCode::BAD_REQUEST, "json_unfit", reason)
}

/// Reads a message from a body of undeclared type; `None` unless it is unambiguously one.
pub(super) fn guess(body: &str) -> Option<Push> {
    if !body.trim_start().starts_with('{') {
        return None;
    }
    read(body).ok()
}

impl Message {
    fn push(&self) -> Push {
        let mut lines = Lines::default();
        // With blocks, `text` is only the notification's substitute for them.
        if !lines.blocks(&self.blocks) {
            lines.push(&plain(&self.text.0));
        }
        for attachment in &self.attachments {
            attachment.say(&mut lines);
        }
        if lines.0.is_empty() {
            lines.push(&plain(&self.fallback.0));
        }
        Push {
            text: lines.0.join("\n"),
            name: self.username.given().or_else(|| self.alias.given()),
            icon: emoji(self.icon_emoji.0.trim().trim_matches(':')),
            channel: self.channel.given(),
            is_slack: true,
        }
    }
}

impl Attachment {
    fn say(&self, lines: &mut Lines) {
        let before = lines.0.len();
        lines.push(&plain(&self.pretext.0));
        lines.push(&plain(&self.author_name.0));
        lines.push(&plain(&self.title.0));
        lines.push(&unescaped(&self.title_link.0));
        lines.blocks(&self.blocks);
        lines.push(&plain(&self.text.0));
        for field in &self.fields {
            let (title, value) = (plain(&field.title.0), plain(&field.value.0));
            lines.push(&match (title.trim(), value.trim()) {
                ("", value) => value.to_owned(),
                (title, "") => title.to_owned(),
                (title, value) => format!("{title}: {value}"),
            });
        }
        if lines.0.len() == before {
            lines.push(&plain(&self.fallback.0));
        }
    }
}

impl Words {
    fn given(&self) -> Option<String> {
        let given = unescaped(self.0.trim());
        (!given.is_empty()).then_some(given)
    }
}

/// The lines of the message text.
#[derive(Debug, Default)]
struct Lines(Vec<String>);

impl Lines {
    fn push(&mut self, line: &str) {
        let line = line.trim_matches(['\n', '\r']).trim_end();
        if !line.trim().is_empty() {
            self.0.push(line.to_owned());
        }
    }

    /// Adds the text of blocks (<https://docs.slack.dev/reference/block-kit/blocks>), and returns whether
    /// there was any.
    fn blocks(&mut self, blocks: &[Value]) -> bool {
        let before = self.0.len();
        for block in blocks {
            match kind(block) {
                "header" | "section" => {
                    self.push(&text_object(&block["text"]));
                    items(block, "fields").for_each(|field| self.push(&text_object(field)));
                }
                "context" => {
                    let elements: Vec<String> =
                        items(block, "elements").map(text_object).filter(|text| !text.is_empty()).collect();
                    self.push(&elements.join(" "));
                }
                "rich_text" => items(block, "elements").for_each(|element| self.rich(element)),
                "markdown" => self.push(string(block, "text")),
                "image" | "video" => self.push(&text_object(&block["title"])),
                _ => {}
            }
        }
        self.0.len() > before
    }

    /// Adds a section or a list of rich text.
    fn rich(&mut self, element: &Value) {
        if kind(element) == "rich_text_list" {
            let ordered = string(element, "style") == "ordered";
            let indent = usize::try_from(element["indent"].as_u64().unwrap_or_default()).unwrap_or_default();
            for (index, item) in items(element, "elements").enumerate() {
                let mark = if ordered { format!("{}.", index + 1) } else { "•".to_owned() };
                self.push(&format!("{}{mark} {}", "  ".repeat(indent.min(DEPTH)), inline(item, 0)));
            }
        } else {
            self.push(&inline(element, 0));
        }
    }
}

/// Returns the text of a text object of either type.
fn text_object(object: &Value) -> String {
    match kind(object) {
        "mrkdwn" => plain(string(object, "text")),
        "plain_text" => unescaped(string(object, "text")),
        _ => String::new(),
    }
}

/// Converts a rich text element to plain text.
fn inline(element: &Value, depth: usize) -> String {
    let named = |mark: char, name: &str| format!("{mark}{}", string(element, name));
    match kind(element) {
        "text" => string(element, "text").to_owned(),
        "link" => match (string(element, "text"), string(element, "url")) {
            ("", url) => url.to_owned(),
            (text, url) if text == url => url.to_owned(),
            (text, url) => format!("{text} ({url})"),
        },
        "emoji" => {
            let name = string(element, "name");
            emoji(name).map_or_else(|| format!(":{name}:"), str::to_owned)
        }
        "user" => named('@', "user_id"),
        "usergroup" => named('@', "usergroup_id"),
        "broadcast" => named('@', "range"),
        "channel" => named('#', "channel_id"),
        "date" => string(element, "fallback").to_owned(),
        _ if depth < DEPTH => items(element, "elements").map(|part| inline(part, depth + 1)).collect(),
        _ => String::new(),
    }
}

fn kind(object: &Value) -> &str {
    string(object, "type")
}

fn string<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

fn items<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    object[name].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Words;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Words, E> {
                Ok(Words(text.to_owned()))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Words, E> {
                Ok(Words::default())
            }

            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Words, E> {
                Ok(Words(truth.to_string()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Words, E> {
                Ok(Words(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Words, E> {
                Ok(Words(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Words, E> {
                Ok(Words(number.to_string()))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// Reads a list, which may be missing.
fn none_or_more<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a list, which may be missing or a single item without brackets.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Attachment>, D::Error> {
    struct Visitor;

    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Vec<Attachment>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list of attachments")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(de::value::SeqAccessDeserializer::new(list))
        }

        fn visit_map<A: de::MapAccess<'de>>(self, one: A) -> Result<Self::Value, A::Error> {
            Ok(vec![Attachment::deserialize(de::value::MapAccessDeserializer::new(one))?])
        }
    }

    deserializer.deserialize_any(Visitor)
}

#[cfg(test)]
mod tests;
