//! The handshake and messages: what the client sends, when, and how often.

use chat::client::outbox::Delivery;

use crate::{
    page::Page,
    wire::{SentMessage, joined, message, room, said_by},
};

#[test]
fn hello_names_every_open_room_with_what_is_held_of_it() {
    let mut page = Page::new();
    page.client.preload(joined("lobby", 3).page(1..=3).0);
    page.client.open(room("tea"));
    page.start();
    assert_eq!(page.sent(), [""; 0], "nothing is said before the connection is open");
    page.open();
    assert_eq!(page.sent(), ["hello lobby@e:3 tea"]);
}

#[test]
fn after_a_reconnect_hello_names_the_newest_positions() {
    let mut page = Page::in_lobby(3);
    page.receive(SentMessage(message(4)));
    page.close(1006);
    page.pass(60_000);
    page.open();
    assert_eq!(page.sent(), ["hello lobby@e:4"]);
}

#[test]
fn what_the_page_brought_along_is_shown_and_then_completed() {
    let mut page = Page::new();
    page.client.preload(joined("lobby", 2).page(1..=2).0);
    assert_eq!(page.shown("lobby"), [1, 2]);
    page.start();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 4).page(3..=4).resumed());
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4]);
}

#[test]
fn what_is_said_before_the_connection_goes_out_in_order_after_joined() {
    let mut page = Page::new();
    page.say("m1");
    page.say("m2");
    page.start();
    page.open();
    page.welcome();
    page.say("m3");
    assert_eq!(page.sent(), ["hello lobby"]);
    page.receive(joined("lobby", 0));
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2", "send lobby/m3"]);
}

#[test]
fn one_s_own_message_is_its_acknowledgement() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    assert_eq!(page.sent(), ["send lobby/m1"]);
    assert_eq!(page.client.outbox().pending()[0].state, Delivery::Sent);
    page.receive(SentMessage(said_by("ann", 4, "m1")));
    assert_eq!(page.pending(), [""; 0]);
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4]);
}

#[test]
fn it_is_the_acknowledgement_even_if_its_seq_is_held() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.receive(SentMessage(said_by("ann", 2, "m1")));
    assert_eq!(page.pending(), [""; 0]);
    assert_eq!(page.shown("lobby"), [1, 2, 3]);
}

#[test]
fn the_same_id_of_another_user_acknowledges_nothing() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.receive(SentMessage(said_by("bo", 4, "m1")));
    assert_eq!(page.pending(), ["m1"]);
}

#[test]
fn a_message_among_what_was_missed_is_acknowledged_and_not_sent_again() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.say("m2");
    page.close(1006);
    page.pass(60_000);
    page.sent();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 4).resumed().with(said_by("ann", 4, "m1")));
    assert_eq!(page.sent(), ["hello lobby@e:3", "send lobby/m2"]);
}

#[test]
fn what_is_not_acknowledged_goes_out_again_in_order_on_the_next_connection() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.say("m2");
    page.close(1006);
    page.say("m3");
    page.pass(60_000);
    page.sent();
    page.back_in_lobby(3);
    assert_eq!(page.sent(), ["hello lobby@e:3", "send lobby/m1", "send lobby/m2", "send lobby/m3"]);
}

#[test]
fn after_a_page_that_is_no_resumption_what_is_not_acknowledged_is_sent_again() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.say("m2");
    page.sent();
    page.receive(joined("lobby", 90).page(81..=89).with(said_by("ann", 90, "m2")));
    assert_eq!(page.sent(), ["send lobby/m1"], "its acknowledgement may lie in what was passed over");
    page.receive(joined("lobby", 91).resumed().page(91..=91));
    assert_eq!(page.sent(), [""; 0], "a resumption has everything in it");
}
