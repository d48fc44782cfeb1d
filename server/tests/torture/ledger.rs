//! Records every message sent and received in the test, which the log is compared with in the end. Complains
//! at once if two pages receive different messages under one seq.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Mutex, MutexGuard},
    time::{SystemTime, UNIX_EPOCH},
};

use chat::{
    client::outbox::Pending,
    id::{ClientId, UserId},
    protocol::Seq,
    room_name::RoomName,
};
use tokio::sync::watch;

use crate::wire::{Event, Line, Message};

/// A message that a page has queued: it must be in the log exactly once.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) user: UserId,
    /// The page on which its user sent it.
    pub(crate) page: ClientId,
    pub(crate) room: RoomName,
    pub(crate) id: ClientId,
    pub(crate) text: String,
}

/// A message that a page received: it is acknowledged, and must stay.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) message: Message,
    /// When it was first received, in nanoseconds since 1970.
    pub(crate) at: u64,
}

/// The messages sent and received so far.
#[derive(Default)]
pub(crate) struct Ledger {
    book: Mutex<Book>,
    happenings: watch::Sender<u64>,
}

#[derive(Default)]
struct Book {
    /// In the order in which each page sent them.
    said: Vec<Said>,
    known: HashSet<(UserId, ClientId)>,
    seen: BTreeMap<RoomName, BTreeMap<Seq, Seen>>,
    /// The epochs that any page was told of.
    epochs: BTreeSet<String>,
    complaints: Vec<String>,
}

impl Ledger {
    /// Records that a page queued a message. Ignores messages that a page queued before.
    pub(crate) fn said(&self, user: &UserId, page: &ClientId, pending: &Pending) {
        let mut book = self.book();
        if book.known.insert((user.clone(), pending.id.clone())) {
            book.said.push(Said {
                user: user.clone(),
                page: page.clone(),
                room: pending.room.clone(),
                id: pending.id.clone(),
                text: pending.text.clone(),
            });
        }
    }

    /// Records a frame that a page received.
    pub(crate) fn saw(&self, frame: &str) {
        let at = nanoseconds();
        for line in frame.lines() {
            match serde_json::from_str::<Line>(line) {
                Ok(line) => self.take(line, at),
                Err(error) => self.complain(format!("the server said `{line}`: {error}")),
            }
        }
    }

    /// Records a failure, which the verdict reports.
    pub(crate) fn complain(&self, complaint: String) {
        self.book().complaints.push(complaint);
    }

    /// Wakes those who wait for a state, since a page has processed something.
    pub(crate) fn something_happened(&self) {
        self.happenings.send_modify(|count| *count += 1);
    }

    /// Waits until the condition holds, and checks it whenever something happens.
    pub(crate) async fn until(&self, mut is_so: impl FnMut() -> bool) {
        let mut happenings = self.happenings.subscribe();
        while !is_so() {
            happenings.changed().await.expect("the ledger is still there");
        }
    }

    /// Returns the sent messages, in the order in which each page sent them.
    pub(crate) fn all_said(&self) -> Vec<Said> {
        self.book().said.clone()
    }

    /// Returns the received messages, by room and seq.
    pub(crate) fn all_seen(&self) -> BTreeMap<RoomName, BTreeMap<Seq, Seen>> {
        self.book().seen.clone()
    }

    /// Returns the newest seq of a room that any page received; 0 if there is none.
    pub(crate) fn head(&self, room: &RoomName) -> Seq {
        self.book().seen.get(room).and_then(|log| log.last_key_value()).map_or(0, |(seq, _)| *seq)
    }

    /// Returns the epochs that any page was told of.
    pub(crate) fn epochs(&self) -> BTreeSet<String> {
        self.book().epochs.clone()
    }

    /// Returns the recorded failures.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.book().complaints.clone()
    }

    fn take(&self, line: Line, at: u64) {
        let mut book = self.book();
        for piece in line.joined.into_iter().chain(line.page) {
            book.see_epoch(&piece.epoch);
            for Event::Message(message) in piece.events {
                book.see(&message, at);
            }
        }
        for head in line.ping.into_iter().flat_map(|ping| ping.heads) {
            book.see_epoch(&head.epoch);
        }
        if let Some(message) = line.message {
            book.see(&message, at);
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nothing panics while it holds the ledger")
    }
}

impl Book {
    fn see(&mut self, message: &Message, at: u64) {
        let Ok(room) = RoomName::from_canonical(&message.room) else {
            return self.complaints.push(format!("a room's name is unfit: {message:?}"));
        };
        let seen = self.seen.entry(room).or_default().entry(message.seq);
        let seen = seen.or_insert_with(|| Seen { message: message.clone(), at });
        if seen.message != *message {
            let complaint = format!("one number, two messages: {:?} and {message:?}", seen.message);
            self.complaints.push(complaint);
        }
    }

    fn see_epoch(&mut self, epoch: &str) {
        if !self.epochs.contains(epoch) {
            self.epochs.insert(epoch.to_owned());
        }
    }
}

/// Returns the system time, in nanoseconds since 1970.
fn nanoseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    u64::try_from(since.as_nanos()).expect("for some centuries")
}
