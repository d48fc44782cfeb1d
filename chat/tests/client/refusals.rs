//! Temporary and permanent refusals by the server.

use chat::{
    client::{Input, outbox::Delivery},
    protocol::RefusalCode,
};

use crate::{
    page::Page,
    wire::{SentMessage, client_id, joined, message, room},
};

#[test]
fn a_refusal_for_now_holds_what_follows_in_that_room_and_sends_all_again_in_order() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.receive(joined("tea", 0));
    for id in ["m1", "m2"] {
        page.say(id);
    }
    page.sent();
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.refuse(Some("m2"), "lobby", RefusalCode::OutOfOrder, Some(1_000));
    page.say("m3");
    page.pass(900);
    assert_eq!(page.sent(), [""; 0]);
    page.say_in("tea", "t1");
    assert_eq!(page.sent(), ["send tea/t1"], "another room does not wait");
    page.pass(1_100);
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2", "send lobby/m3"]);
}

#[test]
fn what_is_discarded_no_longer_holds_the_others_back() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.say("m2");
    page.sent();
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.refuse(Some("m2"), "lobby", RefusalCode::OutOfOrder, Some(1_000));
    page.apply(Input::Discard(client_id("m1")));
    assert_eq!(page.sent(), ["join lobby@e:3"], "joining lifts the hold at the server");
    page.receive(joined("lobby", 3).resumed());
    page.pass(2_000);
    assert_eq!(page.sent(), ["send lobby/m2"]);
}

#[test]
fn what_a_join_has_lifted_need_not_be_lifted_again() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.glance();
    page.receive(joined("lobby", 3).resumed());
    page.sent();
    page.apply(Input::Discard(client_id("m1")));
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn nothing_new_is_said_while_a_join_is_under_way_lest_it_overtake_what_is_being_refused() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.receive(SentMessage(message(5)));
    page.say("m2");
    assert_eq!(page.sent(), ["send lobby/m1", "join lobby@e:3"]);
    // The server refused m1 before it received the join; the join lifts the hold.
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.receive(joined("lobby", 5).page(4..=5).resumed());
    assert_eq!(page.sent(), [""; 0]);
    page.pass(2_000);
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2"]);
}

#[test]
fn a_second_join_waits_for_the_answer_to_the_first_which_would_be_taken_for_its_own() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.glance();
    page.say("m2");
    page.glance();
    assert_eq!(page.sent(), ["send lobby/m1", "join lobby@e:3"]);
    // The server refuses m1 after it has received the join: a second join under way would lift the hold and
    // let m2 pass.
    page.receive(joined("lobby", 3).resumed());
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    assert_eq!(page.sent(), ["send lobby/m2"], "which the server does not take before m1");
    page.refuse(Some("m2"), "lobby", RefusalCode::OutOfOrder, Some(1_000));
    page.pass(2_000);
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2"]);
}

#[test]
fn a_piece_of_history_that_is_refused_leaves_the_join_behind_it_under_way() {
    let mut page = Page::new();
    page.start();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 90).page(81..=90));
    page.apply(Input::Earlier);
    page.glance();
    page.sent();
    page.refuse(None, "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.glance();
    page.pass(2_000);
    assert_eq!(page.sent(), [""; 0]);
    page.say("m1");
    page.receive(joined("lobby", 90).resumed());
    assert_eq!(page.sent(), ["send lobby/m1"]);
}

#[test]
fn a_final_refusal_waits_for_its_user_and_lets_the_others_pass() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.refuse(Some("m1"), "lobby", RefusalCode::TextTooLong, None);
    page.say("m2");
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2"]);
    page.close(1006);
    page.pass(60_000);
    page.back_in_lobby(3);
    assert_eq!(page.sent(), ["hello lobby@e:3", "send lobby/m2"], "it is not sent again by itself");
    assert!(matches!(&page.client.outbox().pending()[0].state,
        Delivery::Refused(refused) if refused.code == RefusalCode::TextTooLong));
    page.apply(Input::Retry(client_id("m1")));
    assert_eq!(page.sent(), ["send lobby/m1"]);
    page.refuse(Some("m1"), "lobby", RefusalCode::TextTooLong, None);
    page.apply(Input::Discard(client_id("m1")));
    assert_eq!(page.pending(), ["m2"]);
}

#[test]
fn a_message_to_a_room_that_was_not_joined_waits_for_the_join() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.sent();
    page.refuse(Some("m1"), "lobby", RefusalCode::NotJoined, None);
    assert_eq!(page.sent(), ["join lobby@e:3"]);
    page.receive(joined("lobby", 3).resumed());
    assert_eq!(page.sent(), ["send lobby/m1"]);
}

#[test]
fn many_messages_refused_as_not_joined_ask_once() {
    let mut page = Page::in_lobby(3);
    for id in ["m1", "m2", "m3"] {
        page.say(id);
    }
    page.sent();
    for id in ["m1", "m2", "m3"] {
        page.refuse(Some(id), "lobby", RefusalCode::NotJoined, None);
    }
    assert_eq!(page.sent(), ["join lobby@e:3"]);
    page.receive(joined("lobby", 3).resumed());
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2", "send lobby/m3"]);
}

#[test]
fn a_join_refused_for_now_is_tried_again() {
    let mut page = Page::new();
    page.start();
    page.open();
    page.welcome();
    page.say("m1");
    page.sent();
    page.refuse(None, "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.pass(2_000);
    assert_eq!(page.sent(), ["join lobby"]);
    page.receive(joined("lobby", 0));
    assert_eq!(page.sent(), ["send lobby/m1"]);
}

#[test]
fn a_room_that_was_refused_is_asked_for_again_when_visited() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.refuse(None, "tea", RefusalCode::TooManyRooms, None);
    let refused = page.client.room(&room("tea")).unwrap().refused().map(|refused| refused.code);
    assert_eq!(refused, Some(RefusalCode::TooManyRooms));
    page.visit("lobby");
    page.sent();
    page.visit("tea");
    assert_eq!(page.sent(), ["join tea"]);
    page.receive(joined("tea", 0));
    assert!(page.client.active().refused().is_none());
}
