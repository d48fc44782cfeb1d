//! Where and how a crowd connects. Holds no connection.

use std::net::SocketAddr;

use crate::mark::Run;
use crate::room_layout::RoomLayout;
use crate::speech::Speech;

/// The servers, the protocol and the seats of a run.
pub(crate) struct Venue {
    /// Server addresses, assigned to the seats in turn.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) speech: Box<dyn Speech>,
    pub(crate) run: Run,
    pub(crate) seats: RoomLayout,
    /// Length of a message text in characters.
    pub(crate) size: usize,
    /// Session cookies: one for each seat, or none at all.
    pub(crate) cookies: Vec<String>,
}

impl Venue {
    /// Creates a venue for tests that exchange no messages a server must understand.
    #[cfg(test)]
    pub(crate) fn of_a_test(addresses: Vec<SocketAddr>, seats: RoomLayout) -> Self {
        let speech = crate::speech::ServerKind::Floor.speech();
        Self { addresses, speech, run: Run::new(1), seats, size: 64, cookies: Vec::new() }
    }

    /// Returns the address this seat connects to.
    pub(crate) fn address(&self, seat: usize) -> SocketAddr {
        self.addresses[seat % self.addresses.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_room_sit_on_all_nodes_in_turns() {
        let addresses: Vec<SocketAddr> =
            ["127.0.0.1:1", "127.0.0.1:2"].map(|node| node.parse().unwrap()).into();
        let seats = RoomLayout { rooms: 1, members: 4, speakers: 1 };
        let venue = Venue::of_a_test(addresses, seats);
        assert_eq!([0, 1, 2, 3].map(|seat| venue.address(seat).port()), [1, 2, 1, 2]);
    }
}
