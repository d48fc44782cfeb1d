//! A page belongs to one user for its life, whoever logs in with its browser meanwhile.

use chat::{
    client::{Input, Now, connection::Status},
    close::CloseCode,
    protocol::{ServerLine, Welcome},
    time::Ticks,
};

use crate::{
    browser::Browser,
    page::{HEARTBEAT_MS, Page},
    wire::{joined, message, room, user},
};

fn welcome(name: &str) -> ServerLine {
    let user = user(name);
    ServerLine::Welcome(Welcome { user, heartbeat_ms: HEARTBEAT_MS, text_limit: 4_000, at: None })
}

/// Creates a page of Ann's with a pending message, whose connection has just reopened.
fn with_a_waiting_message() -> Page {
    let mut page = Page::in_lobby(3);
    page.close(1006);
    page.say("m1");
    page.apply(Input::ConnectNow);
    page.open();
    page.sent();
    page
}

#[test]
fn a_page_says_whose_it_is_before_anything_else() {
    let mut page = Page::new();
    page.start();
    let id = user("ann").id;
    let effects = page.client.apply(
        Input::Opened(page.number()),
        Now { at: page.now, ticks: Ticks(page.now.0), random: page.random },
    );
    let said = format!("{effects:?}");
    assert!(said.contains(&format!(r#"\"user\":\"{id}\""#)), "{said}");
}

#[test]
fn a_welcome_for_another_user_ends_the_page_and_nothing_of_it_is_sent() {
    let mut page = with_a_waiting_message();
    page.did();
    page.receive(welcome("cy"));
    assert_eq!(page.client.status(), Status::Ended(CloseCode::OtherUser));
    assert_eq!(page.connection, None, "the connection is closed");
    assert_eq!(page.client.me(), &user("ann"));
    assert_eq!(page.logins, [], "the page stays, with what it has to say");
    page.pass(600_000);
    page.apply(Input::Online(true));
    page.apply(Input::Visible(false));
    page.apply(Input::Visible(true));
    page.apply(Input::ConnectNow);
    assert_eq!((page.connections, page.connection), (2, None), "it does not come back");
    assert_eq!(page.sent(), Vec::<String>::new());
    assert_eq!(page.did(), Vec::<String>::new(), "nothing is kept, forgotten or signed");
    assert_eq!(page.pending(), ["m1"], "what waits stays Ann's");
}

#[test]
fn nothing_that_follows_the_welcome_of_another_user_is_taken() {
    let mut page = with_a_waiting_message();
    let (number, before) = (page.number(), page.shown("lobby"));
    let news = ServerLine::Message(message(4)).print();
    let lines = [welcome("cy").print(), ServerLine::from(joined("lobby", 4).resumed()).print(), news];
    page.apply(Input::Received(number, &lines.join("\n")));
    assert_eq!(page.client.status(), Status::Ended(CloseCode::OtherUser));
    assert_eq!(page.shown("lobby"), before);
    page.apply(Input::Received(number, &lines[2]));
    assert_eq!(page.shown("lobby"), before, "nor what comes in a frame of its own");
    assert_eq!(page.sent(), Vec::<String>::new());
}

#[test]
fn a_hello_that_is_refused_for_another_user_ends_the_page_in_place() {
    let mut page = with_a_waiting_message();
    page.close(CloseCode::OtherUser.number());
    assert_eq!(page.client.status(), Status::Ended(CloseCode::OtherUser));
    assert_eq!(page.logins, []);
    page.pass(600_000);
    assert_eq!((page.connections, page.pending()), (2, vec!["m1"]));
}

#[test]
fn the_same_user_under_another_spelling_goes_on() {
    let mut page = with_a_waiting_message();
    let renamed = chat::protocol::User { name: "ANN".into(), ..user("ann") };
    page.receive(ServerLine::Welcome(Welcome {
        user: renamed.clone(),
        heartbeat_ms: HEARTBEAT_MS,
        text_limit: 4_000,
        at: None,
    }));
    page.receive(joined("lobby", 3).resumed());
    assert_eq!(page.client.me(), &renamed);
    assert_eq!(page.sent(), ["send lobby/m1"]);
}

#[test]
fn what_waits_in_a_page_that_has_ended_is_sent_by_another_of_its_user_s_once() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].close(1006);
    browser.tabs[0].say("m1");
    browser.share();
    browser.tabs[0].apply(Input::ConnectNow);
    browser.tabs[0].open();
    browser.tabs[0].receive(welcome("cy"));
    browser.pass(60_000);
    assert_eq!(browser.owners("m1"), ["b", "b"], "a page that has ended shows no sign of life");
    let sent = browser.tabs[1].sent();
    assert_eq!(sent.iter().filter(|line| **line == "send lobby/m1").count(), 1, "{sent:?}");
    assert!(browser.tabs[0].client.room(&room("lobby")).is_some());
}
