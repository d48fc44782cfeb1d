//! Permalinks to messages and days: the pages that the server shows there, and its answer where there is
//! nothing.

use app::boot::Boot;
use chat::protocol::Seq;
use reqwest::Response;
use rusqlite::{Connection, params};

use crate::support::{Browser, Lines, TestApp};

async fn say(lines: &mut Lines, room: &str, count: usize) {
    let sends = (1..=count)
        .map(|n| format!(r#"{{"send":{{"id":"{n}","room":"{room}","text":"word {n}."}}}}"#))
        .collect::<Vec<_>>();
    lines.send_text(&sends.join("\n")).await;
    for _ in 0..count {
        lines.message().await;
    }
}

/// Returns the data from which a chat page was rendered, and the page itself.
async fn page(browser: &Browser, path: &str) -> (Boot, String) {
    let response = browser.get(path).await;
    assert_eq!(response.status(), 200, "{path}");
    let page = response.text().await.unwrap();
    let data = page.split("id=\"boot\">").nth(1).and_then(|rest| rest.split("</script>").next());
    (Boot::parse(data.expect("the page's data")).unwrap(), page)
}

fn seqs(boot: &Boot) -> Vec<Seq> {
    boot.room.events.iter().map(|event| event.seq().unwrap()).collect()
}

fn leads_to(response: &Response) -> &str {
    assert_eq!(response.status(), 303);
    response.headers()["location"].to_str().unwrap()
}

#[tokio::test]
async fn a_message_s_address_shows_the_room_around_it() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk_in(&["lobby", "茶"]).await;
    say(&mut lines, "lobby", 200).await;
    say(&mut lines, "茶", 3).await;
    let (boot, shown) = page(&ann, "/chat/lobby/100").await;
    assert_eq!((boot.focus, boot.room.head, boot.room.oldest), (Some(100), 200, 1));
    assert!(seqs(&boot).into_iter().eq(50..=150), "50 on either side: {:?}", seqs(&boot));
    assert!(shown.contains("word 100."), "without any script");
    assert!(!boot.room.resumed);

    let (boot, _) = page(&ann, "/chat/lobby/3").await;
    assert!(seqs(&boot).into_iter().eq(1..=101));
    let (boot, _) = page(&ann, "/chat/lobby/200").await;
    assert!(seqs(&boot).into_iter().eq(100..=200));
    let (boot, _) = page(&ann, "/chat/%E8%8C%B6/2").await;
    assert_eq!((boot.room.room.as_str(), boot.focus, seqs(&boot)), ("茶", Some(2), vec![1, 2, 3]));
    let (boot, _) = page(&ann, "/chat").await;
    assert_eq!((boot.focus, seqs(&boot).len()), (None, 100), "the room itself is as it was");
}

#[tokio::test]
async fn an_address_of_no_message_says_so_in_words() {
    let app = TestApp::with(|config| config.retain = 5).await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk().await;
    say(&mut lines, "lobby", 8).await;
    for (path, status, english, chinese) in [
        ("/chat/lobby/9", 404, "There is no such message", "没有这条消息"),
        ("/chat/lobby/0", 404, "There is no such message", "没有这条消息"),
        ("/chat/lobby/99999999999999999999999", 404, "There is no such message", "没有这条消息"),
        ("/chat/tea/1", 404, "There is no such message", "没有这条消息"),
        ("/chat/lobby/3", 410, "no longer kept", "不再保留"),
        ("/chat/lobby/1", 410, "no longer kept", "不再保留"),
        ("/chat/lobby/08", 404, "There is no such page", "没有这个页面"),
        ("/chat/lobby/+8", 404, "There is no such page", "没有这个页面"),
        ("/chat/lobby/eight", 404, "There is no such page", "没有这个页面"),
        ("/chat/no%20room/8", 404, "That is not a valid room name", "聊天室不能用这个名称"),
    ] {
        for (language, words) in [("en", english), ("zh-CN", chinese)] {
            let response = ann.get_with(path, &[("accept-language", language)]).await;
            assert_eq!(response.status(), status, "{path}");
            let page = response.text().await.unwrap();
            assert!(page.contains(words), "{path}: {page}");
        }
    }
    assert_eq!(page(&ann, "/chat/lobby/4").await.0.focus, Some(4), "the oldest is still there");
}

#[tokio::test]
async fn another_spelling_of_a_room_leads_to_the_one_address_of_the_message() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for (asked, address) in [
        ("/chat/TEA/7", "/chat/tea/7"),
        ("/chat/%EF%BC%B4ea/7", "/chat/tea/7"),
        ("/chat/Lobby/7", "/chat/lobby/7"),
    ] {
        assert_eq!(leads_to(&ann.get(asked).await), address, "{asked}");
    }
}

#[tokio::test]
async fn a_message_s_address_is_for_those_who_are_logged_in_and_waits_for_their_login() {
    let app = TestApp::start().await;
    let stranger = app.browser();
    assert_eq!(leads_to(&stranger.get("/chat/tea/7").await), "/login?next=%2Fchat%2Ftea%2F7");
    let day = stranger.get("/chat/tea?day=2026-11-20").await;
    assert_eq!(leads_to(&day), "/login?next=%2Fchat%2Ftea%3Fday%3D2026-11-20");
    let answer = stranger.post("/login", &[("nickname", "Ann"), ("next", "/chat/tea/7")]).await;
    assert_eq!(leads_to(&answer), "/chat/tea/7");
}

#[tokio::test]
async fn a_day_leads_to_its_first_message_or_a_later_one_as_the_reader_reckons_days() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk_in(&["lobby", "茶"]).await;
    say(&mut lines, "lobby", 4).await;
    say(&mut lines, "茶", 1).await;
    let friday: i64 = 1_795_132_800_000;
    let hour = 3_600_000;
    let file = Connection::open(app.data().join("teahouse.db")).unwrap();
    for (seq, at) in (1..).zip([friday - 9 * hour, friday - 7 * hour, friday + hour, friday + 50 * hour]) {
        file.execute("UPDATE event SET at = ?2 WHERE seq = ?1", params![seq, at]).unwrap();
    }
    for (asked, address) in [
        ("/chat?day=2026-11-20", "/chat/lobby/3#m3"),
        ("/chat?day=2026-11-19", "/chat/lobby/1#m1"),
        ("/chat?day=2026-11-21", "/chat/lobby/4#m4"),
        ("/chat?day=2026-11-23", "/chat"),
        ("/chat/lobby?day=2026-11-20", "/chat/lobby/3#m3"),
        ("/chat/%E8%8C%B6?day=2026-11-01", "/chat/%E8%8C%B6/1#m1"),
        ("/chat?room=%E8%8C%B6&day=2026-11-01", "/chat/%E8%8C%B6/1#m1"),
        ("/chat/%E8%8C%B6?day=2026-12-01", "/chat/%E8%8C%B6"),
        ("/chat/tea?day=2026-11-20", "/chat/tea"),
        ("/chat/tea?day=2026-02-30", "/chat/tea"),
        ("/chat?day=yesterday", "/chat"),
        ("/chat?day=", "/chat"),
    ] {
        assert_eq!(leads_to(&ann.get(asked).await), address, "{asked}");
    }
    let shanghai = app.browser().with_cookie(&ann.cookie()).with_cookie("tz=480");
    assert_eq!(leads_to(&shanghai.get("/chat?day=2026-11-20").await), "/chat/lobby/2#m2");
    let new_york = app.browser().with_cookie(&ann.cookie()).with_cookie("tz=-300");
    assert_eq!(leads_to(&new_york.get("/chat?day=2026-11-20").await), "/chat/lobby/4#m4");
}

#[tokio::test]
async fn the_plain_door_of_a_room_opens_whatever_its_query() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut door = ann.plain("/chat/tea?echo=1&day=2026-11-20&room=lobby").await;
    door.say("hello").await;
    assert_eq!(door.said().await, "Ann: hello");
    let mut lines = ann.talk_in(&["tea"]).await;
    lines.say_in("tea", "m1", "there").await;
    assert_eq!(lines.message().await.seq, 2, "it was the tea room");
}
