//! A connection belongs to one user: the one that its client names, or the login's if it names none.

use chat::protocol::{ClientLine, RefusalCode, RoomPosition, ServerLine};

use crate::support::{Browser, Lines, TestApp};

/// Returns the id of the user whom the server recognizes in a browser.
async fn user_id(browser: &Browser) -> String {
    let mut lines = browser.open().await;
    lines.send(&ClientLine::Hello { rooms: vec![], client: None, user: None }).await;
    let welcome =
        lines.until(|line| if let ServerLine::Welcome(welcome) = line { Some(welcome) } else { None });
    welcome.await.user.id.to_string()
}

fn hello(client: Option<&str>, user: &str) -> ClientLine {
    let rooms = vec![RoomPosition { room: "lobby".to_owned(), epoch: None, seq: None }];
    ClientLine::Hello { rooms, client: client.map(str::to_owned), user: Some(user.to_owned()) }
}

/// Returns a join and a message to the lobby, as a client sends them without waiting for an answer.
fn pipelined(id: &str) -> [ClientLine; 2] {
    [
        ClientLine::Join(RoomPosition { room: "lobby".to_owned(), epoch: None, seq: None }),
        ClientLine::Send { id: id.to_owned(), room: "lobby".to_owned(), text: "only Ann says so".to_owned() },
    ]
}

async fn is_refused(lines: Lines) {
    let (read, code) = lines.rest().await;
    assert_eq!(code, 4008);
    let [ServerLine::Refused(refused)] = &read[..] else { panic!("more than a refusal: {read:?}") };
    assert_eq!((refused.code, refused.retry_ms), (RefusalCode::OtherUser, None));
}

#[tokio::test]
async fn a_hello_for_another_user_is_refused_with_all_that_follows_it() {
    let app = TestApp::start().await;
    let (ann, cy) = (app.person("Ann").await, app.person("Cy").await);
    let mut reader = app.person("Bo").await.talk().await;
    let ann = user_id(&ann).await;
    // The lines follow in the same frame, then in separate frames; then the hello names an unknown user.
    let mut lines = cy.open().await;
    let frame: Vec<String> =
        [hello(None, &ann)].iter().chain(&pipelined("m1")).map(ClientLine::print).collect();
    lines.send_text(&frame.join("\n")).await;
    is_refused(lines).await;
    let mut lines = cy.open().await;
    for line in [hello(None, &ann)].iter().chain(&pipelined("m2")) {
        lines.send(line).await;
    }
    is_refused(lines).await;
    for nobody in ["", "nobody", "no id at all \u{1f375}"] {
        let mut lines = cy.open().await;
        lines.send(&hello(None, nobody)).await;
        is_refused(lines).await;
    }
    let mut lines = cy.talk().await;
    lines.say("m3", "Cy says so").await;
    let first = reader.message().await;
    assert_eq!(
        (first.seq, &*first.text, &*first.user.name),
        (1, "Cy says so", "Cy"),
        "nothing else was stored"
    );
}

#[tokio::test]
async fn a_hello_for_the_login_s_user_or_for_nobody_in_particular_is_answered() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let id = user_id(&ann).await;
    let mut lines = ann.open().await;
    lines.send(&hello(None, &id)).await;
    lines.joined().await;
    lines.say("m1", "tea").await;
    assert_eq!(lines.message().await.user.id.as_str(), id);
    // Later on, too, a connection does not change its user.
    lines.send(&hello(None, "somebody-else")).await;
    let (_, code) = lines.rest().await;
    assert_eq!(code, 4008);
}

#[tokio::test]
async fn a_page_that_is_another_user_s_replaces_no_connection_of_this_one_s() {
    let app = TestApp::start().await;
    let (ann, cy) = (app.person("Ann").await, app.person("Cy").await);
    let mut own = cy.open().await;
    own.send(&hello(Some("page-1"), &user_id(&cy).await)).await;
    own.joined().await;
    let mut other = cy.open().await;
    other.send(&hello(Some("page-1"), &user_id(&ann).await)).await;
    is_refused(other).await;
    own.say("m1", "still here").await;
    assert_eq!(&*own.message().await.text, "still here");
}

#[tokio::test]
async fn a_page_that_was_another_user_s_logs_nobody_out() {
    let app = TestApp::start().await;
    let (ann, cy) = (app.person("Ann").await, app.person("Cy").await);
    let (ann, own) = (user_id(&ann).await, user_id(&cy).await);
    let answer = cy.post("/logout", &[("user", &ann)]).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (303, &"/login?why=other-user".parse().unwrap())
    );
    assert!(answer.headers().get("set-cookie").is_none());
    assert_eq!(user_id(&cy).await, own);
    cy.post("/logout", &[("user", &own)]).await;
    assert_eq!(cy.get("/chat").await.status(), 303, "to the login");
}
