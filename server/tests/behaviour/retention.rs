//! Retention: the messages that a room stores, and how long the ids of deleted messages are remembered.

use std::sync::Arc;

use chat::protocol::{ClientLine, Event, History, Joined, Message, RefusalCode, Seq};
use rusqlite::{Connection, params};
use tempfile::TempDir;

use crate::support::{Lines, TestApp, eventually, folder};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn seqs(events: &[Event]) -> Vec<Seq> {
    events.iter().map(|event| event.seq().unwrap()).collect()
}

async fn newcomer(app: &TestApp, nickname: &str) -> Joined {
    let mut lines = app.person(nickname).await.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    lines.joined().await
}

/// Sends this many messages to the lobby and reads them all; returns the last.
async fn say_and_hear(lines: &mut Lines, prefix: &str, count: usize) -> Message {
    lines.say_many(prefix, count).await;
    let mut last = lines.message().await;
    for _ in 1..count {
        last = lines.message().await;
    }
    last
}

/// Opens the database of a server from outside.
fn database(data: &TempDir) -> Connection {
    Connection::open(data.path().join("teahouse.db")).unwrap()
}

fn count(database: &Connection, query: &str) -> i64 {
    database.query_row(query, (), |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_room_keeps_its_newest_messages_and_says_everywhere_which_is_the_oldest() {
    let app = TestApp::with(|config| config.retain = 5).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    say_and_hear(&mut lines, "m", 8).await;
    let joined = newcomer(&app, "Bo").await;
    assert_eq!((joined.head, joined.oldest), (8, 4));
    assert_eq!(seqs(&joined.events), [4, 5, 6, 7, 8]);

    let history = History { room: "lobby".to_owned(), before: Some(6), limit: 100, ..History::default() };
    lines.send(&ClientLine::History(history)).await;
    let page = lines.page().await;
    assert_eq!((page.oldest, seqs(&page.events)), (4, vec![4, 5]));

    let boot: serde_json::Value =
        serde_json::from_str(&ann.get("/boot/lobby").await.text().await.unwrap()).unwrap();
    assert_eq!((&boot["room"]["oldest"], &boot["room"]["head"]), (&4.into(), &8.into()));
}

#[tokio::test]
async fn what_is_confirmed_has_made_room_for_itself_already() {
    let app = TestApp::with(|config| config.retain = 3).await;
    let mut lines = app.person("Ann").await.talk_in(&["lobby", "tea"]).await;
    let database = Connection::open(app.data().join("teahouse.db")).unwrap();
    for (said, kept) in [(1, 1), (2, 2), (3, 3), (4, 3), (5, 3)] {
        lines.say(&format!("m{said}"), "hi").await;
        lines.message().await;
        assert_eq!(count(&database, "SELECT count(*) FROM event"), kept, "after {said}");
    }
    lines.say_in("tea", "t1", "hi").await;
    lines.message().await;
    assert_eq!(count(&database, "SELECT count(*) FROM event"), 4, "each room keeps its own");
}

#[tokio::test]
async fn whoever_missed_what_is_no_longer_kept_is_told_so() {
    let app = TestApp::with(|config| config.retain = 5).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    say_and_hear(&mut lines, "m", 8).await;
    let epoch = newcomer(&app, "Bo").await.epoch.to_string();
    let (_, joined) = ann.resume(Some(&epoch), Some(3)).await;
    assert!(joined.resumed, "all that was missed is there");
    assert_eq!(seqs(&joined.events), [4, 5, 6, 7, 8]);
    let (_, joined) = ann.resume(Some(&epoch), Some(2)).await;
    assert!(!joined.resumed, "3 was missed and is gone");
    assert_eq!((joined.oldest, seqs(&joined.events)), (4, vec![4, 5, 6, 7, 8]));
}

#[tokio::test]
async fn a_newcomer_gets_no_more_than_is_kept_whatever_the_backlog() {
    let app = TestApp::with(|config| (config.retain, config.backlog) = (2, 100)).await;
    let mut lines = app.person("Ann").await.talk().await;
    say_and_hear(&mut lines, "m", 4).await;
    assert_eq!(seqs(&newcomer(&app, "Bo").await.events), [3, 4]);
}

#[tokio::test]
async fn a_start_with_less_to_retain_brings_every_room_down_though_nobody_speaks() {
    let app = TestApp::with(|config| config.rate_send = 0).await;
    let mut lines = app.person("Ann").await.talk_in(&["lobby", "tea"]).await;
    say_and_hear(&mut lines, "m", 1_300).await;
    for n in 0..5 {
        lines.say_in("tea", &format!("t{n}"), "hi").await;
        lines.message().await;
    }
    drop(lines);
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |config| config.retain = 3).await;
    let browser = app.person("Bo").await;
    for (room, head) in [("lobby", 1_300), ("tea", 5)] {
        eventually("the room is brought down", async || {
            let mut lines = browser.open().await;
            lines.send_text(&format!(r#"{{"hello":{{"rooms":[{{"room":"{room}"}}]}}}}"#)).await;
            let joined = lines.joined().await;
            assert_eq!(joined.head, head, "{room}");
            assert!(seqs(&joined.events).into_iter().rev().eq((joined.oldest..=head).rev().take(100)));
            joined.oldest == head - 2
        })
        .await;
    }
}

#[tokio::test]
async fn a_repeated_id_gets_the_original_even_if_that_is_no_longer_kept() {
    let app = TestApp::with(|config| config.retain = 1).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let (mut lines, mut bo) = (ann.talk().await, bo.talk().await);
    lines.say("m1", "once").await;
    let original = lines.message().await;
    lines.say("m2", "later").await;
    lines.message().await;

    assert_eq!(ann.log_in("ANN").await.status(), 303, "the same name in another spelling");
    let mut lines = ann.talk().await;
    lines.say("m1", "once").await;
    assert_eq!(lines.message().await, original, "under the name of that time");
    lines.say("m1", "other").await;
    assert_eq!(lines.refused().await.code, RefusalCode::IdReused);
    drop(lines);
    assert_eq!([bo.message().await.seq, bo.message().await.seq], [1, 2]);

    let (ended, data) = app.stop().await;
    ended.unwrap();
    let app = TestApp::on(data, |config| config.retain = 1).await;
    let mut lines = app.browser().with_cookie(&ann.cookie()).talk().await;
    lines.say("m1", "once").await;
    assert_eq!(lines.message().await, original, "after a restart too");
    lines.say("m1", "other").await;
    assert_eq!(lines.refused().await.code, RefusalCode::IdReused);
    lines.say("m3", "next").await;
    assert_eq!(lines.message().await.seq, 3);
}

#[tokio::test]
async fn an_id_is_remembered_for_7_days_and_as_long_as_its_message_is_kept() {
    let app = TestApp::with(|config| config.retain = 1).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    say_and_hear(&mut lines, "m", 4).await;
    let (ended, data) = app.stop().await;
    ended.unwrap();
    let file = database(&data);
    let now = count(&file, "SELECT max(at) FROM event");
    for (client, days) in [("m1", 30), ("m2", 7), ("m4", 30)] {
        file.execute("UPDATE sent SET at = ?2 WHERE client = ?1", params![client, now - days * DAY_MS])
            .unwrap();
    }
    // Far more than one cleanup step forgets.
    file.execute_batch(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
         INSERT INTO sent (room, user, client, seq, at, name, digest)
         SELECT 1, 'somebody', 'old-' || n, 1, 0, 'Somebody', x'00' FROM n",
    )
    .unwrap();

    let app = TestApp::on(data.clone(), |config| config.retain = 1).await;
    eventually("the old ids are forgotten", async || count(&file, "SELECT count(*) FROM sent") == 3).await;
    let mut lines = app.browser().with_cookie(&ann.cookie()).talk().await;
    lines.say("m2", "m says 2").await;
    assert_eq!(lines.message().await.seq, 2, "7 days ago");
    lines.say("m4", "m says 4").await;
    assert_eq!(lines.message().await.seq, 4, "long ago, but kept");
    lines.say("m1", "m says 1").await;
    assert_eq!(lines.message().await.seq, 5, "long ago, and forgotten: it is a new message");
}

/// Returns a database as the first version left it: three messages of user `ann`, and nothing about
/// retention.
fn first_version() -> TempDir {
    let data = folder();
    let file = database(&data);
    file.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA application_id = 0x54454148;
         CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
         CREATE TABLE room (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, head INTEGER NOT NULL DEFAULT 0) STRICT;
         CREATE TABLE event (
             room INTEGER NOT NULL REFERENCES room (id), seq INTEGER NOT NULL, kind TEXT NOT NULL, user TEXT NOT NULL,
             name TEXT NOT NULL, client TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL,
             PRIMARY KEY (room, seq)) STRICT, WITHOUT ROWID;
         CREATE TABLE sent (
             room INTEGER NOT NULL REFERENCES room (id), user TEXT NOT NULL, client TEXT NOT NULL,
             seq INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (room, user, client)) STRICT, WITHOUT ROWID;
         CREATE TABLE nickname (
             skeleton TEXT PRIMARY KEY, user TEXT NOT NULL, name TEXT NOT NULL, until INTEGER NOT NULL)
             STRICT, WITHOUT ROWID;
         PRAGMA user_version = 1;
         INSERT INTO meta VALUES ('epoch', 'first');
         INSERT INTO room VALUES (1, 'lobby', 3);",
    )
    .unwrap();
    let now = i64::try_from(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis(),
    )
    .unwrap();
    for seq in 1..=3 {
        let (client, text) = (format!("m{seq}"), format!("text {seq}"));
        file.execute(
            "INSERT INTO event VALUES (1, ?1, 'message', 'ann', 'Ann', ?2, ?3, ?4)",
            params![seq, client, text, now],
        )
        .unwrap();
        file.execute("INSERT INTO sent VALUES (1, 'ann', ?1, ?2, ?3)", params![client, seq, now]).unwrap();
    }
    file.close().unwrap();
    data
}

/// Assigns all messages to the user with this nickname.
fn give_to(file: &Connection, nickname: &str) {
    let owner = "(SELECT user FROM nickname WHERE name = ?1)";
    for table in ["event", "sent"] {
        file.execute(&format!("UPDATE {table} SET user = {owner}"), [nickname]).unwrap();
    }
}

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date_and_its_ids_outlive_their_messages() {
    let data = Arc::new(first_version());
    let app = TestApp::on(data.clone(), |_| {}).await;
    let ann = app.person("Ann").await;
    let joined = newcomer(&app, "Bo").await;
    assert_eq!((joined.epoch.as_str(), joined.head, joined.oldest), ("first", 3, 1));
    app.stop().await.0.unwrap();
    give_to(&database(&data), "Ann");

    let app = TestApp::on(data.clone(), |config| config.retain = 1).await;
    let file = database(&data);
    eventually("it is brought down", async || count(&file, "SELECT count(*) FROM event") == 1).await;
    let mut lines = app.browser().with_cookie(&ann.cookie()).talk().await;
    lines.say("m1", "text 1").await;
    let original = lines.message().await;
    assert_eq!((original.seq, &*original.user.name, &*original.text), (1, "Ann", "text 1"));
    lines.say("m2", "text 1").await;
    assert_eq!(lines.refused().await.code, RefusalCode::IdReused);
    lines.say("m3", "text 3").await;
    assert_eq!(lines.message().await.seq, 3);
}

#[tokio::test]
async fn nicknames_that_nobody_holds_any_more_are_deleted_and_others_are_not() {
    let app = TestApp::start().await;
    app.person("Ann").await;
    let (ended, data) = app.stop().await;
    ended.unwrap();
    // More than one cleanup step deletes.
    database(&data)
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
             INSERT INTO nickname (skeleton, user, name, until) SELECT 's' || i, 'u' || i, 'name' || i, 1 FROM n",
        )
        .unwrap();
    let app = TestApp::on(data.clone(), |_| {}).await;
    eventually("the nicknames are gone", async || {
        count(&database(&data), "SELECT count(*) FROM nickname") == 1
    })
    .await;
    assert_eq!(app.browser().log_in("Ann").await.status(), 409, "hers is still taken");
}
