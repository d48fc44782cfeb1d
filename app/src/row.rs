//! The lines of a timeline as shown: grouping by author, day separators, and pending messages at the end.
//!
//! Computed from a client's state and a time zone; stores nothing.

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

/// The prefix of the element ids of streaming answers.
pub(crate) const GROWING_ANCHOR: &str = "growing-";

/// The number of timeline entries rendered at a time, half of them on either side of the reading position.
/// Entries further off cost no layout, so a page with ten thousand messages is as fast as with these.
pub const DRAWN: usize = 320;

/// The maximum number of rendered entries when a selection has to stay in the page.
const MOST_DRAWN: usize = 2_000;

/// A pause after which the author's name is shown again, in milliseconds.
const GROUP_MS: u64 = 5 * 60 * 1_000;

/// A user's time zone: the UTC offset in minutes at a moment.
#[derive(Clone)]
pub struct Zone(Arc<dyn Fn(Millis) -> i32 + Send + Sync>);

impl Zone {
    /// Creates a zone from a function of the moment, as browsers provide it.
    pub fn new(offset_minutes: impl Fn(Millis) -> i32 + Send + Sync + 'static) -> Zone {
        Zone(Arc::new(offset_minutes))
    }

    /// Creates a zone from UTC offsets in minutes, each valid from its moment on; the first one applies to
    /// all earlier moments too.
    pub fn stepwise(offsets: Vec<(Millis, i32)>) -> Zone {
        Zone::new(move |at| {
            let step = offsets.iter().rev().find(|(from, _)| *from <= at).or(offsets.first());
            step.map_or(0, |(_, minutes)| *minutes)
        })
    }

    /// Returns the local date and time of a moment. A moment out of range becomes 1970-01-01.
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

/// A line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Stays the same as long as the line looks the same, so that only changed lines are redrawn. A 64-bit
    /// hash of what the line shows; far too few lines are rendered for a collision.
    pub key: u64,
    /// What the line shows.
    pub shows: Shows,
}

/// What a line of a timeline shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shows {
    /// A day separator.
    Day(Date),
    /// A message.
    Message {
        /// The message.
        message: Arc<Message>,
        /// Whether its author and time are shown; otherwise it continues the message before.
        leads: bool,
        /// Whether the current user sent it.
        mine: bool,
        /// Whether it was sent before the user joined or was already rendered, so that screen readers do not
        /// announce it.
        past: bool,
        /// The day on which it was sent, in the user's zone.
        date: Date,
        /// The time of that day.
        time: Time,
    },
    /// An unacknowledged message of the current user.
    Pending {
        /// The message.
        pending: Pending,
        /// Whether the user's name is shown.
        leads: bool,
    },
    /// A streaming answer; its text so far is in the model.
    StreamingAnswer {
        /// The author of the answer.
        user: User,
        /// The id that the final message will have.
        id: ClientId,
        /// Whether the author is shown.
        leads: bool,
        /// Whether the current user asked for it and may stop it.
        stops: bool,
    },
    /// Users joined or left.
    Notice(Arc<Notice>),
    /// A hole whose messages can be requested.
    Hole(Hole),
    /// This many messages are missing here and no longer retained.
    Gone(u64),
    /// The lines below are unread.
    News,
    /// The log started a new epoch.
    Renewed,
}

/// The reading position of a user who has scrolled away from the newest line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The message at that position.
    pub at: Seq,
    /// The first and the last selected message, if there is a selection.
    pub selected: Option<(Seq, Seq)>,
}

/// Returns which entries of a timeline to render: those around the reading position, or the newest ones.
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

/// Returns the rendered lines of the active room, oldest first. `heard` is the last message at the time of
/// the previous rendering.
pub fn rows(client: &Client, zone: &Zone, drawn: Range<usize>, heard: Seq) -> Vec<Row> {
    let room = client.active();
    let timeline = room.timeline();
    let is_end = drawn.end == timeline.entries().len();
    let mut rows = Vec::with_capacity(drawn.len() + 8);
    // The entries before the first line decide how that one looks.
    let before = || timeline.entries().take(drawn.start).rev();
    let mut day: Option<Date> = before().find_map(said).map(|message| zone.local(message.at).0);
    // Compared by name too: a program may post under several names.
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
                    // Includes the id: in another room, or in another epoch of this one, the same seq is
                    // another message.
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
        // A sent message looks like a queued one until the server acknowledges it.
        let asks = matches!(pending.state, Delivery::Refused(_) | Delivery::Old);
        rows.push(Row {
            key: key(&("pending", &pending.id, asks, leads)),
            shows: Shows::Pending { pending: pending.clone(), leads },
        });
    }
    // Below pending messages, which came first.
    for growing in room.growing() {
        let leads = author.is_none_or(|(user, _)| *user != growing.user);
        author = Some((&growing.user, Millis(0)));
        let stops = growing.asker == client.me().id;
        rows.push(Row {
            key: key(&("growing", &growing.user.id, &growing.id, leads, stops)),
            shows: Shows::StreamingAnswer {
                user: growing.user.clone(),
                id: growing.id.clone(),
                leads,
                stops,
            },
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

/// Hashes whatever distinguishes one line from another.
pub(crate) fn key(shown: &impl Hash) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    shown.hash(&mut hasher);
    hasher.finish()
}

/// FNV-1a: a fraction of the standard hasher's code size in the WebAssembly binary. Nobody gains from
/// provoking collisions.
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
