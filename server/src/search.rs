//! Full-text search over all stored messages. The store in a data folder is searched through an index beside
//! the log, which trails it: publishing never waits for the index, and the index may be lost at any time,
//! because it is rebuilt from the log. Any other store is scanned.
//!
//! The service gets an [`answer`] either way. [`indexed`] is the first: its [`indexer`] keeps the [`index`]
//! in step with the [`log`], and its [`searcher`] answers. [`mod@scan`] is the second. Both share the pure
//! modules: the input becomes a [`query`] of [`term`]s, a text becomes [`mod@unit`]s of [`fold`]ed
//! characters, and a hit becomes an [`excerpt`].

pub(crate) mod answer;

mod indexed;
mod searcher;
mod signals;

mod index;
mod indexer;
mod log;
mod vocabulary;

mod scan;

mod excerpt;
pub(crate) mod query;
mod term;

mod fold;
mod unit;

use std::{path::Path, sync::Arc, time::Duration};

use answer::Answer;
pub(crate) use answer::SearchError;
use chat::{id::Epoch, room_name::RoomName};
use indexed::Indexed;
use query::Query;
use scan::{Bounds, scan};
use signals::Signals;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;

use crate::store::SharedStore;

/// How many searches run at once; further ones wait.
const SEARCHES: usize = 2;

/// How long a search may wait for a free slot.
const TURN: Duration = Duration::from_secs(5);

/// The search of this server.
pub(crate) struct Search {
    way: Way,
    turns: Arc<Semaphore>,
}

/// The search method.
enum Way {
    Indexed(Indexed),
    Scan(SharedStore),
}

impl Search {
    /// Creates an indexed search over the log in a data folder, in its current epoch.
    pub(crate) fn new(folder: &Path, epoch: Epoch) -> Search {
        Search::by(Way::Indexed(Indexed::new(folder, epoch)))
    }

    /// Creates a search over a store without an index: each search scans a bounded number of messages.
    pub(crate) fn scan(store: SharedStore) -> Search {
        Search::by(Way::Scan(store))
    }

    fn by(way: Way) -> Search {
        Search { way, turns: Arc::new(Semaphore::new(SEARCHES)) }
    }

    /// Returns the signals that wake the indexer, if there is one.
    pub(crate) fn signals(&self) -> Arc<Signals> {
        match &self.way {
            Way::Indexed(indexed) => indexed.signals(),
            Way::Scan(_) => Arc::default(),
        }
    }

    /// Keeps the index in step with the log until `stop`; does nothing without an index.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        match &self.way {
            Way::Indexed(indexed) => indexed.run(stop).await,
            Way::Scan(_) => {}
        }
    }

    /// Searches the rooms for which `may_read` returns `true`.
    pub(crate) async fn ask(
        &self,
        query: Query,
        older_than: Option<i64>,
        may_read: impl Fn(&RoomName) -> bool + Send + 'static,
    ) -> Result<Answer, SearchError> {
        let turn = tokio::time::timeout(TURN, self.turns.clone().acquire_owned());
        let Ok(Ok(turn)) = turn.await else { return Err(SearchError::Busy) };
        match &self.way {
            Way::Indexed(indexed) => indexed.ask(turn, query, older_than, may_read).await,
            Way::Scan(store) => look_through(store.clone(), turn, query, older_than, may_read).await,
        }
    }

    /// Rejects new searches and waits until the running ones are done.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(SEARCHES).expect("a few searches");
        if let Ok(_all) = self.turns.acquire_many(all).await {
            self.turns.close();
        }
    }
}

/// Scans a store on a blocking thread, so that chat traffic does not wait for it.
async fn look_through(
    store: SharedStore,
    turn: OwnedSemaphorePermit,
    query: Query,
    older_than: Option<i64>,
    may: impl Fn(&RoomName) -> bool + Send + 'static,
) -> Result<Answer, SearchError> {
    let runtime = Handle::current();
    let search = tokio::task::spawn_blocking(move || {
        // The permit is held until the work ends, even if the caller has gone.
        let _turn = turn;
        runtime.block_on(scan(&*store, &query, older_than, Bounds::default(), may))
    });
    match search.await {
        Ok(answer) => answer.map_err(|trouble| SearchError::Unavailable(trouble.to_string())),
        Err(error) => Err(SearchError::Unavailable(error.to_string())),
    }
}
