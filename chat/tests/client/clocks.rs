//! Changes of the machine's clock: no timer takes longer than intended, and nothing counts as old too early.

use chat::{
    client::{Input, connection::Status, outbox::Delivery},
    protocol::{RefusalCode, ServerLine},
};

use crate::{
    browser::Browser,
    page::{DEAD_AFTER_MS, HEARTBEAT_MS, Page, Written},
    wire::{SentMessage, client_id, joined, ping, room, said_by, user},
};

const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Possible changes of a clock, in milliseconds.
const STEPS: [i64; 6] = [-8 * DAY_MS, -HOUR_MS, -60_000, 60_000, HOUR_MS, 8 * DAY_MS];

/// Simulates a reload, after which the server tells the page the time.
fn reload(page: &Page) -> Page {
    let mut next = Page::named("next");
    (next.now, next.wall_ahead) = (page.now + 1, page.wall_ahead);
    next.client.set_server_time(next.now);
    for written in &page.written {
        if let Written::Record(id, record) = written {
            next.apply(Input::Stored(id.clone(), record.as_deref()));
        }
    }
    next
}

fn is_asked_for(page: &Page, id: &str) -> bool {
    let pending = page.client.outbox().pending();
    pending.iter().any(|pending| pending.id == client_id(id) && pending.state == Delivery::Old)
}

#[test]
fn the_next_attempt_is_never_further_away_than_it_was() {
    for step in STEPS {
        let mut page = Page::in_lobby(3);
        page.random = 0.9;
        page.close(1006);
        let waits = page.waits_ms();
        page.wall_ahead += step;
        assert!(page.waits_ms() <= waits, "{step}: the countdown says {} ms", page.waits_ms());
        page.pass(waits);
        assert_eq!(page.connections, 2, "{step}");
    }
}

#[test]
fn a_drain_is_waited_for_no_longer_either() {
    let mut page = Page::in_lobby(3);
    page.receive(ServerLine::Drain { retry_ms: 4_000 });
    page.wall_ahead = -HOUR_MS;
    page.close(1012);
    assert_eq!(page.waits_ms(), 4_000);
}

#[test]
fn a_dead_server_is_noticed_although_the_clock_was_set() {
    for step in STEPS {
        let mut page = Page::in_lobby(3);
        page.pass(HEARTBEAT_MS);
        page.receive(ping(3));
        page.wall_ahead = step;
        page.pass(DEAD_AFTER_MS);
        assert!(page.connections >= 2, "{step}: it takes the connection for alive");
    }
}

#[test]
fn a_server_that_lives_is_not_given_up_because_the_clock_was_put_back() {
    let mut page = Page::in_lobby(3);
    for hour in 1..=24 {
        page.wall_ahead = -hour * HOUR_MS;
        page.pass(HEARTBEAT_MS);
        page.receive(ping(3));
    }
    assert_eq!((page.connections, page.client.status()), (1, Status::Live));
}

#[test]
fn a_sleep_is_noticed_at_once_although_the_clock_was_put_back_before_it() {
    let mut page = Page::in_lobby(3);
    page.wall_ahead = -HOUR_MS;
    page.pass(1_000);
    page.receive(ping(3));
    page.sleep(120_000);
    assert_eq!(page.connections, 2);
}

#[test]
fn an_attempt_without_an_answer_is_given_up_although_the_clock_was_put_back() {
    let mut page = Page::new();
    page.start();
    page.wall_ahead = -HOUR_MS;
    page.pass(15_000);
    page.pass(15_000);
    assert!(page.connections >= 2);
}

#[test]
fn what_the_server_asked_patience_for_goes_out_although_the_clock_was_put_back() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.sent();
    page.wall_ahead = -HOUR_MS;
    page.pass(3_000);
    assert_eq!(page.sent(), ["send lobby/m1"]);
}

#[test]
fn who_stopped_writing_stops_being_shown_although_the_clock_was_put_back() {
    let mut page = Page::in_lobby(3);
    page.receive(ServerLine::Typing { room: room("lobby"), user: user("bo") });
    page.wall_ahead = -HOUR_MS;
    page.pass(10_000);
    assert_eq!(page.lobby().typists().count(), 0);
}

#[test]
fn that_the_user_writes_is_told_although_the_clock_was_put_back() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Typing);
    page.wall_ahead = -HOUR_MS;
    page.pass(5_000);
    page.apply(Input::Typing);
    assert_eq!(page.sent(), ["typing lobby", "typing lobby"]);
}

#[test]
fn a_fresh_message_does_not_ask_whether_it_is_old_however_the_clock_is_set() {
    for step in STEPS {
        for reloads in [false, true] {
            let mut page = Page::in_lobby(3);
            page.close(1006);
            page.say("m1");
            page.wall_ahead = step;
            page.say("m2");
            if reloads {
                page = reload(&page);
                page.start();
            } else if page.connection.is_none() {
                page.apply(Input::ConnectNow);
            }
            page.say("m3");
            page.sent();
            page.open();
            page.welcome();
            page.receive(joined("lobby", 3).page(1..=3));
            page.pass(1_000);
            let sent: Vec<String> = page.sent().into_iter().filter(|line| line.starts_with("send")).collect();
            assert_eq!(sent, ["send lobby/m1", "send lobby/m2", "send lobby/m3"], "{step} {reloads}");
        }
    }
}

#[test]
fn a_clock_that_was_always_wrong_makes_nothing_old() {
    for ahead in STEPS {
        let mut page = Page::new();
        page.wall_ahead = ahead;
        page.client.set_server_time(page.now);
        page.say("m1");
        let mut page = reload(&page);
        page.enter_lobby(3);
        page.pass(1_000);
        assert_eq!(page.sent(), ["send lobby/m1"], "{ahead}");
    }
}

#[test]
fn what_is_old_asks_however_the_clock_is_set() {
    for step in STEPS {
        let mut page = Page::in_lobby(3);
        page.say("m1");
        page.close(1006);
        page.wall_ahead = step;
        let mut page = reload(&page);
        page.sleep(7 * DAY_MS.unsigned_abs());
        page.enter_lobby(3);
        assert!(is_asked_for(&page, "m1"), "{step}");
    }
}

#[test]
fn what_was_said_while_the_clock_was_far_ahead_grows_old_all_the_same() {
    let mut page = Page::in_lobby(3);
    page.close(1006);
    page.wall_ahead = 8 * DAY_MS;
    page.say("m1");
    page.say("m2");
    if page.connection.is_none() {
        page.apply(Input::ConnectNow);
    }
    page.back_in_lobby(3);
    page.sleep(9 * DAY_MS.unsigned_abs());
    page.back_in_lobby(3);
    assert!(is_asked_for(&page, "m1") && is_asked_for(&page, "m2"));
    let mut next = reload(&page);
    assert_eq!(next.pending(), ["m1", "m2"], "in the order in which they were said");
    next.enter_lobby(3);
    next.pass(1_000);
    assert!(is_asked_for(&next, "m1") && is_asked_for(&next, "m2"));
}

#[test]
fn what_is_said_after_a_long_sleep_and_before_the_server_is_heard_again_is_fresh() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Online(false));
    page.close(1006);
    page.sleep(8 * DAY_MS.unsigned_abs());
    page.say("m1");
    page.back_in_lobby(3);
    assert_eq!(page.sent().last().unwrap(), "send lobby/m1");
    assert!(!is_asked_for(&page, "m1"));
}

#[test]
fn an_earlier_version_of_the_server_leaves_it_to_the_wall_clock() {
    let mut page = Page::new();
    page.say("m1");
    page.start();
    page.open();
    page.receive_text(
        r#"{"welcome":{"user":{"id":"ann","name":"ann"},"heartbeat_ms":25000,"text_limit":0}}"#,
    );
    page.receive(joined("lobby", 0));
    assert_eq!(page.sent(), ["hello lobby", "send lobby/m1"]);
    page.receive(SentMessage(said_by("ann", 1, "m1")));
    assert!(page.pending().is_empty());
}

#[test]
fn a_tab_that_lives_is_not_taken_for_gone_because_the_clock_was_put_back() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].close(1006);
    browser.tabs[0].say("m1");
    browser.share();
    for tab in &mut browser.tabs {
        tab.wall_ahead = -HOUR_MS;
    }
    browser.pass(30_000);
    assert_eq!(browser.owners("m1"), ["a", "a"]);
}
