//! Read positions, and the messages that are unread since.

use chat::{
    client::Input,
    id::Epoch,
    protocol::{Message, Seq},
};

use crate::{
    page::Page,
    wire::{SentMessage, joined, message, room, said_by, user},
};

fn left_off(page: &Page) -> Option<Seq> {
    page.lobby().left_off()
}

fn news(page: &Page) -> Vec<Seq> {
    let me = user("ann");
    let messages = page.lobby().timeline().messages().map(|message| &**message);
    messages
        .filter(|message: &&Message| page.lobby().is_news(message, &me))
        .map(|message| message.seq)
        .collect()
}

fn recall(page: &mut Page, epoch: &str, seq: Seq) {
    page.apply(Input::Recall(room("lobby"), Epoch::parse(epoch).unwrap(), seq));
}

#[test]
fn what_comes_while_it_is_seen_is_no_news() {
    let mut page = Page::in_lobby(3);
    page.receive(SentMessage(message(4)));
    assert_eq!((left_off(&page), page.lobby().seen_seq()), (None, 4));
}

#[test]
fn what_others_say_while_nobody_looks_is_new_from_where_the_reader_left_off() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Visible(false));
    page.receive(SentMessage(message(4)));
    page.receive(SentMessage(said_by("ann", 5, "other-device")));
    page.receive(SentMessage(message(6)));
    assert_eq!(left_off(&page), Some(3));
    page.apply(Input::Visible(true));
    assert_eq!((left_off(&page), news(&page)), (Some(3), vec![4, 6]));
    assert_eq!((page.lobby().unread(), page.lobby().seen_seq()), (0, 6), "but it is seen now");
}

#[test]
fn what_was_new_stays_so_until_its_reader_looks_away_or_says_something() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Visible(false));
    page.receive(SentMessage(message(4)));
    page.apply(Input::Visible(true));
    page.receive(SentMessage(message(5)));
    assert_eq!(left_off(&page), Some(3));
    page.say("m1");
    assert_eq!(left_off(&page), None);
    page.apply(Input::Visible(false));
    page.receive(SentMessage(message(6)));
    assert_eq!(left_off(&page), Some(5));
    page.apply(Input::Visible(true));
    page.visit("tea");
    assert_eq!(left_off(&page), None);
}

#[test]
fn to_look_away_from_what_was_not_seen_does_not_make_it_old() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Visible(false));
    page.receive(SentMessage(message(4)));
    page.apply(Input::Visible(false));
    assert_eq!(left_off(&page), Some(3));
}

#[test]
fn what_was_missed_while_cut_off_is_new() {
    let mut page = Page::in_lobby(3);
    page.close(1006);
    page.pass(60_000);
    page.open();
    page.welcome();
    page.receive(joined("lobby", 5).resumed().page(4..=5));
    assert_eq!((left_off(&page), news(&page)), (Some(3), vec![4, 5]));
}

#[test]
fn to_miss_nothing_is_no_news() {
    let mut page = Page::in_lobby(3);
    page.close(1006);
    page.pass(60_000);
    page.back_in_lobby(3);
    assert_eq!(left_off(&page), None);
}

#[test]
fn the_first_page_of_a_room_is_history_and_no_news() {
    let page = Page::in_lobby(3);
    assert_eq!((left_off(&page), page.lobby().unread()), (None, 0));
}

#[test]
fn what_an_earlier_page_had_not_seen_is_new() {
    let mut page = Page::new();
    page.client.open(room("tea"));
    page.visit("tea");
    recall(&mut page, "e", 3);
    page.start();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 6).page(2..=5).with(said_by("ann", 6, "m")));
    assert_eq!((left_off(&page), news(&page)), (Some(3), vec![4, 5]));
    assert_eq!(page.lobby().unread(), 2, "nobody looks at it yet");
    page.visit("lobby");
    assert_eq!((left_off(&page), page.lobby().unread()), (Some(3), 0));
}

#[test]
fn what_is_recalled_after_the_room_is_known_counts_too() {
    let mut page = Page::new();
    page.client.preload(joined("lobby", 5).page(1..=5).0);
    recall(&mut page, "e", 3);
    assert_eq!((left_off(&page), news(&page)), (Some(3), vec![4, 5]));
}

#[test]
fn nothing_is_new_to_whom_has_seen_it_all_or_knew_another_life_of_the_log() {
    for (epoch, seq) in [("e", 5), ("e", 9), ("f", 3)] {
        let mut page = Page::new();
        recall(&mut page, epoch, seq);
        page.enter_lobby(5);
        assert_eq!((left_off(&page), news(&page)), (None, vec![]), "{epoch}:{seq}");
    }
}

#[test]
fn in_a_new_life_of_the_log_only_what_it_says_is_unread() {
    let mut page = Page::in_lobby(9);
    page.visit("tea");
    page.receive(SentMessage(message(10)));
    assert_eq!((page.lobby().unread(), left_off(&page)), (1, Some(9)));
    page.receive(joined("lobby", 2).epoch("f").page(1..=2));
    assert_eq!((page.lobby().unread(), left_off(&page), page.lobby().seen_seq()), (2, None, 0));
}

fn seen_elsewhere(page: &mut Page, epoch: &str, seq: Seq) {
    page.apply(Input::SeenElsewhere(room("lobby"), Epoch::parse(epoch).unwrap(), seq));
}

#[test]
fn what_another_tab_has_seen_is_not_unread_here() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    for seq in 4..=6 {
        page.receive(SentMessage(message(seq)));
    }
    seen_elsewhere(&mut page, "e", 5);
    assert_eq!((page.lobby().unread(), left_off(&page), page.lobby().seen_seq()), (1, Some(5), 5));
    seen_elsewhere(&mut page, "e", 4);
    seen_elsewhere(&mut page, "f", 6);
    assert_eq!(
        (page.lobby().unread(), left_off(&page)),
        (1, Some(5)),
        "neither what is older nor another epoch"
    );
    seen_elsewhere(&mut page, "e", 6);
    assert_eq!((page.lobby().unread(), left_off(&page)), (0, None));
}

#[test]
fn what_another_tab_has_seen_first_is_not_unread_when_it_comes() {
    let mut page = Page::in_lobby(3);
    page.visit("tea");
    seen_elsewhere(&mut page, "e", 5);
    for seq in 4..=6 {
        page.receive(SentMessage(message(seq)));
    }
    assert_eq!((page.lobby().unread(), left_off(&page)), (1, Some(5)));

    let mut page = Page::in_lobby(3);
    page.visit("tea");
    seen_elsewhere(&mut page, "e", 5);
    page.receive(joined("lobby", 6).page(4..=6).resumed());
    assert_eq!((page.lobby().unread(), left_off(&page)), (1, Some(5)), "nor when it was missed");
}

#[test]
fn what_is_marked_as_new_stays_marked_where_it_is_read() {
    let mut page = Page::in_lobby(3);
    page.apply(Input::Visible(false));
    page.receive(SentMessage(message(4)));
    page.apply(Input::Visible(true));
    seen_elsewhere(&mut page, "e", 4);
    assert_eq!(news(&page), [4]);
}
