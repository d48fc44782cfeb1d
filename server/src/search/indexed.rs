//! Indexed search: where its files are, and the signals between searches and the indexer.

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

/// A search that uses the index.
pub(super) struct Indexed {
    place: IndexFiles,
    log_path: PathBuf,
    signals: Arc<Signals>,
}

impl Indexed {
    /// Creates a search over the log in a data folder, in its current epoch.
    pub(super) fn new(folder: &Path, epoch: Epoch) -> Indexed {
        Indexed {
            place: IndexFiles::new(folder, epoch),
            log_path: Log::path(folder),
            signals: Arc::default(),
        }
    }

    /// Returns the signals that wake the indexer.
    pub(super) fn signals(&self) -> Arc<Signals> {
        self.signals.clone()
    }

    /// Keeps the index in step with the log until `stop`.
    pub(super) async fn run(&self, stop: CancellationToken) {
        Indexer::new(self.place.clone(), self.log_path.clone(), self.signals.clone()).run(stop).await;
    }

    /// Searches the rooms for which `may` returns `true`.
    pub(super) async fn ask(
        &self,
        turn: OwnedSemaphorePermit,
        query: Query,
        older_than: Option<i64>,
        may: impl Fn(&RoomName) -> bool + Send + 'static,
    ) -> Result<Answer, SearchError> {
        let (place, log_path) = (self.place.clone(), self.log_path.clone());
        let search = tokio::task::spawn_blocking(move || {
            // The permit is held until the work ends, even if the caller has gone.
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
