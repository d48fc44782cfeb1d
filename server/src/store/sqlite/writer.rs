//! The single thread that changes the database. Changes that wait during a commit go into the next
//! transaction together (group commit); committed messages are published only after the commit, in seq order.
//!
//! A group that fails is retried in halves, so that one bad change affects nothing but itself, unless the
//! store itself fails: then the whole group is refused, and the next group finds out whether the store works
//! again.

use std::{io, path::PathBuf, thread};

use chat::{id::Epoch, protocol::Message};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{
    Mutex,
    mpsc::{self, error::TryRecvError},
    oneshot,
};

use super::{failure::Failure, log::Appending, maintenance::Chores, names, records, schema};
use crate::{
    clock,
    events::{EventSender, StoreEvent},
    store::{Appended, AppendedBatch, Claim, Collection, NewMessage, Put, Record, StoreError},
};

/// How many changes may wait for the thread; beyond that, callers wait.
const CAPACITY: usize = 1_024;

/// The maximum number of changes per transaction.
const GROUP: usize = 512;

enum Change {
    Append(Vec<NewMessage>, oneshot::Sender<AppendedBatch>),
    Claim(Claim, oneshot::Sender<Result<bool, StoreError>>),
    Release(Claim, oneshot::Sender<Result<(), StoreError>>),
    Put(Record, Put, oneshot::Sender<Result<bool, StoreError>>),
    Strike(Collection, String, oneshot::Sender<Result<bool, StoreError>>),
}

/// A handle to the thread.
pub(super) struct Writer {
    changes: Mutex<Option<mpsc::Sender<Change>>>,
    finished: Mutex<Option<oneshot::Receiver<()>>>,
}

/// The state of the thread.
pub(super) struct WriterThread {
    pub(super) connection: Connection,
    /// The file's path, in case it has to be opened again.
    pub(super) path: PathBuf,
    /// The epoch of its logs, which identifies the file.
    pub(super) epoch: Epoch,
    /// How many messages a room retains; 0 means all.
    pub(super) retain: u32,
    pub(super) news: EventSender,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(writer_thread: WriterThread) -> io::Result<Writer> {
        let (changes, waiting) = mpsc::channel(CAPACITY);
        let (finish, finished) = oneshot::channel();
        thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            writer_thread.write(waiting);
            // Only a caller that closes the store waits for this.
            let _ = finish.send(());
        })?;
        Ok(Writer { changes: Mutex::new(Some(changes)), finished: Mutex::new(Some(finished)) })
    }

    pub(super) async fn append(&self, drafts: Vec<NewMessage>) -> AppendedBatch {
        let kept = self.change(|reply| Change::Append(drafts, reply)).await;
        kept.unwrap_or_else(|closed| AppendedBatch { appended: Vec::new(), failed: Some(closed) })
    }

    pub(super) async fn claim(&self, claim: Claim) -> Result<bool, StoreError> {
        self.change(|reply| Change::Claim(claim, reply)).await?
    }

    pub(super) async fn release(&self, claim: Claim) -> Result<(), StoreError> {
        self.change(|reply| Change::Release(claim, reply)).await?
    }

    pub(super) async fn put(&self, record: Record, put: Put) -> Result<bool, StoreError> {
        self.change(|reply| Change::Put(record, put, reply)).await?
    }

    pub(super) async fn delete(&self, collection: Collection, key: String) -> Result<bool, StoreError> {
        self.change(|reply| Change::Strike(collection, key, reply)).await?
    }

    /// Accepts no more changes, and returns once the accepted ones are done.
    pub(super) async fn close(&self) {
        drop(self.changes.lock().await.take());
        let finished = self.finished.lock().await.take();
        if let Some(finished) = finished {
            // The thread may be gone already, which is fine.
            let _ = finished.await;
        }
    }

    async fn change<T>(&self, change: impl FnOnce(oneshot::Sender<T>) -> Change) -> Result<T, StoreError> {
        let changes = self.changes.lock().await.clone().ok_or(StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        changes.send(change(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)
    }
}

/// One change within a transaction.
#[derive(Clone, Copy)]
enum Work<'a> {
    Append(&'a [NewMessage]),
    Claim(&'a Claim),
    Release(&'a Claim),
    Put(&'a Record, Put),
    Strike(Collection, &'a str),
}

/// The result of a change.
enum Done {
    Appended(Vec<Appended>),
    Released,
    /// For a claim or a put, whether it is in effect now; for a deletion, whether the record existed.
    Told(bool),
}

impl WriterThread {
    fn write(mut self, mut waiting: mpsc::Receiver<Change>) {
        let mut chores = Chores::new(self.retain);
        let mut failing = false;
        let mut group = Vec::new();
        loop {
            if chores.wait() {
                match waiting.try_recv() {
                    Ok(change) => group.push(change),
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => return,
                }
                while group.len() < GROUP
                    && let Ok(change) = waiting.try_recv()
                {
                    group.push(change);
                }
            } else if waiting.blocking_recv_many(&mut group, GROUP) == 0 {
                return;
            }
            if !group.is_empty() {
                let kept = self.keep(std::mem::take(&mut group));
                match &kept {
                    Ok(()) if failing => tracing::info!("the store takes changes again"),
                    Err(error) if !failing => tracing::error!(%error, "failed to commit to the store"),
                    _ => {}
                }
                failing = kept.is_err();
                if !failing {
                    chores.go_on();
                }
            }
            // All callers have been answered: one step even if changes are waiting, so that maintenance
            // progresses under load too.
            if chores.wait() {
                chores.step(&mut self.connection, clock::now());
            }
        }
    }

    /// Stores as much of a group as possible and answers each change; returns the error if some of it failed.
    fn keep(&mut self, mut group: Vec<Change>) -> Result<(), Failure> {
        let work: Vec<Work<'_>> = group.iter().map(Change::work).collect();
        match self.commit(&work) {
            Ok(done) => {
                let appended = done.iter().filter_map(|done| match done {
                    Done::Appended(appended) => Some(appended),
                    Done::Released | Done::Told(_) => None,
                });
                // Publishes before anybody is answered.
                self.hand_on(appended.flatten());
                for (change, done) in group.into_iter().zip(done) {
                    answer(change, done);
                }
                Ok(())
            }
            Err(failure) if failure.spares_others() && group.len() > 1 => {
                let later = group.split_off(group.len() / 2);
                let earlier = self.keep(group);
                self.keep(later).and(earlier)
            }
            Err(failure) => {
                for change in group {
                    self.fall_back(change, &failure);
                }
                Err(failure)
            }
        }
    }

    /// Answers a change that failed. Of several drafts, those before the one that cannot be stored are still
    /// stored.
    fn fall_back(&mut self, change: Change, failure: &Failure) {
        let failed = StoreError::Unavailable(failure.to_string());
        match change {
            Change::Append(drafts, reply) => {
                let mut appended = Vec::new();
                if failure.spares_others() && drafts.len() > 1 {
                    self.keep_front(&drafts, &mut appended);
                }
                let _ = reply.send(AppendedBatch { appended, failed: Some(failed) });
            }
            Change::Release(_, reply) => {
                let _ = reply.send(Err(failed));
            }
            Change::Claim(_, reply) | Change::Put(_, _, reply) | Change::Strike(_, _, reply) => {
                let _ = reply.send(Err(failed));
            }
        }
    }

    /// Stores drafts that failed together, up to the first that cannot be stored at all.
    fn keep_front(&mut self, drafts: &[NewMessage], appended: &mut Vec<Appended>) {
        let (earlier, later) = drafts.split_at(drafts.len() / 2);
        for half in [earlier, later] {
            match self.commit(&[Work::Append(half)]) {
                Ok(done) => {
                    for done in done {
                        if let Done::Appended(kept) = done {
                            self.hand_on(kept.iter());
                            appended.extend(kept);
                        }
                    }
                }
                Err(failure) => {
                    if failure.spares_others() && half.len() > 1 {
                        self.keep_front(half, appended);
                    }
                    return;
                }
            }
        }
    }

    /// Performs all changes in one transaction, or none.
    fn commit(&mut self, work: &[Work<'_>]) -> Result<Vec<Done>, Failure> {
        let committed = self.try_commit(work);
        committed.map_err(|error| {
            let failure = Failure::from(error);
            self.clean_up(&failure);
            failure
        })
    }

    fn try_commit(&mut self, work: &[Work<'_>]) -> rusqlite::Result<Vec<Done>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut done = Vec::with_capacity(work.len());
        let mut appending = Appending::begin(&transaction, self.retain)?;
        for work in work {
            done.push(match work {
                Work::Append(drafts) => {
                    let appended = drafts.iter().map(|draft| appending.append(draft));
                    Done::Appended(appended.collect::<rusqlite::Result<_>>()?)
                }
                Work::Claim(claim) => Done::Told(names::claim(&transaction, claim)?),
                Work::Release(claim) => {
                    names::release(&transaction, claim)?;
                    Done::Released
                }
                Work::Put(record, put) => Done::Told(records::put(&transaction, record, *put)?),
                Work::Strike(collection, key) => Done::Told(records::delete(&transaction, *collection, key)?),
            });
        }
        appending.finish()?;
        transaction.commit()?;
        Ok(done)
    }

    /// Restores the connection after a failure. One that may be broken, or that is still in the transaction,
    /// is replaced, so that the next group finds the store working as soon as the disk does.
    fn clean_up(&mut self, failure: &Failure) {
        if !failure.may_break_connections() && self.connection.is_autocommit() {
            return;
        }
        match schema::reopen(&self.path, &self.epoch) {
            Ok(fresh) => self.connection = fresh,
            Err(error) => tracing::debug!(%error, "the store could not be opened again; it is tried again"),
        }
    }

    /// Publishes the messages that were committed together.
    fn hand_on<'a>(&self, appended: impl Iterator<Item = &'a Appended>) {
        let new: Vec<Message> = appended
            .filter_map(|appended| match appended {
                Appended::New(message) => Some(message.clone()),
                Appended::Known(_) | Appended::Reused => None,
            })
            .collect();
        if !new.is_empty() && self.news.blocking_send(StoreEvent::Committed(self.epoch.clone(), new)).is_err()
        {
            tracing::debug!("the rooms are closed; nobody is left to tell");
        }
    }
}

/// Answers a change. The caller may be gone; the commit stands.
fn answer(change: Change, done: Done) {
    match (change, done) {
        (Change::Append(_, reply), Done::Appended(appended)) => {
            let _ = reply.send(AppendedBatch { appended, failed: None });
        }
        (
            Change::Claim(_, reply) | Change::Put(_, _, reply) | Change::Strike(_, _, reply),
            Done::Told(told),
        ) => {
            let _ = reply.send(Ok(told));
        }
        (Change::Release(_, reply), Done::Released) => {
            let _ = reply.send(Ok(()));
        }
        _ => unreachable!("each change is done in its own way"),
    }
}

impl Change {
    fn work(&self) -> Work<'_> {
        match self {
            Change::Append(drafts, _) => Work::Append(drafts),
            Change::Claim(claim, _) => Work::Claim(claim),
            Change::Release(claim, _) => Work::Release(claim),
            Change::Put(record, put, _) => Work::Put(record, *put),
            Change::Strike(collection, key, _) => Work::Strike(*collection, key),
        }
    }
}

#[cfg(test)]
mod tests;
