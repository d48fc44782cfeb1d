//! What a room shows: messages in the order of their seq, none twice, and the comings and goings between them.
//! Asks for nothing itself; it says when something is missing.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    id::Epoch,
    protocol::{Event, Joined, Message, Seq, User},
    time::Millis,
};

/// How many entries a timeline keeps; the oldest go first, and can be asked for again.
pub const CAPACITY: usize = 1_000;

/// One thing that a timeline shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A message.
    Message(Arc<Message>),
    /// People came or went.
    Notice(Arc<Notice>),
}

/// People came or went, all of them at once and the same way. Not part of the log: gone after a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Tells it from the others of its timeline.
    pub key: u64,
    /// Whether they entered; otherwise they left.
    pub entered: bool,
    /// Who; at least one.
    pub users: Vec<User>,
    /// When this client heard of it.
    pub at: Millis,
}

/// What an event did to the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// It was the next one.
    Taken,
    /// It was there before.
    Known,
    /// Events before it are missing: join again, with the position that is held.
    Behind,
}

/// What a room shows.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    epoch: Option<Epoch>,
    /// The last seq that was taken, 0 before the first.
    last: Seq,
    /// The oldest seq that the server still keeps, as it last said; 0 while it keeps none.
    oldest: Seq,
    entries: VecDeque<Entry>,
    notices: u64,
    revision: u64,
}

impl Timeline {
    /// What there is to show, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The messages among the entries.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Arc<Message>> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message),
            Entry::Notice(_) => None,
        })
    }

    /// The position that is held: the log's life and the last seq in it. `None` before the first `joined`.
    pub fn position(&self) -> Option<(&Epoch, Seq)> {
        self.epoch.as_ref().map(|epoch| (epoch, self.last))
    }

    /// Whether the server keeps messages older than the first one here.
    pub fn has_earlier(&self) -> bool {
        self.messages().next().is_some_and(|first| first.seq > self.oldest)
    }

    /// Rises with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes the answer to a join: exactly what was missed, or a newest page that replaces what is held.
    /// Gives how many messages of others than `me` are new here.
    pub(super) fn join(&mut self, joined: Joined, me: &User) -> usize {
        self.revision += 1;
        let resumed = joined.resumed && self.epoch.as_ref() == Some(&joined.epoch);
        let same_life = self.epoch.as_ref() == Some(&joined.epoch);
        let held = if same_life { self.last } else { 0 };
        if !resumed {
            self.entries.clear();
            self.epoch = Some(joined.epoch);
            // A page starts where it starts: what lies before its first event is earlier, not missing.
            self.last = joined
                .events
                .iter()
                .find_map(Event::seq)
                .map_or(joined.head, |first| first.saturating_sub(1));
        }
        self.oldest = joined.oldest;
        let mut news = 0;
        for event in joined.events {
            match event {
                Event::Message(message) => {
                    news += usize::from(message.seq > held && message.user.id != me.id);
                    self.message(message);
                }
                Event::Unknown(unknown) => {
                    if let Some(seq) = unknown.ghost.seq {
                        self.ghost(seq);
                    }
                }
            }
        }
        news
    }

    /// Takes one message of the live stream.
    pub(super) fn message(&mut self, message: Message) -> Advance {
        let advance = self.ghost(message.seq);
        if advance == Advance::Taken {
            self.push(Entry::Message(Arc::new(message)));
        }
        advance
    }

    /// Takes an event that shows nothing: it holds its place in the order.
    pub(super) fn ghost(&mut self, seq: Seq) -> Advance {
        if seq <= self.last {
            Advance::Known
        } else if seq == self.last + 1 && self.epoch.is_some() {
            self.last = seq;
            if self.oldest == 0 {
                self.oldest = seq;
            }
            self.revision += 1;
            Advance::Taken
        } else {
            Advance::Behind
        }
    }

    /// Notes that people came or went.
    pub(super) fn notice(&mut self, entered: bool, users: Vec<User>, at: Millis) {
        if !users.is_empty() {
            self.notices += 1;
            self.push(Entry::Notice(Arc::new(Notice { key: self.notices, entered, users, at })));
        }
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        self.revision += 1;
    }
}
