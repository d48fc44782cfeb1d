//! When the client connects, waits and gives up.

use chat::{
    client::{Input, connection::Status},
    close::CloseCode,
    protocol::ServerLine,
};

use crate::{
    page::{DEAD_AFTER_MS, HEARTBEAT_MS, Page},
    wire::{message, ping},
};

#[test]
fn the_wait_doubles_with_every_failure_up_to_the_cap_and_starts_anew_after_a_success() {
    let mut page = Page::new();
    page.random = 0.999_999;
    page.start();
    let mut waits = Vec::new();
    for _ in 0..8 {
        page.close(1006);
        waits.push(page.waits_ms());
        page.pass(60_000);
        page.sent();
        // The attempt may have timed out while time passed; one is under way when there is a number.
        while page.connection.is_none() {
            page.pass(1_000);
        }
    }
    assert!(waits.is_sorted(), "{waits:?}");
    assert!(waits[0] <= 1_000 && *waits.last().unwrap() <= 5_000, "{waits:?}");
    assert!(*waits.last().unwrap() > 4_000, "{waits:?}");
    page.back_in_lobby(0);
    page.close(1006);
    assert_eq!(page.waits_ms(), waits[0]);
}

#[test]
fn the_wait_is_spread_down_to_nothing() {
    let mut page = Page::in_lobby(3);
    page.random = 0.0;
    page.close(1006);
    assert_eq!(page.connections, 2, "it is back at once");
}

#[test]
fn after_a_drain_it_comes_back_when_it_was_told_to() {
    let mut page = Page::in_lobby(3);
    page.receive(ServerLine::Drain { retry_ms: 4_321 });
    page.close(1012);
    assert_eq!(page.waits_ms(), 4_321);
    page.pass(4_320);
    assert_eq!(page.connections, 1);
    page.pass(1);
    assert_eq!(page.connections, 2);
}

#[test]
fn after_a_final_close_the_user_must_log_in_and_nothing_is_tried() {
    for code in CloseCode::ALL.into_iter().filter(|code| !code.reconnects()) {
        let mut page = Page::in_lobby(3);
        page.say("m1");
        page.close(code.number());
        // A page of another user than the browser's stays, with a notice.
        let logins = if code == CloseCode::OtherUser { vec![] } else { vec![code] };
        assert_eq!(page.logins, logins);
        assert_eq!(page.client.status(), Status::Ended(code));
        page.pass(600_000);
        page.apply(Input::Online(true));
        page.apply(Input::Visible(true));
        assert_eq!(page.connections, 1);
        assert_eq!(page.pending(), ["m1"], "what was said is kept");
    }
}

#[test]
fn after_every_other_close_it_comes_back() {
    let codes = CloseCode::ALL.into_iter().filter(|code| code.reconnects()).map(CloseCode::number);
    for code in codes.chain([1006, 1001, 4999]) {
        let mut page = Page::in_lobby(3);
        page.close(code);
        page.pass(60_000);
        assert!(page.connections >= 2, "{code}");
        assert_eq!(page.logins, []);
    }
}

#[test]
fn a_connection_that_says_nothing_for_too_long_is_dead() {
    let mut page = Page::in_lobby(3);
    page.pass(HEARTBEAT_MS);
    page.receive(ping(3));
    page.pass(HEARTBEAT_MS);
    assert_eq!(page.connections, 1);
    page.pass(DEAD_AFTER_MS);
    assert!(page.connections >= 2);
}

#[test]
fn after_a_sleep_the_wall_clock_tells_and_it_reconnects_at_once() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.sent();
    page.sleep(3_600_000);
    assert_eq!(page.connections, 2);
    assert!(matches!(page.client.status(), Status::Connecting { lost: Some(_) }));
    page.back_in_lobby(3);
    assert_eq!(page.sent(), ["hello lobby@e:3", "send lobby/m1"]);
}

#[test]
fn an_attempt_that_gets_no_answer_is_given_up() {
    let mut page = Page::new();
    page.start();
    let first = page.number();
    page.pass(15_000);
    assert!(page.connection != Some(first), "it is closed");
    page.pass(15_000);
    assert!(page.connections >= 2);
}

#[test]
fn without_a_network_it_hardly_tries_and_with_one_at_once() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Online(false));
    page.close(1006);
    assert!(page.waits_ms() >= 5_000);
    assert!(matches!(page.client.status(), Status::Waiting { offline: true, lost: Some(_), .. }));
    page.apply(Input::Online(true));
    assert_eq!(page.connections, 2);
}

#[test]
fn being_seen_again_reconnects_at_once() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Visible(false));
    page.close(1006);
    assert_eq!(page.connections, 1);
    page.apply(Input::Visible(true));
    assert_eq!(page.connections, 2);
}

#[test]
fn being_seen_again_asks_a_live_connection_for_a_sign_of_life() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Visible(false));
    page.pass(20_000);
    page.apply(Input::Visible(true));
    assert_eq!(page.sent(), ["join lobby@e:3"]);
    page.pass(6_000);
    assert_eq!(page.connections, 2, "no answer came");
}

#[test]
fn who_does_not_want_to_wait_connects_now() {
    let mut page = Page::in_lobby(3);
    page.close(1006);
    page.apply(Input::ConnectNow);
    assert_eq!(page.connections, 2);
    page.apply(Input::ConnectNow);
    assert_eq!(page.connections, 2, "once");
}

#[test]
fn word_of_an_earlier_connection_is_not_taken_for_the_present_one_s() {
    let mut page = Page::in_lobby(3);
    let stale = page.number();
    page.close(1006);
    page.pass(60_000);
    while page.connection.is_none() {
        page.pass(1_000);
    }
    page.back_in_lobby(3);
    let status = page.client.status();
    let line = ServerLine::Message(message(4)).print();
    page.apply(Input::Received(stale, &line));
    page.apply(Input::Opened(stale));
    page.apply(Input::Closed(stale, 4004));
    assert_eq!(page.client.status(), status);
    assert_eq!(page.shown("lobby"), [1, 2, 3]);
    assert_eq!(page.logins, []);
}
