//! Counts every delivery against the messages sent, so that each lost, duplicated or reordered one shows.
//!
//! Does no I/O and reads no clock.

use std::collections::HashSet;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::mark::Mark;
use crate::room_layout::RoomLayout;

/// Classification of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The first delivery of its message to this seat.
    First,
    /// A message that this seat had already received.
    Doubled,
    /// A message that nobody in the seat's room has sent.
    Stray,
}

/// Fault counts, all of which must be zero.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    /// Deliveries that arrived after a later message.
    pub(crate) disordered: u64,
    /// Deliveries of messages that were never sent, or were sent in another room.
    pub(crate) stray: u64,
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.disordered += other.disordered;
        self.stray += other.stray;
    }
}

impl Faults {
    /// Returns a message with all counts, or `None` if all are zero.
    pub(crate) fn complaint(self) -> Option<String> {
        if self == Self::default() {
            return None;
        }
        let Self { lost, doubled, disordered, stray } = self;
        Some(format!("{lost} deliveries lost, {doubled} doubled, {disordered} out of order, {stray} astray"))
    }
}

/// The delivery counts of one run.
pub(crate) struct Tally {
    seats: RoomLayout,
    /// Number of messages each sender has sent, room by room.
    said: Vec<u32>,
    /// For each seat and each sender in its room, the number of the next message it expects.
    next: Vec<u32>,
    /// Seat, sender and number of each message that was skipped and has not arrived since.
    missing: HashSet<(usize, u32, u32)>,
    faults: Faults,
    /// First deliveries of a message to a seat.
    pub(crate) deliveries: u64,
}

impl Tally {
    pub(crate) fn new(seats: RoomLayout) -> Self {
        Self {
            seats,
            said: vec![0; seats.rooms * seats.speakers],
            next: vec![0; seats.count() * seats.speakers],
            missing: HashSet::new(),
            faults: Faults::default(),
            deliveries: 0,
        }
    }

    /// Returns how many messages this sender has sent, which is the number of its next one.
    pub(crate) fn said(&self, speaker: usize) -> u32 {
        self.said[self.slot(speaker)]
    }

    /// Returns how many messages all senders have sent.
    pub(crate) fn all_said(&self) -> u64 {
        self.said.iter().map(|&said| u64::from(said)).sum()
    }

    /// Counts a message as sent: from now on it is due to every member of the room.
    pub(crate) fn say(&mut self, speaker: usize) {
        let slot = self.slot(speaker);
        self.said[slot] += 1;
    }

    /// Returns the number of the next message this seat expects from a sender: it has received every earlier
    /// one, or has a hole there.
    pub(crate) fn next(&self, seat: usize, speaker: usize) -> u32 {
        self.next[seat * self.seats.speakers + self.seats.place(speaker)]
    }

    /// Counts a delivery to a seat.
    pub(crate) fn hear(&mut self, seat: usize, mark: Mark) -> Delivery {
        let speaker = mark.speaker as usize;
        let known = speaker < self.seats.count()
            && self.seats.room(speaker) == self.seats.room(seat)
            && self.seats.place(speaker) < self.seats.speakers;
        if !known || mark.number >= self.said(speaker) {
            self.faults.stray += 1;
            return Delivery::Stray;
        }
        let next = &mut self.next[seat * self.seats.speakers + self.seats.place(speaker)];
        if mark.number < *next {
            if !self.missing.remove(&(seat, mark.speaker, mark.number)) {
                self.faults.doubled += 1;
                return Delivery::Doubled;
            }
            self.faults.disordered += 1;
        } else {
            self.missing.extend((*next..mark.number).map(|number| (seat, mark.speaker, number)));
            *next = mark.number + 1;
        }
        self.deliveries += 1;
        Delivery::First
    }

    /// Returns whether every message has reached every member.
    pub(crate) fn is_complete(&self) -> bool {
        self.lost() == 0
    }

    pub(crate) fn faults(&self) -> Faults {
        Faults { lost: self.lost(), ..self.faults }
    }

    fn lost(&self) -> u64 {
        let holes = self.missing.len() as u64;
        let ends: u64 = (0..self.seats.count())
            .map(|seat| {
                let said = &self.said[self.seats.room(seat) * self.seats.speakers..][..self.seats.speakers];
                let next = &self.next[seat * self.seats.speakers..][..self.seats.speakers];
                said.iter().zip(next).map(|(said, next)| u64::from(said - next)).sum::<u64>()
            })
            .sum();
        holes + ends
    }

    fn slot(&self, speaker: usize) -> usize {
        self.seats.room(speaker) * self.seats.speakers + self.seats.place(speaker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rooms of three seats, with two senders in each: 0 and 1, 3 and 4.
    fn tally() -> Tally {
        let mut tally = Tally::new(RoomLayout { rooms: 2, members: 3, speakers: 2 });
        for speaker in [0, 0, 0, 1] {
            tally.say(speaker);
        }
        tally
    }

    fn hear(tally: &mut Tally, seat: usize, speaker: u32, number: u32) -> Delivery {
        tally.hear(seat, Mark { speaker, number, intended: 0 })
    }

    #[test]
    fn what_everybody_heard_once_and_in_order_has_no_faults() {
        let mut tally = tally();
        assert!(!tally.is_complete());
        for seat in 0..3 {
            for (speaker, number) in [(0, 0), (1, 0), (0, 1), (0, 2)] {
                assert_eq!(hear(&mut tally, seat, speaker, number), Delivery::First);
            }
        }
        assert!(tally.is_complete());
        assert_eq!(tally.faults(), Faults::default());
        assert_eq!(tally.faults().complaint(), None);
        assert_eq!(tally.deliveries, 12);
    }

    #[test]
    fn what_never_came_is_lost_in_the_middle_and_at_the_end() {
        let mut tally = tally();
        for seat in 0..2 {
            for (speaker, number) in [(0, 0), (1, 0), (0, 1), (0, 2)] {
                hear(&mut tally, seat, speaker, number);
            }
        }
        hear(&mut tally, 2, 0, 1);
        hear(&mut tally, 2, 1, 0);
        assert_eq!(tally.faults(), Faults { lost: 2, ..Faults::default() });
        assert!(tally.faults().complaint().is_some());
    }

    #[test]
    fn what_came_twice_is_doubled() {
        let mut tally = tally();
        hear(&mut tally, 2, 0, 0);
        hear(&mut tally, 2, 0, 1);
        assert_eq!(hear(&mut tally, 2, 0, 0), Delivery::Doubled);
        assert_eq!(hear(&mut tally, 2, 0, 1), Delivery::Doubled);
        assert_eq!(tally.faults().doubled, 2);
        assert_eq!(tally.deliveries, 2);
    }

    #[test]
    fn what_came_late_is_out_of_order_and_not_lost() {
        let mut tally = Tally::new(RoomLayout { rooms: 1, members: 1, speakers: 1 });
        tally.say(0);
        tally.say(0);
        assert_eq!(hear(&mut tally, 0, 0, 1), Delivery::First);
        assert_eq!(tally.faults().lost, 1);
        assert_eq!(hear(&mut tally, 0, 0, 0), Delivery::First);
        assert_eq!(tally.faults(), Faults { disordered: 1, ..Faults::default() });
        assert_eq!(hear(&mut tally, 0, 0, 0), Delivery::Doubled);
    }

    #[test]
    fn what_was_not_said_in_the_room_is_astray() {
        let mut tally = tally();
        for (seat, speaker, number) in [(0, 0, 3), (3, 0, 0), (0, 2, 0), (0, 99, 0)] {
            assert_eq!(hear(&mut tally, seat, speaker, number), Delivery::Stray);
        }
        assert_eq!(tally.faults().stray, 4);
    }
}
