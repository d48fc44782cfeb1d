//! A store for tests that can be searched, observed and made to hang.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use chat::{
    id::{ClientId, Epoch, UserId},
    protocol::{Head, User},
    room_name::RoomName,
    time::Millis,
};
use futures::{FutureExt as _, future::BoxFuture};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::{Answer, Bounds, Hit, Query, ScanError, named, scan};
use crate::{
    events::StoreEvent,
    search::Search,
    store::{
        AppendedBatch, Claim, Collection, NewMessage, Piece, Put, Record, SharedStore, Slice, Store,
        StoreError, sqlite::SqliteStore,
    },
    time_zone::TimeZone,
};

/// A store that records what is read from it.
pub(super) struct Watched {
    store: SqliteStore,
    read: Mutex<Vec<(RoomName, usize)>>,
    /// How many calls it answers before it hangs.
    pub(super) answers: AtomicUsize,
    /// How many calls are hanging.
    pub(super) waiting: AtomicUsize,
    /// How often its rooms were listed.
    named: AtomicUsize,
}

/// A hanging call.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Watched {
    /// Returns if the call is to be answered; hangs otherwise.
    async fn may_answer(&self) {
        let takes = |left: usize| left.checked_sub(1);
        if self.answers.try_update(Ordering::Relaxed, Ordering::Relaxed, takes).is_err() {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let _waiting = Waiting(&self.waiting);
            std::future::pending::<()>().await;
        }
    }
}

impl Store for Watched {
    fn append(&self, drafts: Vec<NewMessage>) -> BoxFuture<'_, AppendedBatch> {
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

    fn renamed(&self, spelling: String) -> BoxFuture<'_, Result<Option<RoomName>, StoreError>> {
        self.store.renamed(spelling)
    }

    fn rooms(&self) -> BoxFuture<'_, Result<Vec<RoomName>, StoreError>> {
        async {
            self.may_answer().await;
            let mut rooms = self.store.rooms().await?;
            // The list of rooms has no guaranteed order.
            rooms.sort();
            let turns = self.named.fetch_add(1, Ordering::Relaxed) % rooms.len().max(1);
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

    fn put(&self, record: Record, put: Put) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.store.put(record, put)
    }

    fn record(
        &self,
        collection: Collection,
        key: String,
    ) -> BoxFuture<'_, Result<Option<String>, StoreError>> {
        self.store.record(collection, key)
    }

    fn records(&self, collection: Collection) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        self.store.records(collection)
    }

    fn delete(&self, collection: Collection, key: String) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.store.delete(collection, key)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.store.close()
    }
}

/// A store and its folder.
pub(super) struct SearchedStore {
    pub(super) store: Arc<Watched>,
    pub(super) folder: TempDir,
    pub(super) epoch: Epoch,
    said: AtomicU64,
    _news: mpsc::Receiver<StoreEvent>,
}

impl SearchedStore {
    pub(super) fn new() -> SearchedStore {
        let folder = tempfile::tempdir().unwrap();
        let (news, told) = mpsc::channel(100_000);
        let epoch = Epoch::parse("e").unwrap();
        let store = SqliteStore::open(folder.path(), epoch.clone(), 0, news).unwrap();
        let answers = AtomicUsize::new(usize::MAX);
        let (waiting, named) = Default::default();
        let store = Watched { store, read: Mutex::default(), answers, waiting, named };
        SearchedStore { store: Arc::new(store), folder, epoch, said: AtomicU64::new(0), _news: told }
    }

    pub(super) async fn say(&self, messages: impl IntoIterator<Item = (&str, &str, &str, u64)>) {
        let draft = |(room, name, text, at): (&str, &str, &str, u64)| NewMessage {
            room: named(room),
            id: ClientId::parse(&format!("m{}", self.said.fetch_add(1, Ordering::Relaxed))).unwrap(),
            user: User { id: UserId::parse("u").unwrap(), name: name.into() },
            text: text.into(),
            at: Millis(at),
        };
        let kept = self.store.append(messages.into_iter().map(draft).collect()).await;
        assert!(kept.failed.is_none(), "{:?}", kept.failed);
    }

    /// Returns the answer of a search over all open rooms.
    pub(super) async fn scan(
        &self,
        typed: &str,
        older: Option<i64>,
        bounds: Bounds,
    ) -> Result<Answer, ScanError> {
        scan(&*self.store, &Query::parse(typed, &TimeZone::default()), older, bounds, |room| {
            room.as_str() != "closed"
        })
        .await
    }

    /// Returns all hits, page after page.
    pub(super) async fn all(&self, typed: &str, bounds: Bounds) -> Vec<Hit> {
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

    pub(super) fn search(&self) -> Search {
        let store: SharedStore = self.store.clone();
        Search::scan(store)
    }

    pub(super) fn take_read(&self) -> Vec<(RoomName, usize)> {
        std::mem::take(&mut self.store.read.lock().unwrap())
    }
}
