//! Search over all that is kept. A store that lies in a data folder is searched by way of an index beside the log, which
//! trails it: whoever says something never waits for it, and it may be lost at any time, for it is built again from the
//! log. Any other store is looked through.
//!
//! The service asks, and gets an [`answer`] either way. [`indexed`] is the one: its [`indexer`] keeps the [`index`] up with
//! the [`log`], and its [`searcher`] answers. [`mod@scan`] is the other. What is typed becomes a [`query`] of [`term`]s, a
//! text becomes [`mod@unit`]s of [`fold`]ed characters, and what is found becomes an [`excerpt`]: those are pure, and both
//! ways understand the same by them.

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

/// How many searches there are at once; further ones wait.
const SEARCHES: usize = 2;

/// How long a search may wait for its turn.
const TURN: Duration = Duration::from_secs(5);

/// The search.
pub(crate) struct Search {
    way: Way,
    turns: Arc<Semaphore>,
}

/// How it is searched.
enum Way {
    Indexed(Indexed),
    Scan(SharedStore),
}

impl Search {
    /// The search over the log in a data folder, in this life of it.
    pub(crate) fn new(folder: &Path, epoch: Epoch) -> Search {
        Search::by(Way::Indexed(Indexed::new(folder, epoch)))
    }

    /// The search over a store that has no index: it looks through what is kept, so much at a time.
    pub(crate) fn scan(store: SharedStore) -> Search {
        Search::by(Way::Scan(store))
    }

    fn by(way: Way) -> Search {
        Search { way, turns: Arc::new(Semaphore::new(SEARCHES)) }
    }

    /// What wakes the indexer, if there is one.
    pub(crate) fn signals(&self) -> Arc<Signals> {
        match &self.way {
            Way::Indexed(indexed) => indexed.signals(),
            Way::Scan(_) => Arc::default(),
        }
    }

    /// Keeps the index up with the log until `stop`; where there is none there is nothing to do.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        match &self.way {
            Way::Indexed(indexed) => indexed.run(stop).await,
            Way::Scan(_) => {}
        }
    }

    /// What is found in the rooms of which `may_read` says so.
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

    /// Answers no more, and returns when the searches that are under way are done.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(SEARCHES).expect("a few searches");
        if let Ok(_all) = self.turns.acquire_many(all).await {
            self.turns.close();
        }
    }
}

/// Looks through a store, on a thread of its own: nobody who talks waits for what the looking costs.
async fn look_through(
    store: SharedStore,
    turn: OwnedSemaphorePermit,
    query: Query,
    older_than: Option<i64>,
    may: impl Fn(&RoomName) -> bool + Send + 'static,
) -> Result<Answer, SearchError> {
    let runtime = Handle::current();
    let search = tokio::task::spawn_blocking(move || {
        // Its turn ends with the work, even if nobody waits for the answer any more.
        let _turn = turn;
        runtime.block_on(scan(&*store, &query, older_than, Bounds::default(), may))
    });
    match search.await {
        Ok(answer) => answer.map_err(|trouble| SearchError::Unavailable(trouble.to_string())),
        Err(error) => Err(SearchError::Unavailable(error.to_string())),
    }
}
