//! Hooks: programs push messages as text or in Slack's format, once, into one room or into all.

mod refused;
mod shapes;
mod slack;

use std::{collections::BTreeSet, path::Path};

use chat::{protocol::Message, room_name::RoomName};
use reqwest::Response;
use rusqlite::Connection;
use serde_json::Value;

use crate::{
    nodes::node,
    support::{Browser, Hook, Lines, Redis, TestApp, eventually, program},
};

const JSON: (&str, &str) = ("content-type", "application/json");

/// The content type that `curl -d` sends.
const CURL: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Returns the body of the response to an accepted push, which names the message's place.
async fn place(response: Response) -> Value {
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

/// Returns the messages of a room, as a newcomer gets them.
async fn held(app: &TestApp, reader: &str, room: &str) -> Vec<Message> {
    let browser = app.person(reader).await;
    let mut lines = browser.open().await;
    held_by(&mut lines, room).await
}

async fn held_by(lines: &mut Lines, room: &str) -> Vec<Message> {
    use chat::protocol::{ClientLine, Event, RoomPosition};
    let place = RoomPosition { room: room.to_owned(), epoch: None, seq: None };
    lines.send(&ClientLine::Hello { rooms: vec![place], client: None, user: None }).await;
    let events = lines.joined().await.events;
    events
        .into_iter()
        .map(|event| match event {
            Event::Message(message) => message,
            Event::Unknown(_) => panic!("an event of this version"),
        })
        .collect()
}

#[tokio::test]
async fn what_curl_posts_is_said_in_the_room_and_its_place_is_told() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    let mut lines = app.person("Ann").await.talk().await;
    let place = place(app.browser().push(&hook.path, &[CURL], "deploy done & 100% + more").await).await;
    let message = lines.message().await;
    assert_eq!(&*message.text, "deploy done & 100% + more", "it is no form");
    assert_eq!((message.user.id.as_str(), &*message.user.name), (&*format!("hook-{}", hook.id), "deploys"));
    assert_eq!((place["room"].as_str(), place["seq"].as_u64()), (Some("lobby"), Some(message.seq)));
    assert_eq!(place["id"].as_str(), Some(message.id.as_str()));
    lines.say("m1", "thanks").await;
    assert_eq!(lines.message().await.seq, message.seq + 1, "it is one log");
    let again = lines_of(&app.person("Bo").await).await;
    assert_eq!(place["epoch"].as_str(), Some(&*again), "a position to go on from");
}

async fn lines_of(browser: &Browser) -> String {
    use chat::protocol::ClientLine;
    let mut lines = browser.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    lines.joined().await.epoch.to_string()
}

#[tokio::test]
async fn text_is_said_whatever_it_calls_itself_and_without_anybody_in_the_room() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "Builds"]);
    let kinds = ["text/plain; charset=utf-8", "text/markdown", "application/octet-stream", "nonsense"];
    for (index, kind) in kinds.into_iter().enumerate() {
        let said =
            place(app.browser().push(&hook.path, &[("content-type", kind)], "\n\n  茶\r\n<b>\n\n").await)
                .await;
        assert_eq!((said["room"].as_str(), said["seq"].as_u64()), (Some("builds"), Some(index as u64 + 1)));
    }
    place(app.browser().push(&hook.path, &[], "bare").await).await;
    let held = held(&app, "Ann", "builds").await;
    let texts: Vec<&str> = held.iter().map(|message| &*message.text).collect();
    assert_eq!(texts, ["  茶\n<b>", "  茶\n<b>", "  茶\n<b>", "  茶\n<b>", "bare"]);
}

#[tokio::test]
async fn a_retry_under_the_same_key_is_said_once_and_told_the_same_place() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    let other = Hook::add(app.data(), &["--room", "lobby"]);
    let mut lines = app.person("Ann").await.talk().await;
    for (key, seq) in [("build-7", 1), ("build 7, really: 茶", 2), (&"k".repeat(255), 3)] {
        let key = ("idempotency-key", key);
        let first = place(app.browser().push(&hook.path, &[key], "done").await).await;
        assert_eq!(first["seq"].as_u64(), Some(seq));
        for _ in 0..3 {
            assert_eq!(place(app.browser().push(&hook.path, &[key], "done").await).await, first);
        }
        let slack = app.browser().push(&hook.path, &[key, JSON], r#"{"text": "done"}"#).await;
        assert_eq!((slack.status().as_u16(), slack.text().await.unwrap()), (200, "ok".to_owned()));
        let reused = app.browser().push(&hook.path, &[key], "something else").await;
        assert_eq!(reused.status(), 422);
        assert!(reused.text().await.unwrap().contains(r#""code":"id_reused""#));
    }
    let without =
        place(app.browser().push(&other.path, &[("idempotency-key", "build-7")], "done").await).await;
    assert_eq!(without["seq"].as_u64(), Some(4), "a key is its hook's own");
    for seq in 1..=4 {
        assert_eq!(lines.message().await.seq, seq);
    }
    place(app.browser().push(&hook.path, &[], "done").await).await;
    place(app.browser().push(&hook.path, &[], "done").await).await;
    assert_eq!(
        (lines.message().await.seq, lines.message().await.seq),
        (5, 6),
        "without a key it is said again"
    );
}

#[tokio::test]
async fn a_hook_for_all_rooms_reaches_those_that_were_spoken_in_and_those_that_are_open_once() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "*"]);
    let mut ann = app.person("Ann").await.talk_in(&["tea", "silent"]).await;
    ann.say_in("tea", "m1", "anybody?").await;
    assert_eq!(ann.message().await.room.as_str(), "tea");
    ann.leave("tea").await;
    let key = ("idempotency-key", "all");
    let said = place(app.browser().push(&hook.path, &[key], "closing time").await).await;
    let places = said["places"].as_array().unwrap();
    let rooms: Vec<&str> = places.iter().map(|place| place["room"].as_str().unwrap()).collect();
    assert_eq!((rooms, &said["left_out"]), (vec!["lobby", "silent", "tea"], &Value::from(0)));
    assert_eq!(places[2]["seq"].as_u64(), Some(2));
    let heard = ann.message().await;
    assert_eq!((heard.room.as_str(), &*heard.text), ("silent", "closing time"));
    assert_eq!(place(app.browser().push(&hook.path, &[key], "closing time").await).await, said, "a retry");
    for room in ["lobby", "silent", "tea"] {
        let held = held(&app, &format!("reader-{room}"), room).await;
        assert_eq!(held.iter().filter(|message| &*message.text == "closing time").count(), 1, "{room}");
    }
}

#[tokio::test]
async fn a_hook_for_all_rooms_reaches_a_silent_room_that_is_open_on_another_node_only() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let words = ["hook", "add", "--name", "deploys", "--room", "*", "--store", &redis.url()];
    let hook = Hook::made(&program::finish(program::teahouse(Path::new("/"), &words)));
    let mut ann = there.person("Ann").await.talk_in(&["silent"]).await;
    let mut bo = there.person("Bo").await.talk_in(&["left"]).await;
    let members = |room: &str| redis.ask(&["HLEN", &format!("teahouse:{{{room}}}:members")]);
    let seated = async || members("silent") == "1" && members("left") == "1";
    eventually("both are said to be there", seated).await;
    bo.leave("left").await;
    eventually("one is not any more", async || members("left") == "0").await;
    let said = place(here.browser().push(&hook.path, &[], "closing time").await).await;
    let places = said["places"].as_array().unwrap();
    let rooms: Vec<&str> = places.iter().map(|place| place["room"].as_str().unwrap()).collect();
    assert_eq!(rooms, ["lobby", "silent"], "and not the room that everybody has left");
    let heard = ann.message().await;
    assert_eq!((heard.room.as_str(), &*heard.text), ("silent", "closing time"));
}

#[tokio::test]
async fn where_one_room_cannot_take_it_the_others_have_it_and_a_retry_reaches_the_rest() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "*"]);
    let mut ann = app.person("Ann").await.talk_in(&["a", "b", "c"]).await;
    ann.say_in("b", "m1", "anybody?").await;
    ann.message().await;
    let file = Connection::open(app.data().join("teahouse.db")).unwrap();
    file.execute_batch(
        "CREATE TRIGGER spoilt BEFORE INSERT ON event WHEN new.room = (SELECT id FROM room WHERE name = 'b')
         BEGIN SELECT RAISE(ABORT, 'spoilt'); END",
    )
    .unwrap();
    let key = ("idempotency-key", "all");
    assert_eq!(app.browser().push(&hook.path, &[key], "closing time").await.status(), 503);
    let heard = [ann.message().await.room, ann.message().await.room];
    assert_eq!(heard.iter().map(RoomName::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(["a", "c"]));
    file.execute_batch("DROP TRIGGER spoilt").unwrap();
    let said = place(app.browser().push(&hook.path, &[key], "closing time").await).await;
    assert_eq!(said["places"].as_array().unwrap().len(), 4);
    assert_eq!(ann.message().await.room.as_str(), "b");
    for room in ["a", "b", "c", "lobby"] {
        let held = held(&app, &format!("reader-{room}"), room).await;
        assert_eq!(held.iter().filter(|message| &*message.text == "closing time").count(), 1, "{room}");
    }
}

#[tokio::test]
async fn a_push_to_more_rooms_than_it_reaches_begins_with_the_open_ones_and_says_how_many_are_left_out() {
    let data = std::sync::Arc::new(crate::support::folder());
    let hook = Hook::add(data.path(), &["--room", "*"]);
    let file = Connection::open(data.path().join("teahouse.db")).unwrap();
    file.execute_batch(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1010)
         INSERT INTO room (name, head) SELECT format('r%04d', i), 1 FROM n",
    )
    .unwrap();
    let app = TestApp::on(data, |_| {}).await;
    let mut ann = app.person("Ann").await.talk_in(&["zoo"]).await;
    let said = place(app.browser().push(&hook.path, &[], "closing time").await).await;
    let places = said["places"].as_array().unwrap();
    let rooms: Vec<&str> = places.iter().map(|place| place["room"].as_str().unwrap()).collect();
    assert_eq!((rooms.len(), &said["left_out"]), (1_000, &Value::from(12)));
    assert_eq!(rooms[..3], ["lobby", "zoo", "r0001"]);
    assert_eq!(ann.message().await.room.as_str(), "zoo");
}

#[tokio::test]
async fn a_push_goes_where_its_channel_says_only_if_the_hook_was_made_with_that() {
    let app = TestApp::start().await;
    let own = Hook::add(app.data(), &["--room", "lobby"]);
    let some = Hook::add(app.data(), &["--room", "lobby", "--channels", "tea,coffee"]);
    let any = Hook::add(app.data(), &["--room", "lobby", "--channels", "*"]);
    let mut expected: Vec<(&str, String)> = Vec::new();
    for (hook, channel, room) in [
        (&own, "tea", "lobby"),
        (&some, "tea", "tea"),
        (&some, "#Coffee", "coffee"),
        (&some, "milk", "lobby"),
        (&some, "*", "lobby"),
        (&some, "", "lobby"),
        (&any, "#milk", "milk"),
        (&any, "@ann", "lobby"),
    ] {
        let text = format!("{} to ({channel})", hook.id);
        let body = serde_json::json!({ "text": text, "channel": channel }).to_string();
        assert_eq!(app.browser().push(&hook.path, &[JSON], body).await.status(), 200);
        expected.push((room, text));
    }
    for room in ["lobby", "tea", "coffee", "milk"] {
        let held = held(&app, &format!("reader-{room}"), room).await;
        let there: Vec<&str> = held.iter().map(|message| &*message.text).collect();
        let expected: Vec<&str> =
            expected.iter().filter(|(to, _)| *to == room).map(|(_, text)| &**text).collect();
        assert_eq!(there, expected, "{room}");
    }
}

#[tokio::test]
async fn neither_an_origin_nor_a_login_counts_and_a_page_elsewhere_may_push() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    place(app.browser().saying("origin", "https://elsewhere.example").push(&hook.path, &[], "tea").await)
        .await;
    let ann = app.person("Ann").await;
    place(ann.push(&hook.path, &[], "tea").await).await;
    let names: Vec<String> =
        held(&app, "Bo", "lobby").await.iter().map(|message| message.user.name.to_string()).collect();
    assert_eq!(names, ["deploys", "deploys"], "whoever holds the cookie says nothing by it");
}

#[tokio::test]
async fn a_hook_on_redis_is_heard_on_every_node_and_revoked_on_every_node() {
    let redis = Redis::start();
    let (here, there) = (node(&redis).await, node(&redis).await);
    let work = |words: &[&str]| {
        let mut command = program::teahouse(Path::new("/"), words);
        command.args(["--store", &redis.url()]);
        program::finish(command)
    };
    let hook = Hook::made(&work(&["hook", "add", "--room", "*", "--name", "deploys"]));
    let mut lines = there.person("Ann").await.talk().await;
    let key = ("idempotency-key", "one");
    let first = place(here.browser().push(&hook.path, &[key], "deploy done").await).await;
    let message = lines.message().await;
    assert_eq!((&*message.text, message.seq), ("deploy done", 1));
    assert_eq!(place(there.browser().push(&hook.path, &[key], "deploy done").await).await, first);
    let revoked = work(&["hook", "revoke", &hook.id]);
    assert_eq!(revoked.status.code(), Some(0), "{}", program::text(&revoked.stderr));
    for node in [&here, &there] {
        assert_eq!(node.browser().push(&hook.path, &[], "again").await.status(), 404);
    }
}
