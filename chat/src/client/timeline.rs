//! What a room shows: messages in the order of their seq, none twice, the comings and goings between them, and where
//! something is not here. Asks for nothing itself; it says what is missing.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    id::Epoch,
    protocol::{Event, Joined, Message, Page, Seq, User},
    time::Millis,
};

/// How many entries a timeline keeps as the room goes on; the oldest go first, and can be asked for again.
pub const CAPACITY: usize = 1_000;

/// How many comings and goings stand one below the other while nobody says anything; the oldest go first.
pub const NOTICES: usize = 50;

/// How many entries may be here for more to be asked for by somebody who reads back. What is said meanwhile may add a page
/// and [`CAPACITY`] to it.
pub const READING_CAPACITY: usize = 12_000;

/// One thing that a timeline shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A message.
    Message(Arc<Message>),
    /// People came or went.
    Notice(Arc<Notice>),
    /// Messages belong here that are not here.
    Hole(Hole),
    /// The log has begun a new life, as after a backup was put back: what was said last before may be gone.
    Renewed,
}

/// Events that are not here, though some before and after them are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hole {
    /// The first that is missing.
    pub from: Seq,
    /// The last that is missing; not less than `from`.
    pub to: Seq,
    /// Whether the reader comes from above, reading on; otherwise from below, looking back.
    pub onward: bool,
}

impl Hole {
    /// How many events are missing.
    pub fn count(self) -> u64 {
        self.to - self.from + 1
    }
}

/// What lies before the first entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing: here is the beginning.
    Nothing,
    /// Messages that the server no longer keeps.
    Gone,
    /// Messages that can be asked for.
    Kept,
    /// Messages that can be looked at elsewhere: there are as many here as may be.
    Elsewhere,
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
    /// The first seq that is here; one more than `last` while none is.
    first: Seq,
    /// The oldest seq that the server still keeps, as it last said; 0 while it keeps none.
    oldest: Seq,
    /// The seqs beyond this one were said while the room was followed; those up to it are history.
    history: Seq,
    entries: VecDeque<Entry>,
    /// How many entries may be here; more than [`CAPACITY`] once somebody has read back.
    bound: usize,
    notices: u64,
    revision: u64,
}

impl Timeline {
    /// What there is to show, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// Where among the entries the one of a seq stands, or else the first one after it; their number if there is none.
    pub fn index_of(&self, seq: Seq) -> usize {
        let reaches = |entry: &Entry| match entry {
            Entry::Message(message) => message.seq >= seq,
            Entry::Hole(hole) => hole.to >= seq,
            Entry::Notice(_) | Entry::Renewed => false,
        };
        self.entries.iter().position(reaches).unwrap_or(self.entries.len())
    }

    /// The messages among the entries.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Arc<Message>> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message),
            _ => None,
        })
    }

    /// The holes among the entries.
    pub fn holes(&self) -> impl Iterator<Item = Hole> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Hole(hole) => Some(*hole),
            _ => None,
        })
    }

    /// The position that is held: the log's life and the last seq in it. `None` before the first `joined`.
    pub fn position(&self) -> Option<(&Epoch, Seq)> {
        self.epoch.as_ref().map(|epoch| (epoch, self.last))
    }

    /// The first seq that is here; one more than the position's while none is.
    pub fn first(&self) -> Seq {
        self.first
    }

    /// The oldest seq that the server still keeps, as it last said; 0 while it keeps none.
    pub fn oldest(&self) -> Seq {
        self.oldest
    }

    /// What lies before the first entry.
    pub fn earlier(&self) -> Earlier {
        match self.oldest {
            0 => Earlier::Nothing,
            oldest if self.first > oldest && self.entries.len() >= READING_CAPACITY => Earlier::Elsewhere,
            oldest if self.first > oldest => Earlier::Kept,
            1 => Earlier::Nothing,
            _ => Earlier::Gone,
        }
    }

    /// Whether an event was there before the room was followed.
    pub fn is_history(&self, seq: Seq) -> bool {
        seq <= self.history
    }

    /// Rises with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes the answer to a join: exactly what was missed, or a newest page, and then a hole tells of what lies between.
    /// Of another life of the log, nothing that was held counts any more.
    /// Gives how many messages of others than `me` are new here.
    pub(super) fn join(&mut self, joined: Joined, me: &User) -> usize {
        self.revision += 1;
        let same_life = self.epoch.as_ref() == Some(&joined.epoch);
        let held = if same_life { self.last } else { 0 };
        self.oldest = joined.oldest;
        if !joined.resumed {
            // A page starts where it starts: what lies before its first event is earlier, not missing.
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
        // A page that ends before the head was asked for by somebody who reads on from there.
        self.skip_to(joined.head + 1, true);
        news
    }

    /// Goes on at a seq; what lies before it and is not here is a hole.
    fn skip_to(&mut self, seq: Seq, onward: bool) {
        if seq > self.last + 1 {
            self.push(Entry::Hole(Hole { from: self.last + 1, to: seq - 1, onward }));
            self.last = seq - 1;
        }
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

    /// Takes a piece of history that was asked for: it fills what is missing, and what is here already stays as it is.
    /// A page of another life of the log is of no use.
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
        // What is said meanwhile must not push out what is being read.
        self.bound = self.entries.len() + CAPACITY;
    }

    /// Notes that people came or went.
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

    /// Lets the oldest entries go until no more than so many are left.
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

/// What is missing from one seq to another, if anything is.
fn hole(from: Seq, to: Seq, onward: bool) -> Option<Entry> {
    (from <= to).then_some(Entry::Hole(Hole { from, to, onward }))
}
