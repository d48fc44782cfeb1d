//! Payloads of programs that post to Slack's incoming webhooks, reproduced from their sources, and the
//! messages that the room gets.

use std::fmt::Write as _;

use serde_json::json;

use super::{CURL, JSON, held};
use crate::support::{Hook, TestApp};

/// Checks for the answer that Slack gives, which Grafana and Alertmanager expect.
async fn is_ok(response: reqwest::Response) {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(response.text().await.unwrap(), "ok");
}

/// Formats JSON as Go's `encoding/json` does, which escapes the characters that are special in HTML.
fn as_go_prints(json: &serde_json::Value) -> String {
    let text = json.to_string();
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

/// Percent-encodes a value as forms do.
fn as_forms_print(name: &str, value: &str) -> String {
    value.bytes().fold(format!("{name}="), |mut form, byte| {
        if byte.is_ascii_alphanumeric() {
            form.push(char::from(byte));
        } else {
            write!(form, "%{byte:02X}").unwrap();
        }
        form
    })
}

/// Posts a payload; returns the name and text of the message in the lobby.
async fn said(headers: &[(&str, &str)], body: String) -> (String, String) {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    is_ok(app.browser().push(&hook.path, headers, body).await).await;
    let held = held(&app, "Ann", "lobby").await;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].user.id.as_str(), format!("hook-{}", hook.id));
    (held[0].user.name.to_string(), held[0].text.to_string())
}

/// `notify/slack` of Alertmanager, with its default templates and a `text` like the one in its documentation.
#[tokio::test]
async fn alertmanager_s_notifications_are_read() {
    let title = "[FIRING:2] HighLatency (tea-1 critical)";
    let link = "http://alertmanager.example:9093/#/alerts?receiver=teahouse&silenced=false";
    let body = json!({
        "channel": "#alerts",
        "username": "Alertmanager",
        "link_names": false,
        "attachments": [{
            "title": title,
            "title_link": link,
            "text": "*p99* of /brew is 2s > 1s\nRunbook: <https://wiki.example/brew|what to do>\n",
            "fallback": format!("{title} | {link}"),
            "callback_id": "",
            "fields": [{ "title": "Severity", "value": "critical", "short": true }],
            "footer": "",
            "color": "danger",
            "mrkdwn_in": ["fallback", "pretext", "text"],
        }],
    });
    let json = ("content-type", "application/json");
    let agent = ("user-agent", "Alertmanager/0.28.1");
    let (name, text) = said(&[json, agent], format!("{}\n", as_go_prints(&body))).await;
    assert_eq!(name, "Alertmanager");
    assert_eq!(
        text,
        "[FIRING:2] HighLatency (tea-1 critical)\n\
         http://alertmanager.example:9093/#/alerts?receiver=teahouse&silenced=false\n\
         *p99* of /brew is 2s > 1s\n\
         Runbook: what to do (https://wiki.example/brew)\n\
         Severity: critical"
    );
}

/// The Slack receiver of Grafana's alerting with a webhook URL, its default templates, and a mention.
#[tokio::test]
async fn grafana_s_notifications_are_read() {
    let title = "[FIRING:1] DiskFull (tea-1)";
    let rule = "https://grafana.example/alerting/grafana/abc/view?orgId=1";
    let message = format!(
        "**Firing**\n\nValue: A=97.2, C=1\nLabels:\n - alertname = DiskFull\n - instance = tea-1\nAnnotations:\n \
         - summary = the disk is full\nSource: {rule}\n"
    );
    let body = json!({
        "username": "Grafana",
        "icon_emoji": ":fire:",
        "attachments": [{
            "title": title,
            "title_link": rule,
            "text": message,
            "fallback": title,
            "footer": "Grafana v12.1.0",
            "footer_icon": "https://grafana.com/static/assets/img/fav32.png",
            "color": "#D63232",
            "ts": 1_763_683_200,
            "pretext": "<!channel|channel> <!subteam^S123> <@U456>",
            "mrkdwn_in": ["pretext"],
        }],
    });
    let json = ("content-type", "application/json; charset=utf-8");
    let (name, text) = said(&[json, ("user-agent", "Grafana")], as_go_prints(&body)).await;
    assert_eq!(name, "🔥 Grafana");
    assert_eq!(
        text,
        "@channel @S123 @U456\n\
         [FIRING:1] DiskFull (tea-1)\n\
         https://grafana.example/alerting/grafana/abc/view?orgId=1\n\
         **Firing**\n\n\
         Value: A=97.2, C=1\n\
         Labels:\n - alertname = DiskFull\n - instance = tea-1\n\
         Annotations:\n - summary = the disk is full\n\
         Source: https://grafana.example/alerting/grafana/abc/view?orgId=1"
    );
}

/// GitLab's Slack integration on a failed pipeline: a form with JSON in it, links in Slack's markup, no text.
#[tokio::test]
async fn gitlab_s_pipelines_are_read() {
    let project = "https://gitlab.example/ann/tea";
    let fallback = format!(
        "<{project}|tea>: Pipeline <{project}/-/pipelines/42/failures|#42> of branch <{project}/-/commits/main|main> by \
         Ann (ann) has failed in 01:30"
    );
    let payload = json!({
        "channel": "#builds",
        "username": "GitLab",
        "attachments": [{
            "fallback": fallback,
            "color": "danger",
            "author_name": "Ann (ann)",
            "author_icon": "https://gitlab.example/avatar.png",
            "author_link": "https://gitlab.example/ann",
            "title": "Pipeline #42 has failed in 01:30",
            "title_link": format!("{project}/-/pipelines/42/failures"),
            "fields": [
                { "title": "Branch", "value": format!("<{project}/-/commits/main|main>"), "short": true },
                { "title": "Commit", "value": format!("<{project}/-/commit/1a2b|Brew longer>"), "short": true },
                { "title": "Failed stage", "value": format!("<{project}/-/pipelines/42/failures|test>"), "short": true },
                { "title": "Failed job", "value": format!("<{project}/-/jobs/7|kettle>"), "short": true },
            ],
            "footer": "tea",
            "footer_icon": null,
            "ts": 1_763_683_200,
        }],
        "fallback": fallback,
        "text": "",
    });
    let (name, text) = said(&[CURL], as_forms_print("payload", &payload.to_string())).await;
    assert_eq!(name, "GitLab");
    assert_eq!(
        text,
        "Ann (ann)\n\
         Pipeline #42 has failed in 01:30\n\
         https://gitlab.example/ann/tea/-/pipelines/42/failures\n\
         Branch: main (https://gitlab.example/ann/tea/-/commits/main)\n\
         Commit: Brew longer (https://gitlab.example/ann/tea/-/commit/1a2b)\n\
         Failed stage: test (https://gitlab.example/ann/tea/-/pipelines/42/failures)\n\
         Failed job: kettle (https://gitlab.example/ann/tea/-/jobs/7)"
    );
}

/// GitLab's Slack integration on a push of commits.
#[tokio::test]
async fn gitlab_s_pushes_are_read() {
    let project = "https://gitlab.example/ann/tea";
    let text = format!(
        "Ann (ann) pushed to branch <{project}/-/commits/main|main> of <{project}|ann / tea> \
         (<{project}/-/compare/0a...1a|Compare changes>)"
    );
    let payload = json!({
        "username": "GitLab",
        "attachments": [{ "text": format!("<{project}/-/commit/1a2b|1a2b3c4d>: Brew longer - Ann"), "color": "#334455" }],
        "fallback": text,
        "text": text,
    });
    let (_, text) = said(&[CURL], as_forms_print("payload", &payload.to_string())).await;
    assert_eq!(
        text,
        "Ann (ann) pushed to branch main (https://gitlab.example/ann/tea/-/commits/main) of ann / tea \
         (https://gitlab.example/ann/tea) (Compare changes (https://gitlab.example/ann/tea/-/compare/0a...1a))\n\
         1a2b3c4d (https://gitlab.example/ann/tea/-/commit/1a2b): Brew longer - Ann"
    );
}

#[tokio::test]
async fn a_name_that_is_a_nickname_is_shown_and_any_other_is_the_hook_s_own() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    let cases = [
        (json!({ "text": "1" }), "deploys"),
        (json!({ "text": "2", "username": "  Build   bot " }), "Build bot"),
        (json!({ "text": "3", "username": "" }), "deploys"),
        (json!({ "text": "4", "username": "a very long name of a bot that says too much" }), "deploys"),
        (json!({ "text": "5", "username": "evil\u{202E}bot" }), "deploys"),
        (json!({ "text": "6", "icon_emoji": ":tea:" }), "🍵 deploys"),
        (json!({ "text": "7", "icon_emoji": "rocket", "username": "ship" }), "🚀 ship"),
        (json!({ "text": "8", "icon_emoji": ":our_own_logo:" }), "deploys"),
        (
            json!({ "text": "9", "icon_emoji": ":tea:", "username": "123456789012345678901234" }),
            "123456789012345678901234",
        ),
        (
            json!({ "text": "10", "username": null, "icon_emoji": null, "icon_url": "https://tea.example/i.png" }),
            "deploys",
        ),
    ];
    for (body, _) in &cases {
        is_ok(app.browser().push(&hook.path, &[JSON], body.to_string()).await).await;
    }
    let held = held(&app, "Ann", "lobby").await;
    for ((body, name), message) in cases.iter().zip(held) {
        assert_eq!(&*message.user.name, *name, "{body}");
    }
}
