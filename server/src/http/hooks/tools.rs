//! The native formats of tools other than Slack: Discord's `content`, the `msg` of Rocket.Chat and Uptime
//! Kuma, `title` with `message`, and the webhooks of Alertmanager and Grafana ([`alerts`]) and GitLab
//! ([`gitlab`]). Never publishes anything itself.

mod alerts;
mod fields;
mod gitlab;

use fields::{objects, string};
use serde_json::{Map, Value};

/// Returns the text of a message in a known format, and the name of its sender.
pub(super) fn read(message: &Map<String, Value>) -> Option<(String, Option<String>)> {
    let said = alerts::read(message)
        .or_else(|| gitlab::read(message))
        .or_else(|| discord(message))
        .or_else(|| string(message, "msg").map(str::to_owned))
        .or_else(|| titled(message))?;
    let name = ["username", "alias"].iter().find_map(|field| string(message, field)).map(str::to_owned);
    Some((said, name))
}

/// Returns advice on which setting makes the tool post a supported format, as far as its message reveals the
/// tool.
pub(super) fn advice(message: &Map<String, Value>) -> &'static str {
    let has = |field: &str| message.contains_key(field);
    if has("object_kind") || has("event_name") {
        "this GitLab event is not supported; use Settings → Integrations → Slack notifications with this address instead \
         of a webhook"
    } else if has("repository") && has("sender") || has("zen") {
        "GitHub's webhooks are not supported; post {\"text\": \"…\"} from a workflow, or go through a service that speaks \
         Slack's format"
    } else if has("heartbeat") {
        "in Uptime Kuma choose the notification type Slack, or Webhook with the request body application/json"
    } else if has("@type") || has("sections") || has("card") || has("cards") || has("cardsV2") {
        "cards of Microsoft Teams and Google Chat are not supported; choose the tool's Slack notification"
    } else {
        "choose the tool's Slack format if it has one, or post {\"text\": \"…\"}"
    }
}

/// Reads `content` and `embeds` of Discord's webhooks.
fn discord(message: &Map<String, Value>) -> Option<String> {
    let mut lines: Vec<String> = string(message, "content").map(str::to_owned).into_iter().collect();
    for embed in objects(message.get("embeds")) {
        let author = embed.get("author").and_then(Value::as_object).and_then(|author| string(author, "name"));
        lines.extend(author.map(str::to_owned));
        lines.extend(
            ["title", "url", "description"]
                .iter()
                .filter_map(|field| string(embed, field))
                .map(str::to_owned),
        );
        for field in objects(embed.get("fields")) {
            match (string(field, "name"), string(field, "value")) {
                (Some(name), Some(value)) => lines.push(format!("{name}: {value}")),
                (Some(one), None) | (None, Some(one)) => lines.push(one.to_owned()),
                (None, None) => {}
            }
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Reads `title` and `message`, which Gotify, ntfy and many others send.
fn titled(message: &Map<String, Value>) -> Option<String> {
    let words = string(message, "message")?;
    Some(match string(message, "title") {
        Some(title) => format!("{title}\n{words}"),
        None => words.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    fn said(message: &Value) -> Option<String> {
        super::read(message.as_object().unwrap()).map(|(text, _)| text)
    }

    #[test]
    fn programs_are_understood_in_their_own_shapes() {
        for (message, text) in [
            (json!({ "content": "deploy done", "username": "Ship", "embeds": [] }), "deploy done"),
            (
                json!({ "content": null, "embeds": [{
                    "title": "Disk full", "description": "on tea-1", "color": 16_711_680,
                    "author": { "name": "Kettle" }, "fields": [{ "name": "Free", "value": "0 B" }, { "name": "alone" }],
                }] }),
                "Kettle\nDisk full\non tea-1\nFree: 0 B\nalone",
            ),
            (json!({ "msg": "hello", "alias": "Bot", "roomId": "GENERAL" }), "hello"),
            (
                json!({ "heartbeat": { "status": 0 }, "monitor": { "name": "tea" }, "msg": "[tea] [🔴 Down] timeout" }),
                "[tea] [🔴 Down] timeout",
            ),
            (json!({ "title": "Backup", "message": "3 files", "priority": 5 }), "Backup\n3 files"),
            (json!({ "message": "3 files" }), "3 files"),
        ] {
            assert_eq!(said(&message).as_deref(), Some(text), "{message}");
        }
        for message in
            [json!({}), json!({ "title": "alone" }), json!({ "content": "  " }), json!({ "msg": { "a": 1 } })]
        {
            assert_eq!(said(&message), None, "{message}");
        }
    }

    #[test]
    fn whoever_speaks_is_named() {
        let name = |message: Value| super::read(message.as_object().unwrap()).unwrap().1;
        assert_eq!(name(json!({ "content": "x", "username": "Ship" })).as_deref(), Some("Ship"));
        assert_eq!(name(json!({ "msg": "x", "alias": "Bot" })).as_deref(), Some("Bot"));
        assert_eq!(name(json!({ "msg": "x" })), None);
    }

    #[test]
    fn what_is_not_read_is_refused_with_the_setting_that_helps() {
        for (message, named) in [
            (json!({ "object_kind": "wiki_page" }), "Slack notifications"),
            (json!({ "zen": "Keep it simple", "hook_id": 1 }), "GitHub"),
            (json!({ "action": "opened", "repository": {}, "sender": {} }), "workflow"),
            (json!({ "heartbeat": null }), "Uptime Kuma"),
            (json!({ "@type": "MessageCard", "title": "x" }), "Teams"),
            (json!({ "state": "done" }), "\"text\""),
        ] {
            let advice = super::advice(message.as_object().unwrap());
            assert!(advice.contains(named) && advice.lines().count() == 1, "{message}: {advice}");
        }
    }
}
