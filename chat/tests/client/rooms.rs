//! Opening and leaving rooms, their members, and typing indicators.

use chat::{
    client::{
        Input,
        timeline::{Entry, NOTICES},
    },
    protocol::{Members, PresenceChange, ServerLine, User},
    room_name::RoomName,
};

use crate::{
    page::Page,
    wire::{SentMessage, client_id, joined, message, room, said_by, user},
};

#[test]
fn a_room_that_is_visited_is_joined_once_and_left_aloud() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.visit("lobby");
    page.visit("tea");
    assert_eq!(page.sent(), ["join tea"]);
    page.receive(joined("tea", 0));
    page.visit("lobby");
    page.visit("tea");
    page.apply(Input::Leave(room("tea")));
    assert_eq!(page.sent(), ["leave tea"]);
    assert_eq!(page.client.active().name(), &room("lobby"));
    assert!(page.client.room(&room("tea")).is_none());
}

#[test]
fn a_room_visited_before_the_welcome_is_joined() {
    let mut page = Page::new();
    page.start();
    page.open();
    page.visit("tea");
    page.welcome();
    page.receive(joined("lobby", 0));
    let sent = page.sent();
    assert!(sent.contains(&"join tea".to_owned()), "{sent:?}");
}

#[test]
fn a_room_left_before_the_welcome_is_left() {
    let mut page = Page::new();
    page.client.open(room("tea"));
    page.start();
    page.open();
    page.apply(Input::Leave(room("tea")));
    page.welcome();
    page.receive(joined("lobby", 0));
    let sent = page.sent();
    assert!(sent.contains(&"leave tea".to_owned()), "{sent:?}");
}

#[test]
fn a_room_in_which_something_waits_to_be_said_is_not_left() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.say_in("tea", "t1");
    page.say("m1");
    page.apply(Input::Leave(room("tea")));
    assert_eq!(page.pending(), ["t1", "m1"]);
    assert!(page.client.room(&room("tea")).is_some());
    page.apply(Input::Discard(client_id("t1")));
    page.apply(Input::Leave(room("tea")));
    assert!(page.client.room(&room("tea")).is_none());
}

#[test]
fn a_room_that_has_another_name_is_entered_by_it_with_all_that_waits_there() {
    let mut page = Page::in_lobby(3);
    let old = RoomName::from_canonical("ｔｅａ").unwrap();
    page.apply(Input::Visit(old.clone()));
    page.apply(Input::Send { room: old, id: client_id("m1"), text: "hi".to_owned() });
    assert_eq!(page.sent(), ["join ｔｅａ"]);
    page.did();
    page.receive(ServerLine::Renamed { room: "ｔｅａ".to_owned(), name: room("tea") });
    assert_eq!(page.sent(), ["join tea"]);
    assert_eq!(page.client.active().name(), &room("tea"), "one looks at it");
    let names: Vec<&str> = page.client.rooms().iter().map(|room| room.name().as_str()).collect();
    assert_eq!(names, ["lobby", "tea"]);
    let did = page.did().join("\n");
    assert!(did.contains("keep m1") && did.contains("rename ｔｅａ tea"), "{did}");
    page.receive(joined("tea", 0));
    assert_eq!(page.sent(), ["send tea/m1"]);
    assert!(page.client.outbox().pending().iter().all(|pending| pending.room == room("tea")));
    // The server sends it only once; a name of a room that is not open changes nothing.
    page.receive(ServerLine::Renamed { room: "ｔｅａ".to_owned(), name: room("tea") });
    assert_eq!(page.sent(), [] as [&str; 0]);
}

#[test]
fn a_room_that_has_the_name_of_one_that_is_open_is_that_one() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.receive(joined("tea", 2));
    page.apply(Input::Visit(RoomName::from_canonical("ｔｅａ").unwrap()));
    page.sent();
    page.receive(ServerLine::Renamed { room: "ｔｅａ".to_owned(), name: room("tea") });
    assert_eq!(page.sent(), [] as [&str; 0], "it was entered before");
    assert_eq!((page.client.active().name(), page.client.rooms().len()), (&room("tea"), 2));
}

#[test]
fn what_comes_while_nobody_looks_is_counted_until_somebody_does() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    page.receive(joined("tea", 0));
    page.receive(SentMessage(message(4)));
    page.receive(SentMessage(said_by("ann", 5, "other-tab")));
    assert_eq!(page.client.room(&room("lobby")).unwrap().unread(), 1, "one's own is not news");
    page.visit("lobby");
    assert_eq!(page.client.active().unread(), 0);
    page.apply(Input::Visible(false));
    page.receive(SentMessage(message(6)));
    assert_eq!(page.client.active().unread(), 1);
    page.apply(Input::Visible(true));
    assert_eq!(page.client.active().unread(), 0);
}

#[test]
fn comings_and_goings_change_who_is_there_and_are_shown_but_for_one_s_own() {
    let mut page = Page::in_lobby(3);
    let presence = |enter: &[&str], leave: &[&str], count| {
        let users = |names: &[&str]| names.iter().map(|name| user(name)).collect();
        ServerLine::Presence(PresenceChange {
            room: room("lobby"),
            enter: users(enter),
            leave: users(leave),
            count,
        })
    };
    page.receive(presence(&["ann"], &[], 1));
    page.receive(presence(&["bo"], &[], 2));
    page.receive(presence(&["cai"], &["bo"], 2));
    let there: Vec<&str> = page.client.active().members().list.iter().map(|user| &*user.name).collect();
    assert_eq!(there, ["ann", "cai"]);
    assert_eq!(page.client.active().members().count, 2);
    let notices: Vec<(bool, &str)> = page
        .client
        .active()
        .timeline()
        .entries()
        .filter_map(|entry| match entry {
            Entry::Notice(notice) => Some((notice.entered, &*notice.users[0].name)),
            _ => None,
        })
        .collect();
    assert_eq!(notices, [(true, "bo"), (false, "bo"), (true, "cai")]);
}

#[test]
fn comings_and_goings_crowd_out_no_message() {
    let mut page = Page::in_lobby(3);
    for count in 0..3 * NOTICES {
        let (mut enter, mut leave) = (vec![user("bo")], vec![]);
        if count % 2 == 1 {
            (enter, leave) = (leave, enter);
        }
        page.receive(ServerLine::Presence(PresenceChange { room: room("lobby"), enter, leave, count: 1 }));
    }
    let shown = |page: &Page| {
        let entries: Vec<Entry> = page.client.active().timeline().entries().cloned().collect();
        let notices = entries.iter().filter_map(|entry| match entry {
            Entry::Notice(notice) => Some(notice.key),
            _ => None,
        });
        let notices: Vec<u64> = notices.collect();
        (entries.len() - notices.len(), notices)
    };
    let (messages, notices) = shown(&page);
    let all = 3 * NOTICES as u64;
    assert_eq!(messages, 3);
    assert_eq!(notices, (all - NOTICES as u64 + 1..=all).collect::<Vec<_>>(), "the newest are left");
    page.receive(SentMessage(message(4)));
    page.receive(ServerLine::Presence(PresenceChange {
        room: room("lobby"),
        enter: vec![user("cai")],
        leave: vec![],
        count: 2,
    }));
    let (messages, notices) = shown(&page);
    assert_eq!((messages, notices.len()), (4, NOTICES + 1), "each run by itself");
}

#[test]
fn some_of_a_crowd_are_not_taken_for_all_and_others_are_asked_for() {
    let mut page = Page::new();
    page.apply(Input::Members);
    page.start();
    page.open();
    page.welcome();
    page.apply(Input::Members);
    assert_eq!(page.sent(), ["hello lobby"]);
    let some = |count, names: &[&str]| Members { count, list: users(names), bots: vec![] };
    let mut answer = joined("lobby", 0);
    answer.0.members = some(50, &["bo", "cai"]);
    page.receive(answer);
    assert_eq!(there(&page), (50, vec!["ann", "bo", "cai"]), "one is there oneself");
    page.apply(Input::Members);
    assert_eq!(page.sent(), ["members lobby after Some(\"cai\")"], "it is asked once the room is joined");
    page.receive(ServerLine::Members { room: room("lobby"), members: some(49, &["dee", "eve"]) });
    assert_eq!(there(&page), (49, vec!["ann", "dee", "eve"]));

    let count = |count| {
        ServerLine::Presence(PresenceChange { room: room("lobby"), enter: vec![], leave: vec![], count })
    };
    page.receive(count(51));
    assert_eq!(there(&page), (51, vec!["ann", "dee", "eve"]));
    page.receive(count(3));
    assert_eq!(there(&page), (3, vec!["ann", "dee"]), "who are not named need not be those that are shown");
    page.receive(ServerLine::Members { room: room("lobby"), members: some(2, &["ann", "fay"]) });
    assert_eq!(there(&page), (2, vec!["ann", "fay"]));
    assert_eq!(page.lobby().timeline().entries().len(), 0, "of a crowd nobody is said to come or go");
}

fn users(names: &[&str]) -> Vec<User> {
    names.iter().map(|name| user(name)).collect()
}

fn there(page: &Page) -> (usize, Vec<&str>) {
    let members = page.lobby().members();
    (members.count, members.list.iter().map(|user| &*user.name).collect())
}

#[test]
fn that_one_writes_is_said_at_most_every_three_seconds_and_only_in_a_joined_room() {
    let mut page = Page::new();
    page.apply(Input::Typing);
    page.start();
    page.open();
    page.welcome();
    page.apply(Input::Typing);
    page.receive(joined("lobby", 0));
    page.sent();
    page.apply(Input::Typing);
    page.apply(Input::Typing);
    page.pass(2_999);
    page.apply(Input::Typing);
    assert_eq!(page.sent(), ["typing lobby"]);
    page.pass(1);
    page.apply(Input::Typing);
    assert_eq!(page.sent(), ["typing lobby"]);
}

#[test]
fn whoever_writes_is_seen_until_they_have_said_it_or_for_six_seconds() {
    let mut page = Page::in_lobby(3);
    let writes = |page: &mut Page, name: &str| {
        page.receive(ServerLine::Typing { room: room("lobby"), user: user(name) });
    };
    let seen =
        |page: &Page| page.client.active().typists().map(|user| user.name.to_string()).collect::<Vec<_>>();
    writes(&mut page, "bo");
    writes(&mut page, "cai");
    writes(&mut page, "ann");
    assert_eq!(seen(&page), ["bo", "cai"], "not oneself");
    page.receive(SentMessage(message(4)));
    assert_eq!(seen(&page), ["cai"]);
    page.pass(6_000);
    assert_eq!(seen(&page), [""; 0]);
}
