//! Acknowledged messages are durable: across a restart, and while the store is full.

use chat::protocol::{ClientLine, RefusalCode, Refused, RoomPosition, ServerLine};
use rusqlite::Connection;

use crate::support::TestApp;

#[tokio::test]
async fn after_a_restart_the_log_goes_on_where_it_was_and_positions_still_count() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut lines = ann.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    let epoch = lines.joined().await.epoch;
    lines.say_many("m", 3).await;
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(lines.message().await);
    }
    drop(lines);
    let (ended, data) = app.stop().await;
    ended.unwrap();

    let app = TestApp::on(data, |_| {}).await;
    let mut lines = app.browser().with_cookie(&ann.cookie()).open().await;
    let place = RoomPosition { room: "lobby".to_owned(), epoch: Some(epoch.to_string()), seq: Some(1) };
    lines.send(&ClientLine::Hello { rooms: vec![place], client: None, user: None }).await;
    let joined = lines.joined().await;
    assert!(joined.resumed);
    assert_eq!((joined.epoch, joined.head, joined.oldest), (epoch, 3, 1));
    let events: Vec<_> = said[1..].iter().cloned().map(chat::protocol::Event::Message).collect();
    assert_eq!(joined.events, events, "to the letter");
    lines.say("m4", "next").await;
    assert_eq!(lines.message().await.seq, 4);
}

#[tokio::test]
async fn after_a_restart_client_ids_are_remembered() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    lines.say("m1", "once").await;
    let original = lines.message().await;
    drop(lines);
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |_| {}).await;
    let mut lines = app.browser().with_cookie(&ann.cookie()).talk().await;
    lines.say("m1", "once").await;
    assert_eq!(lines.message().await, original);
    lines.say("m1", "something else").await;
    assert_eq!(lines.refused().await.code, RefusalCode::IdReused);
    lines.say("m2", "twice").await;
    assert_eq!(lines.message().await.seq, 2);
}

#[tokio::test]
async fn after_a_restart_logins_and_nicknames_still_hold() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |_| {}).await;
    assert_eq!(app.browser().log_in("Ann").await.status(), 409);
    assert_eq!(app.browser().with_cookie(&ann.cookie()).get("/chat").await.status(), 200);
}

#[tokio::test]
async fn each_room_has_a_log_of_its_own_with_seqs_of_its_own() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk_in(&["lobby", "tea"]).await;
    for (room, id, seq) in [("lobby", "a", 1), ("tea", "b", 1), ("tea", "c", 2), ("lobby", "d", 2)] {
        lines.say_in(room, id, "hi").await;
        assert_eq!(lines.message().await.seq, seq);
    }
    drop(lines);
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |_| {}).await;
    let mut lines = app.person("Bo").await.talk_in(&["tea", "lobby"]).await;
    lines.say_in("tea", "e", "hi").await;
    assert_eq!(lines.message().await.seq, 3);
}

async fn refused_or_said(lines: &mut crate::support::Lines) -> Result<(String, u64), Refused> {
    lines
        .until(|line| match line {
            ServerLine::Message(message) => Some(Ok((message.id.to_string(), message.seq))),
            ServerLine::Refused(refused) => Some(Err(refused)),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn while_the_store_cannot_take_it_a_message_is_refused_for_now_and_the_later_ones_wait_behind_it() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk_in(&["lobby", "tea"]).await;
    let other_program = Connection::open(app.data().join("teahouse.db")).unwrap();
    other_program.execute_batch("BEGIN IMMEDIATE").unwrap();
    lines.say("m1", "one").await;
    let refused = refused_or_said(&mut lines).await.unwrap_err();
    assert_eq!((refused.code, refused.id.as_deref()), (RefusalCode::StoreUnavailable, Some("m1")));
    assert!(refused.retry_ms.is_some());
    other_program.execute_batch("ROLLBACK").unwrap();

    lines.say("m2", "two").await;
    let refused = refused_or_said(&mut lines).await.unwrap_err();
    assert_eq!((refused.code, refused.id.as_deref()), (RefusalCode::OutOfOrder, Some("m2")));
    assert!(refused.retry_ms.is_some());
    lines.say_in("tea", "t1", "another room does not wait").await;
    assert_eq!(refused_or_said(&mut lines).await, Ok(("t1".to_owned(), 1)));
    lines.say("m1", "one").await;
    assert_eq!(refused_or_said(&mut lines).await, Ok(("m1".to_owned(), 1)));
    lines.say("m2", "two").await;
    assert_eq!(refused_or_said(&mut lines).await, Ok(("m2".to_owned(), 2)));
}

#[tokio::test]
async fn who_gives_a_refused_message_up_joins_again_and_speaks_on() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    let other_program = Connection::open(app.data().join("teahouse.db")).unwrap();
    other_program.execute_batch("BEGIN IMMEDIATE").unwrap();
    lines.say("m1", "one").await;
    refused_or_said(&mut lines).await.unwrap_err();
    other_program.execute_batch("ROLLBACK").unwrap();
    lines.join("lobby").await;
    lines.joined().await;
    lines.say("m2", "two").await;
    assert_eq!(refused_or_said(&mut lines).await, Ok(("m2".to_owned(), 1)));
}
