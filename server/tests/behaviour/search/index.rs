//! The search index: it trails the log, can be rebuilt, and reports when it is behind.

use std::{fs, path::Path};

use rusqlite::Connection;

use super::{SentMessage, again, finds, found, indexed, is_indexed, log, open, said, search, write, written};
use crate::support::{TestApp, eventually};

/// Damages the index file.
type Damage = fn(&Path);

#[tokio::test]
async fn what_is_said_is_found_soon_after() {
    let app = TestApp::with(|config| config.rate_pages = 0).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    for n in 1..=3 {
        lines.say(&format!("m{n}"), &format!("第{n}壶茶 pot {n}")).await;
        lines.message().await;
        finds(&ann, &format!("pot {n}"), 1).await;
        finds(&ann, "壶茶", n).await;
    }
    assert_eq!(search(&ann, "from:Ann 壶茶").await.hits()[0].href, "/chat/lobby/3#m3");
}

#[tokio::test]
async fn what_was_said_before_there_was_an_index_is_found() {
    let texts: Vec<String> = (1..=1_200).map(|n| format!("message {n}")).collect();
    let messages: Vec<SentMessage<'_>> = texts.iter().map(|text| said("lobby", "Ann", text)).collect();
    let (app, reader) = open(&messages).await;
    for n in ["1", "600", "1200"] {
        assert_eq!(found(&reader, &format!("\"message {n}\"")).await, [format!("[message {n}]")]);
    }
    // And messages that another program adds while the server is down.
    let (ended, data) = app.stop().await;
    ended.unwrap();
    write(data.path(), &[said("lobby", "Bo", "imported"), said("new", "Bo", "imported too")]);
    let app = TestApp::on(data, |config| config.rate_pages = 0).await;
    finds(&again(&app, &reader), "imported", 2).await;
}

#[tokio::test]
async fn what_is_no_longer_kept_is_no_longer_found_nor_indexed() {
    let texts: Vec<String> = (1..=700).map(|n| format!("tea {n}")).collect();
    let mut messages: Vec<SentMessage<'_>> = texts.iter().map(|text| said("lobby", "Ann", text)).collect();
    messages.push(said("other", "Ann", "tea elsewhere"));
    let (app, reader) = open(&messages).await;
    log(app.data())
        .execute(
            "DELETE FROM event WHERE seq <= 690 AND room = (SELECT id FROM room WHERE name = 'lobby')",
            (),
        )
        .unwrap();
    assert_eq!(found(&reader, "\"tea 5\"").await.len(), 0, "at once");
    assert_eq!(found(&reader, "tea").await.len(), 11);
    log(app.data()).execute("UPDATE event SET text = '' WHERE seq = 700", ()).unwrap();
    assert_eq!(found(&reader, "tea").await.len(), 10, "what was blanked is not found either");
    // The next message makes the index look at the log.
    let mut lines = reader.talk().await;
    lines.say("m1", "coffee").await;
    lines.message().await;
    is_indexed(&app, 12).await;
    assert_eq!(found(&reader, "tea").await.len(), 10);
}

#[tokio::test]
async fn an_index_that_is_lost_or_damaged_is_built_again() {
    let (mut app, mut reader) = open(&[said("lobby", "Ann", "我家在上海东边")]).await;
    let damages: [(&str, Damage); 5] = [
        ("removed", |index| fs::remove_file(index).unwrap()),
        ("emptied", |index| fs::write(index, "").unwrap()),
        ("no database", |index| fs::write(index, "x".repeat(10_000)).unwrap()),
        ("torn", |index| {
            let mut bytes = fs::read(index).unwrap();
            bytes[4_096..].fill(0xA5);
            fs::write(index, bytes).unwrap();
        }),
        ("of another version", |index| {
            Connection::open(index).unwrap().pragma_update(None, "user_version", 99).unwrap();
        }),
    ];
    for (what, damage) in damages {
        let (ended, data) = app.stop().await;
        ended.unwrap();
        damage(&data.path().join("search.db"));
        app = TestApp::on(data, |config| config.rate_pages = 0).await;
        reader = again(&app, &reader);
        eventually(&format!("found with an index {what}"), async || found(&reader, "上海").await.len() == 1)
            .await;
    }
}

#[tokio::test]
async fn an_index_that_is_removed_under_the_server_is_built_again() {
    let (app, reader) = open(&[said("lobby", "Ann", "tea")]).await;
    fs::remove_file(app.data().join("search.db")).unwrap();
    let page = search(&reader, "tea").await;
    assert_eq!((page.status, page.found().len()), (200, 0));
    assert!(page.html.contains("still being made ready"), "it says so");
    let mut lines = reader.talk().await;
    lines.say("m1", "more tea").await;
    lines.message().await;
    finds(&reader, "tea", 2).await;
}

#[tokio::test]
async fn an_index_of_another_epoch_is_thrown_away() {
    let (app, reader) =
        open(&[said("lobby", "Ann", "before the restore"), said("lobby", "Ann", "and more")]).await;
    let (ended, data) = app.stop().await;
    ended.unwrap();
    // As after a restored backup: another epoch, with other messages under the same seqs.
    log(data.path())
        .execute_batch(
            "UPDATE meta SET value = 'another' WHERE key = 'epoch'; UPDATE event SET text = 'after it';",
        )
        .unwrap();
    let app = TestApp::on(data, |config| config.rate_pages = 0).await;
    let reader = again(&app, &reader);
    finds(&reader, "after", 2).await;
    assert_eq!(found(&reader, "before").await.len(), 0);
    assert_eq!(indexed(app.data()), Some(2));
}

#[tokio::test]
async fn an_index_that_is_ahead_of_the_log_is_thrown_away() {
    let (app, reader) = open(&[said("lobby", "Ann", "one"), said("lobby", "Ann", "two")]).await;
    let (ended, data) = app.stop().await;
    ended.unwrap();
    log(data.path()).execute_batch("DELETE FROM event WHERE seq = 2; UPDATE room SET head = 1;").unwrap();
    let app = TestApp::on(data, |config| config.rate_pages = 0).await;
    is_indexed(&app, 1).await;
    assert_eq!(found(&again(&app, &reader), "one").await.len(), 1);
}

#[tokio::test]
async fn while_the_index_is_behind_the_page_says_so_and_the_log_does_not_wait() {
    let texts: Vec<String> = (1..=1_001).map(|n| format!("tea {n}")).collect();
    let messages: Vec<SentMessage<'_>> = texts.iter().map(|text| said("lobby", "Ann", text)).collect();
    let (app, reader) = open(&[said("tea", "Ann", "first tea")]).await;
    // This transaction blocks all other writes to the index.
    let index = Connection::open(app.data().join("search.db")).unwrap();
    index.execute_batch("BEGIN IMMEDIATE").unwrap();
    write(app.data(), &messages);
    let mut lines = reader.talk().await;
    lines.say("m1", "said meanwhile").await;
    assert_eq!(lines.message().await.seq, 1_002, "saying something does not wait for the index");
    let page = search(&reader, "tea").await;
    assert_eq!((page.status, page.found().len()), (200, 1));
    assert!(page.html.contains("still being made ready"), "{}", page.html);
    index.execute_batch("ROLLBACK").unwrap();
    finds(&reader, "meanwhile", 1).await;
    assert!(!search(&reader, "tea").await.html.contains("still being made ready"));
}

#[tokio::test]
async fn while_there_can_be_no_index_the_page_says_so_and_people_talk_on() {
    let data = written(&[said("lobby", "Ann", "tea")]).await;
    fs::create_dir_all(data.path().join("search.db/in-the-way")).unwrap();
    let app = TestApp::on(data, |config| config.rate_pages = 0).await;
    let reader = app.person("Reader").await;
    let page = search(&reader, "tea").await;
    assert_eq!(page.status, 503);
    assert!(
        page.html.contains("out of order") && page.html.contains("Talking is not affected"),
        "{}",
        page.html
    );
    let mut lines = reader.talk().await;
    lines.say("m1", "more tea").await;
    assert_eq!(lines.message().await.seq, 2);
    fs::remove_dir_all(app.data().join("search.db")).unwrap();
    eventually("the search works again", async || search(&reader, "tea").await.hits().len() == 2).await;
}
