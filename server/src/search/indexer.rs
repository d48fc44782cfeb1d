//! The indexer, which trails the log: it indexes new commits and removes messages that are no longer stored.
//! The log never waits for it.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use super::{
    index::{Index, IndexFiles, is_damage},
    log::{Log, Room},
    signals::Signals,
};

/// How many messages, and how many bytes of text, go into the index at once.
pub(super) const BATCH: usize = 1_000;
const BATCH_BYTES: usize = 2 << 20;

/// How long it waits after a wake-up, to batch further commits.
const GATHER: Duration = Duration::from_millis(50);

/// How often it checks without a wake-up, for changes that other programs make to the log.
const LOOK: Duration = Duration::from_mins(1);

/// How long it waits after an error before it retries.
const RETRY: Duration = Duration::from_secs(2);

/// Why indexing failed.
#[derive(Debug, thiserror::Error)]
enum IndexerError {
    #[error("the log cannot be read: {0}")]
    Log(rusqlite::Error),
    #[error("the index cannot be used: {0}")]
    Index(rusqlite::Error),
    #[error("a damaged index cannot be removed: {0}")]
    Clear(std::io::Error),
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The index is up to date.
    Done,
    /// There is more to do.
    More,
}

/// The indexer, with what it keeps open between steps.
pub(super) struct Indexer {
    place: IndexFiles,
    log_path: PathBuf,
    signals: Arc<Signals>,
    log: Option<Log>,
    open: Option<Open>,
    /// Whether the last attempt failed: each outage is logged once.
    troubled: bool,
}

struct Open {
    index: Index,
    /// The seq up to which each room is indexed.
    upto: HashMap<i64, i64>,
    /// The seq before which a room has no entries left.
    since: HashMap<i64, i64>,
    /// When all rooms were last checked for messages that are no longer stored.
    swept: Option<Instant>,
}

impl Indexer {
    pub(super) fn new(place: IndexFiles, log_path: PathBuf, signals: Arc<Signals>) -> Indexer {
        Indexer { place, log_path, signals, log: None, open: None, troubled: false }
    }

    /// Keeps the index in step with the log until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let began = Instant::now();
            let (place, log_path, signals) =
                (self.place.clone(), self.log_path.clone(), self.signals.clone());
            let work = tokio::task::spawn_blocking(move || {
                let progress = self.step();
                (self, progress)
            });
            let progress = match work.await {
                Ok((indexer, progress)) => {
                    self = indexer;
                    self.tell(progress)
                }
                Err(error) => {
                    tracing::error!(%error, "the search's index stumbled; it begins anew where it was");
                    self = Indexer::new(place, log_path, signals);
                    None
                }
            };
            let pause = match progress {
                // Catching up uses at most half of one processor.
                Some(Progress::More) => began.elapsed(),
                Some(Progress::Done) => {
                    self.signals.caught_up();
                    let woken = tokio::time::timeout(LOOK, self.signals.committed.notified());
                    // It checks after a wake-up and after a timeout alike.
                    let _ = stop.run_until_cancelled(woken).await;
                    GATHER
                }
                None => RETRY,
            };
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
    }

    /// Logs the start of an outage once, and its end once.
    fn tell(&mut self, progress: Result<Progress, IndexerError>) -> Option<Progress> {
        let troubled = progress.is_err();
        match &progress {
            Err(trouble) if !self.troubled => {
                tracing::warn!(%trouble, "failed to index messages; retrying");
            }
            Ok(_) if self.troubled => tracing::info!("messages are indexed again"),
            _ => {}
        }
        self.troubled = troubled;
        progress.ok()
    }

    /// Does one bounded piece of work. Closes whatever failed, to be reopened by the next step.
    fn step(&mut self) -> Result<Progress, IndexerError> {
        if self.signals.take_damaged() || !self.place.exists() {
            self.open = None;
        }
        let log = match self.log.take() {
            Some(log) => log,
            None => Log::open(&self.log_path).map_err(IndexerError::Log)?,
        };
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open::at(&self.place)?,
        };
        let progress = open.step(&log);
        match progress {
            Ok(Some(progress)) => {
                self.log = Some(log);
                self.open = Some(open);
                Ok(progress)
            }
            Ok(None) => {
                drop(open);
                begin_anew(&self.place, "it is ahead of the log")?;
                self.log = Some(log);
                Ok(Progress::More)
            }
            Err(IndexerError::Index(error)) if is_damage(&error) => {
                drop(open);
                begin_anew(&self.place, &error.to_string())?;
                Ok(Progress::More)
            }
            Err(trouble) => Err(trouble),
        }
    }
}

impl Open {
    /// Opens the index, or creates a new one if the old one is unusable.
    fn at(place: &IndexFiles) -> Result<Open, IndexerError> {
        let opened = |place: &IndexFiles| {
            let Some(index) = Index::open(place)? else { return Ok(None) };
            let upto = index.rooms()?.into_iter().collect();
            Ok(Some(Open { index, upto, since: HashMap::new(), swept: None }))
        };
        if !place.exists() {
            // SQLite would take the companion files of a removed index for the new one's.
            place.clear().map_err(IndexerError::Clear)?;
        }
        match opened(place) {
            Ok(Some(open)) => return Ok(open),
            Ok(None) => begin_anew(place, "it is another log's, or of another version")?,
            Err(error) if is_damage(&error) => begin_anew(place, &error.to_string())?,
            Err(error) => return Err(IndexerError::Index(error)),
        }
        match opened(place) {
            Ok(Some(open)) => Ok(open),
            Ok(None) => Err(IndexerError::Index(rusqlite::Error::InvalidQuery)),
            Err(error) => Err(IndexerError::Index(error)),
        }
    }

    /// Indexes a batch, or removes one. Returns `None` if the index is ahead of the log.
    fn step(&mut self, log: &Log) -> Result<Option<Progress>, IndexerError> {
        let rooms = log.rooms().map_err(IndexerError::Log)?;
        let upto = |room: &Room| self.upto.get(&room.id).copied().unwrap_or_default();
        if rooms.iter().any(|room| upto(room) > room.head) {
            return Ok(None);
        }
        let behind: Vec<(&Room, i64)> =
            rooms.iter().filter(|room| upto(room) < room.head).map(|room| (room, upto(room))).collect();
        let sweeps = self.swept.is_none_or(|at| at.elapsed() >= LOOK);
        if behind.is_empty() && !sweeps {
            return Ok(Some(Progress::Done));
        }
        if !self.take(log, &behind)? {
            return Ok(Some(Progress::More));
        }
        let swept: Vec<i64> = if sweeps {
            rooms.iter().map(|room| room.id).chain(self.upto.keys().copied()).collect()
        } else {
            behind.iter().map(|(room, _)| room.id).collect()
        };
        let live: Vec<i64> = rooms.iter().map(|room| room.id).collect();
        for room in swept {
            let oldest =
                if live.contains(&room) { log.oldest(room).map_err(IndexerError::Log)? } else { None };
            if !self.forget(room, oldest, live.contains(&room))? {
                return Ok(Some(Progress::More));
            }
        }
        if sweeps {
            self.swept = Some(Instant::now());
        }
        Ok(Some(Progress::Done))
    }

    /// Indexes new messages of the log, up to a batch; returns whether that was all.
    fn take(&mut self, log: &Log, behind: &[(&Room, i64)]) -> Result<bool, IndexerError> {
        let mut left = BATCH;
        let mut bytes = BATCH_BYTES;
        let mut taken = Vec::new();
        for (room, upto) in behind {
            if left == 0 || bytes == 0 {
                break;
            }
            let entries = log.after(room.id, *upto, left, bytes).map_err(IndexerError::Log)?;
            let said = |entry: &super::log::Entry| entry.said.as_ref().map_or(0, |said| said.text.len());
            bytes = bytes.saturating_sub(entries.iter().map(said).sum());
            let is_all = entries.len() < left && bytes > 0;
            left -= entries.len();
            let last = entries.last().map_or(*upto, |entry| entry.seq);
            // Events missing at the end are no longer stored.
            taken.push((room.id, if is_all { last.max(room.head) } else { last }, entries));
        }
        if taken.is_empty() {
            return Ok(true);
        }
        self.index
            .change(|change| {
                for (room, upto, entries) in &taken {
                    for entry in entries {
                        if let Some(said) = &entry.said {
                            change.add(*room, entry.seq, said)?;
                        }
                    }
                    change.reached(*room, *upto)?;
                }
                Ok(())
            })
            .map_err(IndexerError::Index)?;
        self.upto.extend(taken.iter().map(|(room, upto, _)| (*room, *upto)));
        Ok(left > 0 && bytes > 0)
    }

    /// Removes a room's entries that are no longer stored, up to a batch; returns whether that was all.
    fn forget(&mut self, room: i64, oldest: Option<i64>, live: bool) -> Result<bool, IndexerError> {
        let oldest = oldest.unwrap_or(i64::MAX);
        if live && self.since.get(&room) == Some(&oldest) {
            return Ok(true);
        }
        let forgotten = self
            .index
            .change(|change| {
                let forgotten = change.forget(room, oldest, BATCH)?;
                if !live && forgotten < BATCH {
                    change.forget_room(room)?;
                }
                Ok(forgotten)
            })
            .map_err(IndexerError::Index)?;
        if forgotten == BATCH {
            return Ok(false);
        }
        if live {
            self.since.insert(room, oldest);
        } else {
            self.upto.remove(&room);
            self.since.remove(&room);
        }
        Ok(true)
    }
}

/// Deletes the index, to be rebuilt.
fn begin_anew(place: &IndexFiles, reason: &str) -> Result<(), IndexerError> {
    tracing::info!(reason, "rebuilding the search index");
    place.clear().map_err(IndexerError::Clear)
}
