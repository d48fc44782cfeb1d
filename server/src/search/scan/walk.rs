//! The way through the rooms of a store, newest message first, and where on it one is. Reads each room a piece at a time,
//! and knows nothing of what is searched for.
//!
//! Within a room the log's order counts. Two who speak at once, or on nodes whose clocks differ, may come into the log the
//! other way round; a message therefore stands on the way where the earliest of it and those after it in its room was
//! said. So every message has one place on the way, and a search that goes on there skips nothing.

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

/// How far the clocks of those who write into one log may be apart, in milliseconds.
const SKEW: u64 = 5_000;

/// How many rooms are asked at once.
const AT_ONCE: usize = 8;

/// How many messages are read of all rooms together before one is looked at; of each room one at least.
const FIRST: usize = 1_000;

/// How many messages are read of a room at first, and how many at once later.
const PIECE: u32 = 100;
const PIECE_LATER: u32 = 400;

/// A place on the way: the moment, and how many of that moment are passed. It falls from message to message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position(pub(super) i64);

impl Position {
    /// Where everything is still to come.
    pub(super) const NEWEST: Position = Position(i64::MAX);

    /// Where this moment begins.
    fn first_of(moment: u64) -> Position {
        let number = moment.min(LAST) << TIE_BITS | ((1 << TIE_BITS) - 1);
        Position(i64::try_from(number).expect("the last moment's numbers fit"))
    }

    /// Where what was said before a moment is still to come.
    pub(super) fn before(moment: u64) -> Position {
        match moment {
            0 => Position(-1),
            moment if moment > LAST => Position::NEWEST,
            moment => Position::first_of(moment - 1),
        }
    }

    /// The one after it. More of one moment than there are numbers for are passed over.
    pub(super) fn next(self) -> Position {
        Position(self.0.saturating_sub(1))
    }

    /// Whether nothing can come after it.
    pub(super) fn is_beyond_everything(self) -> bool {
        self.0 < 0
    }

    fn moment(self) -> u64 {
        u64::try_from(self.0 >> TIE_BITS).unwrap_or_default()
    }
}

/// When a message was said, as far as there are numbers for it.
pub(super) fn moment(at: Millis) -> u64 {
    at.0.min(LAST - 1)
}

/// The way.
pub(super) struct Walk<'a> {
    store: &'a dyn Store,
    rooms: Vec<Room>,
    /// The next message's moment and room, of each room that has one. Of one moment the first room comes first.
    next: BinaryHeap<(u64, Reverse<usize>)>,
    /// The room whose next message is not known yet.
    taken: Option<usize>,
    from: Position,
    /// Where the last message was.
    last: Option<Position>,
}

/// What is known of a room.
struct Room {
    name: RoomName,
    /// What was read and not gone through yet, oldest first.
    read: Vec<Message>,
    /// The newest that was not read yet; 0 if there is none.
    upto: Seq,
    /// How many are read next.
    limit: u32,
    /// The earliest moment that was come by.
    earliest: u64,
    /// What was said before this moment is not wanted.
    start: u64,
}

impl<'a> Walk<'a> {
    /// The way through these rooms from a position on, down to a moment.
    pub(super) async fn begin(
        store: &'a dyn Store,
        mut names: Vec<RoomName>,
        from: Position,
        start: u64,
    ) -> Result<Walk<'a>, StoreError> {
        // Always the same order, for positions count on it.
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

    /// The next message and its position.
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
            // What comes before is there to be counted, or because clocks differ.
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
            // What was said up to `from` stands before what was said later than clocks differ.
            let later = Piece::Since { at: Millis(from + SKEW + 1), limit: 1 };
            let later = store.read(name.clone(), later).await?.messages;
            later.first().map_or(Seq::MAX, |later| later.seq - 1)
        };
        let mut room = Room { name, read: Vec::new(), upto, limit, earliest: u64::MAX, start };
        room.fill(store).await?;
        Ok(room)
    }

    /// The moment of the next message, if there is one.
    fn next(&self) -> Option<u64> {
        Some(self.earliest.min(moment(self.read.last()?.at)))
    }

    fn take(&mut self) -> Option<Message> {
        self.earliest = self.next()?;
        self.read.pop()
    }

    /// Reads on if nothing is left of what was read.
    async fn fill(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        if self.earliest.saturating_add(SKEW) < self.start {
            // Nothing that stands before it was said so much later.
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
