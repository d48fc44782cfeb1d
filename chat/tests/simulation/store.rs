//! The simulated store: a log per room, over several epochs. Knows no sessions.

use std::collections::{BTreeMap, BTreeSet};

use chat::{
    id::{ClientId, Epoch, UserId},
    protocol::{Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};

/// How long ids are remembered, in milliseconds.
const REMEMBERS_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// The health of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Works,
    /// It refuses everything.
    Fails,
    /// It answers nothing.
    Hangs,
}

/// A room's log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// All messages since the first, including those that are no longer retained: the test remembers them.
    messages: Vec<Message>,
    /// The oldest retained seq; 0 while there is no message.
    oldest: Seq,
    ids: BTreeMap<(UserId, ClientId), Seq>,
}

impl Log {
    pub(crate) fn head(&self) -> Seq {
        self.messages.len() as Seq
    }

    pub(crate) fn oldest(&self) -> Seq {
        self.oldest
    }

    /// Returns all messages, retained or not.
    pub(crate) fn all(&self) -> &[Message] {
        &self.messages
    }

    /// Returns the retained messages of an inclusive range of seqs.
    pub(crate) fn kept(&self, from: Seq, to: Seq) -> &[Message] {
        let index = |seq: Seq| usize::try_from(seq).unwrap();
        let from = from.max(self.oldest).max(1);
        let to = to.min(self.head());
        if from > to { &[] } else { &self.messages[index(from - 1)..index(to)] }
    }
}

type Logs = BTreeMap<RoomName, Log>;

/// The logs, in the current epoch and in earlier ones.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) health: Health,
    life: u32,
    logs: Logs,
    past: BTreeMap<Epoch, Logs>,
    copy: Logs,
    /// The log of a room without messages.
    nothing: Log,
    /// Messages that were committed once and are in no log since an older copy was restored.
    lost: BTreeSet<ClientId>,
}

/// The outcome of appending a message.
pub(crate) enum Appended {
    New(Message),
    Known(Message),
    Reused,
}

impl Store {
    pub(crate) fn new() -> Store {
        Store {
            health: Health::Works,
            life: 0,
            logs: Logs::new(),
            past: BTreeMap::new(),
            copy: Logs::new(),
            nothing: Log::default(),
            lost: BTreeSet::new(),
        }
    }

    pub(crate) fn epoch(&self) -> Epoch {
        Epoch::parse(&format!("e{}", self.life)).unwrap()
    }

    pub(crate) fn log(&self, room: &RoomName) -> &Log {
        self.logs.get(room).unwrap_or(&self.nothing)
    }

    /// Returns the messages of a room in an epoch's log, retained or not.
    pub(crate) fn said(&self, epoch: &Epoch, room: &RoomName) -> &[Message] {
        let logs = if *epoch == self.epoch() { Some(&self.logs) } else { self.past.get(epoch) };
        logs.and_then(|logs| logs.get(room)).map_or(&[], Log::all)
    }

    /// Whether a message was ever committed.
    pub(crate) fn has_kept(&self, user: &UserId, id: &ClientId) -> bool {
        let key = (user.clone(), id.clone());
        self.past.values().chain([&self.logs]).flat_map(Logs::values).any(|log| log.ids.contains_key(&key))
    }

    /// Whether a message was committed and then lost, because an older copy was restored.
    pub(crate) fn has_lost(&self, id: &ClientId) -> bool {
        self.lost.contains(id)
    }

    pub(crate) fn append(
        &mut self,
        room: &RoomName,
        user: &User,
        id: &ClientId,
        text: &str,
        now: Millis,
    ) -> Appended {
        let log = self.logs.entry(room.clone()).or_default();
        let key = (user.id.clone(), id.clone());
        let known = log.ids.get(&key).map(|seq| &log.messages[usize::try_from(*seq).unwrap() - 1]);
        if let Some(known) = known.filter(|known| now.since(known.at) <= REMEMBERS_MS) {
            let same = &*known.text == text;
            return if same { Appended::Known(known.clone()) } else { Appended::Reused };
        }
        let message = Message {
            room: room.clone(),
            seq: log.head() + 1,
            id: id.clone(),
            user: user.clone(),
            text: text.into(),
            at: now,
        };
        log.ids.insert(key, message.seq);
        log.oldest = log.oldest.max(1);
        log.messages.push(message.clone());
        Appended::New(message)
    }

    /// Retains only this many of a room's messages.
    pub(crate) fn trim(&mut self, room: &RoomName, keep: Seq) {
        if let Some(log) = self.logs.get_mut(room) {
            log.oldest = log.oldest.max((log.head() + 1).saturating_sub(keep));
        }
    }

    pub(crate) fn back_up(&mut self) {
        self.copy = self.logs.clone();
    }

    /// Restores the copy, which starts a new epoch.
    pub(crate) fn restore(&mut self) {
        let before = std::mem::replace(&mut self.logs, self.copy.clone());
        for (name, log) in &before {
            let kept = self.logs.get(name).map_or(0, Log::head);
            self.lost.extend(log.all().iter().filter(|message| message.seq > kept).map(|m| m.id.clone()));
        }
        self.past.insert(self.epoch(), before);
        self.life += 1;
    }
}
