//! The lines of a timeline as they are shown: who is named, where a day begins, what waits below.
//!
//! Derived from a client's state and a time zone; keeps nothing.

use std::{
    fmt,
    hash::{Hash, Hasher},
    ops::Range,
    sync::Arc,
};

use chat::{
    client::{
        Client,
        outbox::{Delivery, Pending},
        timeline::{Entry, Hole, Notice, Timeline},
    },
    id::ClientId,
    protocol::{Message, Seq, User},
    time::Millis,
};
use time::{Date, OffsetDateTime, Time};

/// What the ids of these lines begin with, in the page.
pub(crate) const GROWING_ANCHOR: &str = "growing-";

/// How many entries of a timeline are drawn at a time, half of them on either side of what is read. Whatever lies further
/// off waits where nothing has to be laid out for it: a page stays as quick with ten thousand messages as with these.
pub const DRAWN: usize = 320;

/// How many entries are drawn at the most, where what the reader has selected is to stay.
const MOST_DRAWN: usize = 2_000;

/// How long a person may pause before their name is shown again, in milliseconds.
const GROUP_MS: u64 = 5 * 60 * 1_000;

/// A reader's time zone: the distance from UTC in minutes at a moment.
#[derive(Clone)]
pub struct Zone(Arc<dyn Fn(Millis) -> i32 + Send + Sync>);

impl Zone {
    /// A zone that answers for each moment, as a browser can.
    pub fn new(offset_minutes: impl Fn(Millis) -> i32 + Send + Sync + 'static) -> Zone {
        Zone(Arc::new(offset_minutes))
    }

    /// A zone that is so far from UTC, in minutes, from each of these moments on; the first counts for all before it too.
    pub fn stepwise(offsets: Vec<(Millis, i32)>) -> Zone {
        Zone::new(move |at| {
            let step = offsets.iter().rev().find(|(from, _)| *from <= at).or(offsets.first());
            step.map_or(0, |(_, minutes)| *minutes)
        })
    }

    /// The date and time of a moment there. A moment beyond the calendar is taken for its beginning.
    pub fn local(&self, at: Millis) -> (Date, Time) {
        let minutes = i64::from((self.0)(at));
        let seconds = i64::try_from(at.0 / 1_000).unwrap_or_default() + minutes * 60;
        let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        (moment.date(), moment.time())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Zone")
    }
}

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The same as long as the line looks the same, so that only lines that change are drawn again. A hash of what it
    /// shows: far fewer lines are drawn than would have two of them meet in 64 bits.
    pub key: u64,
    /// What it shows.
    pub shows: Shows,
}

/// What a line of a timeline shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shows {
    /// A day begins.
    Day(Date),
    /// A message.
    Message {
        /// The message.
        message: Arc<Message>,
        /// Whether its author and time stand above it; otherwise it continues the one before.
        leads: bool,
        /// Whether the reader said it.
        mine: bool,
        /// Whether it was said before the reader came or was there already, so that it is no news to those who listen.
        past: bool,
        /// The day on which it was said, in the reader's zone.
        date: Date,
        /// The time of that day.
        time: Time,
    },
    /// A message of the reader's that is not confirmed.
    Pending {
        /// The message.
        pending: Pending,
        /// Whether the reader's name stands above it.
        leads: bool,
    },
    /// An answer that grows; what there is of it is in the model.
    Growing {
        /// Whose answer it is.
        user: User,
        /// The id that the message will have.
        id: ClientId,
        /// Whether its author stands above it.
        leads: bool,
        /// Whether the reader asked for it, and may end it.
        stops: bool,
    },
    /// People came or went.
    Notice(Arc<Notice>),
    /// Messages belong here that can be asked for.
    Hole(Hole),
    /// So many messages belong here that are no longer kept.
    Gone(u64),
    /// What follows is new to the reader.
    News,
    /// The log has begun a new life.
    Renewed,
}

/// What somebody reads who has left the newest line behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The message that they are at.
    pub at: Seq,
    /// The first and the last message of what they have selected, if they have.
    pub selected: Option<(Seq, Seq)>,
}

/// Which entries of a timeline are drawn: those around what is read, or the newest ones.
pub fn drawn(timeline: &Timeline, reading: Option<Reading>) -> Range<usize> {
    let all = timeline.entries().len();
    let middle = reading.map_or(all, |reading| timeline.index_of(reading.at));
    let from = middle.saturating_sub(DRAWN / 2).min(all.saturating_sub(DRAWN));
    let mut drawn = from..all.min(from + DRAWN);
    if let Some((first, last)) = reading.and_then(|reading| reading.selected) {
        let (first, last) = (timeline.index_of(first), timeline.index_of(last));
        let all = drawn.start.min(first)..drawn.end.max((last + 1).min(all));
        if all.len() <= MOST_DRAWN {
            drawn = all;
        }
    }
    drawn
}

/// Those lines of the room that the client looks at, oldest first, that are drawn. `heard` is the last message that had
/// come when lines were drawn before.
pub fn rows(client: &Client, zone: &Zone, drawn: Range<usize>, heard: Seq) -> Vec<Row> {
    let room = client.active();
    let timeline = room.timeline();
    let is_end = drawn.end == timeline.entries().len();
    let mut rows = Vec::with_capacity(drawn.len() + 8);
    // What goes before the first line decides how that one looks.
    let before = || timeline.entries().take(drawn.start).rev();
    let mut day: Option<Date> = before().find_map(said).map(|message| zone.local(message.at).0);
    // By the name too: a program may speak for several, each of them by name.
    let mut author: Option<(&User, Millis)> =
        before().next().and_then(said).map(|message| (&message.user, message.at));
    let is_new = |message: &&Arc<Message>| room.left_off().is_some_and(|seq| message.seq > seq);
    let mut read =
        !before().filter_map(said).take_while(is_new).any(|message| room.is_news(message, client.me()));
    for entry in timeline.entries().take(drawn.end).skip(drawn.start) {
        match entry {
            Entry::Message(message) => {
                if read && room.is_news(message, client.me()) {
                    read = false;
                    author = None;
                    rows.push(Row { key: key(&("news", message.seq)), shows: Shows::News });
                }
                let (date, time) = zone.local(message.at);
                if day != Some(date) {
                    day = Some(date);
                    author = None;
                    rows.push(Row { key: key(&("day", date, message.seq)), shows: Shows::Day(date) });
                }
                let leads = !author
                    .is_some_and(|(user, at)| *user == message.user && message.at.since(at) < GROUP_MS);
                author = Some((&message.user, message.at));
                rows.push(Row {
                    // The id too: in another room, or in another life of this one, the same seq is another message.
                    key: key(&("message", &message.room, message.seq, &message.id, leads, date, time)),
                    shows: Shows::Message {
                        message: message.clone(),
                        leads,
                        mine: message.user.id == client.me().id,
                        past: timeline.is_history(message.seq) || message.seq <= heard,
                        date,
                        time,
                    },
                });
            }
            Entry::Notice(notice) => {
                author = None;
                rows.push(Row {
                    key: key(&("notice", room.name(), notice.key)),
                    shows: Shows::Notice(notice.clone()),
                });
            }
            Entry::Hole(hole) => {
                author = None;
                let gone = timeline.oldest().min(hole.to + 1).saturating_sub(hole.from);
                if gone > 0 {
                    rows.push(Row { key: key(&("gone", hole.from, gone)), shows: Shows::Gone(gone) });
                }
                if gone < hole.count() {
                    let hole = Hole { from: hole.from + gone, ..*hole };
                    rows.push(Row { key: key(&("hole", hole)), shows: Shows::Hole(hole) });
                }
            }
            Entry::Renewed => {
                author = None;
                rows.push(Row { key: key(&"renewed"), shows: Shows::Renewed });
            }
        }
    }
    if !is_end {
        return rows;
    }
    for pending in client.outbox().pending().iter().filter(|pending| pending.room == *room.name()) {
        let leads = author.is_none_or(|(user, _)| user != client.me());
        author = Some((client.me(), pending.at));
        // That it has gone out already shows nothing: it is not there until the server says so.
        let asks = matches!(pending.state, Delivery::Refused(_) | Delivery::Old);
        rows.push(Row {
            key: key(&("pending", &pending.id, asks, leads)),
            shows: Shows::Pending { pending: pending.clone(), leads },
        });
    }
    // Below what waits: that was said first.
    for growing in room.growing() {
        let leads = author.is_none_or(|(user, _)| *user != growing.user);
        author = Some((&growing.user, Millis(0)));
        let stops = growing.asker == client.me().id;
        rows.push(Row {
            key: key(&("growing", &growing.user.id, &growing.id, leads, stops)),
            shows: Shows::Growing { user: growing.user.clone(), id: growing.id.clone(), leads, stops },
        });
    }
    rows
}

fn said(entry: &Entry) -> Option<&Arc<Message>> {
    match entry {
        Entry::Message(message) => Some(message),
        _ => None,
    }
}

/// What tells one thing that is shown from another.
pub(crate) fn key(shown: &impl Hash) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    shown.hash(&mut hasher);
    hasher.finish()
}

/// FNV-1a: a fraction of what the standard hasher takes in the browser's program. Nobody gains by keys that collide.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
