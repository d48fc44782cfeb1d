//! History: before a message, around one, and at a moment.

use chat::{
    protocol::{ClientLine, Event, History, Message, RefusalCode, Seq},
    time::Millis,
};
use rusqlite::{Connection, params};

use crate::support::{Lines, TestApp};

/// Asks for a page of the lobby's history; returns its seqs and its oldest.
async fn ask(lines: &mut Lines, wish: History) -> (Vec<Seq>, Seq) {
    lines.send(&ClientLine::History(History { room: "lobby".to_owned(), ..wish })).await;
    let page = lines.page().await;
    (page.events.iter().map(|event: &Event| event.seq().unwrap()).collect(), page.oldest)
}

fn before(seq: Seq, limit: u32) -> History {
    History { before: Some(seq), limit, ..History::default() }
}

fn around(seq: Seq, limit: u32) -> History {
    History { around: Some(seq), limit, ..History::default() }
}

fn at(moment: u64, limit: u32) -> History {
    History { at: Some(Millis(moment)), limit, ..History::default() }
}

async fn say(lines: &mut Lines, count: usize) -> Vec<Message> {
    lines.say_many("m", count).await;
    let mut heard = Vec::new();
    for _ in 0..count {
        heard.push(lines.message().await);
    }
    heard
}

#[tokio::test]
async fn around_a_message_come_as_many_on_either_side_as_the_ends_of_the_log_allow() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    say(&mut lines, 30).await;
    for (seq, limit, first, last) in [
        (15, 10, 10, 19),
        (15, 5, 13, 17),
        (15, 1, 15, 15),
        (15, 2, 14, 15),
        (2, 10, 1, 10),
        (0, 10, 1, 10),
        (29, 10, 21, 30),
        (30, 10, 21, 30),
        (31, 10, 21, 30),
        (u64::MAX, 10, 21, 30),
        (15, 100, 1, 30),
        (15, u32::MAX, 1, 30),
    ] {
        let (seqs, oldest) = ask(&mut lines, around(seq, limit)).await;
        assert!(seqs.iter().copied().eq(first..=last), "{limit} around {seq}: {seqs:?}");
        assert_eq!(oldest, 1);
    }
}

#[tokio::test]
async fn around_a_message_that_is_no_longer_kept_come_the_oldest() {
    let app = TestApp::with(|config| config.retain = 20).await;
    let mut lines = app.person("Ann").await.talk().await;
    say(&mut lines, 30).await;
    for seq in [1, 10, 11, 13] {
        let (seqs, oldest) = ask(&mut lines, around(seq, 5)).await;
        assert_eq!((seqs, oldest), (vec![11, 12, 13, 14, 15], 11), "around {seq}");
    }
}

#[tokio::test]
async fn a_page_holds_200_at_the_most_however_it_is_asked_for() {
    let app = TestApp::with(|config| config.rate_send = 0).await;
    let mut lines = app.person("Ann").await.talk().await;
    say(&mut lines, 300).await;
    for wish in [before(301, 999), around(150, 999), at(0, 999)] {
        assert_eq!(ask(&mut lines, wish).await.0.len(), 200);
    }
}

#[tokio::test]
async fn at_a_moment_come_the_first_that_were_said_then_or_later() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    say(&mut lines, 10).await;
    // Two concurrent messages entered the log in reverse order (5 and 6), and the clock once went back (8).
    let moments = [1_000, 2_000, 3_000, 3_000, 4_001, 4_000, 5_000, 1_500, 6_000, 7_000];
    let file = Connection::open(app.data().join("teahouse.db")).unwrap();
    for (seq, moment) in (1..).zip(moments) {
        file.execute("UPDATE event SET at = ?2 WHERE seq = ?1", params![seq, moment]).unwrap();
    }
    for (moment, first) in [
        (0, 1),
        (1_000, 1),
        (1_001, 2),
        (1_501, 2),
        (2_001, 3),
        (3_000, 3),
        (3_001, 5),
        (4_000, 5),
        (4_001, 5),
        (4_002, 7),
        (5_001, 9),
        (7_000, 10),
    ] {
        let (seqs, _) = ask(&mut lines, at(moment, 2)).await;
        assert!(seqs.iter().copied().eq((first..=10).take(2)), "at {moment}: {seqs:?}");
    }
    assert_eq!(ask(&mut lines, at(7_001, 2)).await, (vec![], 1), "nothing was said later");
    assert_eq!(ask(&mut lines, at(u64::MAX, 2)).await.0, [0; 0]);
}

#[tokio::test]
async fn before_the_first_there_is_nothing() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    assert_eq!(ask(&mut lines, before(5, 5)).await, (vec![], 0), "nobody has said anything");
    assert_eq!(ask(&mut lines, around(5, 5)).await, (vec![], 0));
    say(&mut lines, 3).await;
    assert_eq!(ask(&mut lines, before(1, 5)).await, (vec![], 1));
    assert_eq!(ask(&mut lines, before(0, 5)).await, (vec![], 1));
    assert_eq!(ask(&mut lines, before(99, 2)).await, (vec![2, 3], 1));
}

#[tokio::test]
async fn a_question_that_is_none_is_refused_with_its_room() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    say(&mut lines, 3).await;
    for (fields, names) in [
        (r#""limit":5"#, "exactly one"),
        (r#""before":2,"around":2,"limit":5"#, "exactly one"),
        (r#""before":2,"at":2,"limit":5"#, "exactly one"),
        (r#""around":2,"at":2,"limit":5"#, "exactly one"),
        (r#""before":2,"around":2,"at":2,"limit":5"#, "exactly one"),
        (r#""before":2,"limit":0"#, "limit"),
        (r#""around":2,"limit":0"#, "limit"),
    ] {
        lines.send_text(&format!(r#"{{"history":{{"room":"lobby",{fields}}}}}"#)).await;
        let refused = lines.refused().await;
        assert_eq!(
            (refused.code, refused.room.as_deref(), refused.retry_ms),
            (RefusalCode::Malformed, Some("lobby"), None),
            "{fields}"
        );
        assert!(refused.reason.contains(names), "{}", refused.reason);
    }
    assert_eq!(ask(&mut lines, around(2, 1)).await.0, [2], "and the session goes on");
}
