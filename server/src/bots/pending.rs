//! Durable records of the answers that bots have begun. They ensure that every question gets exactly one
//! answer, even if the node giving it fails, and let a late answer find its question.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chat::{
    id::{ClientId, NodeId, UserId},
    protocol::{Message, User},
    room_name::RoomName,
    time::Millis,
};
use i18n::Language;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::store::{Collection, Put, Record, SharedStore, StoreError};

/// How long a finished answer is remembered, so that a node that sees the question late does not answer
/// again.
pub(super) const REMEMBERED: Duration = Duration::from_mins(2);

/// The record of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) room: RoomName,
    pub(super) id: ClientId,
    pub(super) bot: User,
    pub(super) asker: UserId,
    /// The language's code.
    language: String,
    /// SHA-256, in base64, of the secret that authorizes a late answer.
    secret: String,
    pub(super) state: State,
    /// When the sweeper looks after the answer if its state has not changed by then.
    pub(super) until: Millis,
}

/// The progress of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// A node is giving it.
    Given(NodeId),
    /// It was promised for later.
    Promised,
    /// It was sent.
    Done,
}

impl Pending {
    /// Creates the record of an answer that a node begins to give to a message.
    pub(super) fn begin(
        question: &Message,
        bot: &User,
        language: Language,
        secret: &str,
        (node, until): (NodeId, Millis),
    ) -> Pending {
        Pending {
            room: question.room.clone(),
            id: answer_id(question, bot),
            bot: bot.clone(),
            asker: question.user.id.clone(),
            language: language.code().to_owned(),
            secret: digest(secret),
            state: State::Given(node),
            until,
        }
    }

    pub(super) fn language(&self) -> Language {
        Language::from_code(&self.language).unwrap_or_default()
    }

    /// Returns the record's key in the store.
    pub(super) fn key(&self) -> String {
        key(self.bot.id.as_str(), self.id.as_str())
    }

    /// Returns whether this is the secret that authorizes a late answer.
    pub(super) fn knows(&self, secret: &str) -> bool {
        use subtle::ConstantTimeEq as _;
        self.secret.as_bytes().ct_eq(digest(secret).as_bytes()).into()
    }

    /// Returns a copy with a new state and deadline.
    #[must_use]
    pub(super) fn now(&self, state: State, until: Millis) -> Pending {
        Pending { state, until, ..self.clone() }
    }
}

pub(super) fn key(bot: &str, id: &str) -> String {
    format!("{bot}/{id}")
}

/// Derives the id of a bot's answer to a message: the same on every node and every attempt, and unique in the
/// room.
pub(super) fn answer_id(question: &Message, bot: &User) -> ClientId {
    let Message { room, user, id, .. } = question;
    let digest = Sha256::digest(format!("{room}\n{}\n{id}\n{}", user.id, bot.id));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    ClientId::from_bytes(bytes)
}

fn digest(secret: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

/// The store's collection of these records.
#[derive(Clone)]
pub(super) struct AnswerRecords(pub(super) SharedStore);

impl AnswerRecords {
    /// Stores the record of a new answer; returns `false` if there is one already.
    pub(super) async fn claim(&self, pending: &Pending) -> Result<bool, StoreError> {
        self.0.put(record(pending), Put::IfAbsent).await
    }

    /// Stores the current state of an answer.
    pub(super) async fn put(&self, pending: &Pending) -> Result<(), StoreError> {
        self.0.put(record(pending), Put::Always).await.map(drop)
    }

    /// Returns the record with this key.
    pub(super) async fn find(&self, key: String) -> Result<Option<Pending>, StoreError> {
        Ok(self.0.record(Collection::Answer, key).await?.and_then(|value| read(&value)))
    }

    /// Returns all records. Logs and skips one that cannot be parsed.
    pub(super) async fn all(&self) -> Result<Vec<Pending>, StoreError> {
        let records = self.0.records(Collection::Answer).await?;
        Ok(records.iter().filter_map(|record| read(&record.value)).collect())
    }

    /// Deletes a record.
    pub(super) async fn forget(&self, pending: &Pending) -> Result<(), StoreError> {
        self.0.delete(Collection::Answer, pending.key()).await.map(drop)
    }
}

fn record(pending: &Pending) -> Record {
    let value = serde_json::to_string(pending).expect("names and numbers have no failing serializer");
    Record { collection: Collection::Answer, key: pending.key(), value }
}

fn read(value: &str) -> Option<Pending> {
    serde_json::from_str(value)
        .inspect_err(|error| tracing::warn!(%error, "failed to parse the record of an answer"))
        .ok()
}
