use std::{fs, time::Duration};

use serde_json::json;
use tempfile::TempDir;

use super::{Settings, user_id};
use crate::{
    bots::{
        answer_stream::AnswerStream,
        outgoing::test_service::{Step, TestService, answer, json as json_answer},
        question::{Answer, BotError, BotErrorKind},
        test_question::question,
    },
    config::bots::tuling::usual_url,
};

const TEA: &str =
    r#"{"intent":{"code":10004},"results":[{"groupType":0,"resultType":"text","values":{"text":"喝茶"}}]}"#;

/// Returns settings whose key is in the folder.
fn settings(url: &str) -> (TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), "hush\n").unwrap();
    let mut settings: Settings = toml::from_str(&format!("url = '{url}'")).unwrap();
    settings.key_file = Some(folder.path().join("key"));
    (folder, settings)
}

async fn asked(settings: &Settings, limit: usize) -> Result<Answer, BotError> {
    let growth = AnswerStream::new(limit);
    let answer = settings.open().unwrap().answer(&question("喝什么?", &[]), &growth).await;
    if let Ok(Answer::Text(text)) = &answer {
        assert_eq!(*text, growth.text());
    }
    answer.inspect_err(|failure| {
        let detail = &failure.detail;
        assert!(
            !detail.contains("hush") && !detail.contains("喝") && !detail.contains("/secret"),
            "{detail}"
        );
    })
}

async fn trouble(said: &str) -> BotErrorKind {
    let service = TestService::saying(said).await;
    let (_folder, settings) = settings(&service.url("/secret"));
    asked(&settings, 4_000).await.unwrap_err().trouble
}

#[tokio::test]
async fn the_robot_is_asked_as_the_tutorial_asked_it() {
    let service = TestService::saying(json_answer("200 OK", TEA)).await;
    let (_folder, settings) = settings(&service.url("/openapi/api/v2"));
    assert!(asked(&settings, 0).await.unwrap() == Answer::Text("喝茶".to_owned()));
    let heard = &service.heard()[0];
    assert!(heard.head.starts_with("POST /openapi/api/v2 "), "{}", heard.head);
    let expected = json!({
        "reqType": 0,
        "perception": {"inputText": {"text": "喝什么?"}},
        "userInfo": {"apiKey": "hush", "userId": user_id(&question("", &[]))},
    });
    assert_eq!(heard.json(), expected);
}

#[test]
fn a_user_has_one_id_over_there_that_says_nothing_of_them() {
    let id = user_id(&question("a", &[]));
    assert_eq!(id, user_id(&question("b", &[])));
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    let mut other = question("a", &[]);
    other.asker = other.bot.clone();
    assert_ne!(id, user_id(&other));
    let mut elsewhere = question("a", &[]);
    elsewhere.bot = elsewhere.asker.clone();
    assert_ne!(id, user_id(&elsewhere));
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    assert_eq!(trouble(&json_answer("200 OK", r#"{"intent":{"code":4003}}"#)).await, BotErrorKind::Busy);
    assert_eq!(trouble(&json_answer("200 OK", r#"{"intent":{"code":4007}}"#)).await, BotErrorKind::Refused);
    assert_eq!(trouble(&json_answer("200 OK", "<html>")).await, BotErrorKind::Garbled);
    assert_eq!(trouble(&answer("500 x", "", "hush")).await, BotErrorKind::Failing);
    assert_eq!(trouble(&answer("429 x", "", "")).await, BotErrorKind::Busy);
    assert_eq!(trouble(&answer("200 OK", "", &"x".repeat(10_000_000))).await, BotErrorKind::TooLong);
    assert_eq!(trouble("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{").await, BotErrorKind::CutOff);
}

#[tokio::test]
async fn an_answer_that_is_too_long_for_a_message_is_too_long() {
    let service = TestService::saying(json_answer("200 OK", TEA)).await;
    let (_folder, settings) = settings(&service.url("/"));
    assert_eq!(asked(&settings, 1).await.unwrap_err().trouble, BotErrorKind::TooLong);
}

#[tokio::test]
async fn a_robot_that_does_not_answer_is_too_slow() {
    let mut service = TestService::start(vec![vec![Step::Stall]]).await;
    let (_folder, mut settings) = settings(&service.url("/secret"));
    settings.timeout.0 = Duration::from_millis(300);
    assert_eq!(asked(&settings, 0).await.unwrap_err().trouble, BotErrorKind::TooSlow);
    service.somebody_went().await;
}

#[tokio::test]
async fn the_key_does_not_follow_a_redirect_to_another_host() {
    let other = TestService::saying(json_answer("200 OK", TEA)).await;
    let location = format!("Location: http://localhost:{}/\r\n", other.port);
    let service = TestService::saying(answer("307 x", &location, "")).await;
    let (_folder, mut settings) = settings(&service.url("/"));
    settings.hosts =
        toml::from_str::<Settings>(&format!("hosts = ['localhost:{}']", other.port)).unwrap().hosts;
    assert_eq!(asked(&settings, 0).await.unwrap_err().trouble, BotErrorKind::Forbidden);
    assert!(other.heard().is_empty());
}

#[test]
fn what_is_wrong_with_the_settings_is_named_with_its_line() {
    for (line, wrong) in [
        ("url = '/openapi'", "no URL"),
        ("timeout = 'soon'", "90s"),
        ("apiKey = 'x'", "unknown field `apiKey`"),
        ("private = 'yes'", "boolean"),
    ] {
        let error = toml::from_str::<Settings>(&format!("# 茶\n{line}\n")).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains(wrong), "{error}");
    }
}

#[test]
fn the_robot_is_where_the_documentation_says() {
    let row = format!("| `url` | `\"{}\"` |", usual_url().as_url());
    assert!(include_str!("../../../../docs/bots.md").contains(&row), "{row}");
}

#[test]
fn a_robot_without_a_key_is_refused_in_one_line() {
    let error = toml::from_str::<Settings>("").unwrap().open().err().unwrap();
    assert_eq!(error, "this service wants a key: key_file or key_env names it");
}
