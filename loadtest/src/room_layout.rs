//! Seating plan: a number of rooms, each with a number of members, the first of which are the senders.
//!
//! Pure arithmetic: seats are numbered across all rooms, and this module holds no state about them.

/// Number of rooms, and of members and senders in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoomLayout {
    pub(crate) rooms: usize,
    /// Members of each room, including its senders.
    pub(crate) members: usize,
    /// Number of members of each room that send. They receive their own messages too.
    pub(crate) speakers: usize,
}

impl RoomLayout {
    pub(crate) fn count(self) -> usize {
        self.rooms * self.members
    }

    /// Returns the room of a seat.
    pub(crate) fn room(self, seat: usize) -> usize {
        seat / self.members
    }

    /// Returns the index of a seat within its room.
    pub(crate) fn place(self, seat: usize) -> usize {
        seat % self.members
    }

    /// Returns the seats of all senders.
    pub(crate) fn all_speakers(self) -> impl Iterator<Item = usize> {
        (0..self.rooms).flat_map(move |room| (0..self.speakers).map(move |place| room * self.members + place))
    }
}
