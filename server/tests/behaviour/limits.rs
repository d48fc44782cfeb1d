//! Limits: excess is refused by name where the session can continue, disconnected where it cannot, and never
//! at others' cost.

use chat::protocol::{ClientLine, Joined, RefusalCode, RoomPosition, Seq, ServerLine};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Browser, Lines, TestApp, eventually, patiently};

#[tokio::test]
async fn a_frame_that_is_too_large_is_refused_and_the_session_goes_on() {
    let app = TestApp::with(|config| config.frame_limit = 1_000).await;
    let mut lines = app.person("Ann").await.talk().await;
    lines.say("m1", &"x".repeat(1_000)).await;
    let refused = lines.refused().await;
    assert_eq!((refused.code, refused.id, refused.retry_ms), (RefusalCode::FrameTooLarge, None, None));
    assert!(refused.reason.contains("1000"), "the limit is named: {}", refused.reason);
    lines.say("m1", &"x".repeat(900)).await;
    assert_eq!(lines.message().await.seq, 1);
}

#[tokio::test]
async fn a_frame_that_is_too_large_to_read_at_all_closes_the_connection() {
    let app = TestApp::with(|config| config.frame_limit = 1_000).await;
    let mut lines = app.person("Ann").await.talk().await;
    lines.say("m1", &"x".repeat(10_000)).await;
    assert_eq!(lines.closed().await, (1009, "too_big".to_owned()));
}

#[tokio::test]
async fn a_frame_far_beyond_what_is_read_closes_the_connection_too() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    lines.say("m1", &"x".repeat(4_000_000)).await;
    assert_eq!(lines.closed().await, (1009, "too_big".to_owned()));
}

#[tokio::test]
async fn a_message_has_up_to_4000_characters_of_any_script() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.talk().await;
    for (id, character) in [("latin", "x"), ("chinese", "茶"), ("emoji", "🍵")] {
        lines.say(id, &character.repeat(4_001)).await;
        let refused = lines.refused().await;
        assert_eq!((refused.code, refused.id.as_deref()), (RefusalCode::TextTooLong, Some(id)));
        assert!(refused.reason.contains("4000"), "the limit is named: {}", refused.reason);
        lines.say(id, &character.repeat(4_000)).await;
        assert_eq!(lines.message().await.id.as_str(), id, "the refused id was not used up");
    }
}

#[tokio::test]
async fn a_connection_is_in_so_many_rooms_and_no_more_until_it_leaves_one() {
    let app = TestApp::with(|config| config.room_limit = 2).await;
    let mut lines = app.person("Ann").await.talk_in(&["a", "b"]).await;
    lines.join("c").await;
    let refused = lines.refused().await;
    assert_eq!((refused.code, refused.room.as_deref()), (RefusalCode::TooManyRooms, Some("c")));
    lines.join("b").await;
    assert_eq!(lines.joined().await.room.as_str(), "b", "joining again is not one more");
    lines.leave("a").await;
    lines.join("c").await;
    assert_eq!(lines.joined().await.room.as_str(), "c");
}

fn from(app: &TestApp, address: &str) -> Browser {
    app.browser().saying("x-forwarded-for", address)
}

#[tokio::test]
async fn an_address_behind_a_trusted_proxy_holds_so_many_connections_and_no_more() {
    let app = TestApp::with(|config| {
        config.max_per_address = 2;
        config.trust_proxy = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let ann = from(&app, "203.0.113.9");
    ann.log_in("Ann").await;
    let (first, _second) = (ann.talk().await, ann.talk().await);
    let mut third = ann.open().await;
    let refused = third.refused().await;
    assert_eq!(refused.code, RefusalCode::TooManyConnections);
    assert!(refused.reason.contains("203.0.113.9"), "{}", refused.reason);
    assert_eq!(third.closed().await, (4006, "too_many".to_owned()));

    let bo = from(&app, "203.0.113.10");
    bo.log_in("Bo").await;
    bo.talk().await;

    drop(first);
    eventually("the place is given back", async || {
        let mut lines = ann.open().await;
        lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
        matches!(lines.next().await, ServerLine::Welcome(_))
    })
    .await;
}

#[tokio::test]
async fn beyond_the_connections_in_all_the_next_is_refused_with_503() {
    let app = TestApp::with(|config| config.max_connections = 4).await;
    let ann = app.person("Ann").await;
    let mut open = Vec::new();
    let refused = loop {
        match ann.knock("/ws").protocol("teahouse.v1").send().await {
            Ok(socket) => open.push(Lines::new(socket)),
            Err(status) => break status,
        }
        assert!(open.len() <= 4, "sockets count too");
    };
    assert_eq!(refused, 503);
    assert!(!open.is_empty());
    open.clear();
    eventually("the places are given back", async || {
        ann.knock("/ws").protocol("teahouse.v1").send().await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let app = TestApp::start().await;
    let nickname = "x".repeat(100_000);
    let response = app.browser().log_in(&nickname).await;
    assert_eq!(response.status(), 413);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
}

#[tokio::test]
async fn zero_lifts_a_limit() {
    let app = TestApp::with(|config| {
        config.text_limit = 0;
        config.frame_limit = 0;
        config.room_limit = 0;
        config.queue_limit = 0;
        config.rate_send = 0;
        config.max_connections = 0;
    })
    .await;
    let rooms: Vec<String> = (0..60).map(|n| format!("room-{n}")).collect();
    let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
    let mut lines = app.person("Ann").await.talk_in(&rooms).await;
    let long = "茶".repeat(200_000);
    lines.say_in("room-7", "m1", &long).await;
    assert_eq!(*lines.message().await.text, *long);
}

#[tokio::test]
async fn whoever_is_faster_than_the_pace_is_read_later_and_refused_nothing() {
    let app = TestApp::with(|config| config.rate_send = 400).await;
    let mut lines = app.person("Ann").await.talk().await;
    for round in 0..7 {
        lines.say_many(&format!("r{round}-"), 100).await;
    }
    for seq in 1..=700 {
        let heard = lines.until(|line| match line {
            ServerLine::Message(message) => Some(message.seq),
            ServerLine::Refused(refused) => panic!("{refused:?}"),
            _ => None,
        });
        assert_eq!(heard.await, seq);
    }
}

#[tokio::test]
async fn whoever_asks_faster_than_the_pace_is_heard_no_further_for_a_while() {
    let app = TestApp::with(|config| config.rate_send = 1).await;
    let mut ann = app.person("Ann").await.talk().await;
    let asked = [
        (r#"{"members":{"room":"lobby"}}"#, "members", 490),
        (r#"{"history":{"room":"lobby","before":1,"limit":1}}"#, "page", 490),
        (r#"{"join":{"room":"lobby"}}"#, "joined", 490),
        // A hello costs twice as much: for the line, and for the room that it joins.
        (r#"{"hello":{"rooms":[]}}"#, "joined", 245),
        ("tea?", "refused", 490),
    ];
    for (number, (line, answer, burst)) in asked.into_iter().enumerate() {
        let mut flood = app.person(&format!("Flood {number}")).await.talk().await;
        flood.send_text(&vec![line; 700].join("\n")).await;
        flood.send_text(r#"{"send":{"id":"late","room":"lobby","text":"late"}}"#).await;
        // First the burst; the rest is answered at the rate limit.
        for _ in 0..burst {
            let answered =
                flood.until(|heard| heard.print().starts_with(&format!("{{\"{answer}")).then_some(()));
            answered.await;
        }
        for n in 0..20 {
            let id = format!("{answer}-{number}-{n}");
            ann.say(&id, "tea").await;
            assert_eq!(ann.message().await.id.as_str(), id, "nothing else is said meanwhile: {line}");
        }
    }
}

#[tokio::test]
async fn whoever_is_read_later_is_not_silent() {
    let app = TestApp::with(|config| {
        config.rate_send = 10;
        config.heartbeat = "100ms".parse().unwrap();
    })
    .await;
    let mut lines = app.person("Ann").await.talk().await;
    // Enough to take longer than the heartbeat timeout.
    lines.send_text(&vec![r#"{"typing":{"room":"lobby"}}"#; 560].join("\n")).await;
    lines.say("m1", "said at last").await;
    assert_eq!(lines.message().await.id.as_str(), "m1");
}

#[tokio::test]
async fn whoever_says_nothing_is_closed_as_silent() {
    let app = TestApp::with(|config| config.heartbeat = "200ms".parse().unwrap()).await;
    let ann = app.person("Ann").await;
    let greeted = ann.talk().await;
    let ungreeted = ann.open().await;
    let answering = async {
        let mut lines = ann.talk().await;
        // A client that answers stays connected beyond the heartbeat timeout.
        for _ in 0..60 {
            lines.until(|line| matches!(line, ServerLine::Ping { .. }).then_some(())).await;
            lines.send(&ClientLine::Pong {}).await;
        }
    };
    let silent = (4001, "silent".to_owned());
    let (first, second, ()) = tokio::join!(greeted.closed(), ungreeted.closed(), answering);
    assert_eq!((first, second), (silent.clone(), silent));
}

/// Starts a server that evicts slow consumers early, and whose rooms announce it immediately.
async fn impatient() -> TestApp {
    TestApp::with(|config| {
        config.queue_limit = 256 * 1_024;
        config.rate_send = 0;
        config.leave_grace = "0".parse().unwrap();
        config.nickname_grace = "0".parse().unwrap();
    })
    .await
}

/// Joins the lobby as Slow, who has read up to `joined` and has a small receive buffer.
async fn slow(app: &TestApp) -> (Browser, Lines, Joined) {
    let browser = app.person("Slow").await;
    let socket = browser.knock("/ws").protocol("teahouse.v1").receive_buffer(4_096).socket().await;
    let mut lines = Lines::new(socket);
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    let joined = lines.joined().await;
    (browser, lines, joined)
}

/// Sends as Ann, with both receiving everything, until Slow's leave is announced; returns the number of
/// messages.
async fn speak_until_slow_is_gone(ann: &mut Lines, bo: &mut Lines) -> Seq {
    let text = "茶".repeat(4_000);
    let mut said = 0;
    let mut gone = false;
    while !gone {
        said += 1;
        assert!(said < 950, "whoever does not read is cut off before they have missed too much to resume");
        ann.say(&format!("m{said}"), &text).await;
        let heard = ann.until(|line| match line {
            ServerLine::Presence(presence) => {
                gone |= presence.leave.iter().any(|user| &*user.name == "Slow");
                None
            }
            ServerLine::Message(message) => Some(message.seq),
            _ => None,
        });
        assert_eq!(heard.await, said);
        assert_eq!(bo.message().await.seq, said);
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_cut_off_while_the_others_go_on_and_resumes_without_a_loss() {
    let app = impatient().await;
    let (slow, lines, joined) = slow(&app).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let (mut ann, mut bo) = (ann.talk().await, bo.talk().await);
    let said = speak_until_slow_is_gone(&mut ann, &mut bo).await;

    let (read, code) = lines.rest().await;
    assert_eq!(code, 4000);
    let read: Vec<Seq> = read
        .iter()
        .filter_map(|line| if let ServerLine::Message(message) = line { Some(message.seq) } else { None })
        .collect();
    let held = read.len() as Seq;
    assert!(read.into_iter().eq(1..=held), "what came came without a hole");
    assert!(held < said);

    let mut back = slow.open().await;
    let place =
        RoomPosition { room: "lobby".to_owned(), epoch: Some(joined.epoch.to_string()), seq: Some(held) };
    back.send(&ClientLine::Hello { rooms: vec![place], client: None, user: None }).await;
    let joined = back.joined().await;
    assert!(joined.resumed);
    // In several pages, since it exceeds one response.
    assert!(joined.events.iter().map(|event| event.seq().unwrap()).eq(held + 1..=joined.head));
    for seq in joined.head + 1..=said {
        assert_eq!(back.message().await.seq, seq);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_never_reads_again_holds_up_nothing_of_the_server_s() {
    let app = impatient().await;
    let (_slow, _lines, _) = slow(&app).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let (mut ann, mut bo) = (ann.talk().await, bo.talk().await);
    speak_until_slow_is_gone(&mut ann, &mut bo).await;
    let other = app.browser();
    eventually("the session has ended and let the nickname go", async || {
        other.log_in("Slow").await.status() == 303
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_read_what_they_asked_for_is_heard_no_further() {
    let app = TestApp::with(|config| config.rate_send = 0).await;
    let mut ann = app.person("Ann").await.talk().await;
    let text = "茶".repeat(4_000);
    for seq in 1..=200 {
        ann.say(&format!("m{seq}"), &text).await;
        assert_eq!(ann.message().await.seq, seq);
    }
    let (_browser, mut slow, _) = slow(&app).await;
    // Each page exceeds what the system buffers for a client that does not read.
    let page = r#"{"history":{"room":"lobby","before":201,"limit":200}}"#;
    let late = r#"{"send":{"id":"late","room":"lobby","text":"late"}}"#;
    slow.send_text(&[page, page, page, late].join("\n")).await;
    for n in 0..200 {
        let id = format!("n{n}");
        ann.say(&id, "tea").await;
        assert_eq!(ann.message().await.id.as_str(), id, "nothing else is said meanwhile");
    }
    for _ in 0..3 {
        let pages = slow.until(|line| match line {
            ServerLine::Page(page) => Some(page.events.len()),
            _ => None,
        });
        // The number of the 200 that fit into one response.
        assert_eq!(pages.await, 21);
    }
    assert_eq!(ann.message().await.id.as_str(), "late");
}

/// Runs in one thread with the server, so that a session that hogs the thread blocks everything.
#[tokio::test]
async fn whoever_sends_without_a_pause_lets_the_others_speak() {
    let app = TestApp::start().await;
    let cookie = app.person("Flood").await.cookie();
    let address = app.address();
    let (open, opened) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let handshake = format!(
            "GET /chat HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(handshake.as_bytes()).unwrap();
        let mut reader = stream.try_clone().unwrap();
        let mut buffer = vec![0; 65_536];
        assert!(reader.read(&mut buffer).unwrap() > 0);
        std::thread::spawn(move || while reader.read(&mut buffer).is_ok_and(|read| read > 0) {});
        open.send(()).unwrap();
        let pings = [0x89, 0x80, 0, 0, 0, 0].repeat(10_000);
        // Until the server is gone.
        while stream.write_all(&pings).is_ok() {}
    });
    opened.await.unwrap();
    let (mut ann, mut bo) = (app.person("Ann").await.talk().await, app.person("Bo").await.talk().await);
    for seq in 1..=20 {
        ann.say(&format!("m{seq}"), "tea").await;
        assert_eq!(bo.message().await.seq, seq);
    }
}

#[tokio::test]
async fn a_request_without_an_end_is_not_waited_for_for_ever() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: tea").await.unwrap();
    let mut answer = Vec::new();
    // The server may answer or not; only the end of the connection matters.
    let _ = patiently("the connection ends", stream.read_to_end(&mut answer)).await;
}
