//! Reminders: stores them until they are due, then sends each exactly once. If a node fails before that,
//! another node or the next start finds them in the store.

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

/// How many reminders a user may have.
pub(super) const EACH: usize = 20;

/// How many reminders there may be in all.
const IN_ALL: usize = 10_000;

/// How often the store is read again for reminders that other nodes accepted.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// How long to wait before a failed reminder is sent again.
const RETRY: Duration = Duration::from_secs(1);

/// A message to be sent at a given time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reminder {
    pub(super) id: ClientId,
    pub(super) room: RoomName,
    /// The bot that sends it.
    pub(super) bot: User,
    /// The user it is for.
    pub(super) user: User,
    /// The message text.
    pub(super) line: String,
    /// The subject, as the user gave it.
    pub(super) what: String,
    pub(super) at: Millis,
}

/// Why a reminder is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// The user has reached their limit.
    Theirs,
    /// The limit of all reminders is reached.
    All,
}

/// The reminders that are not due yet.
pub(super) struct Reminders {
    store: SharedStore,
    /// The most characters of a message; 0 for no limit.
    limit: usize,
    due: Mutex<BTreeMap<(Millis, String), Reminder>>,
    /// Held while memory and store are synchronized.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
}

impl Reminders {
    /// Creates an empty set; [`Reminders::run`] loads it. A message has at most `limit` characters; 0 for no
    /// limit.
    pub(super) fn new(store: SharedStore, limit: usize) -> Reminders {
        Reminders {
            store,
            limit,
            due: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Derives a reminder's id from that of the answer which promises it: stable when the answer is given
    /// again, and different from the answer's own.
    pub(super) fn id(answer: &ClientId) -> ClientId {
        let digest = Sha256::digest(format!("reminder\n{answer}"));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        ClientId::from_bytes(bytes)
    }

    /// Stores a reminder durably. Adding an existing one again replaces it and counts once.
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

    /// Returns a user's reminders in a room, soonest first.
    pub(super) async fn of(&self, user: &User, room: &RoomName) -> Result<Vec<Reminder>, StoreError> {
        self.look().await?;
        let due = self.due();
        Ok(due.values().filter(|one| one.user.id == user.id && one.room == *room).cloned().collect())
    }

    /// Deletes a reminder.
    pub(super) async fn forget(&self, reminder: &Reminder) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        self.store.delete(Collection::Reminder, reminder.id.to_string()).await?;
        self.due().remove(&place(reminder));
        Ok(())
    }

    /// Sends due reminders until `stop`.
    pub(super) async fn run(self: Arc<Self>, service: Arc<Service>, stop: CancellationToken) {
        let running = async {
            loop {
                if let Err(error) = self.look().await {
                    tracing::warn!(%error, "failed to read reminders; retrying");
                }
                let mut soonest = Duration::from_millis(1);
                while let Some(reminder) = self.next_due() {
                    if let Err(error) = self.remind(&service, &reminder, &stop).await {
                        tracing::warn!(%error, room = %reminder.room, "failed to send a reminder; retrying");
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

    /// Reloads the reminders from the store.
    async fn look(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let records = self.store.records(Collection::Reminder).await?;
        let read = records.iter().filter_map(|record| {
            serde_json::from_str::<Reminder>(&record.value)
                .inspect_err(|error| tracing::warn!(%error, "failed to parse a stored reminder"))
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

    /// Sends a reminder. If several nodes do, only one message is stored, because the id is the same.
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
        // No holder of the lock can panic halfway through a change.
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
