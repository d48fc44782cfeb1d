//! Merges the rooms of a store into one sequence, newest message first, with a position for each message.
//! Reads each room a piece at a time, and knows nothing of the query.
//!
//! Within a room, the log's order counts. Messages sent at the same moment, or on nodes whose clocks differ,
//! may be logged in another order than their timestamps. A message's position is therefore the earliest
//! timestamp among it and the later messages of its room. So every message has exactly one position, and a
//! search that resumes there skips nothing.

use std::{cmp::Reverse, collections::BinaryHeap};

use chat::{
    protocol::{Message, Seq},
    room_name::RoomName,
    time::Millis,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    search::index::{LAST, TIE_BITS},
    store::{Piece, Store, StoreError},
};

/// The largest clock skew between nodes that write to one log, in milliseconds.
const SKEW: u64 = 5_000;

/// How many rooms are read concurrently at the start.
const AT_ONCE: usize = 8;

/// How many messages are read from all rooms together at the start; at least one from each.
const FIRST: usize = 1_000;

/// The size of the first piece of a room, and the largest size of later ones.
const PIECE: u32 = 100;
const PIECE_LATER: u32 = 400;

/// A position in the sequence: a timestamp and a counter within it. It decreases from message to message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position(pub(super) i64);

impl Position {
    /// Before the newest message.
    pub(super) const NEWEST: Position = Position(i64::MAX);

    /// Returns the first position of a millisecond.
    fn first_of(moment: u64) -> Position {
        let number = moment.min(LAST) << TIE_BITS | ((1 << TIE_BITS) - 1);
        Position(i64::try_from(number).expect("the last moment's numbers fit"))
    }

    /// Returns the position from which all messages before a millisecond follow.
    pub(super) fn before(moment: u64) -> Position {
        match moment {
            0 => Position(-1),
            moment if moment > LAST => Position::NEWEST,
            moment => Position::first_of(moment - 1),
        }
    }

    /// Returns the next position. Messages of one millisecond beyond the available counters are skipped.
    pub(super) fn next(self) -> Position {
        Position(self.0.saturating_sub(1))
    }

    /// Returns whether nothing can follow this position.
    pub(super) fn is_beyond_everything(self) -> bool {
        self.0 < 0
    }

    fn moment(self) -> u64 {
        u64::try_from(self.0 >> TIE_BITS).unwrap_or_default()
    }
}

/// Returns a timestamp, capped to those that have numbers.
pub(super) fn moment(at: Millis) -> u64 {
    at.0.min(LAST - 1)
}

/// The merged sequence of several rooms.
pub(super) struct Walk<'a> {
    store: &'a dyn Store,
    rooms: Vec<Room>,
    /// The timestamp and room of each room's next message. For equal timestamps, the first room comes first.
    next: BinaryHeap<(u64, Reverse<usize>)>,
    /// The room whose next message is not known yet.
    taken: Option<usize>,
    from: Position,
    /// The position of the last message.
    last: Option<Position>,
}

/// The state of a room.
struct Room {
    name: RoomName,
    /// Messages that were read but not returned yet, oldest first.
    read: Vec<Message>,
    /// The newest seq not read yet; 0 if there is none.
    upto: Seq,
    /// The size of the next piece.
    limit: u32,
    /// The earliest timestamp returned so far.
    earliest: u64,
    /// Messages before this timestamp are not wanted.
    start: u64,
}

impl<'a> Walk<'a> {
    /// Starts the sequence of these rooms at a position, down to a timestamp.
    pub(super) async fn begin(
        store: &'a dyn Store,
        mut names: Vec<RoomName>,
        from: Position,
        start: u64,
    ) -> Result<Walk<'a>, StoreError> {
        // Positions depend on a fixed order of the rooms.
        names.sort_unstable();
        let limit = u32::try_from(FIRST / names.len().max(1)).unwrap_or(PIECE).clamp(1, PIECE);
        let rooms = names.into_iter().map(|name| Room::begin(store, name, from.moment(), start, limit));
        let rooms: Vec<Room> = stream::iter(rooms).buffered(AT_ONCE).try_collect().await?;
        let next = rooms
            .iter()
            .enumerate()
            .filter_map(|(index, room)| Some((room.next()?, Reverse(index))))
            .collect();
        Ok(Walk { store, rooms, next, taken: None, from, last: None })
    }

    /// Returns the next message and its position.
    pub(super) async fn next(&mut self) -> Result<Option<(Position, Message)>, StoreError> {
        loop {
            if let Some(index) = self.taken {
                let room = &mut self.rooms[index];
                room.fill(self.store).await?;
                self.next.extend(room.next().map(|moment| (moment, Reverse(index))));
                self.taken = None;
            }
            let Some((moment, Reverse(index))) = self.next.pop() else { return Ok(None) };
            let message = self.rooms[index].take();
            self.taken = Some(index);
            let position = match self.last {
                Some(last) if last.moment() <= moment => last.next(),
                _ => Position::first_of(moment),
            };
            self.last = Some(position);
            // Messages before the start are read only to count them, or because clocks differ.
            if position <= self.from
                && let Some(message) = message
            {
                return Ok(Some((position, message)));
            }
        }
    }
}

impl Room {
    async fn begin(
        store: &dyn Store,
        name: RoomName,
        from: u64,
        start: u64,
        limit: u32,
    ) -> Result<Room, StoreError> {
        let upto = if from >= LAST {
            Seq::MAX
        } else {
            // Messages up to `from` come before any whose timestamp is later by more than the clock skew.
            let later = Piece::Since { at: Millis(from + SKEW + 1), limit: 1 };
            let later = store.read(name.clone(), later).await?.messages;
            later.first().map_or(Seq::MAX, |later| later.seq - 1)
        };
        let mut room = Room { name, read: Vec::new(), upto, limit, earliest: u64::MAX, start };
        room.fill(store).await?;
        Ok(room)
    }

    /// Returns the timestamp of the next message, if there is one.
    fn next(&self) -> Option<u64> {
        Some(self.earliest.min(moment(self.read.last()?.at)))
    }

    fn take(&mut self) -> Option<Message> {
        self.earliest = self.next()?;
        self.read.pop()
    }

    /// Reads the next piece when the last one is used up.
    async fn fill(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        if self.earliest.saturating_add(SKEW) < self.start {
            // No earlier message of the log can have a timestamp that much later.
            (self.read, self.upto) = (Vec::new(), 0);
        }
        if self.read.is_empty() && self.upto > 0 {
            let piece = Piece::Latest { upto: self.upto, limit: self.limit };
            self.read = store.read(self.name.clone(), piece).await?.messages;
            let is_all = self.read.len() < self.limit as usize;
            self.upto = self.read.first().map_or(0, |oldest| if is_all { 0 } else { oldest.seq - 1 });
            self.limit = (2 * self.limit).min(PIECE_LATER);
        }
        Ok(())
    }
}
