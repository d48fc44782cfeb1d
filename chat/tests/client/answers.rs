//! Streaming answers of programs, and the messages that replace them.

use chat::{
    client::Input,
    protocol::{Message, ServerLine, StreamingAnswer},
};

use crate::{
    page::Page,
    wire::{SentMessage, client_id, joined, message, room, said_by, user},
};

fn growing(id: &str, asker: &str, text: &str) -> ServerLine {
    ServerLine::StreamingAnswer(StreamingAnswer {
        room: room("lobby"),
        id: client_id(id),
        user: user("bot-1"),
        asker: user(asker).id,
        text: text.into(),
    })
}

fn shown(page: &Page) -> Vec<(String, String)> {
    let shown = page.client.active().growing();
    shown.map(|growing| (growing.id.to_string(), growing.text.to_string())).collect()
}

#[test]
fn an_answer_grows_in_place_until_the_message_takes_its_place() {
    let mut page = Page::in_lobby(3);
    page.receive(growing("a1", "ann", ""));
    page.receive(growing("a2", "bo", "No"));
    page.receive(growing("a1", "ann", "Tea"));
    page.receive(growing("a1", "ann", "Tea is"));
    assert_eq!(shown(&page), [("a1".into(), "Tea is".into()), ("a2".into(), "No".into())]);
    page.receive(SentMessage(said_by("bo", 4, "a1")));
    assert_eq!(shown(&page).len(), 2, "another's message of that id is not the answer");
    page.receive(SentMessage(said_by("bot-1", 5, "a1")));
    assert_eq!(shown(&page), [("a2".into(), "No".into())]);
    page.receive(growing("a1", "ann", "Tea is late"));
    assert_eq!(shown(&page), [("a2".into(), "No".into())], "what was said does not grow any more");
}

#[test]
fn an_answer_that_nothing_is_heard_of_is_forgotten_after_fifteen_seconds() {
    let mut page = Page::in_lobby(3);
    page.receive(growing("a1", "ann", "Tea"));
    page.pass(14_999);
    assert_eq!(shown(&page).len(), 1);
    page.receive(growing("a1", "ann", "Tea"));
    page.pass(14_999);
    assert_eq!(shown(&page).len(), 1, "it was heard of again");
    page.pass(1);
    assert_eq!(shown(&page), []);
}

#[test]
fn what_writes_and_then_says_something_does_not_write_beside_its_answer() {
    let mut page = Page::in_lobby(3);
    page.receive(ServerLine::Typing { room: room("lobby"), user: user("bot-1") });
    assert_eq!(page.client.active().typists().count(), 1);
    page.receive(growing("a1", "ann", "Tea"));
    assert_eq!(page.client.active().typists().count(), 0);
}

#[test]
fn an_answer_does_not_outlive_its_room_nor_the_page_that_holds_its_message() {
    let mut page = Page::in_lobby(3);
    page.receive(growing("a1", "ann", "Tea"));
    page.receive(joined("lobby", 4).resumed().with(said_by("bot-1", 4, "a1")));
    assert_eq!(shown(&page), []);
    page.receive(growing("a1", "ann", "Tea"));
    assert_eq!(shown(&page), [], "it was among the events");
}

#[test]
fn no_more_than_eight_answers_are_shown_at_once() {
    let mut page = Page::in_lobby(3);
    for n in 0..9 {
        page.receive(growing(&format!("a{n}"), "ann", "Tea"));
    }
    assert_eq!(shown(&page).len(), 8);
    page.receive(growing("a7", "ann", "Tea is"));
    assert_eq!(shown(&page)[7].1, "Tea is");
}

#[test]
fn only_who_asked_stops_an_answer_and_only_while_it_grows() {
    let mut page = Page::in_lobby(3);
    page.receive(growing("mine", "ann", "Tea"));
    page.receive(growing("theirs", "bo", "Tea"));
    page.sent();
    for id in ["theirs", "none", "mine"] {
        page.apply(Input::Stop(client_id(id)));
    }
    assert_eq!(page.sent(), ["stop lobby mine"]);
    page.receive(SentMessage(Message { id: client_id("mine"), user: user("bot-1"), ..message(4) }));
    page.apply(Input::Stop(client_id("mine")));
    assert_eq!(page.sent(), [""; 0]);
}
