//! Rooms from the time when a name had several spellings: each has one name now, none were merged, and every
//! link to one still works.

use std::sync::Arc;

use chat::{
    protocol::{ClientLine, RefusalCode, RoomPosition, ServerLine},
    room_name::RoomName,
};
use rusqlite::{Connection, params};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    nodes::{moved, node},
    support::{Redis, TestApp},
};

/// The rooms: the name before, the name now, the message text, and the number of messages.
const ROOMS: [(&str, &str, &str, u64); 4] = [
    ("tea", "tea", "in tea", 2),
    ("ｔｅａ", "tea-2", "in the wide one", 3),
    ("ﾃﾞ", "デ", "in the narrow one", 1),
    ("straße", "strasse", "in the street", 1),
];

fn named(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

fn place(name: &str) -> RoomPosition {
    RoomPosition { room: name.to_owned(), epoch: None, seq: None }
}

/// Returns a folder from before: rooms with several spellings, tokens and answers for them, and the old
/// schema.
async fn old_folder() -> Arc<TempDir> {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for (_, now, text, count) in ROOMS {
        let mut lines = ann.talk_in(&[now]).await;
        for n in 1..=count {
            lines.say_in(now, &format!("m{n}"), text).await;
            lines.message().await;
        }
    }
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let database = Connection::open(data.path().join("teahouse.db")).unwrap();
    database.execute_batch("DROP TABLE renamed; PRAGMA user_version = 3").unwrap();
    for (before, now, ..) in ROOMS {
        database.execute("UPDATE room SET name = ?1 WHERE name = ?2", [before, now]).unwrap();
    }
    for (drawer, value) in records() {
        let sql = "INSERT INTO record (drawer, key, value) VALUES (?1, 'k', ?2)";
        database.execute(sql, params![drawer, value]).unwrap();
    }
    data
}

/// Returns records that name a room, in their old format.
fn records() -> [(&'static str, String); 2] {
    [
        ("reminder", json!({ "room": "ｔｅａ", "other": "ｔｅａ" }).to_string()),
        ("token", json!({ "rooms": ["ｔｅａ", "*"], "channels": ["straße"] }).to_string()),
    ]
}

#[tokio::test]
async fn rooms_that_existed_twice_are_renamed_apart_and_keep_their_seqs() {
    let app = TestApp::on(old_folder().await, |_| {}).await;
    let ann = app.person("Bo").await;
    for (before, now, text, count) in ROOMS {
        let mut lines = ann.open().await;
        lines.send(&ClientLine::Hello { rooms: vec![place(before)], client: None, user: None }).await;
        if before != now {
            // A page that was open, or that remembers the room by its old name, finds the same room.
            let line = lines.until(|line| matches!(line, ServerLine::Renamed { .. }).then_some(line)).await;
            assert_eq!(line, ServerLine::Renamed { room: before.to_owned(), name: named(now) });
            lines.join(now).await;
        }
        let joined = lines.joined().await;
        assert_eq!((joined.room, joined.head), (named(now), count));
        assert_eq!(joined.events.len() as u64, count);
        assert!(serde_json::to_string(&joined.events).unwrap().contains(text));
    }
    // A permalink leads to its message; a typed name leads to the room that everyone who types it gets.
    let wide = "%EF%BD%94%EF%BD%85%EF%BD%81";
    for (path, to) in [
        (format!("/chat/{wide}/3"), "/chat/tea-2/3"),
        (format!("/chat/{wide}"), "/chat/tea"),
        ("/chat/stra%C3%9Fe/1".to_owned(), "/chat/strasse/1"),
        ("/chat/Tea/1".to_owned(), "/chat/tea/1"),
    ] {
        let answer = ann.get(&path).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
            (303, to),
            "{path}"
        );
    }
    let data = app.stop().await.1;
    let database = Connection::open(data.path().join("teahouse.db")).unwrap();
    let value = |drawer: &str| {
        let sql = "SELECT value FROM record WHERE drawer = ?1 AND key = 'k'";
        let value: String = database.query_row(sql, [drawer], |row| row.get(0)).unwrap();
        serde_json::from_str::<serde_json::Value>(&value).unwrap()
    };
    assert_eq!(value("reminder"), json!({ "room": "tea-2", "other": "ｔｅａ" }));
    assert_eq!(value("token"), json!({ "rooms": ["tea-2", "*"], "channels": ["strasse"] }));
}

#[tokio::test]
async fn on_redis_rooms_that_existed_twice_are_renamed_apart_too() {
    let redis = Redis::start();
    let server = node(&redis).await;
    let ann = server.person("Ann").await;
    for (_, now, text, count) in ROOMS {
        let mut lines = ann.talk_in(&[now]).await;
        for n in 1..=count {
            lines.say_in(now, &format!("m{n}"), text).await;
            lines.message().await;
        }
    }
    server.stop().await.0.unwrap();
    // As an earlier version would have left it.
    for (before, now, ..) in ROOMS.into_iter().filter(|(before, now, ..)| before != now) {
        let keys = redis.ask(&["KEYS", &format!("teahouse:{{{now}}}:*")]);
        for key in keys.lines().map(str::trim).filter(|key| !key.is_empty()) {
            redis.ask(&["RENAME", key, &key.replace(now, before)]);
        }
        redis.ask(&["SREM", "teahouse:rooms", now]);
        redis.ask(&["SADD", "teahouse:rooms", before]);
    }
    redis.ask(&["HSET", "teahouse:meta", "schema", "1"]);
    for (drawer, value) in records() {
        redis.ask(&["HSET", &format!("teahouse:records:{drawer}"), "k", &value]);
    }

    let server = node(&redis).await;
    let bo = server.person("Bo").await;
    for (before, now, _, count) in ROOMS {
        let mut lines = bo.open().await;
        lines.send(&ClientLine::Hello { rooms: vec![place(before)], client: None, user: None }).await;
        if before != now {
            let line = lines.until(|line| matches!(line, ServerLine::Renamed { .. }).then_some(line)).await;
            assert_eq!(line, ServerLine::Renamed { room: before.to_owned(), name: named(now) });
            lines.join(now).await;
        }
        let joined = lines.joined().await;
        assert_eq!((joined.room, joined.head, joined.events.len() as u64), (named(now), count, count));
    }
    // A message sent before the rename is recognized by its id.
    let mut ann = moved(&ann, &server).talk_in(&["tea-2"]).await;
    ann.say_in("tea-2", "m1", "another text").await;
    assert_eq!(ann.refused().await.code, RefusalCode::IdReused);
    assert!(redis.ask(&["HGET", "teahouse:records:reminder", "k"]).contains(r#""room":"tea-2""#));
    assert!(redis.ask(&["HGET", "teahouse:records:token", "k"]).contains("strasse"));
    assert_eq!(redis.ask(&["HGET", "teahouse:meta", "schema"]), "2");
}
