//! The timeline of a room: messages in order of seq, without duplicates, notices of who entered and left
//! between them, and holes where messages are missing. Requests nothing itself, but reports what is missing.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    id::Epoch,
    protocol::{Event, Joined, Message, Page, Seq, User},
    time::Millis,
};

/// The most entries that a timeline keeps as new ones arrive. The oldest are dropped first, and can be
/// requested again.
pub const CAPACITY: usize = 1_000;

/// The most consecutive notices, without a message between them; the oldest are dropped first.
pub const NOTICES: usize = 50;

/// The number of entries up to which a user who reads back may request more. New messages may add a page and
/// [`CAPACITY`] to it.
pub const READING_CAPACITY: usize = 12_000;

/// An entry of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A message.
    Message(Arc<Message>),
    /// Users entered or left.
    Notice(Arc<Notice>),
    /// A gap where messages are missing.
    Hole(Hole),
    /// The log has begun a new epoch, for example after a backup was restored; the latest messages before it
    /// may be gone.
    Renewed,
}

/// A range of events that the timeline does not hold, between events that it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hole {
    /// The first missing seq.
    pub from: Seq,
    /// The last missing seq; not less than `from`.
    pub to: Seq,
    /// Whether the reader reaches the hole from above, reading on; otherwise from below, reading back.
    pub onward: bool,
}

impl Hole {
    /// Returns the number of missing events.
    pub fn count(self) -> u64 {
        self.to - self.from + 1
    }
}

/// What precedes the first entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing: the first entry is the beginning of the log.
    Nothing,
    /// Messages that the server no longer retains.
    Gone,
    /// Messages that can be requested.
    Available,
    /// Messages to be viewed elsewhere: the timeline holds as many as it may.
    Elsewhere,
}

/// Users who entered, or who left, at the same time. Notices are not part of the log and are gone after a
/// reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Identifies the notice within its timeline.
    pub key: u64,
    /// Whether the users entered; otherwise they left.
    pub entered: bool,
    /// The users; at least one.
    pub users: Vec<User>,
    /// The time at which this client was told.
    pub at: Millis,
}

/// The effect of an event on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// It was the next event, and was added.
    Taken,
    /// It was known already.
    Known,
    /// Events before it are missing: join again with the position held.
    Behind,
}

/// The timeline of a room.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    epoch: Option<Epoch>,
    /// The last seq taken; 0 before the first.
    last: Seq,
    /// The first seq held; one more than `last` while none is.
    first: Seq,
    /// The oldest seq that the server retains, as last reported; 0 while it retains none.
    oldest: Seq,
    /// The last seq of the history; events after it arrived while the room was followed.
    history: Seq,
    entries: VecDeque<Entry>,
    /// The maximum number of entries; more than [`CAPACITY`] once the user has read back.
    bound: usize,
    notices: u64,
    revision: u64,
}

impl Timeline {
    /// Returns the entries, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// Returns the index of the entry with a seq, or of the first one after it, or the number of entries if
    /// there is none.
    pub fn index_of(&self, seq: Seq) -> usize {
        let reaches = |entry: &Entry| match entry {
            Entry::Message(message) => message.seq >= seq,
            Entry::Hole(hole) => hole.to >= seq,
            Entry::Notice(_) | Entry::Renewed => false,
        };
        self.entries.iter().position(reaches).unwrap_or(self.entries.len())
    }

    /// Returns the messages among the entries.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Arc<Message>> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message),
            _ => None,
        })
    }

    /// Returns the holes among the entries.
    pub fn holes(&self) -> impl Iterator<Item = Hole> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Hole(hole) => Some(*hole),
            _ => None,
        })
    }

    /// Returns the position held: the epoch of the log and the last seq in it. `None` before the first
    /// `joined`.
    pub fn position(&self) -> Option<(&Epoch, Seq)> {
        self.epoch.as_ref().map(|epoch| (epoch, self.last))
    }

    /// Returns the first seq held; one more than the position's while none is.
    pub fn first(&self) -> Seq {
        self.first
    }

    /// Returns the oldest seq that the server retains, as last reported; 0 while it retains none.
    pub fn oldest(&self) -> Seq {
        self.oldest
    }

    /// Returns what precedes the first entry.
    pub fn earlier(&self) -> Earlier {
        match self.oldest {
            0 => Earlier::Nothing,
            oldest if self.first > oldest && self.entries.len() >= READING_CAPACITY => Earlier::Elsewhere,
            oldest if self.first > oldest => Earlier::Available,
            1 => Earlier::Nothing,
            _ => Earlier::Gone,
        }
    }

    /// Whether an event predates the time at which the client began to follow the room.
    pub fn is_history(&self, seq: Seq) -> bool {
        seq <= self.history
    }

    /// Increases with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Applies the answer to a join: either exactly the missed events, or the newest page, with a hole before
    /// it where events are missing. If the log is in another epoch, nothing held before counts any more.
    /// Returns the number of new messages from users other than `me`.
    pub(super) fn join(&mut self, joined: Joined, me: &User) -> usize {
        self.revision += 1;
        let same_life = self.epoch.as_ref() == Some(&joined.epoch);
        let held = if same_life { self.last } else { 0 };
        self.oldest = joined.oldest;
        if !joined.resumed {
            // A page may start anywhere: events before its first one are earlier, not missing.
            let first = joined.events.iter().find_map(Event::seq).unwrap_or(joined.head + 1);
            let renewed = self.epoch.is_some() && !same_life && !self.entries.is_empty();
            if !same_life || joined.head < self.last || self.entries.is_empty() {
                self.entries.clear();
                self.epoch = Some(joined.epoch);
                self.first = first;
                self.bound = CAPACITY;
                self.last = first.saturating_sub(1);
                self.history = joined.head;
            } else {
                self.skip_to(first, false);
            }
            if renewed {
                self.push(Entry::Renewed);
            }
        }
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
        // A page that ends before the head was requested by a user who reads on from there.
        self.skip_to(joined.head + 1, true);
        news
    }

    /// Continues at `seq`; a range before it that is not held becomes a hole.
    fn skip_to(&mut self, seq: Seq, onward: bool) {
        if seq > self.last + 1 {
            self.push(Entry::Hole(Hole { from: self.last + 1, to: seq - 1, onward }));
            self.last = seq - 1;
        }
    }

    /// Applies one message of the live stream.
    pub(super) fn message(&mut self, message: Message) -> Advance {
        let advance = self.ghost(message.seq);
        if advance == Advance::Taken {
            self.push(Entry::Message(Arc::new(message)));
        }
        advance
    }

    /// Applies an event that shows nothing: it takes its place in the order.
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

    /// Applies a requested part of the history: it fills gaps and leaves existing entries as they are.
    /// Ignores a page of another epoch.
    pub(super) fn page(&mut self, page: Page) {
        if self.epoch.as_ref() != Some(&page.epoch) {
            return;
        }
        self.revision += 1;
        self.oldest = page.oldest;
        let (Some(from), Some(to)) =
            (page.events.iter().find_map(Event::seq), page.events.iter().rev().find_map(Event::seq))
        else {
            return;
        };
        let messages = page.events.into_iter().filter_map(|event| match event {
            Event::Message(message) => Some(message),
            Event::Unknown(_) => None,
        });
        let (earlier, inside): (Vec<Message>, Vec<Message>) =
            messages.partition(|message| message.seq < self.first);
        let entries = std::mem::take(&mut self.entries);
        if from < self.first {
            let gap = (to + 1 < self.first).then(|| hole(to + 1, self.first - 1, false)).flatten();
            self.entries.extend(earlier.into_iter().map(entry));
            self.entries.extend(gap);
            self.first = from;
        }
        for old in entries {
            match old {
                Entry::Hole(missing) if from <= missing.to && to >= missing.from => {
                    self.entries.extend(hole(missing.from, from.saturating_sub(1), missing.onward));
                    let filling =
                        inside.iter().filter(|message| (missing.from..=missing.to).contains(&message.seq));
                    self.entries.extend(filling.cloned().map(entry));
                    self.entries.extend(hole(to + 1, missing.to, missing.onward));
                }
                other => self.entries.push_back(other),
            }
        }
        self.shed(READING_CAPACITY);
        // New messages must not push out what the user is reading.
        self.bound = self.entries.len() + CAPACITY;
    }

    /// Adds a notice that users entered or left.
    pub(super) fn notice(&mut self, entered: bool, users: Vec<User>, at: Millis) {
        if !users.is_empty() {
            self.notices += 1;
            self.push(Entry::Notice(Arc::new(Notice { key: self.notices, entered, users, at })));
            let run = self.entries.iter().rev().take_while(|entry| matches!(entry, Entry::Notice(_))).count();
            if run > NOTICES {
                self.entries.remove(self.entries.len() - run);
            }
        }
    }

    fn push(&mut self, entry: Entry) {
        self.shed(self.bound.max(CAPACITY) - 1);
        self.entries.push_back(entry);
        self.revision += 1;
    }

    /// Drops the oldest entries until at most `most` are left.
    fn shed(&mut self, most: usize) {
        while self.entries.len() > most {
            match self.entries.pop_front() {
                Some(Entry::Message(message)) => self.first = message.seq + 1,
                Some(Entry::Hole(hole)) => self.first = hole.to + 1,
                _ => {}
            }
        }
    }
}

fn entry(message: Message) -> Entry {
    Entry::Message(Arc::new(message))
}

/// Returns a hole for a range of seqs, or `None` if the range is empty.
fn hole(from: Seq, to: Seq, onward: bool) -> Option<Entry> {
    (from <= to).then_some(Entry::Hole(Hole { from, to, onward }))
}
