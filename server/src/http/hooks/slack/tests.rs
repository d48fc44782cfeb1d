//! Tests of Slack's format. The behaviour tests cover the payloads of whole programs.

use serde_json::{Value, json};

use super::{guess, read};

#[track_caller]
fn said(message: &Value) -> String {
    read(&message.to_string()).unwrap().text
}

#[test]
fn text_and_attachments_are_said_in_their_order() {
    let attachment = json!({
        "fallback": "for whoever cannot show the rest",
        "color": "#36a64f",
        "pretext": "before",
        "author_name": "Ann",
        "title": "A title",
        "title_link": "https://tea.example/?a=1&amp;b=2",
        "text": "The text\nof two lines",
        "fields": [
            { "title": "Priority", "value": "high", "short": false },
            { "title": "Count", "value": 3 },
            { "value": "alone" },
            { "title": "alone too", "value": "" },
        ],
        "image_url": "https://tea.example/i.png",
        "footer": "a footer",
        "ts": 123_456_789,
    });
    let only_fallback = json!({ "fallback": "a <https://tea.example|fallback>", "color": "danger" });
    let message = json!({ "text": "hello", "attachments": [attachment, only_fallback] });
    assert_eq!(
        said(&message),
        "hello\nbefore\nAnn\nA title\nhttps://tea.example/?a=1&b=2\nThe text\nof two lines\nPriority: high\nCount: 3\nalone\n\
         alone too\na fallback (https://tea.example)"
    );
    let single = json!({ "attachments": { "text": "without brackets" } });
    assert_eq!(said(&single), "without brackets");
    assert_eq!(said(&json!({ "fallback": "at last", "text": "", "attachments": [] })), "at last");
}

#[test]
fn blocks_say_their_plain_text_and_stand_for_the_text() {
    let blocks = json!([
        { "type": "header", "text": { "type": "plain_text", "text": "Deploy &amp; <rest>", "emoji": true } },
        { "type": "divider" },
        {
            "type": "section",
            "text": { "type": "mrkdwn", "text": "*tea* is <https://tea.example|up> :tea:" },
            "fields": [{ "type": "mrkdwn", "text": "a" }, { "type": "plain_text", "text": "b" }],
            "accessory": { "type": "button", "text": { "type": "plain_text", "text": "not said" } },
        },
        {
            "type": "context",
            "elements": [
                { "type": "image", "image_url": "https://tea.example/i.png", "alt_text": "a cup" },
                { "type": "mrkdwn", "text": "by <@U1|ann>" },
                { "type": "plain_text", "text": "today" },
            ],
        },
        { "type": "actions", "elements": [{ "type": "button" }] },
        { "type": "a_block_of_the_future", "text": { "type": "mrkdwn", "text": "not said" } },
    ]);
    let expected = "Deploy & <rest>\n*tea* is up (https://tea.example) 🍵\na\nb\nby @ann today";
    assert_eq!(said(&json!({ "blocks": blocks, "text": "for notifications" })), expected);
    assert_eq!(said(&json!({ "attachments": [{ "color": "good", "blocks": blocks }] })), expected);
    let silent = json!([{ "type": "divider" }, null, 7, "text"]);
    assert_eq!(said(&json!({ "blocks": silent, "text": "said then" })), "said then");
}

#[test]
fn rich_text_is_said_as_it_is_read() {
    let text = |text: &str| json!({ "type": "text", "text": text, "style": { "bold": true } });
    let section = |elements: Value| json!({ "type": "rich_text_section", "elements": elements });
    let elements = json!([
        section(json!([
            text("see "),
            { "type": "link", "url": "https://tea.example", "text": "here" },
            text(", "),
            { "type": "link", "url": "https://tea.example" },
            text(" "),
            { "type": "emoji", "name": "tea" },
            { "type": "emoji", "name": "our_own" },
            text(" "),
            { "type": "user", "user_id": "U1" },
            { "type": "broadcast", "range": "here" },
            { "type": "channel", "channel_id": "C1" },
        ])),
        { "type": "rich_text_list", "style": "bullet", "elements": [section(json!([text("one")])), section(json!([text("two")]))] },
        { "type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [section(json!([text("first")]))] },
        { "type": "rich_text_preformatted", "elements": [text("a\n  b")] },
        { "type": "rich_text_quote", "elements": [text("said")] },
    ]);
    assert_eq!(
        said(&json!({ "blocks": [{ "type": "rich_text", "elements": elements }] })),
        "see here (https://tea.example), https://tea.example 🍵:our_own: @U1@here#C1\n• one\n• two\n  1. first\na\n  b\nsaid"
    );
}

#[test]
fn blocks_within_blocks_end_somewhere() {
    let mut nested = json!({ "type": "text", "text": "deep" });
    for _ in 0..20 {
        nested = json!({ "type": "rich_text_section", "elements": [nested] });
    }
    let message = json!({ "text": "shallow", "blocks": [{ "type": "rich_text", "elements": [nested] }] });
    assert_eq!(said(&message), "shallow");
}

#[test]
fn what_is_wrong_is_told_in_a_line_of_bounded_length() {
    let problem = |json: &str| format!("{:?}", read(json).unwrap_err());
    let long = format!(r#"{{"attachments": "{}"}}"#, "x".repeat(100_000));
    let told = problem(&long);
    assert!(told.len() < 600 && told.contains("line 1") && told.contains("json_unfit"), "{told}");
    for list in ["[]", r#"["text"]"#, " [null, \"name\"]"] {
        assert!(problem(list).contains("not an object"), "{list}");
    }
}

#[test]
fn only_a_message_beyond_doubt_is_guessed() {
    assert_eq!(guess(" {\"text\": \"tea\"}\n").unwrap().text, "tea");
    for text in ["{}", "{\"name\": 1}", "{tea}", "[{\"text\": \"tea\"}]", "tea", ""] {
        assert_eq!(guess(text), None, "{text}");
    }
}
