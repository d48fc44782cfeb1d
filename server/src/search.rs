//! Search over all that is kept. The index lies beside the log and trails it: whoever says something never waits for it,
//! and it may be lost at any time, for it is built again from the log.
//!
//! [`indexer`] keeps the [`index`] up with the [`log`]; [`page`] asks, and [`searcher`] answers. What is typed becomes a
//! [`query`] of [`term`]s, a text becomes [`mod@unit`]s of [`fold`]ed characters, and what is found becomes an [`excerpt`]:
//! those are pure.

pub(crate) mod page;

mod searcher;

mod index;
mod indexer;
mod log;

mod excerpt;
mod query;
mod term;

mod fold;
mod unit;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chat::{id::Epoch, protocol::User};
use index::{Place, is_damage};
use indexer::Indexer;
use log::Log;
use query::Query;
use searcher::{Answer, BUDGET, Trouble};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::permission::{Action, may};

/// How many searches there are at once; further ones wait.
const SEARCHES: usize = 2;

/// How long a search may wait for its turn.
const TURN: Duration = Duration::from_secs(5);

/// The search.
pub(crate) struct Search {
    place: Place,
    log_path: PathBuf,
    signals: Arc<Signals>,
    turns: Arc<Semaphore>,
}

/// What the indexer is told.
#[derive(Default)]
pub(crate) struct Signals {
    /// Something was committed to the log, or there is another reason to look.
    pub(crate) committed: Notify,
    /// A search found the index damaged.
    damaged: AtomicBool,
}

impl Signals {
    fn take_damaged(&self) -> bool {
        self.damaged.swap(false, Ordering::Relaxed)
    }
}

/// Why a search has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SearchError {
    #[error("too many searches at once")]
    Busy,
    #[error("the search does not work at present: {0}")]
    Unavailable(String),
}

impl Search {
    /// The search over the log in a data folder, in this life of it.
    pub(crate) fn new(folder: &Path, epoch: Epoch) -> Search {
        Search {
            place: Place::new(folder, epoch),
            log_path: Log::path(folder),
            signals: Arc::default(),
            turns: Arc::new(Semaphore::new(SEARCHES)),
        }
    }

    /// What wakes the indexer.
    pub(crate) fn signals(&self) -> Arc<Signals> {
        self.signals.clone()
    }

    /// Keeps the index up with the log until `stop`.
    pub(crate) async fn keep(&self, stop: CancellationToken) {
        Indexer::new(self.place.clone(), self.log_path.clone(), self.signals.clone()).keep(stop).await;
    }

    /// What `user` finds, in the rooms that they may read.
    async fn ask(&self, user: User, query: Query, older_than: Option<i64>) -> Result<Answer, SearchError> {
        let turn = tokio::time::timeout(TURN, self.turns.clone().acquire_owned());
        let Ok(Ok(turn)) = turn.await else { return Err(SearchError::Busy) };
        let (place, log_path) = (self.place.clone(), self.log_path.clone());
        let search = tokio::task::spawn_blocking(move || {
            // Its turn ends with the work, even if nobody waits for the answer any more.
            let _turn = turn;
            searcher::search(&place, &log_path, &query, older_than, BUDGET, |room| {
                may(&user, Action::Read, room)
            })
        });
        match search.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(trouble)) => {
                if matches!(&trouble, Trouble::Index(error) if is_damage(error)) {
                    self.signals.damaged.store(true, Ordering::Relaxed);
                    self.signals.committed.notify_one();
                }
                Err(SearchError::Unavailable(trouble.to_string()))
            }
            Err(error) => Err(SearchError::Unavailable(error.to_string())),
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
