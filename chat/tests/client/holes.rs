//! Missing messages: holes, pages of history, and the capacity of a timeline.

use chat::{
    client::{
        Input,
        timeline::{self, Earlier, Entry, Hole},
    },
    protocol::{PresenceChange, RefusalCode, Seq, ServerLine},
};

use crate::{
    page::Page,
    wire::{SentMessage, joined, message, piece, room, user},
};

#[test]
fn a_page_that_is_no_resumption_leaves_a_hole_that_says_what_is_missing() {
    let mut page = Page::in_lobby(3);
    page.receive(joined("lobby", 90).page(81..=90));
    assert_eq!(page.shown("lobby"), (1..=3).chain(81..=90).collect::<Vec<_>>());
    assert_eq!(page.holes(), [(4, 80)]);
    page.receive(SentMessage(message(91)));
    assert_eq!(page.shown("lobby").last(), Some(&91));
}

#[test]
fn a_timeline_keeps_the_newest_and_no_more_than_it_may() {
    let mut page = Page::in_lobby(0);
    let count = timeline::CAPACITY as u64 + 50;
    for seq in 1..=count {
        page.receive(SentMessage(message(seq)));
    }
    let shown = page.shown("lobby");
    assert_eq!(shown.len(), timeline::CAPACITY);
    assert_eq!(shown.last(), Some(&count));
    assert!(page.client.active().timeline().earlier() == Earlier::Available);
}

#[test]
fn comings_and_goings_do_not_make_a_timeline_longer_than_it_may_be() {
    let mut page = Page::in_lobby(0);
    for count in 0..timeline::CAPACITY + 50 {
        let enter = vec![user(&format!("u{count}"))];
        page.receive(ServerLine::Presence(PresenceChange {
            room: room("lobby"),
            enter,
            leave: vec![],
            count,
        }));
        if count % 10 == 0 {
            page.receive(SentMessage(message(count as u64 / 10 + 1)));
        }
    }
    assert_eq!(page.client.active().timeline().entries().len(), timeline::CAPACITY);
}

/// Creates a page in the lobby with a hole from 4 to 80, followed by 81 to 90.
fn with_a_hole() -> Page {
    let mut page = Page::in_lobby(3);
    page.receive(joined("lobby", 90).page(81..=90));
    assert_eq!(page.holes(), [(4, 80)]);
    page.sent();
    page
}

/// Creates a page with the lobby's messages from 41 to 90; the server retains the earlier ones.
fn with_earlier() -> Page {
    let mut page = Page::new();
    page.start();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 90).page(41..=90));
    page.sent();
    page
}

/// Creates a page that was loaded for a message in the middle of the log.
fn at_a_permalink() -> Page {
    let mut page = Page::new();
    page.client.preload(joined("lobby", 300).page(101..=150).0);
    page
}

fn earlier(page: &Page) -> Earlier {
    page.lobby().timeline().earlier()
}

fn hole(page: &Page) -> Hole {
    page.lobby().timeline().holes().next().unwrap()
}

fn fill(page: &mut Page) {
    let hole = hole(page);
    page.apply(Input::Fill(hole));
}

fn seqs(parts: &[std::ops::RangeInclusive<Seq>]) -> Vec<Seq> {
    parts.iter().cloned().flatten().collect()
}

#[test]
fn a_hole_is_shown_where_something_is_missing() {
    let page = with_a_hole();
    let entries: Vec<&Entry> = page.lobby().timeline().entries().collect();
    assert_eq!(entries[3], &Entry::Hole(Hole { from: 4, to: 80, onward: false }));
    assert_eq!(hole(&page).count(), 77);
}

#[test]
fn a_hole_is_filled_from_its_newer_end() {
    let mut page = with_a_hole();
    fill(&mut page);
    assert_eq!(page.sent(), ["history lobby before 81"]);
    page.receive(piece("e", 1, 31..=80));
    assert_eq!(page.shown("lobby"), seqs(&[1..=3, 31..=90]));
    assert_eq!(page.holes(), [(4, 30)]);
    fill(&mut page);
    assert_eq!(page.sent(), ["history lobby before 31"]);
    page.receive(piece("e", 1, 1..=30));
    assert_eq!(page.shown("lobby"), seqs(&[1..=90]));
    assert_eq!(page.holes(), []);
}

#[test]
fn whoever_reads_on_from_a_permalink_fills_the_hole_from_its_older_end() {
    let mut page = at_a_permalink();
    assert_eq!(page.holes(), [(151, 300)]);
    assert!(hole(&page).onward);
    page.start();
    page.open();
    assert_eq!(page.sent(), ["hello lobby@e:300"], "what is missing is not missed");
    page.welcome();
    page.receive(joined("lobby", 300).resumed());
    fill(&mut page);
    assert_eq!(page.sent(), ["history lobby around 200"]);
    page.receive(piece("e", 1, 150..=249));
    assert_eq!(page.shown("lobby"), seqs(&[101..=249]));
    assert_eq!(page.holes(), [(250, 300)]);
    assert!(hole(&page).onward);
    fill(&mut page);
    page.receive(piece("e", 1, 201..=300));
    assert_eq!(page.shown("lobby"), seqs(&[101..=300]));
}

#[test]
fn a_page_from_the_middle_of_a_hole_leaves_one_on_each_side() {
    let mut page = with_a_hole();
    page.receive(piece("e", 1, 20..=30));
    assert_eq!(page.shown("lobby"), seqs(&[1..=3, 20..=30, 81..=90]));
    assert_eq!(page.holes(), [(4, 19), (31, 80)]);
}

#[test]
fn what_is_here_already_is_not_shown_twice_by_a_page_that_overlaps_it() {
    let mut page = with_a_hole();
    page.receive(piece("e", 1, 1..=85));
    assert_eq!(page.shown("lobby"), seqs(&[1..=90]));
    page.receive(piece("e", 1, 1..=90));
    assert_eq!(page.shown("lobby"), seqs(&[1..=90]));
    let mut page = with_earlier();
    page.receive(piece("e", 1, 11..=60));
    assert_eq!(page.shown("lobby"), seqs(&[11..=90]));
}

#[test]
fn one_page_fills_all_the_holes_that_it_covers() {
    let mut page = with_a_hole();
    page.receive(joined("lobby", 190).page(181..=190));
    assert_eq!(page.holes(), [(4, 80), (91, 180)]);
    page.receive(piece("e", 1, 60..=100));
    assert_eq!(page.shown("lobby"), seqs(&[1..=3, 60..=100, 181..=190]));
    assert_eq!(page.holes(), [(4, 59), (101, 180)]);
}

#[test]
fn a_page_that_comes_after_what_it_is_about_has_gone_leaves_a_hole_between() {
    let mut page = with_earlier();
    page.apply(Input::Earlier);
    let count = timeline::CAPACITY as u64;
    for seq in 91..=90 + count {
        page.receive(SentMessage(message(seq)));
    }
    assert_eq!(page.shown("lobby"), seqs(&[91..=90 + count]));
    page.receive(piece("e", 1, 1..=40));
    assert_eq!(page.shown("lobby"), seqs(&[1..=40, 91..=90 + count]));
    assert_eq!(page.holes(), [(41, 90)]);
}

#[test]
fn a_page_of_another_life_of_the_log_is_of_no_use() {
    let mut page = with_a_hole();
    fill(&mut page);
    page.receive(piece("f", 70, 41..=80));
    assert_eq!(page.holes(), [(4, 80)]);
    assert_eq!(page.lobby().timeline().oldest(), 1);
    assert!(!page.lobby().is_looking_back(), "it was the answer all the same");
}

#[test]
fn events_of_unknown_kinds_take_their_places_in_a_page() {
    let mut page = with_a_hole();
    page.receive_text(
        r#"{"page":{"room":"lobby","epoch":"e","oldest":1,"events":[{"poll":{"room":"lobby","seq":79}},{"poll":{"room":"lobby","seq":80}}]}}"#,
    );
    assert_eq!(page.holes(), [(4, 78)]);
    assert_eq!(page.shown("lobby"), seqs(&[1..=3, 81..=90]));
}

#[test]
fn the_position_goes_on_across_holes() {
    let mut page = with_a_hole();
    page.receive(SentMessage(message(91)));
    assert_eq!(page.shown("lobby").last(), Some(&91));
    assert_eq!(page.sent(), [""; 0], "nothing is asked for by itself");
    page.close(1006);
    page.pass(60_000);
    page.open();
    assert_eq!(page.sent(), ["hello lobby@e:91"]);
}

#[test]
fn a_resumption_that_lacks_something_leaves_a_hole_too() {
    let mut page = Page::in_lobby(3);
    page.receive(joined("lobby", 9).resumed().page(6..=9));
    assert_eq!(page.shown("lobby"), [1, 2, 3]);
    assert_eq!(page.holes(), [(4, 9)]);
    page.receive(SentMessage(message(10)));
    assert_eq!(page.shown("lobby"), [1, 2, 3, 10]);
}

#[test]
fn only_one_piece_of_history_is_asked_for_at_a_time() {
    let mut page = with_a_hole();
    fill(&mut page);
    fill(&mut page);
    page.apply(Input::Earlier);
    assert_eq!(page.sent(), ["history lobby before 81"]);
    assert!(page.lobby().is_looking_back());
    page.receive(piece("e", 1, 41..=80));
    assert!(!page.lobby().is_looking_back());
    fill(&mut page);
    assert_eq!(page.sent(), ["history lobby before 41"]);
}

#[test]
fn history_can_be_asked_for_again_after_a_break_or_a_join() {
    let mut page = with_a_hole();
    fill(&mut page);
    page.close(1006);
    assert!(!page.lobby().is_looking_back());
    page.pass(60_000);
    page.back_in_lobby(90);
    fill(&mut page);
    page.refuse(None, "lobby", RefusalCode::NotJoined, None);
    page.receive(joined("lobby", 90).resumed());
    assert!(!page.lobby().is_looking_back());
    assert_eq!(page.holes(), [(4, 80)]);
}

#[test]
fn history_that_is_refused_for_now_is_asked_for_again_and_the_room_is_not() {
    let mut page = with_a_hole();
    fill(&mut page);
    page.sent();
    page.refuse(None, "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    assert!(page.lobby().is_looking_back());
    fill(&mut page);
    page.pass(900);
    assert_eq!(page.sent(), [""; 0]);
    page.pass(1_100);
    assert_eq!(page.sent(), ["history lobby before 81"]);
    page.receive(piece("e", 1, 41..=80));
    page.pass(20_000);
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn of_history_that_waits_to_be_asked_for_again_nothing_is_left_in_another_life_of_the_log() {
    let mut page = with_a_hole();
    fill(&mut page);
    page.refuse(None, "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.sent();
    // It arrives unrequested, before the first event of the new epoch.
    page.receive(joined("lobby", 2).epoch("f").page(1..=2));
    page.pass(20_000);
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn history_that_is_refused_for_good_can_be_asked_for_by_its_reader() {
    let mut page = with_a_hole();
    fill(&mut page);
    page.refuse(None, "lobby", RefusalCode::Forbidden, None);
    assert!(!page.lobby().is_looking_back());
    page.sent();
    page.pass(20_000);
    assert_eq!(page.sent(), [""; 0]);
    fill(&mut page);
    assert_eq!(page.sent(), ["history lobby before 81"]);
}

#[test]
fn a_join_takes_the_place_of_the_history_that_waits_to_be_asked_for_again() {
    let mut page = with_a_hole();
    fill(&mut page);
    page.refuse(None, "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.sent();
    page.glance();
    page.pass(2_000);
    assert_eq!(page.sent(), ["join lobby@e:90"]);
    // This refuses the join, not the history request.
    page.refuse(None, "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.pass(2_000);
    assert_eq!(page.sent(), ["join lobby@e:90"]);
    page.receive(joined("lobby", 90).resumed());
    fill(&mut page);
    assert_eq!(page.sent(), ["history lobby before 81"]);
}

#[test]
fn a_join_that_is_refused_after_history_was_refused_for_want_of_one_is_tried_again() {
    let mut page = with_a_hole();
    fill(&mut page);
    page.sent();
    page.refuse(None, "lobby", RefusalCode::NotJoined, None);
    assert_eq!(page.sent(), ["join lobby@e:90"]);
    // This refuses the join: the history request was answered before.
    page.refuse(None, "lobby", RefusalCode::StoreUnavailable, Some(1_000));
    page.pass(2_000);
    assert_eq!(page.sent(), ["join lobby@e:90"]);
}

#[test]
fn nothing_is_asked_for_while_the_room_is_not_joined() {
    let mut page = at_a_permalink();
    page.apply(Input::Earlier);
    fill(&mut page);
    page.start();
    page.open();
    page.apply(Input::Earlier);
    assert_eq!(page.sent(), ["hello lobby@e:300"]);
    assert!(!page.lobby().is_looking_back());
}

#[test]
fn a_hole_that_is_not_there_is_not_filled() {
    let mut page = with_a_hole();
    page.apply(Input::Fill(Hole { from: 4, to: 79, onward: false }));
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn what_is_no_longer_kept_is_not_asked_for() {
    let mut page = with_a_hole();
    fill(&mut page);
    assert_eq!(page.sent(), ["history lobby before 81"]);
    page.receive(piece("e", 71, 71..=80));
    assert_eq!(page.holes(), [(4, 70)], "that it was there is still said");
    assert_eq!(page.lobby().timeline().oldest(), 71);
    fill(&mut page);
    assert_eq!(page.sent(), [""; 0]);
    assert!(!page.lobby().is_looking_back());
}

#[test]
fn whoever_reads_on_begins_at_the_oldest_that_is_kept() {
    let mut page = at_a_permalink();
    page.start();
    page.open();
    page.welcome();
    page.receive(joined("lobby", 300).resumed().oldest(211));
    page.sent();
    fill(&mut page);
    assert_eq!(page.sent(), ["history lobby around 260"]);
    page.receive(piece("e", 211, 211..=300));
    assert_eq!(page.holes(), [(151, 210)]);
}

#[test]
fn before_the_first_event_there_is_nothing() {
    assert_eq!(earlier(&Page::in_lobby(0)), Earlier::Nothing);
    assert_eq!(earlier(&Page::in_lobby(3)), Earlier::Nothing);
    let mut page = Page::in_lobby(0);
    page.receive(SentMessage(message(1)));
    assert_eq!(earlier(&page), Earlier::Nothing);
    page.apply(Input::Earlier);
    assert_eq!(page.sent(), [""; 0]);
}

#[test]
fn earlier_messages_are_asked_for_and_put_before_the_others() {
    let mut page = with_earlier();
    assert_eq!(earlier(&page), Earlier::Available);
    page.apply(Input::Earlier);
    assert_eq!(page.sent(), ["history lobby before 41"]);
    page.receive(piece("e", 1, 11..=40));
    assert_eq!((page.shown("lobby"), earlier(&page)), (seqs(&[11..=90]), Earlier::Available));
    page.apply(Input::Earlier);
    page.receive(piece("e", 1, 1..=10));
    assert_eq!((page.shown("lobby"), earlier(&page)), (seqs(&[1..=90]), Earlier::Nothing));
}

#[test]
fn what_is_no_longer_kept_before_the_first_is_gone() {
    let mut page = with_earlier();
    page.apply(Input::Earlier);
    page.receive(piece("e", 21, 21..=40));
    assert_eq!((page.shown("lobby"), earlier(&page)), (seqs(&[21..=90]), Earlier::Gone));
    let mut page = with_earlier();
    page.apply(Input::Earlier);
    page.receive(piece("e", 51, std::iter::empty()));
    assert_eq!((page.shown("lobby"), earlier(&page)), (seqs(&[41..=90]), Earlier::Gone));
}

#[test]
fn a_new_life_of_the_log_is_announced_and_nothing_of_the_old_one_stays() {
    let mut page = with_a_hole();
    page.receive(joined("lobby", 50).epoch("f").page(48..=50));
    let entries: Vec<&Entry> = page.lobby().timeline().entries().collect();
    assert_eq!(entries[0], &Entry::Renewed);
    assert_eq!(page.shown("lobby"), [48, 49, 50]);
    assert_eq!((page.holes(), earlier(&page)), (vec![], Earlier::Available));
    page.receive(joined("lobby", 50).epoch("f").resumed());
    let renewals = page.lobby().timeline().entries().filter(|entry| **entry == Entry::Renewed);
    assert_eq!(renewals.count(), 1, "once");
}

#[test]
fn a_room_that_showed_nothing_is_not_renewed() {
    let mut page = Page::in_lobby(0);
    page.receive(joined("lobby", 2).epoch("f").page(1..=2));
    let entries = page.lobby().timeline().entries();
    assert_eq!(entries.filter(|entry| **entry == Entry::Renewed).count(), 0);
}

#[test]
fn whoever_reads_back_keeps_more_but_not_all() {
    let mut page = Page::new();
    page.start();
    page.open();
    page.welcome();
    let head: Seq = 20_000;
    page.receive(joined("lobby", head).page(head - 49..=head));
    let mut first = head - 49;
    while earlier(&page) == Earlier::Available {
        page.apply(Input::Earlier);
        page.receive(piece("e", 1, first - 200..first));
        first = page.lobby().timeline().first();
    }
    assert_eq!(earlier(&page), Earlier::Elsewhere);
    assert_eq!(page.lobby().timeline().entries().len(), timeline::READING_CAPACITY);
    assert_eq!(page.shown("lobby"), seqs(&[first..=head]));
    page.sent();
    page.apply(Input::Earlier);
    assert_eq!(page.sent(), [""; 0]);
    // New messages do not remove what the user reads, up to the timeline's capacity.
    page.receive(SentMessage(message(head + 1)));
    assert_eq!(page.shown("lobby"), seqs(&[first..=head + 1]));
    let last = head + u64::try_from(timeline::CAPACITY).unwrap() + 10;
    (head + 2..=last).for_each(|seq| page.receive(SentMessage(message(seq))));
    let most = timeline::READING_CAPACITY + timeline::CAPACITY;
    assert_eq!(page.lobby().timeline().entries().len(), most);
    assert_eq!(page.shown("lobby").last(), Some(&last));
}

#[test]
fn a_hole_can_be_read_without_end_and_no_more_is_kept_than_may_be() {
    let mut page = Page::in_lobby(3);
    let head: Seq = 20_000;
    page.receive(joined("lobby", head).page(head - 49..=head));
    while !page.holes().is_empty() {
        let hole = hole(&page);
        page.apply(Input::Fill(hole));
        page.receive(piece("e", 1, hole.to.saturating_sub(199)..=hole.to));
        assert!(page.lobby().timeline().entries().len() <= timeline::READING_CAPACITY);
    }
    let first = page.lobby().timeline().first();
    assert_eq!(page.shown("lobby"), seqs(&[first..=head]));
    assert_eq!(earlier(&page), Earlier::Elsewhere);
}
