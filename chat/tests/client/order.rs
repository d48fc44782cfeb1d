//! The order of events: each is shown once, in its place.

use chat::{
    id::Epoch,
    protocol::{Head, ServerLine},
};

use crate::{
    page::Page,
    wire::{SentMessage, joined, message, ping, room},
};

#[test]
fn the_next_event_is_taken_and_one_that_is_held_is_dropped() {
    let mut page = Page::in_lobby(3);
    page.receive(SentMessage(message(4)));
    page.receive(SentMessage(message(4)));
    page.receive(SentMessage(message(2)));
    page.receive(SentMessage(message(5)));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4, 5]);
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn a_gap_asks_once_with_the_position_that_is_held_and_is_then_filled() {
    let mut page = Page::in_lobby(3);
    page.receive(SentMessage(message(5)));
    page.receive(SentMessage(message(6)));
    page.receive(ping(6));
    assert_eq!(page.sent(), ["join lobby@e:3", "pong"]);
    assert_eq!(page.shown("lobby"), [1, 2, 3], "nothing is shown out of order");
    page.receive(joined("lobby", 6).page(4..=6).resumed());
    page.receive(SentMessage(message(7)));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4, 5, 6, 7]);
    page.receive(SentMessage(message(9)));
    assert_eq!(page.sent(), ["join lobby@e:7"], "the next gap asks again");
}

#[test]
fn a_new_epoch_replaces_what_is_held_even_if_its_seqs_are_smaller() {
    let mut page = Page::in_lobby(9);
    page.receive(joined("lobby", 2).epoch("f").page(1..=2));
    assert_eq!(page.shown("lobby"), [1, 2]);
    page.receive(SentMessage(message(3)));
    assert_eq!(page.shown("lobby"), [1, 2, 3]);
    page.close(1006);
    page.pass(60_000);
    page.sent();
    page.open();
    assert_eq!(page.sent(), ["hello lobby@f:3"]);
}

#[test]
fn a_new_epoch_replaces_what_is_held_even_if_its_log_is_longer() {
    let mut page = Page::in_lobby(3);
    page.receive(joined("lobby", 5).epoch("f").page(4..=5));
    assert_eq!(page.shown("lobby"), [4, 5]);
    assert_eq!(page.holes(), []);
}

#[test]
fn a_heartbeat_shows_that_the_last_event_was_lost() {
    let mut page = Page::in_lobby(3);
    page.receive(ping(3));
    assert_eq!(page.sent(), ["pong"]);
    page.receive(ping(4));
    page.receive(ping(4));
    assert_eq!(page.sent(), ["pong", "join lobby@e:3", "pong"]);
}

#[test]
fn a_heartbeat_of_another_epoch_asks_too() {
    let mut page = Page::in_lobby(3);
    let head = Head { room: room("lobby"), epoch: Epoch::parse("f").unwrap(), seq: 1 };
    page.receive(ServerLine::Ping { heads: vec![head] });
    assert_eq!(page.sent(), ["pong", "join lobby@e:3"]);
}

#[test]
fn an_event_of_an_unknown_kind_takes_its_place_and_shows_nothing() {
    let mut page = Page::in_lobby(3);
    page.receive_text(r#"{"poll":{"room":"lobby","seq":4,"options":["green","black"]}}"#);
    page.receive(SentMessage(message(5)));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 5]);
    assert_eq!(page.sent(), [""; 0]);
    page.receive_text(r#"{"poll":{"room":"lobby","seq":7}}"#);
    assert_eq!(page.sent(), ["join lobby@e:5"]);
    page.receive_text(
        r#"{"joined":{"room":"lobby","epoch":"e","head":7,"oldest":1,"resumed":true,"members":{"count":1,"list":[]},
        "events":[{"poll":{"room":"lobby","seq":6}},{"poll":{"room":"lobby","seq":7}}]}}"#
            .replace('\n', "")
            .as_str(),
    );
    page.receive(SentMessage(message(8)));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 5, 8]);
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn lines_that_are_not_understood_are_passed_over() {
    let mut page = Page::in_lobby(3);
    let next = ServerLine::Message(message(4)).print();
    page.receive_text(&format!("nonsense\n{{\"announcement\":{{}}}}\n[]\n{next}\n"));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4]);
}
