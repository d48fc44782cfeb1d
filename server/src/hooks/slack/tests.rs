//! What a room reads of what is posted in Slack's shape.

use super::read;

fn said(json: &str) -> String {
    read(json).unwrap().text
}

#[test]
fn text_is_said() {
    assert_eq!(said(r#"{"text": "tea"}"#), "tea");
}
