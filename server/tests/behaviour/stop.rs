//! Stop and restart: users are disconnected in order, and everything that was accepted is stored.

use std::{collections::BTreeSet, fs, sync::Arc};

use chat::protocol::ServerLine;

use crate::support::{TestApp, eventually, folder};

/// Returns the texts in the lobby's log, as a newcomer gets them.
async fn kept(app: &TestApp) -> BTreeSet<String> {
    let mut lines = app.person("Reader").await.open().await;
    lines.send_text(r#"{"hello":{"rooms":[]}}"#).await;
    let joined = lines.joined().await;
    let texts = joined.events.iter().map(|event| match event {
        chat::protocol::Event::Message(message) => message.text.to_string(),
        chat::protocol::Event::Unknown(_) => panic!("an event of this version"),
    });
    texts.collect()
}

#[tokio::test]
async fn a_stop_tells_everybody_when_to_come_back_closes_with_restart_and_loses_nothing() {
    let app = TestApp::with(|config| config.drain = "700ms".parse().unwrap()).await;
    let mut lines = app.person("Ann").await.talk().await;
    let idle = app.person("Bo").await.talk().await;
    lines.say_many("m", 300).await;
    lines.message().await;
    app.begin_stop();
    let (read, code) = lines.rest().await;
    assert_eq!(code, 1012);
    let drains: Vec<u64> = read
        .iter()
        .filter_map(|line| if let ServerLine::Drain { retry_ms } = line { Some(*retry_ms) } else { None })
        .collect();
    assert!(matches!(drains[..], [retry_ms] if retry_ms < 700), "{drains:?}");
    assert_eq!(idle.rest().await.1, 1012);
    let acknowledged = read.iter().filter_map(|line| match line {
        ServerLine::Message(message) => Some(message.text.to_string()),
        _ => None,
    });
    let acknowledged: BTreeSet<String> = acknowledged.collect();
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |config| config.backlog = 1_000).await;
    let kept = kept(&app).await;
    assert!(acknowledged.is_subset(&kept));
    assert!(kept.len() <= 300);
}

#[tokio::test]
async fn a_server_that_stops_is_not_ready_and_takes_nobody_in() {
    let app = TestApp::with(|config| config.drain = "1s".parse().unwrap()).await;
    let browser = app.browser();
    assert_eq!(browser.try_get("/readyz").await, Some(200));
    app.begin_stop();
    eventually("it is not ready any more", async || browser.try_get("/readyz").await != Some(200)).await;
    app.stop().await.0.unwrap();
    assert_eq!(browser.try_get("/readyz").await, None);
}

#[tokio::test]
async fn a_stop_waits_for_nobody_who_does_not_listen() {
    let app = TestApp::start().await;
    let browser = app.person("Ann").await;
    let _deaf = browser.knock("/ws").protocol("teahouse.v1").receive_buffer(4_096).socket().await;
    let _idle = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    app.stop().await.0.unwrap();
}

#[tokio::test]
async fn a_stop_lets_go_of_the_folder_even_if_somebody_does_not_listen() {
    let app = TestApp::start().await;
    let _deaf = app.person("Ann").await.talk().await;
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |_| {}).await;
    assert_eq!(app.browser().try_get("/readyz").await, Some(200));
}

#[tokio::test]
async fn a_stop_without_anybody_is_a_stop() {
    TestApp::start().await.stop().await.0.unwrap();
}

/// Checks that an error is one line that contains this text.
fn assert_clear(reason: &str, names: &str) {
    assert!(reason.contains(names), "{reason}");
    assert!(!reason.contains('\n'), "{reason}");
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let data = Arc::new(folder());
    let first = TestApp::on(data.clone(), |_| {}).await;
    let mut lines = first.person("Ann").await.talk().await;
    let second = TestApp::on(data.clone(), |_| {}).await;
    assert_clear(&second.refusal().await, data.path().to_str().unwrap());
    lines.say("m1", "still here").await;
    assert_eq!(lines.message().await.seq, 1);
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_made_is_named() {
    let data = folder();
    let file = data.path().join("file");
    fs::write(&file, "").unwrap();
    let app = TestApp::with(|config| config.data = file.join("data")).await;
    assert_clear(&app.refusal().await, file.to_str().unwrap());
}
