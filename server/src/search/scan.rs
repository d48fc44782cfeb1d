//! Searches a store that has no index: scans a limited number of messages one by one, newest first. Finds the
//! same messages as the index. [`walk`] goes through the rooms.

mod walk;

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, hash_map::Entry},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use app::search::Hit;
use chat::{protocol::Message, room_name::RoomName};
use tokio::time::{Instant, timeout_at};
use walk::{Position, Walk, moment};

use super::{
    answer::{Answer, BUDGET, PAGE},
    excerpt::excerpt,
    query::Query,
};
use crate::store::{Store, StoreError};

/// The limits of a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many hits are on a page.
    page: usize,
    /// How many messages are scanned for a page.
    looked: usize,
    /// The time limit of a page.
    time: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { page: PAGE, looked: 20_000, time: BUDGET }
    }
}

/// Why a search failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScanError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the store did not answer in time")]
    Silent,
}

/// Scans the rooms that `may` be read, from `older` on if an earlier search ended there. Blocks its thread
/// for as long as the limits allow.
pub(super) async fn scan(
    store: &dyn Store,
    query: &Query,
    older: Option<i64>,
    bounds: Bounds,
    may: impl Fn(&RoomName) -> bool,
) -> Result<Answer, ScanError> {
    let deadline = Instant::now() + bounds.time;
    let mut answer = Answer::default();
    let Range { start, end } = query.span.clone().unwrap_or(0..u64::MAX);
    let from = Position::before(end).min(older.map_or(Position::NEWEST, Position));
    if query.is_empty() || start >= end || from.is_beyond_everything() {
        return Ok(answer);
    }
    let mut rooms = timeout_at(deadline, store.rooms()).await.map_err(|_| ScanError::Silent)??;
    rooms.retain(|room| (query.rooms.is_empty() || query.rooms.contains(room)) && may(room));
    let Ok(walk) = timeout_at(deadline, Walk::begin(store, rooms, from, start)).await else {
        // Until every room has answered, the newest message is unknown.
        return Ok(Answer { older, cut: true, ..answer });
    };
    let mut walk = walk?;
    let mut sieve = Sieve::new(query);
    let mut looked = 0;
    // The position to look at next.
    let mut next = from;
    let is_all = loop {
        if Instant::now() >= deadline {
            break false;
        }
        let step = match timeout_at(deadline, walk.next()).await {
            Ok(step) => step?,
            Err(_late) => break false,
        };
        let Some((position, message)) = step else { break true };
        next = position;
        if looked == bounds.looked {
            break false;
        }
        if let Some(hit) = sieve.hit(message) {
            if answer.hits.len() == bounds.page {
                answer.older = Some(position.0);
                return Ok(answer);
            }
            answer.hits.push(hit);
        }
        looked += 1;
        next = position.next();
    };
    if !is_all {
        answer.older = if looked == 0 { older } else { Some(next.0) };
        answer.cut = looked == 0;
        answer.looked = (looked > 0).then_some(looked);
    }
    Ok(answer)
}

/// Tests messages against a query.
struct Sieve<'a> {
    query: &'a Query,
    span: Range<u64>,
    /// Whether each author seen is wanted, by name; few authors write most messages.
    authors: HashMap<Arc<str>, bool>,
}

impl<'a> Sieve<'a> {
    fn new(query: &'a Query) -> Sieve<'a> {
        Sieve { query, span: query.span.clone().unwrap_or(0..u64::MAX), authors: HashMap::new() }
    }

    fn hit(&mut self, message: Message) -> Option<Hit> {
        let Message { room, seq, user, text, at, .. } = message;
        if !self.span.contains(&moment(at)) || !self.is_wanted(&user.name) {
            return None;
        }
        let excerpt = excerpt(&text, &self.query.terms)?;
        Some(Hit { room, seq, user, at, pieces: excerpt.pieces, cut: excerpt.cut })
    }

    fn is_wanted(&mut self, name: &Arc<str>) -> bool {
        let authors = &self.query.authors;
        authors.is_empty()
            || match self.authors.entry(name.clone()) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => *new.insert(authors.iter().any(|author| author.goes_by(name))),
            }
    }
}
