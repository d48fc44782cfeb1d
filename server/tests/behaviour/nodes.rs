//! Several nodes on one Redis form one chat: every node shows the same rooms, the same order and the same
//! users.

use chat::protocol::{ClientLine, RoomPosition, ServerLine};

use crate::support::{Browser, Redis, TestApp, eventually, program::Server};

/// Starts a node on this Redis.
pub(crate) async fn node(redis: &Redis) -> TestApp {
    node_with(redis, |_| {}).await
}

/// Starts a node on this Redis with adjusted settings.
pub(crate) async fn node_with(redis: &Redis, adjust: impl FnOnce(&mut server::config::Config)) -> TestApp {
    TestApp::with(|config| {
        config.store = redis.url().parse().unwrap();
        adjust(config);
    })
    .await
}

/// Returns a browser with the same login, on another node.
pub(crate) fn moved(browser: &Browser, node: &TestApp) -> Browser {
    node.browser().with_cookie(&browser.cookie())
}

#[tokio::test]
async fn what_is_said_on_one_node_is_heard_on_the_others_once_and_in_one_order() {
    let redis = Redis::start();
    let nodes = [node(&redis).await, node(&redis).await, node(&redis).await];
    let mut talking = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        talking.push(node.person(&format!("Guest{index}")).await.talk().await);
    }
    for (index, lines) in talking.iter_mut().enumerate() {
        lines.say_many(&format!("g{index}-"), 100).await;
    }
    let mut heard = Vec::new();
    for lines in &mut talking {
        let mut timeline = Vec::new();
        while timeline.len() < 300 {
            let message = lines.message().await;
            timeline.push((message.seq, message.id));
        }
        heard.push(timeline);
    }
    assert!(heard[0].iter().map(|(seq, _)| *seq).eq(1..=300), "{:?}", heard[0]);
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[0], heard[2]);
}

#[tokio::test]
async fn a_message_that_is_sent_again_by_way_of_another_node_is_said_once() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let ann = here.person("Ann").await;
    let mut lines = ann.talk().await;
    lines.say("m1", "tea").await;
    let original = lines.message().await;
    drop(lines);
    let mut lines = moved(&ann, &there).talk().await;
    lines.say("m1", "tea").await;
    assert_eq!(lines.message().await, original);
    lines.say("m1", "coffee").await;
    assert_eq!(lines.refused().await.code, chat::protocol::RefusalCode::IdReused);
    lines.say("m2", "more tea").await;
    assert_eq!(lines.message().await.seq, 2);
}

#[tokio::test]
async fn whoever_comes_back_by_another_node_goes_on_where_they_were() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let (ann, bo) = (here.person("Ann").await, here.person("Bo").await);
    let mut lines = ann.open().await;
    lines.send(&ClientLine::Hello { rooms: Vec::new(), client: None, user: None }).await;
    let epoch = lines.joined().await.epoch;
    drop(lines);
    let mut bo = bo.talk().await;
    bo.say_many("b", 50).await;
    bo.until(|line| matches!(line, ServerLine::Message(message) if message.seq == 50).then_some(())).await;
    let mut lines = moved(&ann, &there).open().await;
    let place = RoomPosition { room: "lobby".to_owned(), epoch: Some(epoch.to_string()), seq: Some(10) };
    lines.send(&ClientLine::Hello { rooms: vec![place], client: None, user: None }).await;
    let joined = lines.joined().await;
    assert!(joined.resumed && joined.head == 50 && joined.events.len() == 40, "{joined:?}");
}

#[tokio::test]
async fn people_on_different_nodes_see_each_other_come_and_go() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let mut ann = here.person("Ann").await.talk().await;
    let mut bo = there.person("Bo").await.open().await;
    bo.send_text(r#"{"hello":{"rooms":[]}}"#).await;
    let members = bo.joined().await.members;
    let mut names: Vec<&str> = members.list.iter().map(|user| &*user.name).collect();
    names.sort_unstable();
    assert_eq!((members.count, names), (2, vec!["Ann", "Bo"]), "whoever was there is seen at once");
    ann.told_until("+Bo").await;
    bo.leave("lobby").await;
    assert_eq!(ann.told_until("-Bo").await, ["-Bo"]);
}

#[tokio::test]
async fn a_user_on_two_nodes_is_one_member() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let mut bo = there.person("Bo").await.talk().await;
    let ann = here.person("Ann").await;
    let mut first = ann.talk().await;
    assert_eq!(bo.told_until("+Ann").await.iter().filter(|one| *one == "+Ann").count(), 1);
    let mut second = moved(&ann, &there).talk().await;
    first.leave("lobby").await;
    // If they had left, the leave would be announced before Cai's join.
    let mut cai = here.person("Cai").await.talk().await;
    assert_eq!(bo.told_until("+Cai").await, ["+Cai"]);
    second.leave("lobby").await;
    assert_eq!(bo.told_until("-Ann").await, ["-Ann"]);
    cai.told_until("-Ann").await;
}

#[tokio::test]
async fn moving_to_another_node_makes_no_noise() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let mut bo = there.person("Bo").await.talk().await;
    let ann = here.person("Ann").await;
    let lines = ann.talk().await;
    bo.told_until("+Ann").await;
    drop(lines);
    let _ann = moved(&ann, &there).talk().await;
    let _cai = here.person("Cai").await.talk().await;
    assert_eq!(bo.told_until("+Cai").await, ["+Cai"]);
}

#[tokio::test]
async fn that_somebody_writes_is_seen_on_other_nodes() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let mut bo = there.person("Bo").await.talk().await;
    let mut ann = here.person("Ann").await.talk().await;
    bo.told_until("+Ann").await;
    ann.send(&ClientLine::Typing { room: "lobby".to_owned() }).await;
    let who = bo.until(|line| match line {
        ServerLine::Typing { user, .. } => Some(user.name),
        _ => None,
    });
    assert_eq!(&*who.await, "Ann");
}

#[tokio::test]
async fn a_nickname_is_held_by_one_person_over_all_nodes() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let ann = here.person("Ann").await;
    assert_eq!(there.browser().log_in("Ann").await.status(), 409);
    assert_eq!(there.browser().log_in("Аnn").await.status(), 409, "nor a look-alike");
    let _lines = moved(&ann, &there).talk().await;
    ann.log_out().await;
    assert_eq!(there.browser().log_in("Ann").await.status(), 303, "who logs out lets it go everywhere");
}

#[tokio::test]
async fn whoever_logs_out_on_one_node_is_logged_out_on_the_others() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let ann = here.person("Ann").await;
    let lines = moved(&ann, &there).talk().await;
    ann.log_out().await;
    assert_eq!(lines.closed().await.0, chat::close::CloseCode::LoggedOut.number());
}

#[tokio::test]
async fn a_client_that_comes_by_another_node_replaces_its_own_ghost() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let ann = here.person("Ann").await;
    let hello = || ClientLine::Hello { rooms: Vec::new(), client: Some("page-1".to_owned()), user: None };
    let mut ghost = ann.open().await;
    ghost.send(&hello()).await;
    ghost.joined().await;
    let mut lines = moved(&ann, &there).open().await;
    lines.send(&hello()).await;
    lines.joined().await;
    assert_eq!(ghost.closed().await.0, chat::close::CloseCode::Replaced.number());
    lines.say("m1", "it is me").await;
    lines.message().await;
}

#[tokio::test]
async fn the_people_of_a_node_that_died_are_given_back_within_its_lease() {
    let redis = Redis::start();
    let flags =
        ["--store", &redis.url(), "--node-lease", "1s", "--leave-grace", "1s", "--nickname-grace", "0"];
    let folder = tempfile::tempdir().unwrap();
    let here = Server::start(folder.path(), &flags);
    let there = Server::start(folder.path(), &flags);
    let mut bo = there.person("Bo").await.talk().await;
    let (ann, cai) = (here.person("Ann").await, here.person("Cai").await);
    let (_ann, _cai) = (ann.talk().await, cai.talk().await);
    bo.told_until("+Ann").await;
    here.end("-KILL");
    // Ann reconnects through the other node within the leave grace; Cai does not.
    let _back = there.browser().with_cookie(&ann.cookie()).talk().await;
    let told = bo.told_until("-Cai").await;
    assert!(!told.iter().any(|one| one.contains("Ann")), "{told:?}");
}

#[tokio::test]
async fn a_node_that_was_held_for_gone_says_again_who_is_there() {
    let redis = Redis::start();
    let flags = ["--store", &redis.url(), "--node-lease", "1s", "--leave-grace", "200ms"];
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (Server::start(folder.path(), &flags), Server::start(folder.path(), &flags));
    let mut bo = there.person("Bo").await.talk().await;
    let mut ann = here.person("Ann").await.talk().await;
    bo.told_until("+Ann").await;
    here.signal("-STOP");
    bo.told_until("-Ann").await;
    here.signal("-CONT");
    bo.told_until("+Ann").await;
    ann.say("m1", "I was here all the time").await;
    assert_eq!(&*bo.message().await.text, "I was here all the time");
}

#[tokio::test]
async fn what_a_node_said_of_its_people_is_cleared_away_however_it_ended() {
    let redis = Redis::start();
    let flags = ["--store", &redis.url(), "--node-lease", "1s", "--leave-grace", "200ms"];
    let folder = tempfile::tempdir().unwrap();
    let there = Server::start(folder.path(), &flags);
    let _bo = there.person("Bo").await.talk().await;
    for (name, signal) in [("Ann", "-TERM"), ("Cai", "-KILL")] {
        let here = Server::start(folder.path(), &flags);
        let _lines = here.person(name).await.talk().await;
        let seats = || redis.ask(&["HLEN", "teahouse:{lobby}:members"]);
        eventually("both are said to be there", async || seats() == "2").await;
        here.end(signal);
        let lists = || redis.ask(&["KEYS", "teahouse:seated:*"]);
        eventually("one is", async || seats() == "1" && lists().lines().count() == 1).await;
        eventually("nothing is left to do", async || redis.ask(&["EXISTS", "teahouse:gone"]) == "0").await;
    }
}

#[tokio::test]
async fn a_node_needs_no_data_folder() {
    let redis = Redis::start();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let app = node_with(&redis, |config| data.clone_into(&mut config.data)).await;
    let mut ann = app.person("Ann").await.talk().await;
    ann.say("m1", "tea").await;
    ann.message().await;
    assert_eq!(app.person("Bo").await.get("/search?q=tea").await.status(), 200);
    app.stop().await.0.unwrap();
    assert!(!data.exists());
}

#[tokio::test]
async fn two_chats_share_one_redis_by_their_prefixes() {
    let redis = Redis::start();
    let one = node(&redis).await;
    let other = node_with(&redis, |config| config.redis_prefix = "other".to_owned()).await;
    let mut ann = one.person("Ann").await.talk().await;
    let mut namesake = other.person("Ann").await.talk().await;
    ann.say("m1", "here").await;
    ann.message().await;
    namesake.say("m1", "there").await;
    let heard = namesake.message().await;
    assert_eq!((heard.seq, &*heard.text), (1, "there"));
}

#[tokio::test]
async fn the_last_hundred_of_what_was_missed_are_there_after_every_restart_and_the_rest_is_said_to_be_gone() {
    let mut redis = Redis::durable();
    let retain = |config: &mut server::config::Config| config.retain = 100;
    let app = node_with(&redis, retain).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    lines.say("first", "I am off").await;
    lines.message().await;
    drop(lines);
    let mut bo = app.person("Bo").await.talk().await;
    bo.say_many("b", 150).await;
    bo.until(|line| matches!(line, ServerLine::Message(message) if message.seq == 151).then_some(())).await;
    let look = async |app: &TestApp| {
        let mut lines = moved(&ann, app).open().await;
        lines.send_text(r#"{"hello":{"rooms":[]}}"#).await;
        let joined = lines.joined().await;
        let seqs: Vec<u64> = joined.events.iter().filter_map(chat::protocol::Event::seq).collect();
        assert!(seqs.iter().copied().eq(52..=151), "{seqs:?}");
        assert_eq!((joined.oldest, joined.head), (52, 151));
    };
    look(&app).await;
    app.stop().await.0.unwrap();
    let app = node_with(&redis, retain).await;
    look(&app).await;
    app.stop().await.0.unwrap();
    redis.kill();
    redis.run();
    let app = node_with(&redis, retain).await;
    look(&app).await;
}

#[tokio::test]
async fn a_room_that_nobody_on_a_node_is_in_is_not_listened_to() {
    let redis = Redis::start();
    let at_once = |config: &mut server::config::Config| config.leave_grace = "0".parse().unwrap();
    let (here, there) = (node_with(&redis, at_once).await, node(&redis).await);
    let mut ann = here.person("Ann").await.talk_in(&["quiet"]).await;
    let _bo = there.person("Bo").await.talk().await;
    let count = |room: &str| redis.ask(&["PUBSUB", "NUMSUB", &format!("teahouse:{{{room}}}:news")]);
    assert!(count("quiet").ends_with('1'), "{}", count("quiet"));
    let second = here.person("Cai").await.talk_in(&["quiet"]).await;
    assert!(count("quiet").ends_with('1'), "once, however many sessions there are: {}", count("quiet"));
    ann.leave("quiet").await;
    drop((ann, second));
    eventually("a room that is empty is not listened to", async || count("quiet").ends_with('0')).await;
}
