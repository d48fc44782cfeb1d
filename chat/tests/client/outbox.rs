//! Pending messages outlive their page.

use chat::{
    client::{
        Client, Input,
        outbox::{self, Delivery},
    },
    protocol::RefusalCode,
};

use crate::{
    page::{Page, Written},
    wire::{SentMessage, client_id, joined, room, said_by, user},
};

#[test]
fn a_full_outbox_takes_no_more_and_keeps_what_it_has() {
    let mut page = Page::new();
    for index in 0..outbox::CAPACITY + 10 {
        assert_eq!(page.client.outbox().is_full(), index >= outbox::CAPACITY);
        page.say(&format!("m{index}"));
    }
    assert_eq!(page.pending().len(), outbox::CAPACITY);
    assert_eq!(page.pending()[0], "m0");
}

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Returns the records that the page's successor finds.
fn kept(page: &Page) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for written in &page.written {
        if let Written::Record(id, record) = written {
            kept.retain(|(other, _)| other != id.as_str());
            kept.extend(record.clone().map(|record| (id.to_string(), record)));
        }
    }
    kept
}

/// Simulates a reload, a moment later.
fn reload(page: &Page) -> Page {
    let mut next = Page::named("next");
    (next.now, next.wall_ahead) = (page.now + 1, page.wall_ahead);
    for (id, record) in kept(page) {
        next.apply(Input::Stored(client_id(&id), Some(&record)));
    }
    next
}

fn state<'a>(page: &'a Page, id: &str) -> &'a Delivery {
    let pending = page.client.outbox().pending();
    &pending.iter().find(|pending| pending.id.as_str() == id).unwrap().state
}

#[test]
fn what_is_said_is_kept_before_it_is_sent_and_forgotten_when_it_is_confirmed() {
    let mut page = Page::in_lobby(3);
    page.did();
    page.say("m1");
    assert_eq!(page.did(), ["sign", "keep m1", "transmit"]);
    page.receive(SentMessage(said_by("ann", 4, "m1")));
    assert_eq!(page.did(), ["forget m1"]);
}

#[test]
fn what_is_confirmed_by_a_joined_or_discarded_is_forgotten_too() {
    let mut page = Page::new();
    page.say("m1");
    page.say("m2");
    assert_eq!(page.did(), ["sign", "keep m1", "keep m2"]);
    page.apply(Input::Discard(client_id("m2")));
    assert_eq!(page.did(), ["forget m2"]);
    page.start();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 1).with(said_by("ann", 1, "m1")));
    assert_eq!(page.did(), ["transmit", "forget m1"]);
    assert_eq!(kept(&page), []);
}

#[test]
fn after_a_reload_what_was_kept_goes_out_once_and_in_order() {
    let mut before = Page::in_lobby(3);
    for id in ["m1", "m2", "m3"] {
        before.say(id);
    }
    before.receive(SentMessage(said_by("ann", 4, "m1")));
    let mut page = reload(&before);
    assert_eq!(page.pending(), ["m2", "m3"]);
    assert!(page.client.outbox().pending().iter().all(|pending| pending.owner == page.name));
    page.enter_lobby(3);
    page.pass(1_000);
    assert_eq!(page.sent(), ["send lobby/m2", "send lobby/m3"]);
    page.pass(20_000);
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn the_text_and_the_moment_outlive_the_page() {
    let mut before = Page::new();
    before.apply(Input::Send {
        room: room("茶"),
        id: client_id("m1"),
        text: " two\n lines \u{0} ".to_owned(),
    });
    let page = reload(&before);
    let [before, after] = [&before, &page].map(|page| page.client.outbox().pending()[0].clone());
    assert_eq!((after.text, after.at, after.room), (before.text, before.at, before.room));
}

#[test]
fn what_is_said_after_a_reload_comes_after_what_was_said_before_it() {
    let mut before = Page::new();
    before.say("m1");
    before.wall_ahead = -50_000;
    let mut page = reload(&before);
    page.say("m2");
    assert_eq!(page.pending(), ["m1", "m2"]);
    page.enter_lobby(0);
    page.pass(1_000);
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2"]);
}

#[test]
fn what_was_confirmed_before_the_page_could_hear_it_is_not_sent_after_the_reload() {
    let mut before = Page::in_lobby(3);
    before.say("m1");
    let mut page = reload(&before);
    page.start();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 4).page(1..=3).with(said_by("ann", 4, "m1")));
    page.pass(1_000);
    assert_eq!(page.sent(), ["hello lobby"]);
    assert_eq!(kept(&page), []);
}

#[test]
fn a_refusal_outlives_the_page_and_waits_for_its_user() {
    let mut before = Page::in_lobby(3);
    before.say("m1");
    before.refuse(Some("m1"), "lobby", RefusalCode::TextTooLong, None);
    let mut page = reload(&before);
    page.enter_lobby(3);
    page.pass(20_000);
    assert_eq!(page.sent(), [""; 0]);
    assert!(matches!(state(&page, "m1"), Delivery::Refused(why) if why.code == RefusalCode::TextTooLong));
    page.apply(Input::Retry(client_id("m1")));
    assert_eq!(page.sent(), ["send lobby/m1"]);
    assert!(matches!(state(&reload(&page), "m1"), Delivery::Queued));
}

#[test]
fn what_was_written_by_somebody_else_is_not_taken_for_a_message_and_left_alone() {
    let mut page = Page::in_lobby(3);
    for record in ["", "nonsense", "1 1 tab tab lobby -\n", "1 1 tab tab lobby - more\ntext", "2\ntext"] {
        page.apply(Input::Stored(client_id("m1"), Some(record)));
    }
    assert_eq!((page.pending(), page.did.contains(&"forget m1".to_owned())), (vec![], false));
}

#[test]
fn what_is_older_than_the_server_remembers_asks_before_it_goes_out() {
    let mut before = Page::new();
    before.say("m1");
    let mut page = reload(&before);
    page.now = page.now + outbox::FRESH_MS - 10_000;
    page.say("m2");
    page.now = page.now + 11_000;
    page.start();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 0));
    assert_eq!(page.sent(), ["hello lobby", "send lobby/m2"]);
    assert_eq!(state(&page, "m1"), &Delivery::Old);
    page.apply(Input::Retry(client_id("m1")));
    assert_eq!(page.sent(), ["send lobby/m1"]);
}

#[test]
fn what_its_user_wants_sent_though_it_is_old_is_sent_until_it_is_confirmed() {
    let mut page = Page::new();
    page.say("m1");
    page.now = page.now + 7 * DAY_MS;
    page.enter_lobby(0);
    assert_eq!(state(&page, "m1"), &Delivery::Old);
    page.apply(Input::Retry(client_id("m1")));
    page.close(1006);
    page.pass(60_000);
    page.sent();
    page.back_in_lobby(0);
    assert!(page.sent().contains(&"send lobby/m1".to_owned()));
    page.receive(SentMessage(said_by("ann", 1, "m1")));
    assert_eq!((page.pending(), kept(&page)), (vec![], vec![]));
}

#[test]
fn what_was_sent_and_grew_old_before_it_was_confirmed_asks_too() {
    let mut page = Page::in_lobby(3);
    page.say("m1");
    page.sent();
    page.sleep(7 * DAY_MS);
    page.back_in_lobby(3);
    assert_eq!(page.sent(), ["hello lobby@e:3"]);
    assert_eq!(state(&page, "m1"), &Delivery::Old);
}

#[test]
fn what_grows_old_while_the_server_waits_for_it_goes_out_all_the_same() {
    let mut page = Page::new();
    page.say("m1");
    page.now = page.now + outbox::FRESH_MS - 500;
    page.say("m2");
    page.enter_lobby(0);
    page.refuse(Some("m1"), "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.refuse(Some("m2"), "lobby", RefusalCode::OutOfOrder, Some(1_000));
    page.pass(2_000);
    assert_eq!(page.sent(), ["send lobby/m1", "send lobby/m2"]);
}

#[test]
fn old_messages_hold_nothing_back() {
    let mut page = Page::new();
    page.say("m1");
    page.now = page.now + 7 * DAY_MS;
    page.say("m2");
    page.enter_lobby(0);
    page.say("m3");
    assert_eq!(page.client.outbox().pending().len(), 3);
    assert_eq!((state(&page, "m1"), state(&page, "m2")), (&Delivery::Old, &Delivery::Sent));
}

#[test]
fn what_a_full_outbox_does_not_take_is_not_kept_either() {
    let mut page = Page::new();
    for index in 0..=outbox::CAPACITY {
        page.say(&format!("m{index}"));
    }
    assert_eq!(kept(&page).len(), outbox::CAPACITY);
}

#[test]
fn a_page_without_a_name_says_nothing() {
    let mut page = Page::new();
    page.client = Client::new(user("ann"), room("lobby"));
    page.say("m1");
    assert_eq!(page.pending(), [""; 0]);
    assert_eq!(page.did(), [""; 0]);
}
