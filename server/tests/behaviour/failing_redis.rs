//! Redis failures: no acknowledged message is lost as far as Redis keeps its promises, sends are refused
//! rather than left hanging, readers are told, and afterwards everybody catches up.

use chat::protocol::{ClientLine, Event, Joined, Message, RefusalCode, RoomPosition, ServerLine};

use crate::{
    nodes::{moved, node, node_with},
    support::{
        Lines, Redis, TestApp, eventually,
        program::{run, text},
    },
};

async fn store_is(lines: &mut Lines, wanted: bool) {
    lines
        .until(|line| match line {
            ServerLine::Store { available } => (available == wanted).then_some(()),
            _ => None,
        })
        .await;
}

fn messages(joined: Joined) -> impl Iterator<Item = Message> {
    joined.events.into_iter().filter_map(|event| match event {
        Event::Message(message) => Some(message),
        Event::Unknown(_) => None,
    })
}

/// Sends a message until it is stored, as a client does.
async fn say_until_kept(lines: &mut Lines, id: &str, text: &str) -> Message {
    loop {
        lines.say(id, text).await;
        let is_it = |message: &Message| message.id.as_str() == id;
        let answer = lines.until(|line| match line {
            ServerLine::Message(message) if is_it(&message) => Some(Ok(message)),
            // When a room resumes in a new epoch, its page contains what was stored meanwhile.
            ServerLine::Joined(joined) => messages(joined).find(is_it).map(Ok),
            ServerLine::Refused(refused) if refused.id.as_deref() == Some(id) => Some(Err(refused)),
            _ => None,
        });
        match answer.await {
            Ok(message) => return message,
            // A message that was refused but stored is not sent again; rejoining lifts the wait for it.
            Err(refused) if refused.code == RefusalCode::OutOfOrder => lines.join("lobby").await,
            Err(refused) => assert!(refused.retry_ms.is_some(), "{refused:?}"),
        }
    }
}

#[tokio::test]
async fn who_speaks_is_refused_for_now_and_who_reads_is_told_while_redis_is_away() {
    let mut redis = Redis::durable();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let mut ann = here.person("Ann").await.talk().await;
    let mut bo = there.person("Bo").await.talk().await;
    say_until_kept(&mut ann, "m1", "before").await;
    redis.kill();
    store_is(&mut ann, false).await;
    store_is(&mut bo, false).await;
    ann.say("m2", "meanwhile").await;
    let refused = ann.refused().await;
    assert_eq!(refused.code, RefusalCode::StoreUnavailable);
    assert!(refused.retry_ms.is_some());
    assert_eq!(here.browser().get("/readyz").await.status(), 503);
    redis.run();
    store_is(&mut ann, true).await;
    store_is(&mut bo, true).await;
    let said = say_until_kept(&mut ann, "m2", "meanwhile").await;
    assert_eq!(said.seq, 2, "what was confirmed is still there, and nothing is there twice");
    // As a message, or in the page with which the room resumes in its next epoch.
    let heard = bo.until(|line| match line {
        ServerLine::Message(message) => Some(message),
        ServerLine::Joined(joined) => messages(joined).find(|message| message.seq == 2),
        _ => None,
    });
    assert_eq!(heard.await, said);
    eventually("it takes people in again", async || here.browser().get("/readyz").await.status() == 200)
        .await;
}

#[tokio::test]
async fn whoever_comes_while_redis_is_away_is_asked_to_come_again() {
    let mut redis = Redis::start();
    let app = node(&redis).await;
    let ann = app.person("Ann").await;
    let mut first = ann.talk().await;
    redis.kill();
    store_is(&mut first, false).await;
    assert_eq!(ann.knock("/ws").protocol("teahouse.v1").refusal().await, 503);
    for (path, status) in [("/chat", 503), ("/chat/lobby/1", 503), ("/search?q=tea", 503), ("/login", 200)] {
        assert_eq!(ann.get(path).await.status(), status, "{path}");
    }
    assert_eq!(app.browser().log_in("Bo").await.status(), 503);
    redis.run();
    store_is(&mut first, true).await;
    ann.talk().await;
}

#[tokio::test]
async fn a_server_that_hangs_is_noticed_and_what_it_took_meanwhile_is_not_said_twice() {
    let redis = Redis::durable();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let mut ann = here.person("Ann").await.talk().await;
    let mut bo = there.person("Bo").await.talk().await;
    say_until_kept(&mut ann, "m1", "before").await;
    redis.signal("-STOP");
    ann.say("m2", "meanwhile").await;
    let refused = ann.refused().await;
    assert_eq!(refused.code, RefusalCode::StoreUnavailable);
    store_is(&mut bo, false).await;
    redis.signal("-CONT");
    store_is(&mut bo, true).await;
    assert_eq!(say_until_kept(&mut ann, "m2", "meanwhile").await.seq, 2);
    assert_eq!(say_until_kept(&mut ann, "m3", "after").await.seq, 3);
    let mut seqs = Vec::new();
    while seqs.last().is_none_or(|seq| *seq < 3) {
        seqs.push(bo.message().await.seq);
    }
    assert_eq!(seqs, [2, 3]);
}

#[tokio::test]
async fn nodes_that_are_cut_off_from_hearing_look_up_what_they_missed() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let mut ann = here.person("Ann").await.talk().await;
    let mut bo = there.person("Bo").await.talk().await;
    for round in 1..=20 {
        ann.say(&format!("m{round}"), "on and on").await;
        redis.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    }
    for seq in 1..=20 {
        assert_eq!(bo.message().await.seq, seq);
        assert_eq!(ann.message().await.seq, seq);
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_alone_is_made_again_without_a_word_to_anybody() {
    let redis = Redis::start();
    let app = node(&redis).await;
    let mut ann = app.person("Ann").await.talk().await;
    for round in 1..=10 {
        redis.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        let said = say_until_kept(&mut ann, &format!("m{round}"), "tea").await;
        assert_eq!(said.seq, round);
    }
}

#[tokio::test]
async fn a_lost_tail_begins_another_life_of_the_log() {
    // Loses everything when it ends, the worst case of a lost tail.
    let mut redis = Redis::start();
    let app = node(&redis).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.open().await;
    lines.send(&ClientLine::Hello { rooms: Vec::new(), client: None, user: None }).await;
    let epoch = lines.joined().await.epoch;
    for round in 1..=3 {
        say_until_kept(&mut lines, &format!("m{round}"), "before").await;
    }
    redis.kill();
    redis.run();
    let anew = lines
        .until(|line| match line {
            ServerLine::Joined(joined) => Some(joined),
            ServerLine::Message(message) => panic!("{message:?} comes before the new life of the log"),
            _ => None,
        })
        .await;
    assert_ne!(anew.epoch, epoch);
    assert_eq!((anew.head, anew.resumed, anew.members.count), (0, false, 1));
    let said = say_until_kept(&mut lines, "m4", "after").await;
    assert_eq!(said.seq, 1);
    // A user who was away holds the old log's second message, which must not be taken for the new one's.
    let mut other = ann.open().await;
    let place = RoomPosition { room: "lobby".to_owned(), epoch: Some(epoch.to_string()), seq: Some(1) };
    other.send(&ClientLine::Hello { rooms: vec![place], client: None, user: None }).await;
    let joined = other.joined().await;
    assert!(!joined.resumed && joined.epoch == anew.epoch && joined.events.len() == 1, "{joined:?}");
}

#[tokio::test]
async fn a_replica_that_takes_over_without_the_last_messages_begins_another_life_of_the_log() {
    let master = Redis::start();
    let replica =
        Redis::with(&["--appendonly", "no", "--replicaof", &format!("127.0.0.1 {}", master.port())]);
    let line = crate::support::relay::Relay::to(master.port()).await;
    let app = TestApp::with(|config| config.store = line.url().parse().unwrap()).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.open().await;
    lines.send(&ClientLine::Hello { rooms: Vec::new(), client: None, user: None }).await;
    let epoch = lines.joined().await.epoch;
    say_until_kept(&mut lines, "m1", "copied").await;
    let copied = || replica.ask(&["HGET", "teahouse:{lobby}:state", "head"]);
    eventually("the replica has it", async || copied() == "1").await;
    replica.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    say_until_kept(&mut lines, "m2", "never copied").await;
    drop(master);
    line.turn_to(replica.port());
    // While it is a replica, it accepts no writes.
    lines.say("m3", "too early").await;
    lines.refused().await;
    replica.ask(&["REPLICAOF", "NO", "ONE"]);
    let anew = lines
        .until(|line| match line {
            ServerLine::Joined(joined) => Some(joined),
            _ => None,
        })
        .await;
    assert_ne!(anew.epoch, epoch);
    assert_eq!((anew.head, anew.events.len()), (1, 1));
    assert_eq!(say_until_kept(&mut lines, "m3", "too early").await.seq, 2);
    let said = say_until_kept(&mut lines, "m2", "never copied").await;
    assert_eq!(said.seq, 3, "whoever still has it says it again");
}

#[tokio::test]
async fn a_full_memory_refuses_and_takes_again_when_there_is_room() {
    let redis = Redis::with(&["--appendonly", "no", "--maxmemory-policy", "noeviction"]);
    let app = node(&redis).await;
    let mut ann = app.person("Ann").await.talk().await;
    say_until_kept(&mut ann, "m1", "before").await;
    redis.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    ann.say("m2", "meanwhile").await;
    let refused = ann.refused().await;
    assert_eq!(refused.code, RefusalCode::StoreUnavailable);
    assert_eq!(redis.ask(&["HGET", "teahouse:{lobby}:state", "head"]), "1");
    redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(say_until_kept(&mut ann, "m2", "meanwhile").await.seq, 2);
    assert_eq!(say_until_kept(&mut ann, "m3", "after").await.seq, 3);
}

/// Returns the one line with which the program refuses to start on this store.
fn refusal(store: &str) -> String {
    let output = run(&["--listen", "127.0.0.1:0", &format!("--store={store}")], &[]);
    let said = text(&output.stderr).to_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn a_server_that_cannot_be_used_stops_the_start_with_one_clear_line() {
    let nobody = refusal("redis://127.0.0.1:1");
    assert!(nobody.contains("127.0.0.1:1") && nobody.contains("refused"), "{nobody}");

    let guarded = Redis::with(&["--requirepass", "s3cret"]);
    let without = refusal(&guarded.url());
    assert!(without.contains("password"), "{without}");
    let wrong = refusal(&format!("redis://:wr0ng@127.0.0.1:{}", guarded.port()));
    assert!(wrong.contains("password") && !wrong.contains("wr0ng"), "{wrong}");

    let lame = Redis::with(&["--rename-command", "XADD", ""]);
    let lacking = refusal(&lame.url());
    assert!(lacking.contains("XADD"), "{lacking}");

    let foreign = Redis::start();
    foreign.ask(&["HSET", "teahouse:meta", "schema", "99"]);
    let newer = refusal(&foreign.url());
    assert!(newer.contains("99"), "{newer}");
    assert_eq!(foreign.ask(&["HGETALL", "teahouse:meta"]), "schema\n99", "it is left as it was");
}

#[tokio::test]
async fn a_user_of_its_own_needs_no_more_than_it_is_given() {
    let redis = Redis::with(&[
        "--user",
        "tea",
        "on",
        ">s3cret",
        "~teahouse:*",
        "&teahouse:*",
        "-@all",
        "+@connection",
        "+@read",
        "+@write",
        "+@scripting",
        "+@pubsub",
        "+info",
        "+command",
        "+time",
    ]);
    let app = TestApp::with(|config| {
        config.store = format!("redis://tea:s3cret@127.0.0.1:{}", redis.port()).parse().unwrap();
    })
    .await;
    let mut ann = app.person("Ann").await.talk().await;
    assert_eq!(say_until_kept(&mut ann, "m1", "tea").await.seq, 1);
    let said = refusal(&format!("redis://tea:wr0ng@127.0.0.1:{}", redis.port()));
    assert!(said.contains("password"), "{said}");
}

#[tokio::test]
async fn a_node_that_begins_after_redis_forgot_everything_knows_who_is_logged_in() {
    let mut redis = Redis::start();
    let here = node(&redis).await;
    let ann = here.person("Ann").await;
    let mut lines = ann.talk().await;
    redis.kill();
    store_is(&mut lines, false).await;
    redis.run();
    store_is(&mut lines, true).await;
    let keys = || redis.ask(&["LLEN", "teahouse:cookies"]);
    eventually("the keys of logins are put back", async || keys() == "1").await;
    let there = node(&redis).await;
    let mut lines = moved(&ann, &there).talk().await;
    say_until_kept(&mut lines, "m1", "still me").await;
}

#[tokio::test]
async fn a_stop_while_redis_is_away_ends_in_good_time() {
    let mut redis = Redis::start();
    let app = node_with(&redis, |_| {}).await;
    let mut ann = app.person("Ann").await.talk().await;
    redis.kill();
    store_is(&mut ann, false).await;
    app.stop().await.0.unwrap();
}
