//! Messages: order, acknowledgements, catching up, history, and invalid input.

use chat::{
    protocol::{ClientLine, Event, History, Message, RefusalCode, Seq, ServerLine},
    room_name::RoomName,
};

use crate::support::{Lines, TestApp};

fn seqs(events: &[Event]) -> Vec<Seq> {
    events.iter().map(|event| event.seq().unwrap()).collect()
}

/// Collects messages of the lobby up to this seq.
async fn messages_to(lines: &mut Lines, last: Seq) -> Vec<Message> {
    let mut messages = Vec::new();
    while messages.last().is_none_or(|message: &Message| message.seq < last) {
        messages.push(lines.message().await);
    }
    messages
}

#[tokio::test]
async fn two_talk_and_both_hear_both_in_the_same_order() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("小波").await);
    let (mut ann, mut bo) = (ann.talk().await, bo.talk().await);
    ann.say("a1", "Tea?").await;
    let heard = bo.message().await;
    assert_eq!((heard.seq, &*heard.user.name, &*heard.text, heard.id.as_str()), (1, "Ann", "Tea?", "a1"));
    bo.say("b1", "好，\n谢谢！").await;
    assert_eq!(ann.message().await, heard, "the sender hears the same, which acknowledges it");
    let answer = ann.message().await;
    assert_eq!((answer.seq, &*answer.user.name, &*answer.text), (2, "小波", "好，\n谢谢！"));
    assert_eq!(bo.message().await, answer);
    assert!(answer.at >= heard.at);
}

#[tokio::test]
async fn hello_is_answered_with_who_one_is_and_where_the_room_stands() {
    let app = TestApp::with(|config| config.text_limit = 77).await;
    let mut lines = app.person("Ann").await.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    let ServerLine::Welcome(welcome) = lines.next().await else { panic!("welcome comes first") };
    assert_eq!((&*welcome.user.name, welcome.heartbeat_ms, welcome.text_limit), ("Ann", 25_000, 77));
    let joined = lines.joined().await;
    assert_eq!((joined.room.as_str(), joined.head, joined.oldest, joined.resumed), ("lobby", 0, 0, false));
    assert_eq!(joined.members.count, 1);
    assert_eq!(joined.events, []);
}

#[tokio::test]
async fn many_who_speak_at_once_are_heard_by_all_in_one_order_without_holes() {
    let app = TestApp::start().await;
    let mut people = Vec::new();
    for name in ["a", "b", "c"] {
        people.push((name, app.person(name).await.talk().await));
    }
    for (name, lines) in &mut people {
        lines.say_many(name, 100).await;
    }
    let mut heard = Vec::new();
    for (_, lines) in &mut people {
        heard.push(messages_to(lines, 300).await);
    }
    assert!(heard.iter().all(|messages| *messages == heard[0]));
    assert!(heard[0].iter().map(|message| message.seq).eq(1..=300));
    for (name, _) in &people {
        let own = heard[0]
            .iter()
            .filter(|message| &*message.user.name == *name)
            .map(|message| message.id.to_string());
        assert!(own.eq((1..=100).map(|n| format!("{name}{n}"))), "{name}'s stay in their order");
    }
}

#[tokio::test]
async fn of_many_frames_that_come_at_once_none_is_passed_over() {
    let app = TestApp::start().await;
    let (mut ann, mut bo) = (app.person("Ann").await.talk().await, app.person("Bo").await.talk().await);
    let count = 400;
    ann.say_at_once("a", count).await;
    let ids = (1..=count).map(|n| format!("a{n}")).collect::<Vec<_>>();
    for one in [&mut bo, &mut ann] {
        let heard = messages_to(one, count as u64).await;
        assert_eq!(heard.iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), ids);
    }
}

#[tokio::test]
async fn sending_twice_is_sending_once_and_gives_the_original() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let (mut lines, mut bo) = (ann.talk().await, bo.talk().await);
    lines.say("m1", "once").await;
    let original = lines.message().await;
    lines.say("m1", "once").await;
    assert_eq!(lines.message().await, original);
    let mut again = ann.talk().await;
    again.say("m1", "once").await;
    assert_eq!(again.message().await, original, "on another connection too");
    lines.say("m2", "twice").await;
    assert_eq!(bo.message().await.seq, 1);
    let next = bo.message().await;
    assert_eq!((next.seq, next.id.as_str()), (2, "m2"), "nobody else hears it again");
}

#[tokio::test]
async fn sending_twice_in_one_frame_is_sending_once() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    let line = r#"{"send":{"id":"m1","room":"lobby","text":"once"}}"#;
    lines.send_text(&format!("{line}\n{line}\n")).await;
    let (first, second) = (lines.message().await, lines.message().await);
    assert_eq!(first, second);
    assert_eq!(first.seq, 1);
    lines.say("m2", "next").await;
    assert_eq!(lines.message().await.seq, 2);
}

#[tokio::test]
async fn an_id_that_was_used_for_another_text_is_refused() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    lines.say("m1", "one").await;
    lines.message().await;
    lines.say("m1", "other").await;
    let refused = lines.refused().await;
    assert_eq!(refused.code, RefusalCode::IdReused);
    assert_eq!(
        (refused.id.as_deref(), refused.room.as_deref(), refused.retry_ms),
        (Some("m1"), Some("lobby"), None)
    );
    lines.say("m2", "two").await;
    assert_eq!(lines.message().await.seq, 2);
}

#[tokio::test]
async fn an_id_is_one_user_s_in_one_room() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut ann = ann.talk_in(&["lobby", "tea"]).await;
    let mut bo = bo.talk().await;
    ann.say("m1", "mine").await;
    assert_eq!(ann.message().await.seq, 1);
    ann.say_in("tea", "m1", "elsewhere").await;
    assert_eq!(ann.message().await.seq, 1);
    bo.say("m1", "mine too").await;
    assert_eq!(&*ann.message().await.text, "mine too");
}

#[tokio::test]
async fn whoever_comes_back_gets_exactly_what_they_missed_and_then_what_follows() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut lines = ann.talk().await;
    let mut bo = bo.talk().await;
    bo.say_many("b", 3).await;
    messages_to(&mut lines, 3).await;
    drop(lines);
    bo.say_many("c", 5).await;
    messages_to(&mut bo, 8).await;
    let epoch = bo_epoch(&app).await;
    let (mut lines, joined) = ann.resume(Some(&epoch), Some(3)).await;
    assert!(joined.resumed);
    assert_eq!((joined.head, joined.oldest), (8, 1));
    assert_eq!(seqs(&joined.events), [4, 5, 6, 7, 8]);
    bo.say("last", "live").await;
    assert_eq!(lines.message().await.seq, 9);
    let (_, joined) = ann.resume(Some(&epoch), Some(9)).await;
    assert!(joined.resumed);
    assert_eq!(joined.events, [], "nothing was missed");
}

/// Returns the epoch of the lobby's log.
async fn bo_epoch(app: &TestApp) -> String {
    let visitor = app.person("visitor").await;
    let (lines, joined) = visitor.resume(None, None).await;
    lines.close().await.unwrap();
    joined.epoch.to_string()
}

#[tokio::test]
async fn while_the_room_speaks_a_return_loses_and_doubles_nothing() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut speaker = bo.talk().await;
    let epoch = bo_epoch(&app).await;
    let mut held = 0;
    for round in 0..10 {
        speaker.say_many(&format!("r{round}-"), 30).await;
        let (mut lines, joined) = ann.resume(Some(&epoch), Some(held)).await;
        assert!(joined.resumed);
        assert!(seqs(&joined.events).into_iter().eq(held + 1..=joined.head), "round {round}");
        held = joined.head;
        for _ in 0..10 {
            let last = 30 * (round + 1);
            if held < last {
                held += 1;
                assert_eq!(lines.message().await.seq, held, "round {round}");
            }
        }
    }
}

#[tokio::test]
async fn a_position_that_means_nothing_here_gets_the_newest_page_and_no_pretence() {
    let app = TestApp::with(|config| config.backlog = 2).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    lines.say_many("m", 5).await;
    messages_to(&mut lines, 5).await;
    let epoch = bo_epoch(&app).await;
    let unmeaning = [
        (None, None),
        (Some("foreign"), Some(3)),
        (None, Some(3)),
        (Some(epoch.as_str()), None),
        (Some(epoch.as_str()), Some(6)),
    ];
    for (epoch, seq) in unmeaning {
        let (_, joined) = ann.resume(epoch, seq).await;
        assert!(!joined.resumed, "{epoch:?} {seq:?}");
        assert_eq!(
            (joined.head, joined.oldest, seqs(&joined.events)),
            (5, 1, vec![4, 5]),
            "{epoch:?} {seq:?}"
        );
    }
}

#[tokio::test]
async fn up_to_a_thousand_missed_events_come_at_once_and_more_are_not_passed_over_in_silence() {
    let app = TestApp::with(|config| {
        config.backlog = 10;
        config.rate_send = 0;
    })
    .await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    lines.say_many("m", 1_001).await;
    messages_to(&mut lines, 1_001).await;
    let epoch = bo_epoch(&app).await;
    let (_, joined) = ann.resume(Some(&epoch), Some(1)).await;
    assert!(joined.resumed);
    assert!(seqs(&joined.events).into_iter().eq(2..=1_001));
    let (_, joined) = ann.resume(Some(&epoch), Some(0)).await;
    assert!(!joined.resumed);
    assert!(seqs(&joined.events).into_iter().eq(992..=1_001));
}

fn back(before: Seq, limit: u32) -> ClientLine {
    let history = History { room: "lobby".to_owned(), before: Some(before), limit, ..History::default() };
    ClientLine::History(history)
}

#[tokio::test]
async fn history_leads_back_page_by_page_to_the_oldest() {
    let app = TestApp::with(|config| config.rate_send = 0).await;
    let mut lines = app.person("Ann").await.talk().await;
    lines.say_many("m", 450).await;
    messages_to(&mut lines, 450).await;
    let mut before = 451;
    let mut read = Vec::new();
    for expected in [200, 200, 50, 0] {
        lines.send(&back(before, 1_000)).await;
        let page = lines.page().await;
        assert_eq!((page.events.len(), page.oldest), (expected, 1));
        let mut seqs = seqs(&page.events);
        before = seqs.first().copied().unwrap_or(1);
        seqs.extend(read);
        read = seqs;
    }
    assert!(read.into_iter().eq(1..=450));
    lines.send(&back(10, 3)).await;
    assert_eq!(seqs(&lines.page().await.events), [7, 8, 9]);
}

#[tokio::test]
async fn what_is_not_understood_is_refused_and_the_session_goes_on() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    for nonsense in ["nonsense", "{}", "[1]", r#"{"dance":{}}"#, r#"{"send":{"id":"m1"}}"#, r#""pong""#] {
        lines.send_text(nonsense).await;
        let refused = lines.refused().await;
        assert_eq!((refused.code, refused.retry_ms), (RefusalCode::Malformed, None), "{nonsense}");
    }
    lines.send_binary(br#"{"pong":{}}"#.to_vec()).await;
    assert_eq!(lines.refused().await.code, RefusalCode::Malformed);
    let last = r#"{"send":{"id":"m1","room":"lobby","text":"sense"}}"#;
    lines.send_text(&format!("\nnonsense\n\n{last}\n")).await;
    assert_eq!(lines.refused().await.code, RefusalCode::Malformed);
    assert_eq!(&*lines.message().await.text, "sense");
}

#[tokio::test]
async fn the_first_line_must_be_hello() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for wrong in [r#"{"join":{"room":"lobby"}}"#, "nonsense"] {
        let mut lines = ann.open().await;
        lines.send_text(wrong).await;
        assert_eq!(lines.refused().await.code, RefusalCode::Malformed);
        assert_eq!(lines.closed().await, (4005, "protocol".to_owned()));
    }
}

#[tokio::test]
async fn lines_after_a_hello_in_the_same_frame_are_heard_even_if_its_rooms_were_refused() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.open().await;
    lines
        .send_text("{\"hello\":{\"rooms\":[{\"room\":\"no such room\"}]}}\n{\"join\":{\"room\":\"tea\"}}")
        .await;
    assert_eq!(lines.refused().await.code, RefusalCode::RoomUnfit);
    assert_eq!(lines.joined().await.room.as_str(), "tea");
}

#[tokio::test]
async fn whoever_spells_a_room_otherwise_is_told_its_name_and_nobody_meets_in_a_room_of_another_spelling() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    for (spelled, name) in [
        ("ｔｅａ", "tea"),
        ("cafe\u{301}", "café"),
        ("ﾃﾞ", "デ"),
        ("Tea", "tea"),
        ("straße", "strasse"),
        ("kış", "kiş"),
    ] {
        lines.join(spelled).await;
        let wanted = ServerLine::Renamed { room: spelled.to_owned(), name: RoomName::parse(name).unwrap() };
        assert_eq!(lines.next().await, wanted);
        lines.say_in(spelled, "m1", "hi").await;
        assert_eq!(lines.refused().await.code, RefusalCode::RoomUnfit);
    }
    let (mut ann, mut bo) =
        (app.person("Cy").await.talk_in(&["tea"]).await, app.person("Bo").await.plain("/chat/Tea").await);
    ann.say_in("tea", "m1", "hi").await;
    assert_eq!(bo.said().await, "Cy: hi");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_by_its_own_code_with_what_it_is_about() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    let too_long = "x".repeat(65);
    for (room, id, text, code) in [
        ("tea", "m1", "hi", RefusalCode::NotJoined),
        ("No Such Room", "m1", "hi", RefusalCode::RoomUnfit),
        ("lobby", "", "hi", RefusalCode::IdUnfit),
        ("lobby", "m 1", "hi", RefusalCode::IdUnfit),
        ("lobby", &too_long, "hi", RefusalCode::IdUnfit),
        ("lobby", "m1", " \n\u{200B}\t", RefusalCode::TextEmpty),
    ] {
        lines.say_in(room, id, text).await;
        let refused = lines.refused().await;
        assert_eq!(refused.code, code);
        assert_eq!((refused.id.as_deref(), refused.room.as_deref()), (Some(id), Some(room)));
        assert_eq!(refused.retry_ms, None);
        assert!(!refused.reason.is_empty());
    }
    for line in [
        r#"{"leave":{"room":"tea"}}"#,
        r#"{"typing":{"room":"tea"}}"#,
        r#"{"history":{"room":"tea","before":1,"limit":1}}"#,
    ] {
        lines.send_text(line).await;
        let refused = lines.refused().await;
        assert_eq!((refused.code, refused.room.as_deref()), (RefusalCode::NotJoined, Some("tea")), "{line}");
    }
}

#[tokio::test]
async fn what_is_kept_is_the_text_in_its_canonical_form() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    lines.say("m1", "\r\n  one\r\ntwo\u{2028}three\u{7}  \n").await;
    assert_eq!(&*lines.message().await.text, "  one\ntwo\nthree");
}

#[tokio::test]
async fn a_room_hears_only_its_own() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut ann = ann.talk_in(&["lobby", "茶"]).await;
    let mut bo = bo.talk().await;
    ann.say_in("茶", "m1", "not for the lobby").await;
    assert_eq!(ann.message().await.room.as_str(), "茶");
    ann.say("m2", "for the lobby").await;
    assert_eq!(&*bo.message().await.text, "for the lobby");
}

#[tokio::test]
async fn that_somebody_writes_is_told_to_the_others_only() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut tab = ann.talk().await;
    let (mut ann, mut bo) = (ann.talk().await, bo.talk().await);
    ann.send(&ClientLine::Typing { room: "lobby".to_owned() }).await;
    let name = bo
        .until(|line| if let ServerLine::Typing { user, .. } = line { Some(user.name) } else { None })
        .await;
    assert_eq!(&*name, "Ann");
    ann.say("m1", "said").await;
    for lines in [&mut ann, &mut tab] {
        let seen = lines.until(|line| match line {
            ServerLine::Typing { .. } => Some(true),
            ServerLine::Message(_) => Some(false),
            _ => None,
        });
        assert!(!seen.await, "one does not see oneself write");
    }
}

#[tokio::test]
async fn the_heartbeat_says_where_the_logs_stand() {
    let app = TestApp::with(|config| config.heartbeat = "100ms".parse().unwrap()).await;
    let mut lines = app.person("Ann").await.talk_in(&["lobby", "tea"]).await;
    lines.say("m1", "one").await;
    lines.message().await;
    let heads =
        lines.until(|line| if let ServerLine::Ping { heads } = line { Some(heads) } else { None }).await;
    let heads: Vec<(&str, Seq)> = heads.iter().map(|head| (head.room.as_str(), head.seq)).collect();
    assert_eq!(heads, [("lobby", 1), ("tea", 0)]);
}

#[tokio::test]
async fn whoever_closes_is_answered_as_the_standard_asks() {
    let app = TestApp::start().await;
    let lines = app.person("Ann").await.talk().await;
    lines.close().await.expect("the server says goodbye (RFC 6455, section 5.5.1)");
}
