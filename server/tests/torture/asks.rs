//! Tracks the unanswered joins of a connection. A join with a position must be answered with exactly the
//! messages after it, unless there are too many.
//!
//! When a room begins a new epoch, everyone in it gets an answer without having asked, and some may have
//! asked just before; they get one answer more.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use crate::wire::{Line, Refused};

/// Maximum number of events in a resumed answer (docs/protocol.md).
const RESUME: u64 = 1_000;

/// The joins on a connection, by room, in order.
#[derive(Default)]
pub(crate) struct Asks(BTreeMap<String, Room>);

#[derive(Default)]
struct Room {
    asked: VecDeque<Place>,
    /// The epoch of the latest answer.
    epoch: Option<String>,
    /// Number of new-epoch answers that were matched with a join, each of which may be followed by the join's
    /// own answer.
    spare: usize,
}

/// A line of the client that joins rooms.
#[derive(Deserialize)]
struct Ask {
    hello: Option<Hello>,
    join: Option<Place>,
}

#[derive(Deserialize)]
struct Hello {
    rooms: Vec<Place>,
}

#[derive(Debug, Deserialize)]
struct Place {
    room: String,
    epoch: Option<String>,
    seq: Option<u64>,
}

impl Asks {
    /// Records a frame that the page sends.
    pub(crate) fn sent(&mut self, frame: &str) {
        for line in frame.lines() {
            let ask: Ask = serde_json::from_str(line).expect("the client speaks the protocol");
            for place in ask.hello.into_iter().flat_map(|hello| hello.rooms).chain(ask.join) {
                self.0.entry(place.room.clone()).or_default().asked.push_back(place);
            }
        }
    }

    /// Checks the answers in a frame that the page receives; returns what is wrong with them.
    pub(crate) fn answered(&mut self, frame: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        for line in frame.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            if let Some(Refused { id: None, room: Some(room), code }) = line.refused
                && code != "not_joined"
            {
                self.0.entry(room).or_default().asked.pop_front();
            }
            if let Some(joined) = line.joined {
                let room = self.0.entry(joined.room.clone()).or_default();
                let before = room.epoch.replace(joined.epoch.clone());
                let is_new_life = joined.resumed != Some(true) && before.is_some_and(|it| it != joined.epoch);
                let Some(ask) = room.asked.pop_front() else {
                    if !is_new_life && room.spare == 0 {
                        wrong.push(format!("nobody asked to join {}", joined.room));
                    }
                    room.spare -= usize::from(!is_new_life && room.spare > 0);
                    continue;
                };
                // A client from another epoch may have joined just before the room was told of the new one.
                room.spare += usize::from(is_new_life || ask.epoch.as_ref() != Some(&joined.epoch));
                let position = ask.seq.filter(|_| ask.epoch.as_ref() == Some(&joined.epoch));
                let head = joined.head.expect("an answer to a join names the head");
                let is_near = position.is_some_and(|seq| seq <= head && head - seq <= RESUME);
                if is_near && joined.resumed != Some(true) {
                    wrong.push(format!("{ask:?} was not resumed at {head}"));
                }
                if joined.resumed == Some(true)
                    && joined.events.len() as u64 != head - position.unwrap_or(head)
                {
                    wrong.push(format!("{ask:?} was resumed with {} events to {head}", joined.events.len()));
                }
            }
        }
        wrong
    }
}
