//! Presence: announced once per user, at once on leaving, and not at all for short absences.

use std::collections::BTreeSet;

use chat::protocol::{ClientLine, Members, RefusalCode, ServerLine};

use crate::support::{Browser, Lines, TestApp, api::Program, eventually};

#[tokio::test]
async fn a_user_enters_once_and_leaves_once_whatever_the_tabs() {
    let app = TestApp::start().await;
    let (ann, bo, cai) = (app.person("Ann").await, app.person("Bo").await, app.person("Cai").await);
    let mut bo = bo.talk().await;
    bo.told_until("+Bo").await;
    let mut tabs = [ann.talk().await, ann.talk().await, ann.talk().await];
    assert_eq!(bo.told_until("+Ann").await, ["+Ann"]);
    for tab in &mut tabs[..2] {
        tab.leave("lobby").await;
    }
    let mut cai = cai.talk().await;
    assert_eq!(bo.told_until("+Cai").await, ["+Cai"], "the other tabs make no noise");
    tabs[2].leave("lobby").await;
    assert_eq!(bo.told_until("-Ann").await, ["-Ann"]);
    assert_eq!(cai.told_until("-Ann").await.last().unwrap(), "-Ann");
}

#[tokio::test]
async fn whoever_is_gone_for_the_grace_has_left() {
    let app = TestApp::with(|config| config.leave_grace = "300ms".parse().unwrap()).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut bo = bo.talk().await;
    let lines = ann.talk().await;
    bo.told_until("+Ann").await;
    drop(lines);
    let left = bo.until(|line| match line {
        ServerLine::Presence(presence) if !presence.leave.is_empty() => Some(presence),
        _ => None,
    });
    let left = left.await;
    assert_eq!((&*left.leave[0].name, left.count), ("Ann", 1));
}

#[tokio::test]
async fn a_reconnect_within_the_grace_is_silent() {
    let app = TestApp::with(|config| config.leave_grace = "10m".parse().unwrap()).await;
    let (ann, bo, cai) = (app.person("Ann").await, app.person("Bo").await, app.person("Cai").await);
    let mut bo = bo.talk().await;
    let lines = ann.talk().await;
    bo.told_until("+Ann").await;
    drop(lines);
    let mut dee = app.person("Dee").await.open().await;
    dee.send_text(r#"{"hello":{"rooms":[]}}"#).await;
    let members = dee.joined().await.members;
    let names: Vec<&str> = members.list.iter().map(|user| &*user.name).collect();
    assert!(
        members.count == 3 && names.contains(&"Ann"),
        "whoever is away a moment counts as there: {names:?}"
    );
    let _back = ann.talk().await;
    let _cai = cai.talk().await;
    let told = bo.told_until("+Cai").await;
    assert!(!told.iter().any(|one| one.contains("Ann")), "{told:?}");
}

#[tokio::test]
async fn whoever_leaves_has_left_at_once_whatever_the_grace() {
    let app = TestApp::with(|config| config.leave_grace = "10m".parse().unwrap()).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut bo = bo.talk().await;
    let mut ann = ann.talk_in(&["lobby", "tea"]).await;
    bo.told_until("+Ann").await;
    ann.leave("lobby").await;
    bo.told_until("-Ann").await;
    ann.say_in("tea", "m1", "still here").await;
    assert_eq!(ann.message().await.room.as_str(), "tea", "the other room goes on");
}

#[tokio::test]
async fn whoever_logs_out_has_left_at_once_whatever_the_grace() {
    let app = TestApp::with(|config| config.leave_grace = "10m".parse().unwrap()).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut bo = bo.talk().await;
    let _tabs = [ann.talk().await, ann.talk().await];
    bo.told_until("+Ann").await;
    ann.log_out().await;
    bo.told_until("-Ann").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_logs_out_has_left_at_once_though_others_are_speaking() {
    let app = TestApp::with(|config| {
        config.leave_grace = "10m".parse().unwrap();
        (config.rate_login, config.rate_send) = (0, 0);
    })
    .await;
    let mut bo = app.person("Bo").await.talk().await;
    let mut cai = app.person("Cai").await.talk().await;
    let speaking = tokio::spawn(async move {
        for n in 0_u64.. {
            cai.say(&format!("m{n}"), "tea").await;
            if n >= 20 {
                cai.message().await;
            }
        }
    });
    for n in 0..40 {
        let name = format!("Ann{n}");
        let ann = app.person(&name).await;
        let _tab = ann.talk().await;
        bo.told_until(&format!("+{name}")).await;
        ann.log_out().await;
        bo.told_until(&format!("-{name}")).await;
    }
    speaking.abort();
}

#[tokio::test]
async fn a_newcomer_is_told_who_is_there_and_the_others_that_they_came() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut ann = ann.talk().await;
    let mut lines = bo.open().await;
    lines.send_text(r#"{"hello":{"rooms":[]}}"#).await;
    let members = lines.joined().await.members;
    let mut names: Vec<&str> = members.list.iter().map(|user| &*user.name).collect();
    names.sort_unstable();
    assert_eq!((names, members.count), (vec!["Ann", "Bo"], 2));
    ann.told_until("+Bo").await;
}

/// Returns the names in a roster.
fn names(members: &Members) -> Vec<&str> {
    members.list.iter().map(|user| &*user.name).collect()
}

#[tokio::test]
async fn a_crowd_is_counted_and_can_be_looked_through_and_who_is_left_of_it_is_named() {
    let app = TestApp::with(|config| (config.rate_login, config.max_per_address) = (0, 0)).await;
    let ann = app.person("Ann").await;
    let mut first = ann.talk().await;
    let mut plain = app.person("Zoe").await.plain("/chat?lang=en").await;
    let mut crowd = Vec::new();
    for number in 0..60 {
        crowd.push(app.person(&format!("Guest {number:02}")).await.talk().await);
    }
    let told = first.until(|line| match line {
        ServerLine::Presence(presence) if presence.count == 62 => Some(presence),
        _ => None,
    });
    let told = told.await;
    assert!(told.enter.is_empty() && told.leave.is_empty(), "{told:?}");

    let mut last = app.person("Late").await.open().await;
    last.send_text(r#"{"hello":{"rooms":[]}}"#).await;
    let members = last.joined().await.members;
    assert_eq!(members.count, 63);
    assert_eq!(names(&members)[..2], ["Ann", "Guest 00"], "the first by name");
    assert!(members.list.len() < 41, "{members:?}");
    last.send_text(r#"{"members":{"room":"lobby","after":"Guest 59"}}"#).await;
    let all = last.members().await;
    assert_eq!((all.count, all.list.len()), (63, 63), "they fit into one page");
    assert_eq!(names(&all)[60..], ["Guest 59", "Late", "Zoe"], "by name");
    let program = Program::new(app.data(), app.address());
    let present = program.json("/api/rooms/lobby/presence").await;
    assert_eq!(present["people"].as_array().unwrap().len(), 63);
    let mut stream = program.follow("lobby", "?also=presence", None).await;

    for mut lines in crowd.drain(..) {
        lines.leave("lobby").await;
    }
    let left = last.members().await;
    assert_eq!((names(&left), left.count), (vec!["Ann", "Late", "Zoe"], 3));
    assert_eq!(names(&first.members().await), ["Ann", "Late", "Zoe"]);
    let told = loop {
        let event = stream.next().await;
        if event.name == "members" {
            break event.data;
        }
    };
    assert_eq!((&told["count"], &told["list"][2]["name"]), (&3.into(), &"Zoe".into()));
    last.leave("lobby").await;
    first.told_until("-Late").await;
    last.send_text(r#"{"members":{"room":"lobby"}}"#).await;
    assert_eq!(last.refused().await.code, RefusalCode::NotJoined);
    let mut heard = Vec::new();
    while heard.last().is_none_or(|line| line != "~~~ Late left ~~~") {
        heard.push(plain.line().await);
    }
    assert!(heard.len() < 50, "of a crowd nobody is named by the plain door either: {heard:?}");
}

#[tokio::test]
async fn of_a_crowd_of_writers_four_are_told() {
    let app = TestApp::with(|config| (config.rate_login, config.max_per_address) = (0, 0)).await;
    let mut ann = app.person("Ann").await.talk().await;
    let mut crowd = Vec::new();
    for number in 0..50 {
        crowd.push(app.person(&format!("Guest {number:02}")).await.talk().await);
    }
    for lines in &mut crowd {
        lines.send_text(r#"{"typing":{"room":"lobby"}}"#).await;
        lines.send_text(r#"{"members":{"room":"lobby"}}"#).await;
        assert_eq!(lines.members().await.count, 51);
    }
    ann.say("m1", "what is it?").await;
    let mut writers = BTreeSet::new();
    let told = ann.until(|line| match line {
        ServerLine::Typing { user, .. } => {
            assert!(writers.insert(user.name), "nobody is told of twice");
            None
        }
        ServerLine::Message(_) => Some(()),
        _ => None,
    });
    told.await;
    assert_eq!(writers.len(), 4, "{writers:?}");
}

#[tokio::test]
async fn a_page_without_a_socket_makes_nobody_present() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    assert_eq!(ann.get("/chat").await.status(), 200);
    let mut bo = app.person("Bo").await.open().await;
    bo.send_text(r#"{"hello":{"rooms":[]}}"#).await;
    assert_eq!(bo.joined().await.members.count, 1);
}

/// Opens a socket with this client id and joins the lobby.
async fn named(browser: &Browser, client: &str) -> Lines {
    let mut lines = browser.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: Some(client.to_owned()), user: None }).await;
    lines.joined().await;
    lines
}

#[tokio::test]
async fn one_s_own_ghost_is_replaced_at_once_and_the_room_hears_nothing() {
    // Without a leave grace, so that a stale session that ends before its successor joins would be announced.
    let app = TestApp::with(|config| config.leave_grace = "0s".parse().unwrap()).await;
    let (ann, bo, cai) = (app.person("Ann").await, app.person("Bo").await, app.person("Cai").await);
    let mut bo = bo.talk().await;
    bo.told_until("+Bo").await;
    let mut ghost = named(&ann, "page-1").await;
    bo.told_until("+Ann").await;
    for round in 0..10 {
        let mut lines = named(&ann, "page-1").await;
        assert_eq!(ghost.closed().await, (4007, "replaced".to_owned()), "round {round}");
        lines.say(&format!("m{round}"), "here I am").await;
        assert_eq!(&*bo.message().await.text, "here I am");
        ghost = lines;
    }
    let _cai = cai.talk().await;
    assert_eq!(bo.told_until("+Cai").await, ["+Cai"], "nobody came and nobody left");
}

#[tokio::test]
async fn only_the_same_client_of_the_same_user_is_a_ghost() {
    let app = TestApp::start().await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut others = [
        named(&ann, "page-2").await,
        ann.talk().await,
        named(&bo, "page-1").await,
        // A client may send hello again on the same connection.
        named(&ann, "page-1").await,
    ];
    others[3].send(&ClientLine::Hello { rooms: vec![], client: Some("page-1".to_owned()), user: None }).await;
    others[3].joined().await;
    others[0].say("m1", "all here").await;
    for lines in &mut others {
        assert_eq!(&*lines.message().await.text, "all here");
    }
}

#[tokio::test]
async fn a_ghost_that_says_its_name_late_is_still_the_ghost() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let mut ghost = ann.open().await;
    let mut lines = named(&ann, "page-1").await;
    ghost.send(&ClientLine::Hello { rooms: vec![], client: Some("page-1".to_owned()), user: None }).await;
    assert_eq!(ghost.closed().await, (4007, "replaced".to_owned()));
    lines.say("m1", "still here").await;
    assert_eq!(lines.message().await.seq, 1);
}

#[tokio::test]
async fn a_ghost_that_reads_nothing_is_replaced_too() {
    let app = TestApp::with(|config| {
        (config.queue_limit, config.max_per_address) = (0, 2);
        (config.text_limit, config.frame_limit) = (0, 0);
        config.trust_proxy = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let ann = app.browser().saying("x-forwarded-for", "203.0.113.9");
    ann.log_in("Ann").await;
    let mut bo = app.person("Bo").await.talk().await;
    let mut deaf = ann.knock("/ws").protocol("teahouse.v1").receive_buffer(4_096).socket().await;
    let hello = r#"{"hello":{"rooms":[],"client":"page-1"}}"#;
    deaf.send(tokio_tungstenite::tungstenite::Message::text(hello)).await;
    bo.told_until("+Ann").await;
    // More than the system buffers for a client that does not read, so that the server blocks in the middle
    // of a write.
    for n in 0..24 {
        bo.say(&format!("m{n}"), &"long ".repeat(100_000)).await;
        bo.message().await;
    }
    let _lines = named(&ann, "page-1").await;
    eventually("its place is free", async || {
        let mut third = ann.open().await;
        third.send_text(r#"{"hello":{"rooms":[]}}"#).await;
        matches!(third.next().await, ServerLine::Welcome(_))
    })
    .await;
    drop(deaf);
}

#[tokio::test]
async fn a_client_s_name_that_is_none_is_refused_and_the_rest_of_the_hello_is_heard() {
    let app = TestApp::start().await;
    let mut lines = app.person("Ann").await.open().await;
    for unfit in ["", "no name", "\u{540d}", &"x".repeat(65)] {
        lines.send(&ClientLine::Hello { rooms: vec![], client: Some(unfit.to_owned()), user: None }).await;
        let refused = lines.refused().await;
        assert_eq!((refused.code, refused.id, refused.room), (RefusalCode::IdUnfit, None, None), "{unfit:?}");
        assert!(refused.reason.contains("client"), "{}", refused.reason);
        assert_eq!(lines.joined().await.room.as_str(), "lobby");
    }
}

#[tokio::test]
async fn an_open_ghost_never_holds_a_nickname_against_its_owner() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let _ghost = ann.talk().await;
    assert_eq!(ann.log_in("Ann").await.status(), 303, "the owner logs in again");
    let mut lines = ann.talk().await;
    lines.say("m1", "me").await;
    assert_eq!(&*lines.message().await.user.name, "Ann");
    assert_eq!(app.browser().log_in("Ann").await.status(), 409, "somebody else does not");
}
