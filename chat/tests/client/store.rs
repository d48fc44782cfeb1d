//! Store outages of the server: what waits meanwhile, and that not all clients return at the same moment.

use chat::{
    client::{Input, connection::Status, outbox::Delivery},
    protocol::{RefusalCode, ServerLine},
};

use crate::{
    page::Page,
    wire::{joined, message},
};

/// The time within which everybody returns after the store does.
const BACK_MS: u64 = 2_500;
/// Longer than a client waits for an unavailable store before asking again.
const LONG_MS: u64 = 20_000;

fn goes_away(page: &mut Page) {
    page.receive(ServerLine::Store { available: false });
}

fn comes_back(page: &mut Page) {
    page.receive(ServerLine::Store { available: true });
}

fn refused_for_now(page: &mut Page, id: Option<&str>) {
    page.refuse(id, "lobby", RefusalCode::StoreUnavailable, Some(1_000));
}

#[test]
fn that_the_store_is_away_is_known_until_it_is_back() {
    let mut page = Page::in_lobby(3);
    assert_eq!(page.client.status(), Status::Live);
    goes_away(&mut page);
    assert_eq!(page.client.status(), Status::WithoutStore);
    page.receive(ServerLine::Message(message(4)));
    assert_eq!(page.client.status(), Status::WithoutStore);
    assert_eq!(page.shown("lobby"), [1, 2, 3, 4], "what is heard is shown all the same");
    comes_back(&mut page);
    assert_eq!(page.client.status(), Status::Live);
}

#[test]
fn a_lost_connection_is_told_before_a_store_that_is_away() {
    let mut page = Page::in_lobby(3);
    goes_away(&mut page);
    page.close(1006);
    assert!(matches!(page.client.status(), Status::Waiting { .. }));
}

#[test]
fn another_connection_has_its_store_unless_its_server_says_otherwise() {
    let mut page = Page::in_lobby(3);
    goes_away(&mut page);
    page.close(1006);
    page.pass(5_000);
    page.open();
    page.welcome();
    assert_eq!(page.client.status(), Status::Live);
    goes_away(&mut page);
    assert_eq!(page.client.status(), Status::WithoutStore);
}

#[test]
fn what_is_refused_while_the_store_is_away_looks_as_if_it_were_on_its_way() {
    let mut page = Page::in_lobby(3);
    goes_away(&mut page);
    page.say("m1");
    refused_for_now(&mut page, Some("m1"));
    page.pass(5_000);
    assert_eq!(page.client.outbox().pending()[0].state, Delivery::Queued);
}

#[test]
fn while_the_store_is_away_it_is_asked_rarely_and_soon_after_it_is_back() {
    let mut page = Page::in_lobby(3);
    goes_away(&mut page);
    page.say("m1");
    page.sent();
    refused_for_now(&mut page, Some("m1"));
    page.say("m2");
    page.pass(9_000);
    assert_eq!(page.sent(), [""; 0]);
    page.pass(LONG_MS);
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2"], "it asks once, and waits for the answer");
    refused_for_now(&mut page, Some("m1"));
    comes_back(&mut page);
    assert_eq!(page.sent(), [""; 0]);
    page.pass(BACK_MS);
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2"]);
}

#[test]
fn a_room_that_was_refused_while_the_store_was_away_is_asked_for_soon_after_it_is_back() {
    let mut page = Page::new();
    page.start();
    page.open();
    page.welcome();
    goes_away(&mut page);
    page.sent();
    refused_for_now(&mut page, None);
    page.pass(9_000);
    assert_eq!(page.sent(), [""; 0]);
    comes_back(&mut page);
    page.pass(BACK_MS);
    assert_eq!(page.sent(), ["join lobby"]);
    page.receive(joined("lobby", 0));
    page.pass(LONG_MS);
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn history_that_was_refused_while_the_store_was_away_is_asked_for_soon_after_it_is_back() {
    let mut page = Page::new();
    page.start();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 90).page(81..=90));
    goes_away(&mut page);
    page.apply(Input::Earlier);
    page.sent();
    refused_for_now(&mut page, None);
    // As often as the user scrolls.
    page.apply(Input::Earlier);
    page.pass(9_000);
    page.apply(Input::Earlier);
    assert_eq!(page.sent(), [""; 0]);
    comes_back(&mut page);
    page.pass(BACK_MS);
    assert_eq!(page.sent(), ["history lobby before 81"]);
}

#[test]
fn what_was_to_go_out_sooner_does_not_wait_longer_because_the_store_is_back() {
    let mut page = Page::in_lobby(3);
    page.random = 0.0;
    page.say("m1");
    refused_for_now(&mut page, Some("m1"));
    goes_away(&mut page);
    page.pass(900);
    page.random = 0.999_999;
    page.sent();
    comes_back(&mut page);
    page.pass(100);
    assert_eq!(page.sent(), ["send lobby/m1"]);
}

#[test]
fn a_room_that_was_to_be_asked_for_sooner_does_not_wait_longer_because_the_store_is_back() {
    let mut page = Page::new();
    page.random = 0.0;
    page.start();
    page.open();
    page.welcome();
    page.sent();
    refused_for_now(&mut page, None);
    goes_away(&mut page);
    page.pass(900);
    page.random = 0.999_999;
    comes_back(&mut page);
    page.pass(100);
    assert_eq!(page.sent(), ["join lobby"]);
}

#[test]
fn that_the_store_is_there_hastens_nothing_where_it_was_not_away() {
    let mut page = Page::in_lobby(3);
    page.random = 0.0;
    page.say("m1");
    page.sent();
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(5_000));
    comes_back(&mut page);
    page.pass(4_900);
    assert_eq!(page.sent(), [""; 0]);
    page.pass(100);
    assert_eq!(page.sent(), ["send lobby/m1"]);
}

/// Returns when each of many pages, which differ only in their random numbers, repeats a refused request.
fn moments(refuse: impl Fn(&mut Page)) -> Vec<u64> {
    (0..1_000)
        .map(|place| {
            let mut page = Page::in_lobby(3);
            page.say("m1");
            page.sent();
            page.random = f64::from(place) / 1_000.0;
            refuse(&mut page);
            let told = page.now;
            while page.sent().is_empty() {
                assert!(page.now.since(told) < LONG_MS, "it never asks");
                page.pass(10);
            }
            page.now.since(told)
        })
        .collect()
}

/// Returns how many of a thousand ask within the same tenth of a second, at most.
fn crowd(moments: &[u64]) -> usize {
    let tenth = |moment: &u64| *moment / 100;
    let tenths = moments.iter().map(tenth);
    tenths.map(|of| moments.iter().filter(|moment| tenth(moment) == of).count()).max().unwrap()
}

#[test]
fn a_thousand_who_were_refused_together_do_not_ask_again_together_nor_sooner_than_they_may() {
    let moments = moments(|page| refused_for_now(page, Some("m1")));
    assert!(moments.iter().all(|moment| (1_000..=2_010).contains(moment)), "{moments:?}");
    assert!(crowd(&moments) <= 120, "{moments:?}");
}

#[test]
fn a_thousand_who_hear_that_the_store_is_back_do_not_send_together() {
    let moments = moments(|page| {
        goes_away(page);
        refused_for_now(page, Some("m1"));
        comes_back(page);
    });
    assert!(moments.iter().all(|moment| *moment <= BACK_MS), "{moments:?}");
    assert!(crowd(&moments) <= 60, "{moments:?}");
}
