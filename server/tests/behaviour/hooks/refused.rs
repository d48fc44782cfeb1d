//! Invalid pushes, refused with a reason that lets the sender fix them.

use serde_json::Value;

use super::{CURL, JSON, held, place};
use crate::support::{Hook, TestApp, folder};

const TEXT: (&str, &str) = ("content-type", "text/plain");

/// Headers and body, and the expected answer: the status, the code, and what the reason contains.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [u8], u16, &'a str, &'a [&'a str]);

#[tokio::test]
async fn a_push_that_says_nothing_fit_is_told_what_is_wrong_and_leaves_nothing() {
    let app = TestApp::with(|config| config.text_limit = 10).await;
    let hook = Hook::add(app.data(), &["--room", "lobby", "--rate", "0"]);
    let long = "茶".repeat(11);
    let key = |value| ("idempotency-key", value);
    let too_long_a_key = "k".repeat(256);
    let gbk = ("content-type", "text/plain; charset=gbk");
    let gzip = ("content-encoding", "gzip");
    let cases: [Case; 26] = [
        (&[], b"", 422, "text_empty", &[]),
        (&[CURL], b" \n\t", 422, "text_empty", &[]),
        (&[TEXT], "\u{200B}".as_bytes(), 422, "text_empty", &[]),
        (&[TEXT], long.as_bytes(), 422, "text_too_long", &["10", "11"]),
        (&[TEXT], b"tea \xff", 400, "not_utf8", &["byte 5"]),
        (&[JSON], b"\xfe\xff", 400, "not_utf8", &["byte 1"]),
        (&[JSON], b"", 400, "json_broken", &["line 1"]),
        (&[JSON], b"{\"text\":\n \"tea\",,}", 400, "json_broken", &["line 2 column 8"]),
        (&[JSON], b"{\"text\": \"tea\"} and more", 400, "json_broken", &["column 17"]),
        (&[CURL], b"payload=tea", 400, "json_broken", &["line 1"]),
        (&[JSON], b"[1]", 400, "json_unfit", &["object"]),
        (&[JSON], b"\"tea\"", 400, "json_unfit", &["object"]),
        (&[JSON], b"{\"text\": {\"tea\": 1}}", 400, "json_unfit", &["string", "line 1 column 10"]),
        (&[JSON], b"{\"attachments\": [\n{\"title\": []}]}", 400, "json_unfit", &["line 2"]),
        (&[JSON], b"{\"state\": \"done\"}", 422, "text_empty", &["`text`", "`attachments`", "`blocks`"]),
        (&[JSON], b"{\"text\": \" \", \"attachments\": [{\"color\": \"good\"}]}", 422, "text_empty", &[]),
        (&[("content-type", "multipart/form-data; boundary=x")], b"--x", 415, "multipart", &["curl -d"]),
        (&[JSON], b"{\"object_kind\": \"wiki_page\"}", 422, "text_empty", &["Slack notifications"]),
        (&[JSON], b"{\"heartbeat\": null}", 422, "text_empty", &["Uptime Kuma"]),
        (&[gbk], b"\xb2", 400, "charset_broken", &["GBK"]),
        (&[("content-type", "text/plain; charset=tea")], b"tea", 415, "charset_unfit", &["tea", "UTF-8"]),
        (&[("content-encoding", "br")], b"tea", 415, "coding_unfit", &["gzip"]),
        (&[gzip], b"tea", 400, "coding_broken", &["Content-Encoding"]),
        (&[], b"\x1f\x8b tea", 400, "coding_broken", &[]),
        (&[key("")], b"tea", 400, "key_unfit", &["255"]),
        (&[key(&too_long_a_key)], b"tea", 400, "key_unfit", &["255"]),
    ];
    for (headers, body, status, code, naming) in cases {
        let named = String::from_utf8_lossy(body);
        let response = app.browser().push(&hook.path, headers, body.to_vec()).await;
        assert_eq!(response.status(), status, "{headers:?} {named}");
        assert_eq!(response.headers()["content-type"], "application/json", "{named}");
        let said: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(said["error"]["code"].as_str(), Some(code), "{said}");
        let reason = said["error"]["reason"].as_str().unwrap();
        assert!(naming.iter().all(|name| reason.contains(name)), "{naming:?}: {reason}");
        assert_eq!(reason.lines().count(), 1, "{reason}");
    }
    assert!(held(&app, "Ann", "lobby").await.is_empty());
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_one_that_is_not_quite_is_not() {
    let app = TestApp::with(|config| config.text_limit = 0).await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    let largest = "x".repeat(256 * 1_024);
    place(app.browser().push(&hook.path, &[], largest.clone()).await).await;
    let response = app.browser().push(&hook.path, &[], format!("{largest}x")).await;
    assert_eq!(response.status(), 413);
    let said = response.text().await.unwrap();
    assert!(said.contains(r#""code":"body_too_large""#) && said.contains("262144"), "{said}");
    assert_eq!(held(&app, "Ann", "lobby").await.len(), 1);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_as_text_and_cut_as_an_alert() {
    let app = TestApp::with(|config| config.text_limit = 10).await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    let response = app.browser().push(&hook.path, &[], "12345678901").await;
    assert_eq!(response.status(), 422);
    let alert = r#"{"attachments": [{"title": "disk full", "text": "on tea-1 since noon"}]}"#;
    assert_eq!(app.browser().push(&hook.path, &[JSON], alert).await.status(), 200);
    let held = held(&app, "Ann", "lobby").await;
    assert_eq!(&*held[0].text, "disk full…");
}

#[tokio::test]
async fn only_a_post_is_answered_and_other_methods_are_told_so() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    for path in [&*hook.path, "/hooks/nonsense"] {
        let response = app.browser().get(path).await;
        assert_eq!(response.status(), 405, "{path}");
        assert_eq!(response.headers()["allow"], "POST");
    }
}

#[tokio::test]
async fn every_wrong_token_gets_the_same_answer() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    let other = Hook::add(app.data(), &["--room", "lobby"]);
    let api = crate::support::tokens(app.data(), &["token", "add", "--name", "reader", "--scope", "write"]);
    let api = String::from_utf8(api.stdout).unwrap();
    let api = api.lines().find_map(|line| line.strip_prefix("token: ")).unwrap();
    let mut answers = Vec::new();
    for wrong in [
        "nonsense",
        "%FF",
        "th_",
        &hook.token[..hook.token.len() - 1],
        &format!("{}{}", &hook.token[..16], &other.token[16..]),
        &format!("th_000000000000{}", &hook.token[15..]),
        api,
    ] {
        let response = app.browser().push(&format!("/hooks/{wrong}"), &[JSON], "{").await;
        answers.push((response.status().as_u16(), response.text().await.unwrap()));
    }
    assert_eq!(answers[0].0, 404);
    assert!(answers[0].1.contains(r#""code":"unknown_token""#), "{}", answers[0].1);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn a_hook_that_pushes_too_often_waits_alone() {
    let app = TestApp::start().await;
    let (busy, calm) =
        (Hook::add(app.data(), &["--room", "a", "--rate", "2"]), Hook::add(app.data(), &["--room", "b"]));
    for _ in 0..2 {
        place(app.browser().push(&busy.path, &[], "tea").await).await;
    }
    let response = app.browser().push(&busy.path, &[], "tea").await;
    assert_eq!(response.status(), 429);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    let said = response.text().await.unwrap();
    assert!(said.contains(r#""code":"too_often""#), "{said}");
    place(app.browser().push(&calm.path, &[], "tea").await).await;
    assert_eq!(held(&app, "Ann", "a").await.len(), 2);
}

#[tokio::test]
async fn whoever_guesses_at_hooks_is_told_to_wait() {
    let proxied = |config: &mut server::config::Config| {
        config.rate_login = 3;
        config.trust_proxy = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let app = TestApp::with(proxied).await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    let guest = |address: &str| app.browser().saying("x-forwarded-for", address);
    for n in 1..=6 {
        let response = guest("203.0.113.9").push("/hooks/guess", &[], "tea").await;
        assert_eq!(response.status(), if n <= 3 { 404 } else { 429 }, "{n}");
    }
    place(guest("203.0.113.9").push(&hook.path, &[], "tea").await).await;
    assert_eq!(guest("203.0.113.10").push("/hooks/guess", &[], "tea").await.status(), 404);
}

#[tokio::test]
async fn while_nothing_can_be_kept_a_push_is_told_to_come_again_and_then_it_is_said_once() {
    let data = std::sync::Arc::new(folder());
    let app = TestApp::on(data.clone(), |_| {}).await;
    let hook = Hook::add(data.path(), &["--room", "lobby"]);
    let key = ("idempotency-key", "one");
    let lock = rusqlite::Connection::open(data.path().join("teahouse.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let response = app.browser().push(&hook.path, &[key], "tea").await;
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    assert!(response.text().await.unwrap().contains(r#""code":"store_unavailable""#));
    lock.execute_batch("ROLLBACK").unwrap();
    let said = place(app.browser().push(&hook.path, &[key], "tea").await).await;
    assert_eq!(said["seq"].as_u64(), Some(1));
}
