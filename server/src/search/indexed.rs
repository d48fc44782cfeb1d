//! The search by way of the index: where its files are, and what the indexer and those who search tell each other.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use chat::{id::Epoch, room_name::RoomName};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::{
    answer::{Answer, BUDGET, SearchError},
    index::{IndexFiles, is_damage},
    indexer::Indexer,
    log::Log,
    query::Query,
    searcher::{self, SearcherError},
    signals::Signals,
};

/// The search by way of the index.
pub(super) struct Indexed {
    place: IndexFiles,
    log_path: PathBuf,
    signals: Arc<Signals>,
}

impl Indexed {
    /// The search over the log in a data folder, in this life of it.
    pub(super) fn new(folder: &Path, epoch: Epoch) -> Indexed {
        Indexed {
            place: IndexFiles::new(folder, epoch),
            log_path: Log::path(folder),
            signals: Arc::default(),
        }
    }

    /// What wakes the indexer.
    pub(super) fn signals(&self) -> Arc<Signals> {
        self.signals.clone()
    }

    /// Keeps the index up with the log until `stop`.
    pub(super) async fn run(&self, stop: CancellationToken) {
        Indexer::new(self.place.clone(), self.log_path.clone(), self.signals.clone()).run(stop).await;
    }

    /// What is found where it `may` be read.
    pub(super) async fn ask(
        &self,
        turn: OwnedSemaphorePermit,
        query: Query,
        older_than: Option<i64>,
        may: impl Fn(&RoomName) -> bool + Send + 'static,
    ) -> Result<Answer, SearchError> {
        let (place, log_path) = (self.place.clone(), self.log_path.clone());
        let search = tokio::task::spawn_blocking(move || {
            // Its turn ends with the work, even if nobody waits for the answer any more.
            let _turn = turn;
            searcher::search(&place, &log_path, &query, older_than, BUDGET, may)
        });
        match search.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(trouble)) => {
                if matches!(&trouble, SearcherError::Index(error) if is_damage(error)) {
                    self.signals.damaged.store(true, Ordering::Relaxed);
                    self.signals.committed.notify_one();
                }
                Err(SearchError::Unavailable(trouble.to_string()))
            }
            Err(error) => Err(SearchError::Unavailable(error.to_string())),
        }
    }
}
