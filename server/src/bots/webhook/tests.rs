use std::{fs, time::Duration};

use serde_json::json;
use tempfile::TempDir;

use super::{Settings, payload::signature};
use crate::{
    bots::{
        answer_stream::AnswerStream,
        outgoing::test_service::{Step, TestService, answer, json as json_answer},
        question::{Answer, BotError, BotErrorKind, Question},
        secret::Secret,
        test_question::{Earlier, question},
    },
    clock,
};

/// Returns settings whose secret is in the folder.
fn settings(url: &str) -> (TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "hush\n").unwrap();
    let mut settings: Settings = toml::from_str(&format!("url = '{url}'")).unwrap();
    settings.secret_file = Some(folder.path().join("secret"));
    (folder, settings)
}

fn with_reply_url() -> Question {
    let reply_url = Some("https://chat.example/replies/once".to_owned());
    Question { reply_url, ..question("几点了?", &[Earlier::Other("不知道")]) }
}

async fn asked_with(settings: &Settings, question: &Question, limit: usize) -> Result<Answer, BotError> {
    let growth = AnswerStream::new(limit);
    let answer = settings.open().unwrap().answer(question, &growth).await;
    if let Ok(Answer::Text(text)) = &answer {
        assert_eq!(*text, growth.text());
    }
    answer.inspect_err(|failure| {
        let detail = &failure.detail;
        assert!(
            !detail.contains("hush") && !detail.contains("几点") && !detail.contains("/secret"),
            "{detail}"
        );
    })
}

async fn asked(said: &str, question: &Question) -> Result<Answer, BotError> {
    let service = TestService::saying(said).await;
    let (_folder, settings) = settings(&service.url("/secret"));
    asked_with(&settings, question, 4_000).await
}

async fn text(said: &str) -> String {
    match asked(said, &with_reply_url()).await.unwrap() {
        Answer::Text(text) => text,
        Answer::Later => panic!("it was said now"),
    }
}

async fn trouble(said: &str) -> BotErrorKind {
    asked(said, &with_reply_url()).await.unwrap_err().trouble
}

#[tokio::test]
async fn a_question_goes_out_signed_with_all_that_was_said_before() {
    let service = TestService::saying(answer("200 OK", "", "三点")).await;
    let (_folder, settings) = settings(&service.url("/bot?x=1"));
    let before = clock::now().0 / 1_000;
    asked_with(&settings, &with_reply_url(), 0).await.unwrap();
    let heard = &service.heard()[0];
    assert!(heard.head.starts_with("POST /bot?x=1 "), "{}", heard.head);
    assert_eq!(heard.header("content-type"), Some("application/json"));
    let expected = json!({
        "id": "answer-1f0c",
        "room": "tea",
        "bot": {"id": "bot-7f3a", "name": "阿明"},
        "user": {"id": "9c41f07be2d85a3316f4", "name": "小明"},
        "text": "几点了?",
        "at": 1_763_715_600_000_u64,
        "context": [{"id": "m1", "seq": 1, "user": {"id": "27d80e6ab5c1f493d02e", "name": "小红"}, "text": "不知道", "at": 1_763_715_541_000_u64}],
        "reply_url": "https://chat.example/replies/once",
    });
    assert_eq!(heard.json(), expected);
    let timestamp = heard.header("teahouse-timestamp").unwrap();
    assert!((before..=before + 60).contains(&timestamp.parse().unwrap()), "{timestamp}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s"), "hush").unwrap();
    let secret = Secret::read("secret", Some(&folder.path().join("s")), None).unwrap().unwrap();
    let expected = signature(&secret, timestamp, &heard.body);
    assert_eq!(heard.header("teahouse-signature"), Some(&*expected));
}

#[test]
fn a_signature_is_what_it_has_always_been() {
    // printf '1763715600.{"id":"a1"}' | openssl dgst -sha256 -hmac hush
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s"), "hush").unwrap();
    let secret = Secret::read("secret", Some(&folder.path().join("s")), None).unwrap().unwrap();
    let expected = "v1=335f0a5fda66568c39852e49970c5db45ce6122f8215022ea90d530f33ac530d";
    assert_eq!(signature(&secret, "1763715600", br#"{"id":"a1"}"#), expected);
}

#[tokio::test]
async fn an_answer_is_plain_text_or_json() {
    assert_eq!(
        text(&answer("200 OK", "Content-Type: text/plain; charset=utf-8\r\n", "三点\n")).await,
        "三点"
    );
    assert_eq!(text(&answer("200 OK", "", "三点")).await, "三点");
    assert_eq!(text(&json_answer("200 OK", r#"{"text":"三点","more":1}"#)).await, "三点");
    assert_eq!(
        text(&answer("201 Created", "Content-Type: Application/JSON;x=y\r\n", r#"{"text":"x"}"#)).await,
        "x"
    );
}

#[tokio::test]
async fn an_answer_may_come_later() {
    for said in [
        answer("202 Accepted", "", "thinking"),
        "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        answer("200 OK", "", ""),
        answer("200 OK", "Content-Type: application/json\r\n", ""),
        json_answer("200 OK", "{}"),
        answer("200 OK", "", " \n"),
    ] {
        assert!(asked(&said, &with_reply_url()).await.unwrap() == Answer::Later, "{said}");
        let failure = asked(&said, &question("几点了?", &[])).await.unwrap_err();
        assert_eq!(failure.trouble, BotErrorKind::Garbled);
        assert!(failure.detail.contains("no reply URL"), "{failure}");
    }
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    assert_eq!(
        trouble(&answer("200 OK", "Content-Type: text/html\r\n", "<p>hush")).await,
        BotErrorKind::Garbled
    );
    assert_eq!(trouble(&json_answer("200 OK", "hush")).await, BotErrorKind::Garbled);
    assert_eq!(trouble(&json_answer("200 OK", r#"{"text":7}"#)).await, BotErrorKind::Garbled);
    assert_eq!(trouble(&answer("401 x", "", "hush")).await, BotErrorKind::Refused);
    assert_eq!(trouble(&answer("500 x", "", "hush")).await, BotErrorKind::Failing);
    assert_eq!(trouble(&answer("503 x", "", "")).await, BotErrorKind::Busy);
    assert_eq!(trouble(&answer("302 x", "Location: /secret/2\r\n", "")).await, BotErrorKind::Forbidden);
    assert_eq!(trouble(&answer("200 OK", "", &"x".repeat(10_000_000))).await, BotErrorKind::TooLong);
    assert_eq!(trouble(&answer("200 OK", "", &"x".repeat(5_000))).await, BotErrorKind::TooLong);
    assert_eq!(trouble("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx").await, BotErrorKind::CutOff);
}

#[tokio::test]
async fn a_text_that_is_not_utf_8_is_garbled() {
    let service =
        TestService::saying(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\xb2\xe8".as_slice()).await;
    let (_folder, settings) = settings(&service.url("/"));
    let failure = asked_with(&settings, &with_reply_url(), 0).await.unwrap_err();
    assert_eq!(failure.trouble, BotErrorKind::Garbled);
}

#[tokio::test]
async fn a_program_that_does_not_answer_is_too_slow() {
    let mut service = TestService::start(vec![vec![Step::Stall]]).await;
    let (_folder, mut settings) = settings(&service.url("/secret"));
    settings.timeout.0 = Duration::from_millis(300);
    let failure = asked_with(&settings, &with_reply_url(), 0).await.unwrap_err();
    assert_eq!(failure.trouble, BotErrorKind::TooSlow);
    service.somebody_went().await;
}

#[test]
fn what_is_wrong_with_the_settings_is_named_with_its_line() {
    for (line, wrong) in [
        ("url = 'https://me:hush@a.example'", "no user and no password"),
        ("secret = 'x'", "unknown field `secret`"),
        ("connect_timeout = ''", "90s"),
    ] {
        let url = if line.starts_with("url") { "" } else { "url = 'https://a.example'" };
        let error = toml::from_str::<Settings>(&format!("# 茶\n{line}\n{url}")).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains(wrong), "{error}");
    }
}

#[test]
fn a_webhook_without_a_secret_is_refused_in_one_line() {
    let settings: Settings = toml::from_str("url = 'https://a.example'").unwrap();
    let error = settings.open().err().unwrap();
    assert_eq!(error, "a webhook is signed with a secret: secret_file or secret_env names it");
}
