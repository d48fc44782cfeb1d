//! Several tabs of one user: one of them sends each message, and all of them learn its outcome.

use chat::{
    client::{Input, outbox::Delivery},
    protocol::RefusalCode,
};

use crate::{
    browser::Browser,
    page::{Page, Written},
    wire::{SentMessage, client_id, joined, room, said_by},
};

/// A little longer than a sign of life is valid.
const SILENCE_MS: u64 = 16_000;

#[test]
fn what_is_said_in_one_tab_is_seen_in_the_others_and_sent_by_the_one() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[1].say("m1");
    browser.share();
    assert_eq!(browser.owners("m1"), ["b", "b"]);
    browser.pass(60_000);
    browser.tabs[1].receive(joined("lobby", 3).resumed());
    assert!(browser.tabs[0].sent().iter().all(|line| !line.starts_with("send")), "however long it takes");
    browser.confirm(1, 4, "m1");
    assert_eq!(browser.owners("m1"), ["", ""]);
    assert_eq!(browser.records.len(), 0);
}

#[test]
fn what_one_tab_sees_confirmed_is_gone_from_the_others() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[1].say("m1");
    browser.share();
    browser.confirm(0, 4, "m1");
    assert_eq!(browser.owners("m1"), ["", ""], "its sender hears of it from the other tab");
    assert_eq!(browser.records.len(), 0);
}

#[test]
fn a_tab_shows_that_it_lives_only_while_it_has_something_to_send() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.pass(20_000);
    assert!(browser.signs.is_empty());
    browser.tabs[0].say("m1");
    browser.pass(12_000);
    let signs = |tab: &mut Page| tab.did().iter().filter(|did| *did == "sign").count();
    assert_eq!((signs(&mut browser.tabs[0]), signs(&mut browser.tabs[1])), (3, 0));
    browser.confirm(0, 4, "m1");
    browser.pass(12_000);
    assert_eq!(signs(&mut browser.tabs[0]), 0);
}

#[test]
fn what_a_silent_tab_left_is_adopted_and_sent_once_by_another() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].close(1006);
    browser.tabs[0].say("m1");
    browser.tabs[0].say("m2");
    browser.share();
    let crashed = browser.tabs.remove(0);
    browser.pass(10_000);
    assert_eq!(browser.owners("m1"), ["a"], "it may live");
    assert_eq!(browser.sent(), [[""; 0]]);
    browser.pass(SILENCE_MS - 10_000);
    assert_eq!(browser.owners("m1"), ["b"]);
    assert_eq!(browser.sent(), [["send lobby/m1", "send lobby/m2"]]);
    drop(crashed);
}

#[test]
fn what_a_closed_tab_left_is_adopted_at_once_and_sent_after_a_moment() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].close(1006);
    browser.tabs[0].say("m1");
    browser.share();
    browser.close(0);
    assert_eq!(browser.owners("m1"), ["b"]);
    assert_eq!(browser.sent(), [[""; 0]]);
    browser.pass(1_000);
    assert_eq!(browser.sent(), [["send lobby/m1"]]);
}

#[test]
fn tabs_that_adopt_at_once_agree_on_one_and_only_that_one_sends() {
    for names in [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]] {
        let mut browser = Browser::with(&["dead", names[0], names[1], names[2]]);
        browser.tabs[0].close(1006);
        for id in ["m1", "m2"] {
            browser.tabs[0].say(id);
        }
        browser.share();
        browser.close(0);
        assert_eq!(browser.owners("m1"), names, "each took it");
        browser.share();
        assert_eq!((browser.owners("m1"), browser.owners("m2")), (vec!["a"; 3], vec!["a"; 3]));
        browser.pass(20_000);
        assert_eq!(browser.owners("m1"), ["a"; 3]);
        let senders = browser.sent().iter().map(Vec::len).filter(|lines| *lines > 0).count();
        assert_eq!(senders, 1);
        let kept = browser.records.values().all(|record| record.contains(" a dead lobby"));
        assert!(kept, "and so is it kept: {:?}", browser.records);
    }
}

#[test]
fn a_tab_that_comes_back_leaves_what_was_adopted_to_its_adopter() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].close(1006);
    browser.tabs[0].say("m1");
    browser.share();
    // It is frozen, so it receives nothing.
    let frozen = browser.tabs.remove(0);
    browser.pass(SILENCE_MS);
    assert_eq!(browser.owners("m1"), ["b"]);
    let record = browser.records[&client_id("m1")].clone();
    browser.tabs.insert(0, frozen);
    browser.tabs[0].sleep(SILENCE_MS);
    let at = browser.signs[&client_id("b")];
    browser.tabs[0].apply(Input::Signed(client_id("b"), at));
    browser.tabs[0].apply(Input::Stored(client_id("m1"), Some(&record)));
    browser.share();
    assert_eq!(browser.owners("m1"), ["b", "b"]);
    browser.pass(20_000);
    assert_eq!(browser.owners("m1"), ["b", "b"]);
}

#[test]
fn what_was_said_first_in_a_tab_goes_first_even_if_another_tab_has_adopted_it() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].close(1006);
    browser.tabs[0].say("m1");
    browser.share();
    let mut frozen = browser.tabs.remove(0);
    browser.tabs[0].close(1006);
    browser.pass(SILENCE_MS);
    let record = browser.records[&client_id("m1")].clone();
    frozen.sleep(SILENCE_MS);
    frozen.apply(Input::Signed(client_id("b"), frozen.now));
    frozen.apply(Input::Stored(client_id("m1"), Some(&record)));
    assert_eq!(frozen.client.outbox().pending()[0].owner.as_str(), "b");
    if frozen.connection.is_none() {
        frozen.apply(Input::ConnectNow);
    }
    frozen.back_in_lobby(3);
    frozen.sent();
    frozen.say("m2");
    assert_eq!(frozen.sent(), ["send lobby/m1", "send lobby/m2"]);
}

#[test]
fn what_was_forgotten_stays_forgotten_whatever_a_late_tab_keeps() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].say("m1");
    browser.share();
    let record = browser.records[&client_id("m1")].clone();
    browser.tabs[1].apply(Input::Discard(client_id("m1")));
    browser.share();
    assert_eq!(browser.owners("m1"), ["", ""]);
    // A tab that was frozen all the while adopts the stale record that it finds.
    browser.load("c");
    browser.tabs[2].enter_lobby(3);
    browser.tabs[2].sleep(SILENCE_MS);
    browser.tabs[2].apply(Input::Stored(client_id("m1"), Some(&record)));
    assert_eq!(browser.owners("m1"), ["", "", "c"]);
    browser.pass(20_000);
    assert_eq!(browser.owners("m1"), ["", "", ""]);
    assert_eq!(browser.records.len(), 0);
    assert_eq!(browser.sent()[2], [""; 0], "and it is not said");
}

#[test]
fn a_tab_that_writes_about_what_was_forgotten_meanwhile_takes_it_back() {
    let mut browser = Browser::with(&["a"]);
    browser.tabs[0].say("m1");
    browser.tabs[0].refuse(Some("m1"), "lobby", RefusalCode::TextTooLong, None);
    browser.tabs[0].did();
    browser.tabs[0].apply(Input::Stored(client_id("m1"), None));
    assert_eq!(browser.tabs[0].did(), ["forget m1"]);
}

#[test]
fn what_is_seen_confirmed_before_it_is_heard_of_is_not_pending() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].say("m1");
    browser.tabs[1].receive(SentMessage(said_by("ann", 4, "m1")));
    browser.share();
    assert_eq!(browser.owners("m1"), ["", ""]);
    assert_eq!(browser.records.len(), 0);
}

#[test]
fn a_refusal_is_seen_in_all_tabs_and_each_can_retry() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].say("m1");
    browser.share();
    browser.tabs[0].refuse(Some("m1"), "lobby", RefusalCode::TextTooLong, None);
    browser.share();
    let state = |tab: &Page| tab.client.outbox().pending()[0].state.clone();
    assert!(
        matches!(state(&browser.tabs[1]), Delivery::Refused(why) if why.code == RefusalCode::TextTooLong)
    );
    browser.sent();
    browser.tabs[1].apply(Input::Retry(client_id("m1")));
    browser.share();
    assert_eq!(browser.owners("m1"), ["b", "b"]);
    assert_eq!(state(&browser.tabs[0]), Delivery::Queued);
    assert_eq!(browser.sent(), [vec![], vec!["send lobby/m1"]]);
    browser.confirm(1, 4, "m1");
    assert_eq!(browser.owners("m1"), ["", ""]);
}

#[test]
fn what_is_retried_in_another_tab_takes_nothing_along() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].say("m1");
    browser.tabs[0].say("m2");
    browser.tabs[0].refuse(Some("m2"), "lobby", RefusalCode::TextTooLong, None);
    browser.share();
    browser.tabs[1].apply(Input::Retry(client_id("m2")));
    assert_eq!(browser.tabs[1].sent(), ["send lobby/m2"], "the other is on its way");
}

#[test]
fn what_is_retried_in_a_tab_that_has_not_opened_its_room_opens_it() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].visit("tea");
    browser.tabs[0].receive(joined("tea", 0));
    browser.tabs[0].say_in("tea", "t1");
    browser.tabs[0].refuse(Some("t1"), "tea", RefusalCode::TextTooLong, None);
    browser.share();
    browser.sent();
    browser.tabs[1].apply(Input::Retry(client_id("t1")));
    assert_eq!(browser.tabs[1].sent(), ["join tea"]);
    browser.tabs[1].receive(joined("tea", 0));
    assert_eq!(browser.tabs[1].sent(), ["send tea/t1"]);
}

#[test]
fn what_is_discarded_in_one_tab_is_gone_from_all() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].say("m1");
    browser.tabs[0].refuse(Some("m1"), "lobby", RefusalCode::TextTooLong, None);
    browser.share();
    browser.tabs[1].apply(Input::Discard(client_id("m1")));
    browser.share();
    assert_eq!(browser.owners("m1"), ["", ""]);
    assert_eq!(browser.records.len(), 0);
}

#[test]
fn what_another_tab_discards_or_takes_no_longer_holds_the_others_back() {
    for takes in [false, true] {
        let mut browser = Browser::with(&["a", "b"]);
        browser.tabs[0].say("m1");
        browser.tabs[0].say("m2");
        browser.share();
        browser.tabs[0].refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
        browser.tabs[0].refuse(Some("m2"), "lobby", RefusalCode::OutOfOrder, Some(1_000));
        browser.sent();
        let input = if takes { Input::Retry } else { Input::Discard };
        browser.tabs[1].apply(input(client_id("m1")));
        browser.share();
        assert_eq!(browser.tabs[0].sent(), ["join lobby@e:3"], "joining lifts the hold at the server");
    }
}

#[test]
fn what_is_adopted_does_not_come_between_the_server_and_the_message_that_it_waits_for() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].close(1006);
    browser.tabs[0].say("a1");
    browser.tabs[1].pass(10);
    browser.tabs[1].say("b1");
    browser.tabs[0].pass(20);
    browser.tabs[0].say("a2");
    browser.share();
    browser.tabs[1].refuse(Some("b1"), "lobby", RefusalCode::StoreUnavailable, Some(100));
    browser.sent();
    browser.close(0);
    browser.pass(1_000);
    assert_eq!(browser.sent(), [["send lobby/b1", "send lobby/a1", "send lobby/a2"]]);
}

#[test]
fn what_another_tab_has_said_no_longer_holds_the_others_back() {
    let mut browser = Browser::with(&["a"]);
    browser.tabs[0].say("m1");
    browser.tabs[0].refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    browser.sent();
    browser.confirm(0, 4, "m1");
    assert_eq!(browser.sent(), [["join lobby@e:4"]]);
}

#[test]
fn the_refusal_of_what_was_given_up_meanwhile_holds_nothing_back() {
    let mut browser = Browser::with(&["a"]);
    browser.tabs[0].say("m1");
    browser.tabs[0].apply(Input::Discard(client_id("m1")));
    browser.sent();
    browser.tabs[0].refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    assert_eq!(browser.sent(), [["join lobby@e:3"]]);
}

#[test]
fn an_adopted_message_opens_its_room_where_it_is_not_open() {
    let mut browser = Browser::with(&["a", "b"]);
    browser.tabs[0].visit("tea");
    browser.tabs[0].receive(joined("tea", 0));
    browser.tabs[0].close(1006);
    browser.tabs[0].say_in("tea", "t1");
    browser.share();
    assert!(browser.tabs[1].client.room(&room("tea")).is_none());
    browser.close(0);
    assert_eq!(browser.sent(), [["join tea"]]);
    browser.tabs[0].receive(joined("tea", 0));
    browser.pass(1_000);
    assert_eq!(browser.sent(), [["send tea/t1"]]);
    assert_eq!(browser.tabs[0].client.active().name(), &room("lobby"), "but it is not looked at");
}

#[test]
fn a_room_in_which_another_tab_has_something_to_say_is_not_left() {
    let mut browser = Browser::with(&["a", "b"]);
    for tab in &mut browser.tabs {
        tab.visit("tea");
        tab.receive(joined("tea", 0));
    }
    browser.tabs[0].say_in("tea", "t1");
    browser.share();
    browser.tabs[1].apply(Input::Leave(room("tea")));
    assert!(browser.tabs[1].client.room(&room("tea")).is_some());
}

#[test]
fn the_outbox_of_all_tabs_together_is_full_when_it_is() {
    let mut browser = Browser::with(&["a", "b"]);
    for index in 0..chat::client::outbox::CAPACITY {
        browser.tabs[index % 2].say(&format!("m{index}"));
        browser.share();
    }
    assert!(browser.tabs.iter().all(|tab| tab.client.outbox().is_full()));
}

#[test]
fn a_sign_of_life_from_before_the_clock_was_set_back_does_not_count_for_ever() {
    let mut page = Page::named("b");
    let mut other = Page::named("a");
    other.wall_ahead = 3_600_000;
    other.say("m1");
    page.apply(Input::Signed(client_id("a"), other.wall()));
    for written in &other.written {
        if let Written::Record(id, record) = written {
            page.apply(Input::Stored(id.clone(), record.as_deref()));
        }
    }
    assert_eq!(page.client.outbox().pending()[0].owner, page.name);
}
