//! The single task that appends. Appends that wait while Redis answers go into the next group together: one
//! script call per room, all rooms in one pipeline.
//!
//! A script performs all of a room's part of a group or nothing. Without an answer the outcome is unknown;
//! then the messages are refused for now, and their ids resolve it when the clients repeat them.

use std::{collections::BTreeMap, sync::Arc};

use chat::room_name::RoomName;
use redis::{ErrorKind, RedisError, RedisResult, Script, ServerErrorKind, Value};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    append::{self, APPEND, Answer},
    key::WINDOW_MS,
    live::{self, Live},
};

use crate::{
    clock,
    store::{Appended, AppendedBatch, NewMessage, StoreError, redis::link::Link},
};

/// How many appends may wait for the task; beyond that, callers wait.
const CAPACITY: usize = 1_024;

/// How many drafts fill a group.
const GROUP: usize = 512;

/// The maximum number of script calls per group: usually one; the script may have to be loaded, and the
/// window be corrected.
const CALLS: usize = 4;

struct Change {
    drafts: Vec<NewMessage>,
    reply: oneshot::Sender<AppendedBatch>,
}

/// A handle to the task.
pub(super) struct Writer {
    changes: Mutex<Option<mpsc::Sender<Change>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the task.
    pub(super) fn start(link: Arc<Link>, retain: u32) -> Writer {
        let (changes, waiting) = mpsc::channel(CAPACITY);
        // The local clock is a guess; Redis corrects it.
        let window = clock::now().0 / WINDOW_MS;
        let writer_task = WriterTask { link, retain, window, script: Script::new(APPEND), failing: false };
        let task = tokio::spawn(writer_task.write(waiting));
        Writer { changes: Mutex::new(Some(changes)), task: Mutex::new(Some(task)) }
    }

    pub(super) async fn append(&self, drafts: Vec<NewMessage>) -> AppendedBatch {
        let kept = async {
            let changes = self.changes.lock().await.clone()?;
            let (reply, answer) = oneshot::channel();
            changes.send(Change { drafts, reply }).await.ok()?;
            answer.await.ok()
        };
        kept.await.unwrap_or(AppendedBatch { appended: Vec::new(), failed: Some(StoreError::Closed) })
    }

    /// Accepts no more appends, and returns once the accepted ones are done.
    pub(super) async fn close(&self) {
        drop(self.changes.lock().await.take());
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the append task panicked");
        }
    }
}

/// The state of the task.
struct WriterTask {
    link: Arc<Link>,
    retain: u32,
    /// Redis's last known window.
    window: u64,
    script: Script,
    failing: bool,
}

/// The drafts of one room in a group, in order.
type Batch<'a> = (&'a RoomName, Vec<&'a NewMessage>);

/// The outcome for the drafts of one room.
type Outcome = RedisResult<Answer>;

impl WriterTask {
    async fn write(mut self, mut waiting: mpsc::Receiver<Change>) {
        while let Some(change) = waiting.recv().await {
            let mut drafts = change.drafts.len();
            let mut group = vec![change];
            while drafts < GROUP
                && let Ok(change) = waiting.try_recv()
            {
                drafts += change.drafts.len();
                group.push(change);
            }
            self.persist(group).await;
        }
    }

    /// Stores as much of a group as possible, and answers each append.
    async fn persist(&mut self, group: Vec<Change>) {
        let mut rooms: BTreeMap<&RoomName, Vec<&NewMessage>> = BTreeMap::new();
        for draft in group.iter().flat_map(|change| &change.drafts) {
            rooms.entry(&draft.room).or_default().push(draft);
        }
        let batches: Vec<Batch<'_>> = rooms.into_iter().collect();
        let kept = self.append(&batches).await;
        let failed = kept.iter().find_map(|kept| kept.as_ref().err());
        match failed {
            None if self.failing => tracing::info!("the store takes messages again"),
            Some(error) if !self.failing => tracing::error!(%error, "failed to append to the store"),
            _ => {}
        }
        self.failing = failed.is_some();
        let rooms = batches.iter().map(|(room, _)| (*room).clone());
        let mut kept: BTreeMap<RoomName, _> =
            rooms.zip(kept).map(|(room, kept)| (room, kept.map(Vec::into_iter))).collect();
        drop(batches);
        for Change { drafts, reply } in group {
            let mut answer = AppendedBatch { appended: Vec::new(), failed: None };
            for draft in drafts {
                // Each draft has its own outcome in its room, even after one that failed.
                let appended = kept.get_mut(&draft.room).map(|room| match room {
                    Ok(appended) => Ok(appended.next().expect("each draft has its answer")),
                    Err(error) => Err(error.clone()),
                });
                match appended.expect("each draft's room is in the group") {
                    Ok(appended) if answer.failed.is_none() => answer.appended.push(appended),
                    Ok(_) => {}
                    Err(error) => answer.failed = answer.failed.or(Some(error)),
                }
            }
            // The caller may be gone; the messages stay stored.
            let _ = reply.send(answer);
        }
    }

    /// Appends, and returns the outcome of each room's drafts.
    async fn append(&mut self, batches: &[Batch<'_>]) -> Vec<Result<Vec<Appended>, StoreError>> {
        let link = self.link.clone();
        let asked = link
            .ask(async |mut live| {
                let outcomes = self.call(&mut live, batches).await?;
                Ok((live, outcomes))
            })
            .await;
        let (live, outcomes) = match asked {
            Ok(answered) => answered,
            Err(error) => return batches.iter().map(|_| Err(error.clone())).collect(),
        };
        if outcomes.iter().any(|outcome| matches!(outcome, Ok(Answer::Stale))) {
            self.link.greet_again(&live);
        }
        let kept = outcomes.into_iter().map(|outcome| match outcome {
            Ok(Answer::Done(appended)) => Ok(appended),
            Ok(Answer::Stale) => Err(unavailable("another life of the logs has begun")),
            Ok(Answer::Window(_)) => Err(unavailable("the clock of Redis is not to be followed")),
            Err(error) => Err(StoreError::Unavailable(live::line(&error))),
        });
        kept.collect()
    }

    /// Calls the script for each room until it is done, a limited number of times.
    async fn call(&mut self, live: &mut Live, batches: &[Batch<'_>]) -> RedisResult<Vec<Outcome>> {
        let mut outcomes: Vec<Outcome> = batches.iter().map(|_| Ok(Answer::Window(self.window))).collect();
        for _ in 0..CALLS {
            let mut answers = self.call_once(live, batches, &outcomes).await?.into_iter();
            let mut load = false;
            for ((_, drafts), outcome) in batches.iter().zip(&mut outcomes) {
                let Ok(Answer::Window(_)) = outcome else { continue };
                let answer = answers.next().unwrap_or(Ok(Value::Nil));
                match answer.and_then(|answer| append::read(answer, drafts)) {
                    Ok(Answer::Window(window)) => {
                        self.window = window;
                        *outcome = Ok(Answer::Window(window));
                    }
                    Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => load = true,
                    other => *outcome = other,
                }
            }
            if load {
                self.script.load_async(&mut live.connection).await?;
            }
            if !outcomes.iter().any(|outcome| matches!(outcome, Ok(Answer::Window(_)))) {
                break;
            }
        }
        // If all rooms fail, the link has to judge why.
        if outcomes.iter().all(Result::is_err)
            && let Some(Err(error)) = outcomes.pop()
        {
            return Err(error);
        }
        Ok(outcomes)
    }

    /// Calls the script once for each room that is not done yet.
    async fn call_once(
        &self,
        live: &mut Live,
        batches: &[Batch<'_>],
        outcomes: &[Outcome],
    ) -> RedisResult<Vec<Result<Value, RedisError>>> {
        let keys = self.link.keys();
        let mut pipeline = redis::pipe();
        // Before the first message, so that no room is ever missing from the set; an extra name does no harm.
        let names = batches.iter().map(|(room, _)| room.as_str());
        pipeline.ignore_errors().cmd("SADD").arg(keys.rooms()).arg(names.collect::<Vec<_>>()).ignore();
        for ((room, drafts), outcome) in batches.iter().zip(outcomes) {
            if let Ok(Answer::Window(window)) = outcome {
                let call = append::call(&self.script, keys, live, self.retain, *window, room, drafts);
                pipeline.invoke_script(&call);
            }
        }
        pipeline.query_async(&mut live.connection).await
    }
}

fn unavailable(reason: &str) -> StoreError {
    StoreError::Unavailable(reason.to_owned())
}

#[cfg(test)]
mod tests;
