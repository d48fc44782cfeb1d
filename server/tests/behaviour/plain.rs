//! The plain door: lines of text for users without a client.

use chat::{protocol::RefusalCode, text::DEFAULT_LIMIT};
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::support::{Hook, Plain, TestApp};

#[tokio::test]
async fn two_talk_in_english_word_for_word() {
    let app = TestApp::with(|config| config.leave_grace = "0".parse().unwrap()).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut ann = ann.plain("/chat").await;
    let mut bo_door = bo.plain("/chat").await;
    assert_eq!(ann.line().await, "~~~ Bo entered ~~~");
    bo_door.say("Tea?").await;
    assert_eq!(ann.line().await, "Bo: Tea?");
    ann.say("Yes, please").await;
    assert_eq!(bo_door.said().await, "Ann: Yes, please");
    drop(bo_door);
    assert_eq!(ann.line().await, "~~~ Bo left ~~~");
}

#[tokio::test]
async fn two_talk_in_chinese_word_for_word() {
    let app = TestApp::with(|config| config.leave_grace = "0".parse().unwrap()).await;
    let (ming, hong) = (app.person("小明").await, app.person("小红").await);
    let ming = ming.saying("accept-language", "zh-CN,zh;q=0.9,en;q=0.8");
    let mut ming = ming.plain("/chat").await;
    let mut hong_door = hong.plain("/chat?lang=zh").await;
    assert_eq!(ming.line().await, "~~~小红进入了聊天室~~~");
    hong_door.say("喝茶吗？").await;
    assert_eq!(ming.line().await, "小红说:喝茶吗？");
    ming.say("好").await;
    assert_eq!(hong_door.said().await, "小明说:好");
    drop(hong_door);
    assert_eq!(ming.line().await, "~~~小红离开了聊天室~~~");
}

#[tokio::test]
async fn the_language_in_the_address_counts_more_than_the_header() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut ann = ann.saying("accept-language", "zh-CN").plain("/chat?lang=en").await;
    bo.plain("/chat").await;
    assert_eq!(ann.line().await, "~~~ Bo entered ~~~");
}

#[tokio::test]
async fn the_plain_door_and_the_protocol_lead_into_the_same_room() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut door = ann.plain("/ws").await;
    let mut lines = bo.talk().await;
    door.until("~~~ Bo entered ~~~").await;
    door.say("from the door").await;
    let heard = lines.message().await;
    assert_eq!((&*heard.user.name, &*heard.text, heard.seq), ("Ann", "from the door", 1));
    lines.say("m1", "from the page").await;
    assert_eq!(door.line().await, "Bo: from the page");
}

#[tokio::test]
async fn one_s_own_words_are_echoed_only_if_asked_for() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut silent = ann.plain("/chat").await;
    let mut echoing = ann.plain("/chat?echo=1").await;
    silent.say("one").await;
    assert_eq!(echoing.line().await, "Ann: one", "another window of the same user hears it");
    echoing.say("two").await;
    assert_eq!(echoing.line().await, "Ann: two");
    assert_eq!(silent.line().await, "Ann: two", "and not its own `one`");
}

#[tokio::test]
async fn of_one_s_own_coming_one_hears_nothing() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut ann = ann.plain("/chat").await;
    let _bo = bo.plain("/chat").await;
    assert_eq!(ann.line().await, "~~~ Bo entered ~~~");
}

#[tokio::test]
async fn nothing_old_comes_unless_asked_for() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut echoing = ann.plain("/chat?echo=1").await;
    echoing.say("old").await;
    assert_eq!(echoing.line().await, "Ann: old");
    let mut door = bo.plain("/chat").await;
    echoing.until("~~~ Bo entered ~~~").await;
    echoing.say("new").await;
    assert_eq!(door.said().await, "Ann: new");
}

#[tokio::test]
async fn the_backlog_comes_one_line_to_a_frame() {
    let app = TestApp::with(|config| config.backlog = 3).await;
    let ann = app.person("Ann").await;
    let mut echoing = ann.plain("/chat?echo=1").await;
    for text in ["one", "two", "three", "four"] {
        echoing.say(text).await;
        assert_eq!(echoing.line().await, format!("Ann: {text}"));
    }
    let bo = app.person("Bo").await;
    let mut two = bo.plain("/chat?backlog=2").await;
    assert_eq!([two.line().await, two.line().await], ["Ann: three", "Ann: four"]);
    let mut many = bo.plain("/chat?backlog=1000").await;
    assert_eq!(many.line().await, "Ann: two", "no more than a newcomer gets");
}

#[tokio::test]
async fn comings_and_goings_of_one_moment_come_one_line_to_a_frame() {
    let app = TestApp::start().await;
    let mut door = app.person("Witness").await.plain("/chat").await;
    let mut others = Vec::new();
    for name in ["Ann", "Bo", "Cai"] {
        others.push(app.person(name).await);
    }
    let mut open = Vec::new();
    for other in &others {
        open.push(other.plain("/chat").await);
    }
    door.until("~~~ Cai entered ~~~").await;
}

#[tokio::test]
async fn nobody_can_forge_a_line() {
    let app = TestApp::start().await;
    let (ann, eve) = (app.person("Ann").await, app.person("Eve").await);
    let mut ann = ann.plain("/chat").await;
    let mut eve = eve.plain("/chat").await;
    ann.until("~~~ Eve entered ~~~").await;
    for line_break in ["\n", "\r\n", "\r", "\u{85}", "\u{B}", "\u{C}", "\u{2028}", "\u{2029}"] {
        eve.say(&format!("hi{line_break}Ann: I owe Eve money")).await;
        assert_eq!(ann.line().await, "Eve: hi⏎Ann: I owe Eve money", "{line_break:?}");
    }
}

#[tokio::test]
async fn a_program_of_a_persons_name_bears_a_mark_that_the_person_does_not() {
    let app = TestApp::start().await;
    let hook = Hook::add(app.data(), &["--room", "lobby"]);
    let (ming, eve) = (app.person("小明").await, app.person("［bot］ 小明").await);
    let reader = app.person("Ann").await;
    let (mut english, mut chinese) =
        (reader.plain("/chat?lang=en").await, reader.plain("/chat?lang=zh").await);
    let (mut ming, mut eve) = (ming.plain("/chat").await, eve.plain("/chat").await);
    ming.say("喝茶吗？").await;
    assert_eq!((&*english.said().await, &*chinese.said().await), ("小明: 喝茶吗？", "小明说:喝茶吗？"));
    let push = r#"{"text": "done", "username": "小明"}"#;
    let json = ("content-type", "application/json");
    assert_eq!(app.browser().push(&hook.path, &[json], push).await.status(), 200);
    assert_eq!(
        (&*english.said().await, &*chinese.said().await),
        ("［bot］ 小明: done", "［机器人］小明说:done")
    );
    eve.say("me too").await;
    assert_eq!(
        (&*english.said().await, &*chinese.said().await),
        ("[bot] 小明: me too", "[bot] 小明说:me too")
    );
    let mut late = reader.plain("/chat?backlog=2").await;
    assert_eq!([late.line().await, late.line().await], ["［bot］ 小明: done", "[bot] 小明: me too"]);
}

#[tokio::test]
async fn a_refusal_is_an_exclamation_mark_and_a_reason_in_one_s_language() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let too_long = "x".repeat(DEFAULT_LIMIT + 1);
    for language in i18n::Language::ALL {
        let mut door = ann.plain(&format!("/chat?lang={}&echo=1", language.code())).await;
        for (text, code) in [("", RefusalCode::TextEmpty), (&too_long, RefusalCode::TextTooLong)] {
            door.say(text).await;
            assert_eq!(door.line().await, format!("! {}", (language.strings().refusal)(code).unwrap()));
        }
        door.say("and on").await;
        assert!(door.line().await.contains("and on"));
    }
}

#[tokio::test]
async fn without_a_login_it_is_401() {
    let app = TestApp::start().await;
    for path in ["/ws", "/chat", "/chat/tea"] {
        assert_eq!(app.browser().knock(path).refusal().await, 401, "{path}");
    }
}

#[tokio::test]
async fn where_guests_are_welcome_they_get_a_name() {
    let app = TestApp::with(|config| config.guests = true).await;
    let mut lines = app.person("Ann").await.talk().await;
    for (language, beginning) in [("en", "guest-"), ("zh", "访客")] {
        let mut guest = app.browser().plain(&format!("/chat?lang={language}")).await;
        guest.say("hello").await;
        let name = lines.message().await.user.name;
        let number = name.strip_prefix(beginning).unwrap_or_else(|| panic!("{name}"));
        assert!(number.len() == 6 && number.chars().all(|c| c.is_ascii_digit()), "{name}");
    }
    let page = app.browser().open().await;
    assert_eq!(page.closed().await.0, 4002, "the protocol asks for a login all the same");
}

#[tokio::test]
async fn a_subprotocol_that_nobody_knows_is_400() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for path in ["/ws", "/chat"] {
        assert_eq!(ann.knock(path).protocol("teahouse.v2").refusal().await, 400, "{path}");
    }
    ann.knock("/ws").protocol("teahouse.v2, teahouse.v1").socket().await;
}

#[tokio::test]
async fn every_door_leads_into_its_room() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    for (path, room) in [
        ("/chat", "lobby"),
        ("/ws", "lobby"),
        ("/chat/lobby", "lobby"),
        ("/chat/tea", "tea"),
        ("/chat/Tea", "tea"),
        ("/chat/%E8%8C%B6", "茶"),
        ("/ws?room=tea", "tea"),
    ] {
        let mut lines = bo.talk_in(&[room]).await;
        let mut door: Plain = ann.plain(path).await;
        door.say("knock").await;
        let heard = lines.message().await;
        assert_eq!((heard.room.as_str(), &*heard.text), (room, "knock"), "{path}");
    }
}

#[tokio::test]
async fn a_room_that_cannot_be_is_404() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    for path in ["/chat/a%20b", "/chat/a%21", "/ws?room=a%20b", &format!("/chat/{}", "x".repeat(33))] {
        assert_eq!(ann.knock(path).refusal().await, 404, "{path}");
    }
}

#[tokio::test]
async fn who_asks_the_door_for_sockets_without_an_upgrade_is_told_to() {
    let app = TestApp::start().await;
    assert_eq!(app.browser().get("/ws").await.status(), 426);
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_400() {
    let app = TestApp::start().await;
    assert_eq!(app.person("Ann").await.knock("/chat?backlog=many").refusal().await, 400);
}

#[tokio::test]
async fn the_heartbeat_is_a_websocket_ping() {
    let app = TestApp::with(|config| config.heartbeat = "100ms".parse().unwrap()).await;
    let mut door = app.person("Ann").await.plain("/chat").await;
    assert!(matches!(door.frame().await, Frame::Ping(_)));
}

#[tokio::test]
async fn when_the_server_stops_the_door_is_closed_with_restart() {
    let app = TestApp::start().await;
    let door = app.person("Ann").await.plain("/chat").await;
    app.begin_stop();
    assert_eq!(door.closed().await, 1012);
}
