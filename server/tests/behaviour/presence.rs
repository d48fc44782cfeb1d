//! Who is here: told once per user, at once where they want to go, and not at all where they are merely away a moment.

use chat::protocol::ServerLine;

use crate::support::{Lines, TestApp};

/// Reads the lobby's comings and goings up to and including this one: `+Ann`, `-Bo`.
async fn told_until(lines: &mut Lines, last: &str) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    while !told.iter().any(|one| one == last) {
        let presence = lines.presence().await;
        told.extend(presence.enter.iter().map(|user| format!("+{}", user.name)));
        told.extend(presence.leave.iter().map(|user| format!("-{}", user.name)));
    }
    told
}

#[tokio::test]
async fn a_user_enters_once_and_leaves_once_whatever_the_tabs() {
    let app = TestApp::start().await;
    let (ann, bo, cai) = (app.person("Ann").await, app.person("Bo").await, app.person("Cai").await);
    let mut bo = bo.talk().await;
    told_until(&mut bo, "+Bo").await;
    let mut tabs = [ann.talk().await, ann.talk().await, ann.talk().await];
    assert_eq!(told_until(&mut bo, "+Ann").await, ["+Ann"]);
    for tab in &mut tabs[..2] {
        tab.leave("lobby").await;
    }
    let mut cai = cai.talk().await;
    assert_eq!(told_until(&mut bo, "+Cai").await, ["+Cai"], "the other tabs make no noise");
    tabs[2].leave("lobby").await;
    assert_eq!(told_until(&mut bo, "-Ann").await, ["-Ann"]);
    assert_eq!(told_until(&mut cai, "-Ann").await.last().unwrap(), "-Ann");
}

#[tokio::test]
async fn whoever_is_gone_for_the_grace_has_left() {
    let app = TestApp::with(|config| config.leave_grace = "300ms".parse().unwrap()).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut bo = bo.talk().await;
    let lines = ann.talk().await;
    told_until(&mut bo, "+Ann").await;
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
    told_until(&mut bo, "+Ann").await;
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
    let told = told_until(&mut bo, "+Cai").await;
    assert!(!told.iter().any(|one| one.contains("Ann")), "{told:?}");
}

#[tokio::test]
async fn whoever_leaves_has_left_at_once_whatever_the_grace() {
    let app = TestApp::with(|config| config.leave_grace = "10m".parse().unwrap()).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut bo = bo.talk().await;
    let mut ann = ann.talk_in(&["lobby", "tea"]).await;
    told_until(&mut bo, "+Ann").await;
    ann.leave("lobby").await;
    told_until(&mut bo, "-Ann").await;
    ann.say_in("tea", "m1", "still here").await;
    assert_eq!(ann.message().await.room.as_str(), "tea", "the other room goes on");
}

#[tokio::test]
async fn whoever_logs_out_has_left_at_once_whatever_the_grace() {
    let app = TestApp::with(|config| config.leave_grace = "10m".parse().unwrap()).await;
    let (ann, bo) = (app.person("Ann").await, app.person("Bo").await);
    let mut bo = bo.talk().await;
    let _tabs = [ann.talk().await, ann.talk().await];
    told_until(&mut bo, "+Ann").await;
    ann.log_out().await;
    told_until(&mut bo, "-Ann").await;
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
    told_until(&mut ann, "+Bo").await;
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
