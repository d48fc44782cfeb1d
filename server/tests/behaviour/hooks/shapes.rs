//! Pushes as scripts and tools send them: mislabelled, compressed, in other charsets, in native formats.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::{CURL, JSON, held};
use crate::support::{Hook, TestApp};

/// Headers, body, and the resulting message.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [u8], &'a str);

/// Pushes each case and compares the room's messages.
async fn are_said(cases: &[Case<'_>]) {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "lobby", "--rate", "0"]);
    for (headers, body, _) in cases {
        let answer = app.browser().push(&hook.path, headers, body.to_vec()).await;
        let named = String::from_utf8_lossy(body);
        assert!(
            matches!(answer.status().as_u16(), 200 | 201),
            "{headers:?} {named}: {}",
            answer.text().await.unwrap()
        );
    }
    let held = held(&app, "Ann", "lobby").await;
    let said: Vec<&str> = held.iter().map(|message| &*message.text).collect();
    let meant: Vec<&str> = cases.iter().map(|(_, _, meant)| *meant).collect();
    assert_eq!(said, meant);
}

#[tokio::test]
async fn json_is_recognised_whatever_it_calls_itself() {
    let body = "{\"text\": \"<https://tea.example|tea>\"}".as_bytes();
    let said = "tea (https://tea.example)";
    let kind = |kind| [("content-type", kind)];
    are_said(&[
        (&[], body, said),
        (&kind("text/plain"), body, said),
        (&kind("text/plain; charset=utf-8"), body, said),
        (&kind("application/json; charset=UTF-8"), body, said),
        (&kind("application/octet-stream"), body, said),
        (&[CURL], body, said),
        (&[CURL], b"token=x&payload=%7B%22text%22%3A%22tea%22%7D&user=ann", "tea"),
        (&[], b"payload=%7B%22text%22%3A%22tea%22%7D", "tea"),
        (&[], b"{\"state\": \"done\"}", "{\"state\": \"done\"}"),
        (&[], b"{tea}", "{tea}"),
    ])
    .await;
}

#[tokio::test]
async fn a_line_break_or_a_tab_in_the_string_of_a_script_is_read_as_meant() {
    are_said(&[
        (&[JSON], b"{\"text\": \"disk full\non tea-1\tnow\"}", "disk full\non tea-1\tnow"),
        (&[CURL], b"payload={\"text\": \"disk full\r\non tea-1\"}", "disk full\non tea-1"),
        (&[], b"{\n\t\"attachments\": [{\"text\": \"a\nb\"}]\n}", "a\nb"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_packed_is_unpacked_and_what_is_in_another_charset_is_decoded() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all("{\"text\": \"\u{8336}\"}".as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let kind = |kind| [("content-type", kind)];
    are_said(&[
        (&[JSON, ("content-encoding", "gzip")], &packed, "\u{8336}"),
        (&[], &packed, "\u{8336}"),
        (&kind("text/plain; charset=iso-8859-1"), b"caf\xe9", "caf\u{e9}"),
        (&kind("text/plain; charset=GBK"), b"\xb2\xe8\xb9\xdd", "\u{8336}\u{9986}"),
        (&kind("application/json; charset=gb2312"), b"{\"text\": \"\xb2\xe8\"}", "\u{8336}"),
        (&kind("text/plain"), b"\xef\xbb\xbftea", "tea"),
    ])
    .await;
}

#[tokio::test]
async fn what_comes_in_another_tool_s_shape_is_understood() {
    let alerts = "{\"status\": \"firing\", \"receiver\": \"teahouse\", \"commonLabels\": {\"alertname\": \"HighLatency\"}, \
                  \"alerts\": [{\"status\": \"firing\", \"labels\": {}, \"annotations\": {\"summary\": \"p99 is 2 s\"}}]}";
    let grafana = "{\"status\": \"firing\", \"alerts\": [], \"title\": \"[FIRING:1] DiskFull\", \"message\": \"full\\n\"}";
    let gitlab = "{\"object_kind\": \"tag_push\", \"ref\": \"refs/tags/v1\", \"after\": \"82b3\", \"user_name\": \"Ann\", \
                  \"project\": {\"path_with_namespace\": \"ann/tea\"}}";
    let kuma = "{\"heartbeat\": {\"status\": 0}, \"monitor\": {\"name\": \"tea\"}, \"msg\": \"[tea] down\"}";
    let mattermost = "{\"channel\": \"town-square\", \"username\": \"Ship\", \"text\": \"### deploy done\", \"icon_url\": \"x\"}";
    are_said(&[
        (&[JSON], alerts.as_bytes(), "[FIRING:1] HighLatency\n\u{2022} p99 is 2 s"),
        (&[JSON], grafana.as_bytes(), "[FIRING:1] DiskFull\nfull"),
        (&[JSON], gitlab.as_bytes(), "Ann pushed tag v1 of ann/tea"),
        (&[JSON], kuma.as_bytes(), "[tea] down"),
        (&[JSON], mattermost.as_bytes(), "### deploy done"),
        (&[JSON], b"{\"content\": \"from Discord\", \"username\": \"Ship\"}", "from Discord"),
        (&[JSON], b"{\"msg\": \"from Rocket.Chat\", \"alias\": \"Ship\"}", "from Rocket.Chat"),
        (&[], b"{\"title\": \"Backup\", \"message\": \"3 files\"}", "Backup\n3 files"),
    ])
    .await;
}
