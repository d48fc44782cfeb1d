//! Who sits where: so many rooms, each of so many members, the first of which speak.
//!
//! Only arithmetic: seats are numbered through all rooms, and nothing is kept of them here.

/// The plan of the rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seats {
    pub(crate) rooms: usize,
    /// Members of each room, those who speak among them.
    pub(crate) members: usize,
    /// How many members of each room speak. They hear themselves too.
    pub(crate) speakers: usize,
}

impl Seats {
    pub(crate) fn count(self) -> usize {
        self.rooms * self.members
    }

    /// The room in which a seat is.
    pub(crate) fn room(self, seat: usize) -> usize {
        seat / self.members
    }

    /// Which seat of its room it is.
    pub(crate) fn place(self, seat: usize) -> usize {
        seat % self.members
    }

    /// The seats of all who speak.
    pub(crate) fn all_speakers(self) -> impl Iterator<Item = usize> {
        (0..self.rooms).flat_map(move |room| (0..self.speakers).map(move |place| room * self.members + place))
    }
}
