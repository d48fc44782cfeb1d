//! Budgets of users and addresses: charged at every entry point and over all connections, and refused by
//! name.

use std::collections::BTreeSet;

use chat::protocol::{ClientLine, Event, History, RefusalCode, Refused, RoomPosition, ServerLine};
use reqwest::{StatusCode, header};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    form::{form, post},
    nodes::{moved, node_with},
    support::{Browser, Hook, Lines, Redis, TestApp, api::Program, client, eventually, patiently},
};

/// Starts a server behind a proxy on this machine, so that its users have foreign addresses.
async fn behind_a_proxy(adjust: impl FnOnce(&mut server::config::Config)) -> TestApp {
    TestApp::with(|config| {
        config.trust_proxy = vec!["127.0.0.1/32".parse().unwrap()];
        adjust(config);
    })
    .await
}

/// Logs a user in from an address.
async fn from(app: &TestApp, address: &str, nickname: &str) -> Browser {
    let browser = app.browser().saying("x-forwarded-for", address);
    assert_eq!(browser.log_in(nickname).await.status(), 303);
    browser
}

/// Returns a metric of the server; its labels are part of its name.
async fn metric(app: &TestApp, program: &Program, name: &str) -> u64 {
    let text = program.at(app.address()).get("/metrics").await.text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

fn scraper(app: &TestApp) -> Program {
    Program::with(app.data(), app.address(), &["--scope", "metrics", "--rate", "0"])
}

/// Returns the total length of the message texts.
fn bytes(events: &[Event]) -> usize {
    let length = |event: &Event| match event {
        Event::Message(message) => message.text.len(),
        Event::Unknown(_) => 0,
    };
    events.iter().map(length).sum()
}

fn hello(rooms: impl IntoIterator<Item = String>) -> ClientLine {
    let rooms = rooms.into_iter().map(|room| RoomPosition { room, epoch: None, seq: None }).collect();
    ClientLine::Hello { rooms, client: None, user: None }
}

#[tokio::test]
async fn a_hello_that_names_a_room_a_thousand_times_enters_it_once() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut lines = ann.open().await;
    lines.send(&hello(std::iter::repeat_n("tea".to_owned(), 1_000))).await;
    lines.send_text("{\"send\":{\"id\":\"m1\",\"room\":\"tea\",\"text\":\"hi\"}}").await;
    let mut joined = 0;
    loop {
        match lines.next().await {
            ServerLine::Joined(_) => joined += 1,
            ServerLine::Message(_) => break,
            _ => {}
        }
    }
    assert_eq!(joined, 1);
}

#[tokio::test]
async fn a_hello_that_names_more_rooms_than_a_connection_may_be_in_is_told_so_of_each() {
    let app = TestApp::with(|config| config.room_limit = 3).await;
    let mut lines = app.person("Ann").await.open().await;
    lines.send(&hello((0..100).map(|n| format!("r{n}")))).await;
    lines.send_text("{\"send\":{\"id\":\"m1\",\"room\":\"r0\",\"text\":\"hi\"}}").await;
    let (mut joined, mut refused) = (0, Vec::new());
    loop {
        match lines.next().await {
            ServerLine::Joined(_) => joined += 1,
            ServerLine::Refused(Refused { code, .. }) => refused.push(code),
            ServerLine::Message(_) => break,
            _ => {}
        }
    }
    assert_eq!((joined, refused), (3, vec![RefusalCode::TooManyRooms; 97]));
}

#[tokio::test]
async fn text_is_charged_to_the_user_whatever_connection_or_form_it_comes_by() {
    let app = TestApp::with(|config| config.rate_text = 100).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut lines = ann.talk().await;
    lines.say("m1", &"x".repeat(80)).await;
    assert_eq!(lines.message().await.seq, 1);
    drop(lines);
    let mut lines = ann.talk().await;
    lines.say("m2", &"y".repeat(80)).await;
    lines.say("m3", "z").await;
    let refused = [lines.refused().await, lines.refused().await];
    assert_eq!(refused[0].code, RefusalCode::OverBudget);
    assert!(refused[0].retry_ms.is_some_and(|ms| ms > 1_000), "{refused:?}");
    assert_eq!(refused[1].code, RefusalCode::OutOfOrder, "what follows it waits for it");

    let first = form(&ann, "/chat").await;
    let posted = post(&ann, "/chat", &first, &"w".repeat(80)).await;
    assert_eq!(posted.status(), 429);
    assert!(posted.headers().contains_key(header::RETRY_AFTER));
    assert!(posted.text().await.unwrap().contains(&"w".repeat(80)), "the words are still there");

    let mut lines = bo.talk().await;
    lines.say("m1", &"x".repeat(80)).await;
    assert_eq!(lines.message().await.seq, 2, "others pay for themselves");
}

#[tokio::test]
async fn an_address_has_the_budget_of_fifty_users_and_so_has_an_ipv6_subscriber() {
    for (own, neighbour, stranger) in [
        ("203.0.113.9", "203.0.113.9", "203.0.113.10"),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"),
    ] {
        let app = behind_a_proxy(|config| (config.rate_text, config.rate_login) = (10, 0)).await;
        for number in 0..50 {
            let mut lines = from(&app, own, &format!("p{number}")).await.talk().await;
            lines.say("m", "0123456789").await;
            lines.message().await;
        }
        let mut lines = from(&app, neighbour, "one more").await.talk().await;
        lines.say("m", "0123456789").await;
        assert_eq!(lines.refused().await.code, RefusalCode::OverBudget, "{neighbour}");
        let mut lines = from(&app, stranger, "stranger").await.talk().await;
        lines.say("m", "0123456789").await;
        assert_eq!(lines.message().await.seq, 51, "{stranger}");
    }
}

#[tokio::test]
async fn new_rooms_have_a_budget_and_rooms_that_exist_cost_nothing() {
    let app = TestApp::with(|config| config.rate_rooms = 2).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut lines = ann.talk_in(&["lobby", "a", "b"]).await;
    lines.join("c").await;
    let refused = lines.refused().await;
    assert_eq!((refused.code, refused.room.as_deref()), (RefusalCode::OverBudget, Some("c")));
    assert!(refused.retry_ms.is_some());
    // Viewing a room does not create it either.
    assert_eq!(ann.get("/chat/c").await.status(), 200);
    lines.join("c").await;
    assert_eq!(lines.refused().await.code, RefusalCode::OverBudget);
    drop(lines);
    let mut others = bo.talk_in(&["c"]).await;
    others.say_in("c", "m1", "it exists now").await;
    others.message().await;
    drop(ann.talk_in(&["lobby", "a", "b", "c"]).await);
}

#[tokio::test]
async fn there_are_so_many_rooms_and_no_more_for_people_and_programs() {
    let app = TestApp::with(|config| config.max_rooms = 2).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk_in(&["lobby", "a"]).await;
    lines.say("m1", "tea").await;
    lines.say_in("a", "m2", "tea").await;
    lines.message().await;
    lines.message().await;
    lines.join("b").await;
    assert_eq!(lines.refused().await.code, RefusalCode::ServerFull);
    let hook = Hook::add(app.data(), &["--room", "b"]);
    let push = client().no_proxy().build().unwrap().post(app.origin() + &hook.path).body("tea");
    let refused = push.send().await.unwrap();
    assert_eq!(refused.status(), 507);
    assert!(refused.text().await.unwrap().contains("server_full"));
    let program = Program::new(app.data(), app.address());
    assert_eq!(program.say("b", "m1", "tea").await.status(), 507);
    assert_eq!(program.say("a", "m1", "tea").await.status(), 201, "what exists goes on");
}

#[tokio::test]
async fn a_full_server_refuses_in_words_and_goes_on_when_there_is_room() {
    let data = std::sync::Arc::new(crate::support::folder());
    let app = TestApp::on(data.clone(), |config| config.max_stored = 1).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    lines.say("m1", "tea").await;
    let refused = lines.refused().await;
    assert_eq!((refused.code, refused.id.as_deref()), (RefusalCode::ServerFull, Some("m1")));
    assert!(refused.retry_ms.is_some(), "it waits in the outbox");
    let program = Program::new(app.data(), app.address());
    let answer = program.say("lobby", "m1", "tea").await;
    assert_eq!(answer.status(), 507);
    drop(lines);
    let cookie = ann.cookie();
    app.stop().await.0.unwrap();
    let app = TestApp::on(data, |config| config.min_free = 1).await;
    let mut lines = app.browser().with_cookie(&cookie).talk().await;
    lines.say("m1", "tea").await;
    assert_eq!(lines.message().await.seq, 1);
}

#[tokio::test]
async fn who_asks_for_too_many_pages_is_asked_to_wait() {
    let app = TestApp::with(|config| config.rate_pages = 1).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut last = None;
    for _ in 0..100 {
        let answer = ann.get("/chat/lobby/log").await;
        if answer.status() == 429 {
            last = Some(answer);
            break;
        }
    }
    let refused = last.expect("a burst is 60");
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    for path in ["/chat", "/search?q=tea", "/boot/lobby"] {
        assert_eq!(ann.get(path).await.status(), 429, "{path}");
    }
    assert_eq!(bo.get("/chat").await.status(), 200);
}

#[tokio::test]
async fn guests_are_logins_of_their_address() {
    let app = behind_a_proxy(|config| (config.guests, config.rate_login) = (true, 2)).await;
    let guest = |address: &'static str| app.browser().saying("x-forwarded-for", address);
    for _ in 0..2 {
        drop(guest("203.0.113.9").plain("/chat").await);
    }
    assert_eq!(guest("203.0.113.9").knock("/chat").refusal().await, 429);
    drop(guest("203.0.113.10").plain("/chat").await);
}

#[tokio::test]
async fn frames_without_a_line_and_lines_without_a_wish_are_charged() {
    let app = TestApp::with(|config| config.rate_send = 1).await;
    let (scraper, ann) = (scraper(&app), app.person("Ann").await);
    let refused = async |cost: &str| {
        metric(&app, &scraper, &format!("teahouse_refusals_total{{budget=\"{cost}\"}}")).await
    };
    assert_eq!(refused("frame").await, 0);
    let mut lines = ann.talk().await;
    lines.ping_at_once(3_000).await;
    eventually("the pings are charged", async || refused("frame").await > 0).await;
    let bo = app.person("Bo").await;
    let mut lines = bo.talk().await;
    assert_eq!(refused("line").await, 0);
    lines.send_text(&"{\"pong\":{}}\n".repeat(600)).await;
    eventually("the lines are charged", async || refused("line").await > 0).await;
}

#[tokio::test]
async fn a_message_that_does_not_end_is_not_waited_for() {
    let app = TestApp::with(|config| config.heartbeat = "300ms".parse().unwrap()).await;
    let mut lines = app.person("Ann").await.talk().await;
    lines.begin_message("{\"send\":").await;
    assert_eq!(lines.closed().await.0, 4001);
}

/// Starts a server whose lobby has this many messages of maximum length, 12,000 bytes each.
async fn with_long_messages(count: usize) -> (TestApp, Lines) {
    let app = TestApp::with(|config| (config.rate_send, config.rate_text) = (0, 0)).await;
    let mut lines = app.person("Bo").await.talk().await;
    for number in 1..=count {
        lines.say(&format!("m{number}"), &"茶".repeat(4_000)).await;
        lines.message().await;
    }
    (app, lines)
}

#[tokio::test]
async fn what_was_missed_and_is_too_long_for_an_answer_comes_in_pieces_before_what_is_said_then() {
    let (app, mut lines) = with_long_messages(1).await;
    let ann = app.person("Ann").await;
    let (held, joined) = ann.resume(None, None).await;
    drop(held);
    for number in 2..=150 {
        lines.say(&format!("m{number}"), &"茶".repeat(4_000)).await;
        lines.message().await;
    }
    let (mut back, joined) = ann.resume(Some(joined.epoch.as_str()), Some(1)).await;
    lines.say("then", "said while they catch up").await;
    assert!(joined.resumed);
    let told = bytes(&joined.events);
    assert!((200_000..=262_144).contains(&told), "{told} bytes");
    assert!(joined.events.iter().filter_map(Event::seq).eq(2..=joined.head));
    assert!(joined.head < 150, "the rest follows");
    for seq in joined.head + 1..=151 {
        assert_eq!(back.message().await.seq, seq);
    }
}

#[tokio::test]
async fn a_page_is_as_long_as_an_answer_may_be_and_pages_have_no_hole_between_them() {
    let (app, _lines) = with_long_messages(150).await;
    let ann = app.person("Ann").await;
    let (mut lines, joined) = ann.resume(None, None).await;
    assert_eq!((joined.head, joined.resumed), (150, false));
    let told = bytes(&joined.events);
    assert!((200_000..=262_144).contains(&told), "{told} bytes");
    let mut seen: BTreeSet<u64> = joined.events.iter().filter_map(Event::seq).collect();
    while !seen.contains(&1) {
        let before = seen.first().copied();
        let history = History { room: "lobby".to_owned(), before, around: None, at: None, limit: 200 };
        lines.send(&ClientLine::History(history)).await;
        let page = lines.page().await;
        assert!((1..=262_144).contains(&bytes(&page.events)));
        seen.extend(page.events.iter().filter_map(Event::seq));
    }
    assert!(seen.into_iter().eq(1..=150));
    let page = ann.get("/chat").await.text().await.unwrap();
    assert!(page.len() < 2_000_000, "what is rendered is bounded too: {}", page.len());
    let page = ann.get("/chat/lobby/75").await.text().await.unwrap();
    assert!(page.contains(r#"id="m75""#) && page.len() < 2_000_000, "{}", page.len());
}

#[tokio::test]
async fn questions_to_bots_are_charged_to_the_address_since_ids_are_free() {
    let app = behind_a_proxy(|config| (config.rate_questions, config.rate_login) = (2, 0)).await;
    let mut watcher = from(&app, "203.0.113.200", "watcher").await.talk().await;
    for number in 0..3 {
        let mut lines = from(&app, "203.0.113.9", &format!("p{number}")).await.talk().await;
        lines.say("m", "@小二 roll d6").await;
        let answered = lines
            .until(|line| match line {
                ServerLine::Message(message) if message.user.id.is_program() => Some(true),
                ServerLine::StreamingAnswer(growing) if !growing.text.is_empty() => Some(false),
                _ => None,
            })
            .await;
        assert_eq!(answered, number < 2, "{number}");
    }
    watcher.say("m", "@小二 roll d6").await;
    let answer = watcher
        .until(|line| match line {
            ServerLine::Message(message) if message.user.id.is_program() && message.seq > 5 => Some(message),
            _ => None,
        })
        .await;
    assert_eq!(answer.seq, 7, "three questions, two answers, one more of each");
}

#[tokio::test]
async fn a_question_that_a_form_posts_is_charged_to_the_address_too() {
    let app = behind_a_proxy(|config| (config.rate_questions, config.rate_login) = (2, 0)).await;
    for number in 0..4 {
        let person = from(&app, "203.0.113.9", &format!("p{number}")).await;
        let asking = form(&person, "/chat").await;
        let answer = post(&person, "/chat", &asking, "@小二 roll d6").await;
        let expected = if number < 2 { StatusCode::SEE_OTHER } else { StatusCode::TOO_MANY_REQUESTS };
        assert_eq!(answer.status(), expected, "{number}");
        let plain = form(&person, "/chat").await;
        assert_eq!(post(&person, "/chat", &plain, "tea").await.status(), StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused_before_it_is_held() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let head =
        format!("GET /login HTTP/1.1\r\nhost: {}\r\nx-long: {}\r\n\r\n", app.address(), "x".repeat(60_000));
    // The server may answer before it has read the whole head.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = vec![0; 12];
    patiently("the answer", stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 431");
}

#[tokio::test]
async fn metrics_are_for_scrapers_with_a_token_or_at_an_address_of_their_own() {
    let app = TestApp::with(|config| config.metrics_listen = Some("127.0.0.1:0".parse().unwrap())).await;
    assert_eq!(app.browser().get("/metrics").await.status(), 401);
    let reader = Program::with(app.data(), app.address(), &["--scope", "read"]);
    assert_eq!(reader.get("/metrics").await.status(), 403);
    let scraper = scraper(&app);
    let mut lines = app.person("Ann").await.talk().await;
    lines.say("m1", "tea").await;
    lines.message().await;
    for (name, value) in [
        ("teahouse_sessions", 1),
        ("teahouse_users", 1),
        ("teahouse_messages_committed_total", 1),
        ("teahouse_rooms_open", 1),
        ("teahouse_store_available", 1),
    ] {
        assert_eq!(metric(&app, &scraper, name).await, value, "{name}");
    }
    let text = scraper.get("/metrics").await.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(!text.contains("Ann"), "nobody is named");
}

#[tokio::test]
async fn text_and_new_rooms_are_charged_on_every_node() {
    let redis = Redis::start();
    let slim = |config: &mut server::config::Config| (config.rate_text, config.rate_rooms) = (100, 2);
    let (here, there) = (node_with(&redis, slim).await, node_with(&redis, slim).await);
    let ann = here.person("Ann").await;
    let mut lines = ann.talk_in(&["lobby", "a", "b"]).await;
    lines.say("m1", &"x".repeat(90)).await;
    lines.message().await;
    drop(lines);
    let scraper = Program::on_redis(&redis, there.address());
    eventually("the other node has heard of it", async || {
        metric(&there, &scraper, "teahouse_budget_accounts{payer=\"user\"}").await > 0
    })
    .await;
    let moved = moved(&ann, &there);
    let mut lines = moved.talk().await;
    lines.join("c").await;
    assert_eq!(lines.refused().await.code, RefusalCode::OverBudget);
    lines.say("m2", &"y".repeat(90)).await;
    assert_eq!(lines.refused().await.code, RefusalCode::OverBudget);
}
