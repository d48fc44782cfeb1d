//! The event stream of a room: every message once and in order, whatever happens to the connection, the
//! server or the token.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
    sync::watch,
};

use crate::{
    nodes::node,
    support::{
        Redis, TestApp,
        api::{Follow, Program},
        folder, patiently,
        program::Server,
        tokens,
    },
};

fn program(app: &TestApp) -> Program {
    Program::new(app.data(), app.address())
}

async fn say(program: &Program, seqs: std::ops::RangeInclusive<u64>) {
    for n in seqs {
        assert_eq!(program.say("lobby", &format!("m{n}"), &format!("tea {n}")).await.status(), 201);
    }
}

#[tokio::test]
async fn a_follower_hears_what_is_said_from_now_on_or_with_what_was_said_before() {
    let app = TestApp::start().await;
    let program = program(&app);
    say(&program, 1..=5).await;
    let mut fresh = program.follow("lobby", "", None).await;
    let start = fresh.expect("start").await;
    assert_eq!((&start.data["head"], &start.data["resumed"]), (&5.into(), &false.into()));
    let mut with_backlog = program.follow("lobby", "?backlog=2", None).await;
    with_backlog.expect("start").await;
    assert_eq!(with_backlog.seqs(2).await, [4, 5]);
    say(&program, 6..=7).await;
    assert_eq!(fresh.seqs(2).await, [6, 7]);
    assert_eq!(with_backlog.seqs(2).await, [6, 7]);
    let epoch = start.data["epoch"].as_str().unwrap();
    assert_eq!(fresh.last, Some(format!("{epoch}:7")));
}

#[tokio::test]
async fn a_stream_that_broke_off_goes_on_with_exactly_what_was_missed() {
    let app = TestApp::start().await;
    let program = program(&app);
    let mut stream = program.follow("lobby", "", None).await;
    let start = stream.expect("start").await.id.unwrap();
    say(&program, 1..=3).await;
    assert_eq!(stream.seqs(2).await, [1, 2]);
    let last = stream.last.clone().unwrap();
    drop(stream);
    say(&program, 4..=4).await;
    for (query, header) in [(String::new(), Some(&*last)), (format!("?last_event_id={last}"), None)] {
        let mut back = program.follow("lobby", &query, header).await;
        assert_eq!(back.expect("start").await.data["resumed"], true);
        assert_eq!(back.seqs(2).await, [3, 4]);
    }
    let mut from_start = program.follow("lobby", "?for=0", Some(&start)).await;
    assert_eq!(from_start.expect("start").await.data["resumed"], true);
    assert_eq!(from_start.seqs(4).await, [1, 2, 3, 4]);
    assert!(from_start.try_next().await.is_none(), "`for=0` ends it");
    let mut header_counts = program.follow("lobby", "?for=0&last_event_id=nonsense", Some(&last)).await;
    assert_eq!(header_counts.expect("start").await.data["resumed"], true);
}

#[tokio::test]
async fn where_a_stream_cannot_go_on_it_says_why_and_begins_with_the_newest_page() {
    let app = TestApp::with(|config| {
        config.backlog = 3;
        config.retain = 10;
    })
    .await;
    let program = program(&app);
    let mut stream = program.follow("lobby", "?for=0", None).await;
    let first = stream.expect("start").await.id.unwrap();
    let epoch = first.split(':').next().unwrap().to_owned();
    say(&program, 1..=12).await;
    for (last, reason) in [
        (first, "some of what was missed is not kept any more"),
        (format!("{epoch}:13"), "this position lies beyond the end of the log"),
        ("0000:12".to_owned(), "the room's log has begun another life since then"),
        ("yesterday".to_owned(), "this id names no position in the room's log"),
    ] {
        let mut back = program.follow("lobby", "?for=0", Some(&last)).await;
        let reset = back.expect("reset").await;
        assert_eq!(reset.data["reason"], reason, "{last}");
        assert_eq!((&reset.data["head"], &reset.data["oldest"]), (&12.into(), &3.into()));
        assert_eq!(
            reset.id,
            Some(format!("{epoch}:9")),
            "whoever breaks off here misses nothing of the page"
        );
        assert_eq!(back.seqs(3).await, [10, 11, 12]);
        assert!(back.try_next().await.is_none());
    }
}

#[tokio::test]
async fn a_thousand_messages_are_sent_again_and_one_more_is_a_reset() {
    let app = TestApp::with(|config| config.rate_send = 0).await;
    let program = program(&app);
    let mut stream = program.follow("lobby", "?for=0", None).await;
    let epoch = stream.expect("start").await.data["epoch"].as_str().unwrap().to_owned();
    let mut lines = app.person("Ann").await.talk().await;
    lines.say_many("m", 1_001).await;
    while lines.message().await.seq < 1_001 {}
    let mut back = program.follow("lobby", "?for=0", Some(&format!("{epoch}:1"))).await;
    assert_eq!(back.expect("start").await.data["resumed"], true);
    assert!(back.seqs(1_000).await.into_iter().eq(2..=1_001));
    let mut late = program.follow("lobby", "?for=0", Some(&format!("{epoch}:0"))).await;
    let reason = late.expect("reset").await.data["reason"].as_str().unwrap().to_owned();
    assert_eq!(reason, "1001 messages were missed, which is more than the 1000 that are sent again");
    assert!(late.seqs(100).await.into_iter().eq(902..=1_001));
}

#[tokio::test]
async fn what_was_missed_comes_in_pieces_and_what_is_said_meanwhile_comes_behind_it() {
    let app = TestApp::with(|config| (config.rate_send, config.rate_text) = (0, 0)).await;
    let program = program(&app);
    let mut stream = program.follow("lobby", "?for=0", None).await;
    let first = stream.expect("start").await.id.unwrap();
    // Ten times as much as one response holds.
    let long = "茶".repeat(4_000);
    for n in 1..=200 {
        assert_eq!(program.say("lobby", &format!("m{n}"), &long).await.status(), 201);
    }
    let mut back = program.follow("lobby", "", Some(&first)).await;
    let start = back.expect("start").await;
    assert_eq!((&start.data["head"], &start.data["resumed"]), (&200.into(), &true.into()));
    assert_eq!(back.seqs(100).await, (1..=100).collect::<Vec<_>>());
    say(&program, 201..=203).await;
    assert_eq!(back.seqs(103).await, (101..=203).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_goes_on_across_a_restart_and_ends_with_the_server() {
    let data = folder();
    let server = Server::start(data.path(), &[]);
    let program = Program::new(data.path(), server.address());
    let mut stream = program.follow("lobby", "", None).await;
    stream.expect("start").await;
    assert_eq!(program.say("lobby", "m1", "tea").await.status(), 201);
    assert_eq!(stream.seqs(1).await, [1]);
    let ends = tokio::task::spawn_blocking(move || server.end("-TERM"));
    assert!(stream.try_next().await.is_none(), "the stream ends, and keeps nothing from stopping");
    let (code, log) = patiently("the server ends", ends).await.unwrap();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("did not close in time"), "{log}");
    let server = Server::start(data.path(), &[]);
    let program = program.at(server.address());
    assert_eq!(program.say("lobby", "m2", "more").await.status(), 201);
    let mut back = program.follow("lobby", "", stream.last.as_deref()).await;
    assert_eq!(back.expect("start").await.data["resumed"], true);
    assert_eq!(back.seqs(1).await, [2]);
}

/// Connects and disconnects while others send messages; returns every seq received.
async fn come_and_go(program: Arc<Program>, mut until: watch::Receiver<bool>, first: String) -> Vec<u64> {
    let mut last = first;
    let mut heard = Vec::new();
    loop {
        let is_last = *until.borrow_and_update();
        let query = if is_last { "?for=0" } else { "" };
        let mut stream = program.follow("lobby", query, Some(&last)).await;
        let start = stream.expect("start").await;
        assert_eq!(start.data["resumed"], true, "{start:?}");
        let newest = start.data["head"].as_u64().unwrap();
        let known: u64 = last.rsplit(':').next().unwrap().parse().unwrap();
        let missed = usize::try_from(newest - known).unwrap();
        // Reads some live events too, but never so many that it has to wait for more after the last message.
        heard.extend(stream.seqs(missed).await);
        if is_last {
            assert!(stream.try_next().await.is_none());
            return heard;
        }
        while heard.len() % 7 != 0 {
            tokio::select! {
                seqs = stream.seqs(1) => heard.extend(seqs),
                _ = until.changed() => break,
            }
        }
        last = stream.last.take().unwrap_or(last);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_and_goes_while_others_speak_hears_everything_once_and_in_order() {
    const SAID: u64 = 3_000;
    let app = TestApp::with(|config| config.rate_send = 0).await;
    let program = Arc::new(program(&app));
    let mut first = program.follow("lobby", "?for=0", None).await;
    let start = first.expect("start").await.id.unwrap();
    let (stop, stopped) = watch::channel(false);
    let followers: Vec<_> =
        (0..6).map(|_| tokio::spawn(come_and_go(program.clone(), stopped.clone(), start.clone()))).collect();
    let mut steady = program.follow("lobby", "", Some(&start)).await;
    steady.expect("start").await;
    let mut lines = app.person("Ann").await.talk().await;
    for batch in 1..=SAID / 50 {
        lines.say_many(&format!("b{batch}-"), 50).await;
        while lines.message().await.seq < batch * 50 {}
    }
    assert!(steady.seqs(usize::try_from(SAID).unwrap()).await.into_iter().eq(1..=SAID));
    stop.send(true).unwrap();
    for follower in followers {
        let heard = patiently("a follower has heard the last word", follower).await.unwrap();
        assert!(heard.iter().copied().eq(1..=SAID), "{} heard", heard.len());
    }
}

/// Opens an event stream with a small receive buffer that is never read.
async fn lazy(app: &TestApp, program: &Program) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(app.address()).await.unwrap();
    let request = format!(
        "GET /api/rooms/lobby/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        program.token
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_does_not_read_is_cut_off_delays_nobody_and_goes_on_where_it_was() {
    let app = TestApp::with(|config| {
        config.queue_limit = 256 * 1_024;
        config.rate_send = 0;
    })
    .await;
    let program = program(&app);
    let mut slow = lazy(&app, &program).await;
    let mut quick = program.follow("lobby", "", None).await;
    quick.expect("start").await;
    let mut lines = app.person("Ann").await.talk().await;
    let text = "茶".repeat(4_000);
    // More than the queue limit and the socket buffers of both sides together.
    let said = 900;
    for n in 1..=said {
        lines.say(&format!("m{n}"), &text).await;
        assert_eq!(lines.message().await.seq, n);
        assert_eq!(quick.seqs(1).await, [n]);
    }
    let mut rest = Vec::new();
    // Aborted and not ended: a reader must not mistake it for the end.
    let broken = patiently("the slow one is cut off", slow.read_to_end(&mut rest)).await;
    let read = String::from_utf8_lossy(&rest).into_owned();
    assert!(broken.is_err() || !read.ends_with("0\r\n\r\n"), "it is no proper end");
    let last = read.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().unwrap().to_owned();
    let known: u64 = last.rsplit(':').next().unwrap().parse().unwrap();
    // The last event may have been cut in two, and does not count then.
    let known = known - 1;
    assert!(known < said - 1, "{known}");
    let last = format!("{}:{known}", last.split(':').next().unwrap());
    let mut back = program.follow("lobby", "?for=0", Some(&last)).await;
    assert_eq!(back.expect("start").await.data["resumed"], true);
    let missed = usize::try_from(said - known).unwrap();
    assert!(back.seqs(missed).await.into_iter().eq(known + 1..=said));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_does_not_read_keeps_no_server_from_stopping() {
    let app = TestApp::with(|config| {
        config.rate_send = 0;
        config.queue_limit = 0;
    })
    .await;
    let program = program(&app);
    let _slow = lazy(&app, &program).await;
    let mut lines = app.person("Ann").await.talk().await;
    let text = "茶".repeat(4_000);
    // More than the socket buffers of both sides together: the stream stalls, but without a limit it is not
    // aborted.
    for n in 1..=900 {
        lines.say(&format!("m{n}"), &text).await;
        assert_eq!(lines.message().await.seq, n);
    }
    drop(lines);
    app.stop().await.0.unwrap();
}

#[tokio::test]
async fn a_token_that_is_revoked_ends_its_streams_and_no_others() {
    let app = TestApp::start().await;
    let (leaked, kept) = (program(&app), program(&app));
    let mut ends = leaked.follow("lobby", "", None).await;
    let mut stays = kept.follow("lobby", "", None).await;
    ends.expect("start").await;
    stays.expect("start").await;
    assert!(tokens(app.data(), &["token", "revoke", &leaked.id]).status.success());
    let soon = tokio::time::timeout(Duration::from_secs(5), ends.try_next());
    assert!(soon.await.expect("within the five seconds that are promised").is_none());
    assert_eq!(kept.say("lobby", "m1", "tea").await.status(), 201);
    assert_eq!(stays.seqs(1).await, [1]);
}

#[tokio::test]
async fn what_else_happens_is_told_to_those_who_ask_for_it() {
    let app = TestApp::start().await;
    let program = program(&app);
    let mut all = program.follow("lobby", "?also=presence,typing,growing", None).await;
    let mut plain = program.follow("lobby", "", None).await;
    all.expect("start").await;
    plain.expect("start").await;
    let mut lines = app.person("Ann").await.talk().await;
    assert_eq!(all.expect("presence").await.data["enter"][0]["name"], "Ann");
    lines.send_text(r#"{"typing":{"room":"lobby"}}"#).await;
    let typing = all.expect("typing").await;
    assert_eq!((&typing.data["user"]["name"], typing.id), (&"Ann".into(), None));
    lines.say("m1", "tea").await;
    assert_eq!(all.seqs(1).await, [1]);
    assert_eq!(plain.seqs(1).await, [1], "nothing came before it that was not asked for");
    let unknown = program.get("/api/rooms/lobby/events?also=gossip").await;
    assert_eq!(unknown.status(), 400);
}

#[tokio::test]
async fn a_stream_in_which_nothing_is_said_shows_that_it_is_there_and_keeps_its_room_open() {
    let app = TestApp::start().await;
    let program = program(&app);
    let mut answer = program.get("/api/rooms/cellar/events").await;
    assert!(!answer.headers().contains_key("content-encoding"));
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    let mut text = String::new();
    let mut read_until = async |what: &str| {
        let read = async {
            while !text.contains(what) {
                let chunk = answer.chunk().await.unwrap().unwrap();
                text.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        // Keep-alive comments never stop, so the timeout covers the whole read.
        patiently(what, read).await;
        text.clone()
    };
    // By then an empty room has checked more than once whether it may end.
    let text = read_until(": still here\n\n").await;
    assert!(text.starts_with("retry: 2000\n\n"), "{text}");
    assert_eq!(program.say("cellar", "m1", "tea").await.status(), 201);
    read_until("\"text\":\"tea\"").await;
}

/// Returns the seqs of the next messages of a stream, skipping other events.
async fn told(stream: &mut Follow, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    while seqs.len() < count {
        let event = stream.next().await;
        if event.name == "message" {
            seqs.push(event.data["seq"].as_u64().unwrap());
        }
    }
    seqs
}

#[tokio::test]
async fn a_follower_on_one_node_hears_what_is_said_on_another_and_goes_on_there() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let program = Program::on_redis(&redis, here.address());
    let elsewhere = program.at(there.address());
    let mut stream = program.follow("lobby", "", None).await;
    stream.expect("start").await;
    for n in 1..=20 {
        assert_eq!(elsewhere.say("lobby", &format!("m{n}"), "tea").await.status(), 201);
    }
    assert!(told(&mut stream, 20).await.into_iter().eq(1..=20));
    let last = stream.last.clone().unwrap();
    drop(stream);
    program.say("lobby", "m21", "more").await;
    let mut moved = elsewhere.follow("lobby", "", Some(&last)).await;
    assert_eq!(moved.expect("start").await.data["resumed"], true);
    assert_eq!(moved.seqs(1).await, [21]);
}

#[tokio::test]
async fn a_stream_counts_as_a_connection() {
    let app = TestApp::with(|config| config.max_connections = 3).await;
    let program = program(&app);
    let mut streams = Vec::new();
    for _ in 0..3 {
        // Each on its own connection, since no stream ends.
        let mut stream = program.follow("lobby", "", None).await;
        stream.expect("start").await;
        streams.push(stream);
    }
    assert_ne!(app.browser().try_get("/healthz").await, Some(200), "there is no place for one more");
    drop(streams);
}
