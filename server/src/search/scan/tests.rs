//! Tests of the scan: its order and its limits. [`parity`] tests that it finds what the index finds.

mod parity;
mod searched_store;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use chat::{protocol::Seq, room_name::RoomName};
use proptest::{
    prelude::*,
    test_runner::{Config as Cases, TestRunner},
};
use searched_store::SearchedStore;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::{Answer, Bounds, Hit, Query, ScanError, scan};
use crate::{search::answer::SearchError, store::Store as _, time_zone::TimeZone};

/// 2026-11-20 14:03:20 UTC.
const FRIDAY: u64 = 1_795_183_400_000;

/// No test runs that long, so the time limit only applies where a test sets it.
const LONG: Duration = Duration::from_mins(10);

fn named(room: &str) -> RoomName {
    RoomName::parse(room).unwrap()
}

fn bounds(page: usize, looked: usize) -> Bounds {
    Bounds { page, looked, time: LONG }
}

fn places(hits: &[Hit]) -> Vec<(String, Seq)> {
    hits.iter().map(|hit| (hit.room.to_string(), hit.seq)).collect()
}

#[tokio::test]
async fn the_newest_come_first_whatever_the_room() {
    let searched = SearchedStore::new();
    let said = (0..300).map(|n| (["a", "b", "c", "b"][n % 4], "Ann", "tea", FRIDAY + n as u64));
    searched.say(said.collect::<Vec<_>>()).await;
    let moments: Vec<u64> =
        searched.all("tea", bounds(7, 20_000)).await.iter().map(|hit| hit.at.0 - FRIDAY).collect();
    assert!(moments.iter().copied().eq((0..300).rev()), "{moments:?}");
}

/// For messages in three rooms: the time since the previous message, and the clock skew.
fn moments() -> impl Strategy<Value = Vec<(usize, u64, u64)>> {
    proptest::collection::vec((0..3_usize, prop_oneof![Just(0_u64), 0..3_u64], 0..=5_u64), 0..120)
}

#[test]
fn page_after_page_nothing_is_lost_or_shown_twice_though_clocks_differ() {
    let runtime = Runtime::new().unwrap();
    let cases = Cases { cases: 60, failure_persistence: None, ..Cases::default() };
    TestRunner::new(cases)
        .run(&(moments(), 1..6_usize, 1..40_usize), |(moments, page, looked)| {
            runtime.block_on(async {
                let searched = SearchedStore::new();
                let mut now = FRIDAY;
                let said: Vec<_> = moments
                    .iter()
                    .map(|(room, pause, late)| {
                        now += 1_000 * pause;
                        (["a", "b", "c"][*room], "Ann", "tea", now + 1_000 * late)
                    })
                    .collect();
                searched.say(said.clone()).await;
                let shown = places(&searched.all("tea", bounds(page, looked)).await);
                let mut sorted = shown.clone();
                sorted.sort();
                let mut all = Vec::new();
                for room in ["a", "b", "c"] {
                    let count = said.iter().filter(|said| said.0 == room).count();
                    all.extend((1..=count as Seq).map(|seq| (room.to_owned(), seq)));
                    let seqs: Vec<Seq> = shown.iter().filter(|hit| hit.0 == room).map(|hit| hit.1).collect();
                    prop_assert!(
                        seqs.is_sorted_by(|newer, older| newer > older),
                        "the room's order: {:?}",
                        seqs
                    );
                }
                prop_assert_eq!(sorted, all);
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn a_page_has_so_many_hits_even_if_all_was_said_in_one_moment() {
    let searched = SearchedStore::new();
    searched.say(vec![("a", "Ann", "tea", FRIDAY); 45]).await;
    searched.say(vec![("b", "Ann", "tea", FRIDAY); 45]).await;
    let first = searched.scan("tea", None, bounds(30, 20_000)).await.unwrap();
    assert_eq!((first.hits.len(), first.looked), (30, None));
    let hits = searched.all("tea", bounds(30, 20_000)).await;
    let mut places = places(&hits);
    places.sort();
    places.dedup();
    assert_eq!((hits.len(), places.len()), (90, 90));
}

#[tokio::test]
async fn a_day_is_found_whoever_spoke_later_with_a_clock_that_was_behind() {
    let searched = SearchedStore::new();
    // The midnight after that Friday.
    let midnight = 1_795_219_200_000;
    let said = [midnight - 10_000, midnight + 2_000, midnight - 1_000, midnight + 3_000, midnight - 1];
    searched.say(said.map(|at| ("a", "Ann", "tea", at))).await;
    let seqs = async |typed| {
        let hits = searched.all(typed, bounds(2, 2)).await;
        hits.iter().map(|hit| hit.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs("on:2026-11-20").await, [5, 3, 1]);
    assert_eq!(seqs("on:2026-11-21").await, [4, 2]);
    assert_eq!(seqs("after:2026-11-20 tea").await, [4, 2]);
}

#[tokio::test]
async fn so_many_are_looked_at_and_then_it_says_so_and_goes_on_from_there() {
    let searched = SearchedStore::new();
    searched.say([("a", "Ann", "needle", FRIDAY)]).await;
    let rest = Bounds::default().looked;
    assert_eq!(rest, 20_000);
    let straw = (1..=rest).map(|n| (["a", "b"][n % 2], "Ann", "straw", FRIDAY + n as u64));
    searched.say(straw.collect::<Vec<_>>()).await;
    let bounds = Bounds { time: LONG, ..Bounds::default() };
    let first = searched.scan("needle", None, bounds).await.unwrap();
    assert_eq!((first.hits.len(), first.looked, first.cut), (0, Some(20_000), false));
    let read: usize = searched.take_read().iter().map(|(_, count)| count).sum();
    assert!(read <= 20_001, "{read} were read");
    let second = searched.scan("needle", first.older, bounds).await.unwrap();
    assert_eq!((places(&second.hits), second.looked, second.older), (vec![("a".to_owned(), 1)], None, None));
}

#[tokio::test]
async fn a_search_that_goes_on_does_not_read_what_was_looked_at() {
    let searched = SearchedStore::new();
    let said = (0..6_000).map(|n| (["a", "b"][n % 2], "Ann", "tea", FRIDAY + 1_000 * n as u64));
    searched.say(said.collect::<Vec<_>>()).await;
    let straw = searched.scan("straw", None, bounds(30, 5_000)).await.unwrap();
    searched.take_read();
    let page = searched.scan("tea", straw.older, bounds(30, 5_000)).await.unwrap();
    assert_eq!(page.hits.first().map(|hit| hit.at.0), Some(FRIDAY + 999_000));
    let read: usize = searched.take_read().iter().map(|(_, count)| count).sum();
    assert!(read < 300, "{read} were read");
}

#[tokio::test]
async fn a_day_long_past_is_found_without_reading_what_was_said_since() {
    let searched = SearchedStore::new();
    let said = (0..3_000).map(|n| ("a", "Ann", "tea", FRIDAY + 3_600_000 * n));
    searched.say(said.collect::<Vec<_>>()).await;
    let answer = searched.scan("on:2027-01-20 tea", None, bounds(30, 200)).await.unwrap();
    assert_eq!((answer.hits.len(), answer.looked, answer.older), (24, None, None));
    let read: usize = searched.take_read().iter().map(|(_, count)| count).sum();
    assert!(read < 300, "{read} were read");
}

#[tokio::test]
async fn nothing_is_read_where_one_may_not_read() {
    let searched = SearchedStore::new();
    searched.say([("open", "Ann", "tea", FRIDAY), ("closed", "Ann", "tea", FRIDAY + 1)]).await;
    for (typed, count) in [
        ("tea", 1),
        ("from:ann", 1),
        ("after:2026-11-19", 1),
        ("in:closed", 0),
        ("in:closed tea", 0),
        ("in:closed in:open tea", 1),
    ] {
        let answer = searched.scan(typed, None, bounds(30, 20_000)).await.unwrap();
        assert_eq!(answer.hits.len(), count, "{typed}");
        assert!(answer.hits.iter().all(|hit| hit.room == named("open")), "{typed}");
    }
    let read = searched.take_read();
    assert!(!read.is_empty() && read.iter().all(|(room, _)| *room == named("open")), "{read:?}");
}

#[tokio::test]
async fn only_the_rooms_that_are_named_are_read() {
    let searched = SearchedStore::new();
    searched.say(["lobby", "tea", "茶"].map(|room| (room, "Ann", "tea", FRIDAY))).await;
    searched.all("in:tea tea", bounds(30, 20_000)).await;
    assert!(searched.take_read().iter().all(|(room, _)| *room == named("tea")));
}

#[tokio::test]
async fn a_search_whose_time_is_up_says_so_and_goes_on_from_there() {
    let searched = SearchedStore::new();
    let said = (0..250).map(|n| ("a", "Ann", if n % 10 == 0 { "tea" } else { "straw" }, FRIDAY + n));
    searched.say(said.collect::<Vec<_>>()).await;
    let answers = |count| searched.store.answers.store(count, Ordering::Relaxed);
    // One answer for the list of rooms, and one for the first piece of a room.
    answers(2);
    let first = searched.scan("tea", None, Bounds::default()).await.unwrap();
    assert_eq!((first.hits.len(), first.looked, first.cut), (10, Some(100), false));
    answers(usize::MAX);
    let second = searched.scan("tea", first.older, bounds(30, 20_000)).await.unwrap();
    assert_eq!((second.hits.len(), second.looked, second.older), (15, None, None));
}

#[tokio::test]
async fn a_search_for_which_there_was_no_time_at_all_stays_where_it_was() {
    let searched = SearchedStore::new();
    searched.say([("a", "Ann", "tea", FRIDAY), ("b", "Ann", "tea", FRIDAY)]).await;
    let older = searched.scan("tea", None, bounds(1, 20_000)).await.unwrap().older;
    assert!(older.is_some());
    searched.store.answers.store(2, Ordering::Relaxed);
    let answer = searched.scan("tea", older, Bounds::default()).await.unwrap();
    assert_eq!((answer.hits.len(), answer.cut, answer.looked, answer.older), (0, true, None, older));
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_no_store_without_hits() {
    let searched = SearchedStore::new();
    searched.store.answers.store(0, Ordering::Relaxed);
    let answer = searched.search().ask(Query::parse("tea", &TimeZone::default()), None, |_| true).await;
    assert!(matches!(answer, Err(SearchError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_scanning_search_keeps_nothing_and_closes_when_its_searches_are_done() {
    let searched = SearchedStore::new();
    let search = searched.search();
    search.signals().committed.notify_one();
    search.run(CancellationToken::new()).await;
    searched.store.answers.store(0, Ordering::Relaxed);
    let search = Arc::new(search);
    let asked = tokio::spawn({
        let search = search.clone();
        async move { search.ask(Query::parse("tea", &TimeZone::default()), None, |_| true).await }
    });
    let waiting = || searched.store.waiting.load(Ordering::Relaxed);
    while waiting() == 0 {
        tokio::task::yield_now().await;
    }
    search.close().await;
    assert_eq!(waiting(), 0, "nobody asks the store any more");
    assert!(asked.await.unwrap().is_err());
    let answer = search.ask(Query::parse("tea", &TimeZone::default()), None, |_| true).await;
    assert!(matches!(answer, Err(SearchError::Busy)), "{answer:?}");
}

#[tokio::test]
async fn a_store_that_is_away_is_no_store_without_hits() {
    let searched = SearchedStore::new();
    searched.say([("a", "Ann", "tea", FRIDAY)]).await;
    let search = searched.search();
    searched.store.close().await;
    let answer = search.ask(Query::parse("tea", &TimeZone::default()), None, |_| true).await;
    assert!(matches!(answer, Err(SearchError::Unavailable(_))), "{answer:?}");
}
