//! The search that looks through a store: where it goes, and where it ends. That it finds what the one by way of an index
//! finds is in [`parity`].

mod parity;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chat::{
    id::{ClientId, Epoch, UserId},
    protocol::{Head, Seq, User},
    room_name::RoomName,
    time::Millis,
};
use futures::{FutureExt as _, future::BoxFuture};
use proptest::{
    prelude::*,
    test_runner::{Config as Cases, TestRunner},
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::mpsc};
use tokio_util::sync::CancellationToken;

use super::{Answer, Bounds, Hit, Query, Trouble, scan};
use crate::{
    search::{Search, SearchError},
    store::{Claim, Draft, Kept, News, Piece, SharedStore, Slice, Store, StoreError, sqlite::SqliteStore},
};

/// 2026-11-20 14:03:20 UTC.
const FRIDAY: u64 = 1_795_183_400_000;

/// No test waits so long; what is cut off by the clock is so on purpose.
const LONG: Duration = Duration::from_mins(10);

/// A store that remembers what was read of it.
struct Watched {
    store: SqliteStore,
    read: Mutex<Vec<(RoomName, usize)>>,
    /// How many questions it answers before it falls silent.
    answers: AtomicUsize,
}

impl Watched {
    /// Returns if there is to be an answer.
    async fn may_answer(&self) {
        let takes = |left: usize| left.checked_sub(1);
        if self.answers.try_update(Ordering::Relaxed, Ordering::Relaxed, takes).is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Store for Watched {
    fn append(&self, drafts: Vec<Draft>) -> BoxFuture<'_, Kept> {
        self.store.append(drafts)
    }

    fn follow(&self, room: RoomName) -> BoxFuture<'_, Result<Head, StoreError>> {
        self.store.follow(room)
    }

    fn unfollow(&self, room: &RoomName) {
        self.store.unfollow(room);
    }

    fn read(&self, room: RoomName, piece: Piece) -> BoxFuture<'_, Result<Slice, StoreError>> {
        async move {
            self.may_answer().await;
            let slice = self.store.read(room.clone(), piece).await?;
            self.read.lock().unwrap().push((room, slice.messages.len()));
            Ok(slice)
        }
        .boxed()
    }

    fn rooms(&self) -> BoxFuture<'_, Result<Vec<RoomName>, StoreError>> {
        async {
            self.may_answer().await;
            let mut rooms = self.store.rooms().await?;
            // They are named in no order.
            let turns = self.read.lock().unwrap().len() % rooms.len().max(1);
            rooms.rotate_left(turns);
            Ok(rooms)
        }
        .boxed()
    }

    fn claim(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.store.claim(claim)
    }

    fn holds(&self, claim: Claim) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.store.holds(claim)
    }

    fn release(&self, claim: Claim) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.release(claim)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.store.close()
    }
}

/// A store, and where it is.
struct House {
    store: Arc<Watched>,
    folder: TempDir,
    epoch: Epoch,
    said: AtomicU64,
    _news: mpsc::Receiver<News>,
}

impl House {
    fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let (news, told) = mpsc::channel(100_000);
        let epoch = Epoch::parse("e").unwrap();
        let store = SqliteStore::open(folder.path(), epoch.clone(), 0, news).unwrap();
        let store = Watched { store, read: Mutex::default(), answers: AtomicUsize::new(usize::MAX) };
        House { store: Arc::new(store), folder, epoch, said: AtomicU64::new(0), _news: told }
    }

    async fn say(&self, messages: impl IntoIterator<Item = (&str, &str, &str, u64)>) {
        let draft = |(room, name, text, at): (&str, &str, &str, u64)| Draft {
            room: named(room),
            id: ClientId::parse(&format!("m{}", self.said.fetch_add(1, Ordering::Relaxed))).unwrap(),
            user: User { id: UserId::parse("u").unwrap(), name: name.into() },
            text: text.into(),
            at: Millis(at),
        };
        let kept = self.store.append(messages.into_iter().map(draft).collect()).await;
        assert!(kept.failed.is_none(), "{:?}", kept.failed);
    }

    /// What a search of everything that is open answers.
    async fn scan(&self, typed: &str, older: Option<i64>, bounds: Bounds) -> Result<Answer, Trouble> {
        scan(&*self.store, &Query::parse(typed, 0), older, bounds, |room| room.as_str() != "closed").await
    }

    /// All that is found, page after page.
    async fn all(&self, typed: &str, bounds: Bounds) -> Vec<Hit> {
        let (mut hits, mut older) = (Vec::new(), None);
        loop {
            let answer = self.scan(typed, older, bounds).await.unwrap();
            assert!(answer.hits.len() <= bounds.page && !answer.cut);
            assert!(answer.looked.is_none_or(|looked| looked <= bounds.looked));
            hits.extend(answer.hits);
            if answer.older.is_none() {
                return hits;
            }
            assert!(older.is_none_or(|before| answer.older < Some(before)), "it goes on");
            older = answer.older;
        }
    }

    fn search(&self) -> Search {
        let store: SharedStore = self.store.clone();
        Search::scan(store)
    }

    fn take_read(&self) -> Vec<(RoomName, usize)> {
        std::mem::take(&mut self.store.read.lock().unwrap())
    }
}

fn named(room: &str) -> RoomName {
    RoomName::parse(room).unwrap()
}

fn bounds(page: usize, looked: usize) -> Bounds {
    Bounds { page, looked, time: LONG }
}

fn reader() -> User {
    User { id: UserId::parse("r").unwrap(), name: "Reader".into() }
}

fn places(hits: &[Hit]) -> Vec<(String, Seq)> {
    hits.iter().map(|hit| (hit.room.to_string(), hit.seq)).collect()
}

#[tokio::test]
async fn the_newest_come_first_whatever_the_room() {
    let house = House::new();
    let said = (0..300).map(|n| (["a", "b", "c", "b"][n % 4], "Ann", "tea", FRIDAY + n as u64));
    house.say(said.collect::<Vec<_>>()).await;
    let moments: Vec<u64> =
        house.all("tea", bounds(7, 20_000)).await.iter().map(|hit| hit.at.0 - FRIDAY).collect();
    assert!(moments.iter().copied().eq((0..300).rev()), "{moments:?}");
}

/// What each of three rooms' messages add to the moment of the one before, and how far off their clock is.
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
                let house = House::new();
                let mut now = FRIDAY;
                let said: Vec<_> = moments
                    .iter()
                    .map(|(room, pause, late)| {
                        now += 1_000 * pause;
                        (["a", "b", "c"][*room], "Ann", "tea", now + 1_000 * late)
                    })
                    .collect();
                house.say(said.clone()).await;
                let shown = places(&house.all("tea", bounds(page, looked)).await);
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
    let house = House::new();
    house.say(vec![("a", "Ann", "tea", FRIDAY); 45]).await;
    house.say(vec![("b", "Ann", "tea", FRIDAY); 45]).await;
    let first = house.scan("tea", None, bounds(30, 20_000)).await.unwrap();
    assert_eq!((first.hits.len(), first.looked), (30, None));
    let hits = house.all("tea", bounds(30, 20_000)).await;
    let mut places = places(&hits);
    places.dedup();
    assert_eq!(places.len(), 90);
}

#[tokio::test]
async fn a_day_is_found_whoever_spoke_later_with_a_clock_that_was_behind() {
    let house = House::new();
    // Midnight after that Friday.
    let midnight = 1_795_219_200_000;
    let said = [midnight - 10_000, midnight + 2_000, midnight - 1_000, midnight + 3_000, midnight - 1];
    house.say(said.map(|at| ("a", "Ann", "tea", at))).await;
    let seqs = async |typed| {
        let hits = house.all(typed, bounds(2, 2)).await;
        hits.iter().map(|hit| hit.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs("on:2026-11-20").await, [5, 3, 1]);
    assert_eq!(seqs("on:2026-11-21").await, [4, 2]);
    assert_eq!(seqs("after:2026-11-20 tea").await, [4, 2]);
}

#[tokio::test]
async fn so_many_are_looked_at_and_then_it_says_so_and_goes_on_from_there() {
    let house = House::new();
    house.say([("a", "Ann", "needle", FRIDAY)]).await;
    let rest = Bounds::default().looked;
    assert_eq!(rest, 20_000);
    let straw = (1..=rest).map(|n| (["a", "b"][n % 2], "Ann", "straw", FRIDAY + n as u64));
    house.say(straw.collect::<Vec<_>>()).await;
    let bounds = Bounds { time: LONG, ..Bounds::default() };
    let first = house.scan("needle", None, bounds).await.unwrap();
    assert_eq!((first.hits.len(), first.looked, first.cut), (0, Some(20_000), false));
    let read: usize = house.take_read().iter().map(|(_, count)| count).sum();
    assert!(read <= 20_001, "{read} were read");
    let second = house.scan("needle", first.older, bounds).await.unwrap();
    assert_eq!((places(&second.hits), second.looked, second.older), (vec![("a".to_owned(), 1)], None, None));
}

#[tokio::test]
async fn a_search_that_goes_on_does_not_read_what_was_looked_at() {
    let house = House::new();
    let said = (0..6_000).map(|n| (["a", "b"][n % 2], "Ann", "tea", FRIDAY + 1_000 * n as u64));
    house.say(said.collect::<Vec<_>>()).await;
    let straw = house.scan("straw", None, bounds(30, 5_000)).await.unwrap();
    house.take_read();
    let page = house.scan("tea", straw.older, bounds(30, 5_000)).await.unwrap();
    assert_eq!(page.hits.first().map(|hit| hit.at.0), Some(FRIDAY + 999_000));
    let read: usize = house.take_read().iter().map(|(_, count)| count).sum();
    assert!(read < 300, "{read} were read");
}

#[tokio::test]
async fn a_day_long_past_is_found_without_reading_what_was_said_since() {
    let house = House::new();
    let said = (0..3_000).map(|n| ("a", "Ann", "tea", FRIDAY + 3_600_000 * n));
    house.say(said.collect::<Vec<_>>()).await;
    let answer = house.scan("on:2026-11-23 tea", None, bounds(30, 200)).await.unwrap();
    assert_eq!((answer.hits.len(), answer.looked, answer.older), (24, None, None));
    let read: usize = house.take_read().iter().map(|(_, count)| count).sum();
    assert!(read < 300, "{read} were read");
}

#[tokio::test]
async fn nothing_is_read_where_one_may_not_read() {
    let house = House::new();
    house.say([("open", "Ann", "tea", FRIDAY), ("closed", "Ann", "tea", FRIDAY + 1)]).await;
    for (typed, count) in [
        ("tea", 1),
        ("from:ann", 1),
        ("after:2026-11-19", 1),
        ("in:closed", 0),
        ("in:closed tea", 0),
        ("in:closed in:open tea", 1),
    ] {
        let answer = house.scan(typed, None, bounds(30, 20_000)).await.unwrap();
        assert_eq!(answer.hits.len(), count, "{typed}");
        assert!(answer.hits.iter().all(|hit| hit.room == named("open")), "{typed}");
    }
    let read = house.take_read();
    assert!(!read.is_empty() && read.iter().all(|(room, _)| *room == named("open")), "{read:?}");
}

#[tokio::test]
async fn only_the_rooms_that_are_named_are_read() {
    let house = House::new();
    house.say(["lobby", "tea", "茶"].map(|room| (room, "Ann", "tea", FRIDAY))).await;
    house.all("in:tea tea", bounds(30, 20_000)).await;
    assert!(house.take_read().iter().all(|(room, _)| *room == named("tea")));
}

#[tokio::test]
async fn a_search_whose_time_is_up_says_so_and_goes_on_from_there() {
    let house = House::new();
    let said = (0..250).map(|n| ("a", "Ann", if n % 10 == 0 { "tea" } else { "straw" }, FRIDAY + n));
    house.say(said.collect::<Vec<_>>()).await;
    let answers = |count| house.store.answers.store(count, Ordering::Relaxed);
    // The rooms, and the first piece of the one.
    answers(2);
    let first = house.scan("tea", None, Bounds::default()).await.unwrap();
    assert_eq!((first.hits.len(), first.looked, first.cut), (10, Some(100), false));
    answers(usize::MAX);
    let second = house.scan("tea", first.older, bounds(30, 20_000)).await.unwrap();
    assert_eq!((second.hits.len(), second.looked, second.older), (15, None, None));
}

#[tokio::test]
async fn a_search_for_which_there_was_no_time_at_all_stays_where_it_was() {
    let house = House::new();
    house.say([("a", "Ann", "tea", FRIDAY), ("b", "Ann", "tea", FRIDAY)]).await;
    let older = house.scan("tea", None, bounds(1, 20_000)).await.unwrap().older;
    assert!(older.is_some());
    house.store.answers.store(2, Ordering::Relaxed);
    let answer = house.scan("tea", older, Bounds::default()).await.unwrap();
    assert_eq!((answer.hits.len(), answer.cut, answer.looked, answer.older), (0, true, None, older));
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_no_store_without_hits() {
    let house = House::new();
    house.store.answers.store(0, Ordering::Relaxed);
    let answer = house.search().ask(reader(), Query::parse("tea", 0), None).await;
    assert!(matches!(answer, Err(SearchError::Unavailable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_scanning_search_keeps_nothing_and_closes_when_its_searches_are_done() {
    let house = House::new();
    let search = house.search();
    search.signals().committed.notify_one();
    search.keep(CancellationToken::new()).await;
    house.store.answers.store(0, Ordering::Relaxed);
    let asked = tokio::join!(search.ask(reader(), Query::parse("tea", 0), None), async {
        // The other one has taken its turn by now.
        search.close().await;
        search.turns.available_permits()
    });
    assert!(matches!(asked, (Err(SearchError::Unavailable(_)), 2)), "{asked:?}");
    let answer = search.ask(reader(), Query::parse("tea", 0), None).await;
    assert!(matches!(answer, Err(SearchError::Busy)), "{answer:?}");
}

#[tokio::test]
async fn a_store_that_is_away_is_no_store_without_hits() {
    let house = House::new();
    house.say([("a", "Ann", "tea", FRIDAY)]).await;
    let search = house.search();
    house.store.close().await;
    let answer = search.ask(reader(), Query::parse("tea", 0), None).await;
    assert!(matches!(answer, Err(SearchError::Unavailable(_))), "{answer:?}");
}
