//! Look-alike names of users, programs, roles and rooms.

use chat::protocol::ServerLine;
use reqwest::Response;

use crate::support::{TestApp, api::Program};

fn location(response: &Response) -> &str {
    response.headers()["location"].to_str().unwrap()
}

#[tokio::test]
async fn nobody_goes_by_a_name_that_a_program_or_a_role_has_or_one_that_looks_like_it() {
    let app = TestApp::start().await;
    for taken in [
        "小二",
        "小二\u{301}",
        "admin",
        "Admin",
        "ADMlN",
        "Аdmin",
        "administrator",
        "moderator",
        "rnoderator",
        "owner",
        "ovvner",
        "Host",
        "管理员",
        "管理員",
        "房主",
        "主持人",
    ] {
        let response = app.browser().log_in(taken).await;
        let expected = if taken.ends_with('\u{301}') { 303 } else { 409 };
        assert_eq!(response.status(), expected, "{taken}");
    }
    for free in ["Adam", "Hosteen", "小三", "管理"] {
        assert_eq!(app.browser().log_in(free).await.status(), 303, "{free}");
    }
}

#[tokio::test]
async fn a_name_that_differs_by_what_nobody_sees_is_taken_or_no_name() {
    let app = TestApp::start().await;
    app.person("Wanda").await;
    for (look_alike, status) in [
        ("vVanda", 409),
        ("Wanda\u{1d159}", 422),
        ("Wanda\u{16fe4}", 422),
        ("Wanda\u{64e}", 422),
        ("Wánda", 303),
        ("Wa\u{301}\u{301}nda", 409),
    ] {
        assert_eq!(app.browser().log_in(look_alike).await.status(), status, "{look_alike:?}");
    }
}

#[tokio::test]
async fn who_asks_for_a_room_that_looks_like_another_is_led_to_that_one() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut lines = ann.talk_in(&["cafe"]).await;
    lines.say_in("cafe", "m1", "hello").await;
    lines.message().await;

    assert_eq!(location(&ann.get("/chat/c%D0%B0fe").await), "/chat/cafe", "with a Cyrillic а");
    assert_eq!(location(&ann.get("/chat/l%D0%BEbby").await), "/chat", "the lobby is always there");
    lines.join("cаfe").await;
    let name = lines.until(|line| match line {
        ServerLine::Renamed { room, name } if room == "cаfe" => Some(name),
        ServerLine::Joined(joined) => panic!("{} was entered", joined.room),
        _ => None,
    });
    assert_eq!(name.await.as_str(), "cafe");
    assert_eq!(ann.post("/chat/c%D0%B0fe", &[("text", "hi")]).await.status(), 404);
    assert_eq!(ann.knock("/chat/c%D0%B0fe").send().await.err(), Some(404), "by the plain door");
    let program = Program::new(app.data(), app.address());
    assert_eq!(program.say("c%D0%B0fe", "m1", "hi").await.status(), 404);
    assert_eq!(ann.get("/chat/cafe").await.status(), 200);
    assert_eq!(ann.get("/chat/caf%C3%A9").await.status(), 200, "what looks different is another room");
}

#[tokio::test]
async fn a_room_that_is_there_stays_what_it_is() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    // Both are joined before a message is sent in either.
    let mut lines = ann.talk_in(&["cafe", "cаfe"]).await;
    for room in ["cafe", "cаfe"] {
        lines.say_in(room, "m1", "hello").await;
        lines.message().await;
    }
    assert_eq!(ann.get("/chat/cafe").await.status(), 200);
    assert_eq!(ann.get("/chat/c%D0%B0fe").await.status(), 200);
}
