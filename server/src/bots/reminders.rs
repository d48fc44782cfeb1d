//! What people want to be reminded of, kept until it is due, and then said, once. A node that falls before is no loss: the
//! others, or the next start, find it in the store.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chat::{id::ClientId, protocol::User, room_name::RoomName, time::Millis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

use super::sending::{fit, send};
use crate::{
    clock,
    service::Service,
    store::{Collection, Put, Record, SharedStore, StoreError},
};

/// How many a user may have.
pub(super) const EACH: usize = 20;

/// How many there may be in all.
const IN_ALL: usize = 10_000;

/// How often it is looked for those that other nodes took.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// When to try again what could not be said.
const RETRY: Duration = Duration::from_secs(1);

/// Something to be said at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reminder {
    pub(super) id: ClientId,
    pub(super) room: RoomName,
    /// Who says it.
    pub(super) bot: User,
    /// Whom it is for.
    pub(super) user: User,
    /// What will be said.
    pub(super) line: String,
    /// What they want to be reminded of.
    pub(super) what: String,
    pub(super) at: Millis,
}

/// Why a reminder is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The user has as many as they may.
    Theirs,
    /// There are as many as there may be.
    All,
}

/// Those that are not due yet.
pub(super) struct Reminders {
    store: SharedStore,
    /// The most characters of a message; 0 for no limit.
    limit: usize,
    due: Mutex<BTreeMap<(Millis, String), Reminder>>,
    /// Held while what is known is brought in line with the store.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
}

impl Reminders {
    /// None is known yet. What is said has at most `limit` characters; 0 lifts it.
    pub(super) fn new(store: SharedStore, limit: usize) -> Reminders {
        Reminders {
            store,
            limit,
            due: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// The id of the one that an answer promises: the same whenever the answer is given again, and not the answer's own.
    pub(super) fn id(answer: &ClientId) -> ClientId {
        let digest = Sha256::digest(format!("reminder\n{answer}"));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        ClientId::from_bytes(bytes)
    }

    /// Takes one, durably. One that is there already is taken again, and counts once.
    pub(super) async fn add(&self, reminder: Reminder) -> Result<Result<(), Full>, StoreError> {
        let _turn = self.turn.lock().await;
        let (theirs, all) = {
            let due = self.due();
            let others = || due.values().filter(|one| one.id != reminder.id);
            (others().filter(|one| one.user.id == reminder.user.id).count(), others().count())
        };
        if theirs >= EACH {
            return Ok(Err(Full::Theirs));
        }
        if all >= IN_ALL {
            return Ok(Err(Full::All));
        }
        let value = serde_json::to_string(&reminder).expect("names and numbers have no failing serializer");
        let record = Record { collection: Collection::Reminder, key: reminder.id.to_string(), value };
        self.store.put(record, Put::Always).await?;
        self.due().insert(place(&reminder), reminder);
        self.changed.notify_one();
        Ok(Ok(()))
    }

    /// A user's own in a room, the soonest first.
    pub(super) async fn of(&self, user: &User, room: &RoomName) -> Result<Vec<Reminder>, StoreError> {
        self.look().await?;
        let due = self.due();
        Ok(due.values().filter(|one| one.user.id == user.id && one.room == *room).cloned().collect())
    }

    /// Forgets one.
    pub(super) async fn forget(&self, reminder: &Reminder) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        self.store.delete(Collection::Reminder, reminder.id.to_string()).await?;
        self.due().remove(&place(reminder));
        Ok(())
    }

    /// Says what is due, until `stop`.
    pub(super) async fn run(self: Arc<Self>, service: Arc<Service>, stop: CancellationToken) {
        let running = async {
            loop {
                if let Err(error) = self.look().await {
                    tracing::warn!(%error, "reminders cannot be read; it is tried again");
                }
                let mut soonest = Duration::from_millis(1);
                while let Some(reminder) = self.next_due() {
                    if let Err(error) = self.remind(&service, &reminder, &stop).await {
                        tracing::warn!(%error, room = %reminder.room, "a reminder could not be said; it is tried again");
                        soonest = RETRY;
                        break;
                    }
                }
                let wait = self.due().keys().next().map_or(LOOK_AGAIN, |(at, _)| {
                    Duration::from_millis(at.since(clock::now())).clamp(soonest, LOOK_AGAIN)
                });
                tokio::select! {
                    () = sleep(wait) => {}
                    () = self.changed.notified() => {}
                }
            }
        };
        stop.run_until_cancelled(running).await;
    }

    /// Reads what is kept.
    async fn look(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let records = self.store.records(Collection::Reminder).await?;
        let read = records.iter().filter_map(|record| {
            serde_json::from_str::<Reminder>(&record.value)
                .inspect_err(|error| tracing::warn!(%error, "a reminder is not understood"))
                .ok()
        });
        let kept = read.map(|reminder| (place(&reminder), reminder)).collect();
        *self.due() = kept;
        Ok(())
    }

    fn next_due(&self) -> Option<Reminder> {
        let due = self.due();
        let ((at, _), reminder) = due.first_key_value()?;
        (*at <= clock::now()).then(|| reminder.clone())
    }

    /// Says one. Of several nodes that do, one alone is heard, since the id is the same.
    async fn remind(
        &self,
        service: &Service,
        reminder: &Reminder,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let is_kept = self.store.record(Collection::Reminder, reminder.id.to_string()).await?.is_some();
        if is_kept && let Some(line) = fit(&reminder.line, self.limit) {
            send(service, (&reminder.room, &reminder.bot, &reminder.id), &line, stop).await?;
        }
        self.forget(reminder).await
    }

    fn due(&self) -> MutexGuard<'_, BTreeMap<(Millis, String), Reminder>> {
        // Nothing that holds the lock can panic half-way through a change.
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(reminder: &Reminder) -> (Millis, String) {
    (reminder.at, reminder.id.to_string())
}

#[cfg(test)]
mod tests {

    use chat::{id::ClientId, time::Millis};

    use tokio_util::sync::CancellationToken;

    use super::{super::test_question::question, EACH, Full, Reminder, Reminders};
    use crate::{
        service::scratch::service,
        store::{Piece, scratch::store},
    };

    fn reminder(number: usize) -> Reminder {
        let asked = question("提醒我", &[]);
        Reminder {
            id: Reminders::id(&ClientId::parse(&format!("answer-{number}")).unwrap()),
            room: asked.room,
            bot: asked.bot,
            user: asked.asker,
            line: "@小明 ⏰ 一二三四五六".to_owned(),
            what: "一二三四五六".to_owned(),
            at: Millis(1),
        }
    }

    #[tokio::test]
    async fn what_is_said_is_no_longer_than_a_message_may_be() {
        let (store, _folder) = store();
        let reminders = Reminders::new(store.clone(), 8);
        reminders.add(reminder(1)).await.unwrap().unwrap();
        let due = reminders.next_due().unwrap();
        reminders.remind(&service(&store), &due, &CancellationToken::new()).await.unwrap();
        let latest = Piece::Latest { upto: u64::MAX, limit: 9 };
        let said = store.read(due.room.clone(), latest).await.unwrap().messages;
        assert_eq!(said.iter().map(|one| &*one.text).collect::<Vec<_>>(), ["@小明 ⏰ 一…"]);
        assert!(reminders.next_due().is_none());
    }

    #[tokio::test]
    async fn one_that_is_there_already_is_taken_again_and_one_too_many_is_not() {
        let (store, _folder) = store();
        let reminders = Reminders::new(store, 0);
        for number in 0..EACH {
            reminders.add(reminder(number)).await.unwrap().unwrap();
        }
        assert_eq!(reminders.add(reminder(3)).await.unwrap(), Ok(()));
        assert_eq!(reminders.add(reminder(EACH)).await.unwrap(), Err(Full::Theirs));
    }
}
