//! Tests each part of the browser code in a real browser.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::{cell::RefCell, rc::Rc};

use app::address::path;
use chat::{id::UserId, room_name::RoomName, time::Millis};
use frontend::{
    address, chance, clock, page,
    socket::{News, Socket},
    storage::{self, Collection, LocalStore},
};
use futures::{StreamExt as _, channel::mpsc};
use leptos::prelude::{document, window};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

#[wasm_bindgen_test]
fn a_room_is_found_again_by_its_path() {
    for name in ["lobby", "tea", "读书会", "a-b_c", "2026"] {
        assert_eq!(address::room_of(&path(&room(name))), Some(room(name)), "{name}");
    }
    assert_eq!(path(&RoomName::lobby()), "/chat");
}

#[wasm_bindgen_test]
fn a_path_that_is_no_room_s_names_none() {
    for path in ["/", "/login", "/chatter", "/chat/%", "/chat/a%2Fb", "/chat/two words"] {
        assert_eq!(address::room_of(path), None, "{path}");
    }
}

#[wasm_bindgen_test]
fn a_message_s_path_leads_to_its_room() {
    assert_eq!(address::room_of("/chat/lobby/12"), Some(RoomName::lobby()));
    assert_eq!(address::room_of("/chat/%E8%8C%B6/12"), Some(room("茶")));
}

#[wasm_bindgen_test]
fn what_is_kept_of_a_user_is_found_by_shelf_and_taken_away_by_name() {
    let ann = LocalStore::of(&UserId::parse("ann").unwrap());
    let bo = LocalStore::of(&UserId::parse("bo").unwrap());
    assert!(ann.put(Collection::Draft, "茶", "半句话"));
    assert!(ann.put(Collection::Outbox, "m1", "1 tab lobby -\ntext"));
    assert!(bo.put(Collection::Draft, "茶", "another's"));
    assert_eq!(ann.entries(Collection::Draft), [("茶".to_owned(), "半句话".to_owned())]);
    assert_eq!(ann.entries(Collection::Outbox), [("m1".to_owned(), "1 tab lobby -\ntext".to_owned())]);
    assert_eq!(ann.entry(Collection::Outbox, "teahouse:ann:outbox:m1"), Some("m1"));
    assert_eq!(ann.entry(Collection::Outbox, "teahouse:bo:outbox:m1"), None);
    ann.take(Collection::Draft, "茶");
    assert_eq!(ann.entries(Collection::Draft), []);
    assert_eq!(bo.entries(Collection::Draft).len(), 1);
    window().local_storage().unwrap().unwrap().clear().unwrap();
}

#[wasm_bindgen_test]
fn the_address_bar_follows_to_a_room_and_adds_no_entry_for_the_same_one() {
    let history = window().history().unwrap();
    address::show(&room("茶"));
    assert_eq!(address::room(), Some(room("茶")));
    let length = history.length().unwrap();
    address::show(&room("茶"));
    assert_eq!(history.length().unwrap(), length);
}

#[wasm_bindgen_test]
fn the_socket_is_on_the_page_s_own_host() {
    let host = window().location().host().unwrap();
    assert_eq!(address::socket(), format!("ws://{host}/ws"));
}

#[wasm_bindgen_test]
fn the_open_rooms_are_remembered_in_their_order() {
    let rooms = [room("lobby"), room("读书会"), room("tea")];
    storage::keep_rooms(&user("u1"), rooms.iter());
    assert_eq!(storage::rooms(&user("u1")), rooms);
    storage::keep_rooms(&user("u1"), std::iter::empty());
    assert_eq!(storage::rooms(&user("u1")), []);
}

#[wasm_bindgen_test]
fn the_open_rooms_of_one_user_are_not_another_s() {
    storage::keep_rooms(&user("u1"), [room("tea")].iter());
    assert_eq!(storage::rooms(&user("u2")), []);
}

#[wasm_bindgen_test]
fn what_waits_is_found_by_a_later_login_of_the_same_nickname_alone() {
    let (ann, again, cy) =
        (LocalStore::of(&user("ann-1")), LocalStore::of(&user("ann-2")), LocalStore::of(&user("cy")));
    assert!(ann.succeed("Ann").is_none());
    ann.put(Collection::Outbox, "m1", "words");
    assert!(ann.succeed("Ann").is_none(), "one's own is not left behind");
    assert!(cy.succeed("Cy").is_none());
    let earlier = again.succeed("Ann").unwrap();
    assert_eq!(earlier.entries(Collection::Outbox), [("m1".to_owned(), "words".to_owned())]);
    assert!(again.succeed("Ann").is_none(), "once");
}

#[wasm_bindgen_test]
fn what_is_stored_and_no_room_is_passed_over() {
    window().session_storage().unwrap().unwrap().set_item("rooms", "u1 tea <b> TEA  x").unwrap();
    assert_eq!(storage::rooms(&user("u1")), [room("tea"), room("x")]);
}

#[wasm_bindgen_test]
fn ids_differ() {
    assert_ne!(chance::client_id(), chance::client_id());
}

#[wasm_bindgen_test]
fn a_number_is_drawn_from_zero_up_to_one() {
    assert!((0..1_000).map(|_| chance::random()).all(|number| (0.0..1.0).contains(&number)));
}

#[wasm_bindgen_test]
fn the_clock_stands_in_this_century_and_the_zone_on_this_earth() {
    assert!(clock::now() > Millis(1_700_000_000_000));
    assert!(clock::offset_minutes(clock::now()).abs() <= 14 * 60);
}

#[wasm_bindgen_test]
fn a_page_that_brought_nothing_along_says_so() {
    const BOOT: &str = r#"{"user":{"id":"u1","name":"Ann"},"language":"en","now":0,"offsets":[],
        "room":{"room":"tea","epoch":"e","head":0,"oldest":0,"resumed":false,"members":{"count":0,"list":[]},"events":[]},
        "form":{"nonce":"n","key":"k"}}"#;
    let body = document().body().unwrap();
    let root = document().create_element("div").unwrap();
    root.set_id("app");
    body.append_child(&root).unwrap();
    assert!(page::parts().is_none());
    let script = document().create_element("script").unwrap();
    script.set_id(app::boot::ELEMENT_ID);
    script.set_attribute("type", "application/json").unwrap();
    script.set_text_content(Some("{not json"));
    body.append_child(&script).unwrap();
    assert!(page::parts().is_none());
    script.set_text_content(Some(BOOT));
    assert_eq!(page::parts().map(|(boot, _)| boot.user.name), Some("Ann".into()));
    root.remove();
    assert!(page::parts().is_none());
    script.remove();
}

#[wasm_bindgen_test]
async fn a_connection_that_cannot_be_made_ends_with_a_code() {
    let (news, mut heard) = mpsc::unbounded();
    // Either the browser or the machine refuses port 1; both end the connection.
    let _socket = Socket::open("ws://127.0.0.1:1/ws", move |what| news.unbounded_send(what).unwrap());
    assert_eq!(heard.next().await, Some(News::Closed(1006)));
}

#[wasm_bindgen_test]
async fn a_socket_that_was_dropped_reports_no_more() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let dropped = heard.clone();
    drop(Socket::open("ws://127.0.0.1:1/ws", move |what| dropped.borrow_mut().push(what)));
    // The end of another connection arrives after that of the first would have.
    let (news, mut other) = mpsc::unbounded();
    let _socket = Socket::open("ws://127.0.0.1:1/ws", move |what| news.unbounded_send(what).unwrap());
    other.next().await.unwrap();
    assert_eq!(*heard.borrow(), []);
}
