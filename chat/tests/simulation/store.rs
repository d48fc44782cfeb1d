//! What the house keeps: a log per room, over several lives. Knows no sessions.

use std::collections::{BTreeMap, BTreeSet};

use chat::{
    id::{ClientId, Epoch, UserId},
    protocol::{Message, Seq, User},
    room_name::RoomName,
    time::Millis,
};

/// How long ids are remembered, in milliseconds.
const REMEMBERS_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// How the store does.
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
    /// Every message since the first, those included that are not kept any more: the test remembers.
    messages: Vec<Message>,
    /// The oldest seq that is kept; 0 while nothing was said.
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

    /// What was said, kept or not.
    pub(crate) fn all(&self) -> &[Message] {
        &self.messages
    }

    /// What is kept of the seqs from one to another, both included.
    pub(crate) fn kept(&self, from: Seq, to: Seq) -> &[Message] {
        let index = |seq: Seq| usize::try_from(seq).unwrap();
        let from = from.max(self.oldest).max(1);
        let to = to.min(self.head());
        if from > to { &[] } else { &self.messages[index(from - 1)..index(to)] }
    }
}

type Logs = BTreeMap<RoomName, Log>;

/// The logs, in their present life and in those before.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) health: Health,
    life: u32,
    logs: Logs,
    past: BTreeMap<Epoch, Logs>,
    copy: Logs,
    /// The log of a room in which nothing was said.
    nothing: Log,
    /// What was kept once and is in no log since an older copy was put back.
    lost: BTreeSet<ClientId>,
}

/// What became of a message that was to be kept.
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

    /// What a life's log says of a room, kept or not.
    pub(crate) fn said(&self, epoch: &Epoch, room: &RoomName) -> &[Message] {
        let logs = if *epoch == self.epoch() { Some(&self.logs) } else { self.past.get(epoch) };
        logs.and_then(|logs| logs.get(room)).map_or(&[], Log::all)
    }

    /// Whether a message was ever kept.
    pub(crate) fn has_kept(&self, user: &UserId, id: &ClientId) -> bool {
        let key = (user.clone(), id.clone());
        self.past.values().chain([&self.logs]).flat_map(Logs::values).any(|log| log.ids.contains_key(&key))
    }

    /// Whether a message was kept and then lost, because an older copy was put back.
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

    /// Keeps no more than so many of a room's messages.
    pub(crate) fn trim(&mut self, room: &RoomName, keep: Seq) {
        if let Some(log) = self.logs.get_mut(room) {
            log.oldest = log.oldest.max((log.head() + 1).saturating_sub(keep));
        }
    }

    pub(crate) fn back_up(&mut self) {
        self.copy = self.logs.clone();
    }

    /// Puts the copy in the logs' place: a new life.
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
