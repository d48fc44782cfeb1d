//! The joins of a connection that are not answered yet: whoever names a position is to get exactly what came after it,
//! unless that is too much.
//!
//! In a room that begins another life everybody is told so without having asked, and it may be that somebody has just asked;
//! then one more answer is theirs.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

use crate::wire::{Line, Refused};

/// How many events a resumption holds at the most (docs/protocol.md).
const RESUME: u64 = 1_000;

/// What was asked on a connection, by room, in order.
#[derive(Default)]
pub(crate) struct Asks(BTreeMap<String, Room>);

#[derive(Default)]
struct Room {
    asked: VecDeque<Place>,
    /// The life of the log that was told of last.
    epoch: Option<String>,
    /// How many tellings of another life were taken for answers, or may still come behind one.
    spare: usize,
}

/// A line of the client's that asks.
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
    /// The page sends a frame.
    pub(crate) fn sent(&mut self, frame: &str) {
        for line in frame.lines() {
            let ask: Ask = serde_json::from_str(line).expect("the client speaks the protocol");
            for place in ask.hello.into_iter().flat_map(|hello| hello.rooms).chain(ask.join) {
                self.0.entry(place.room.clone()).or_default().asked.push_back(place);
            }
        }
    }

    /// The page receives a frame. What is wrong about the answers in it.
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
                // Whoever came from another life may have been let in just before the room was told of the new one.
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
