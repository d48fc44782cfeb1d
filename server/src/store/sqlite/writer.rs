//! The one thread that changes the database. What waits while it commits goes into the next transaction together
//! (group commit); what was committed is handed on only after the commit, in seq order.

use std::{io, thread};

use chat::{
    protocol::{Message, Seq},
    room_name::RoomName,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::reader::{self, signed};
use crate::store::{Appended, Claim, Commits, Draft, StoreError};

/// How many changes may wait for the thread; then those who ask wait.
const CAPACITY: usize = 1_024;

/// How many changes go into one transaction at the most.
const GROUP: usize = 512;

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

enum Change {
    Append(Vec<Draft>, Reply<Vec<Appended>>),
    Claim(Claim, Reply<bool>),
    Release(Claim, Reply<()>),
}

/// The way to the thread.
pub(super) struct Writer {
    changes: Mutex<Option<mpsc::Sender<Change>>>,
    finished: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Writer {
    /// Starts the thread on a connection.
    pub(super) fn start(connection: Connection, commits: Commits) -> io::Result<Writer> {
        let (changes, waiting) = mpsc::channel(CAPACITY);
        let (finish, finished) = oneshot::channel();
        thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            write(connection, waiting, &commits);
            // Nobody waits for it unless the store is being closed.
            let _ = finish.send(());
        })?;
        Ok(Writer { changes: Mutex::new(Some(changes)), finished: Mutex::new(Some(finished)) })
    }

    pub(super) async fn append(&self, drafts: Vec<Draft>) -> Result<Vec<Appended>, StoreError> {
        self.change(|reply| Change::Append(drafts, reply)).await
    }

    pub(super) async fn claim(&self, claim: Claim) -> Result<bool, StoreError> {
        self.change(|reply| Change::Claim(claim, reply)).await
    }

    pub(super) async fn release(&self, claim: Claim) -> Result<(), StoreError> {
        self.change(|reply| Change::Release(claim, reply)).await
    }

    /// Takes no more changes, and returns when those that were taken are done.
    pub(super) async fn close(&self) {
        drop(self.changes.lock().await.take());
        let finished = self.finished.lock().await.take();
        if let Some(finished) = finished {
            // The thread may be gone already, which is as good.
            let _ = finished.await;
        }
    }

    async fn change<T>(&self, change: impl FnOnce(Reply<T>) -> Change) -> Result<T, StoreError> {
        let changes = self.changes.lock().await.clone().ok_or(StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        changes.send(change(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// An answer that may only be given after the commit.
enum Outcome {
    Appended(Vec<Appended>, Reply<Vec<Appended>>),
    Claimed(bool, Reply<bool>),
    Released(Reply<()>),
}

fn write(mut connection: Connection, mut waiting: mpsc::Receiver<Change>, commits: &Commits) {
    let mut group = Vec::new();
    while waiting.blocking_recv_many(&mut group, GROUP) > 0 {
        match commit(&mut connection, &group) {
            Ok(results) => {
                let outcomes: Vec<Outcome> = std::mem::take(&mut group)
                    .into_iter()
                    .zip(results)
                    .map(|(change, result)| match (change, result) {
                        (Change::Append(_, reply), Done::Appended(appended)) => {
                            Outcome::Appended(appended, reply)
                        }
                        (Change::Claim(_, reply), Done::Claimed(claimed)) => Outcome::Claimed(claimed, reply),
                        (Change::Release(_, reply), _) => Outcome::Released(reply),
                        (Change::Append(..) | Change::Claim(..), _) => {
                            unreachable!("each change is done in its own way")
                        }
                    })
                    .collect();
                for outcome in outcomes {
                    publish(outcome, commits);
                }
            }
            Err(error) => {
                tracing::error!(%error, "the store could not commit");
                for change in group.drain(..) {
                    refuse(change, &error);
                }
            }
        }
    }
}

/// What one change of a group came to, before the commit.
enum Done {
    Appended(Vec<Appended>),
    Claimed(bool),
    Released,
}

fn commit(connection: &mut Connection, group: &[Change]) -> rusqlite::Result<Vec<Done>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut done = Vec::with_capacity(group.len());
    for change in group {
        done.push(match change {
            Change::Append(drafts, _) => {
                let appended = drafts.iter().map(|draft| append(&transaction, draft));
                Done::Appended(appended.collect::<rusqlite::Result<_>>()?)
            }
            Change::Claim(request, _) => Done::Claimed(claim(&transaction, request)?),
            Change::Release(request, _) => {
                release(&transaction, request)?;
                Done::Released
            }
        });
    }
    transaction.commit()?;
    Ok(done)
}

fn append(transaction: &Transaction<'_>, draft: &Draft) -> rusqlite::Result<Appended> {
    let room = room_id(transaction, &draft.room)?;
    let known: Option<i64> = transaction
        .prepare_cached("SELECT seq FROM sent WHERE room = ?1 AND user = ?2 AND client = ?3")?
        .query_row(params![room, draft.user.id.as_str(), draft.id.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(seq) = known {
        let original = reader::at(transaction, &draft.room, seq.unsigned_abs())?;
        return Ok(match original {
            Some(original) if original.text == draft.text => Appended::Known(original),
            _ => Appended::Reused,
        });
    }
    let seq: Seq = transaction
        .prepare_cached("UPDATE room SET head = head + 1 WHERE id = ?1 RETURNING head")?
        .query_row([room], |row| row.get::<_, i64>(0))?
        .unsigned_abs();
    let at = signed(draft.at.0);
    transaction
        .prepare_cached(
            "INSERT INTO event (room, seq, kind, user, name, client, text, at)
             VALUES (?1, ?2, 'message', ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            room,
            signed(seq),
            draft.user.id.as_str(),
            &*draft.user.name,
            draft.id.as_str(),
            &*draft.text,
            at
        ])?;
    transaction
        .prepare_cached("INSERT INTO sent (room, user, client, seq, at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![room, draft.user.id.as_str(), draft.id.as_str(), signed(seq), at])?;
    Ok(Appended::New(Message {
        room: draft.room.clone(),
        seq,
        id: draft.id.clone(),
        user: draft.user.clone(),
        text: draft.text.clone(),
        at: draft.at,
    }))
}

fn room_id(transaction: &Transaction<'_>, name: &RoomName) -> rusqlite::Result<i64> {
    let known = transaction
        .prepare_cached("SELECT id FROM room WHERE name = ?1")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()?;
    match known {
        Some(id) => Ok(id),
        None => transaction
            .prepare_cached("INSERT INTO room (name) VALUES (?1) RETURNING id")?
            .query_row([name.as_str()], |row| row.get(0)),
    }
}

fn claim(transaction: &Transaction<'_>, claim: &Claim) -> rusqlite::Result<bool> {
    let changed = transaction
        .prepare_cached(
            "INSERT INTO nickname (skeleton, user, name, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (skeleton) DO UPDATE
             SET until = CASE WHEN user = excluded.user THEN max(until, excluded.until) ELSE excluded.until END,
                 user = excluded.user,
                 name = excluded.name
             WHERE user = excluded.user OR until <= ?5",
        )?
        .execute(params![
            claim.skeleton.as_str(),
            claim.user.id.as_str(),
            &*claim.user.name,
            signed(claim.until.0),
            signed(claim.now.0)
        ])?;
    Ok(changed == 1)
}

fn release(transaction: &Transaction<'_>, claim: &Claim) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE nickname SET until = min(until, ?3) WHERE skeleton = ?1 AND user = ?2")?
        .execute(params![claim.skeleton.as_str(), claim.user.id.as_str(), signed(claim.until.0)])?;
    Ok(())
}

/// Hands on what is new and then gives the answer. Whoever asked may be gone: what was committed stays committed.
fn publish(outcome: Outcome, commits: &Commits) {
    match outcome {
        Outcome::Appended(appended, reply) => {
            for message in &appended {
                if let Appended::New(message) = message
                    && commits.blocking_send(message.clone()).is_err()
                {
                    tracing::debug!("the rooms are closed; nobody is left to tell");
                }
            }
            let _ = reply.send(Ok(appended));
        }
        Outcome::Claimed(claimed, reply) => {
            let _ = reply.send(Ok(claimed));
        }
        Outcome::Released(reply) => {
            let _ = reply.send(Ok(()));
        }
    }
}

fn refuse(change: Change, error: &rusqlite::Error) {
    let unavailable = || StoreError::Unavailable(error.to_string());
    match change {
        Change::Append(_, reply) => {
            let _ = reply.send(Err(unavailable()));
        }
        Change::Claim(_, reply) => {
            let _ = reply.send(Err(unavailable()));
        }
        Change::Release(_, reply) => {
            let _ = reply.send(Err(unavailable()));
        }
    }
}
