//! The crowd and the epoll that drives it: one thread for all connections.

use std::io;
use std::time::Duration;

use anyhow::{Context, Result};
use mio::{Events, Poll, Token};

use crate::clock::Clock;
use crate::crowd::{Crowd, Listener};
use crate::timer::Timer;
use crate::venue::Venue;

/// Maximum number of events per poll.
const EVENTS: usize = 1024;

const TIMER: Token = Token(usize::MAX);

pub(crate) struct Swarm {
    pub(crate) crowd: Crowd,
    poll: Poll,
    events: Events,
}

impl Swarm {
    pub(crate) fn new(venue: Venue, clock: Clock) -> Result<Self> {
        let poll = Poll::new().context("the system gives no epoll")?;
        let registry = poll.registry().try_clone()?;
        let timer = Timer::new(&registry, TIMER)?;
        let crowd = Crowd::new(venue, clock, timer, registry);
        Ok(Self { crowd, poll, events: Events::with_capacity(EVENTS) })
    }

    /// Waits for events, for at most `patience`, and handles all of them.
    pub(crate) fn turn(&mut self, patience: Duration, listener: &mut impl Listener) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(patience)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            polled => polled.context("waiting for events")?,
        }
        for event in &self.events {
            // The timer needs no read: each time it is set is an edge of its own.
            if event.token() != TIMER {
                self.crowd.attend(event, listener);
            }
            listener.attend(&mut self.crowd)?;
        }
        if self.events.is_empty() {
            listener.attend(&mut self.crowd)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::conversation::Conversation;
    use crate::crowd::Fate;
    use crate::frames;
    use crate::room_layout::RoomLayout;

    /// One event may report both the server's last bytes and the end of the connection.
    #[test]
    fn a_connection_that_ends_right_after_a_message_is_known_to_have_ended() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut bytes = [0; 1024];
                let count = socket.read(&mut bytes).unwrap();
                request.extend_from_slice(&bytes[..count]);
            }
            let mut answer =
                b"HTTP/1.1 101 \r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n".to_vec();
            let joined = br#"{"joined":{"epoch":"e","head":0,"resumed":false}}"#;
            frames::message(false, false, joined, &mut answer);
            socket.write_all(&answer).unwrap();
        });

        let seats = RoomLayout { rooms: 1, members: 1, speakers: 1 };
        let clock = Clock::start();
        let mut swarm = Swarm::new(Venue::of_a_test(vec![address], seats), clock).unwrap();
        let mut talk = Conversation::new(seats, clock).unwrap();
        swarm.crowd.connect(0).unwrap();
        while !swarm.crowd.has_asked(0) {
            swarm.turn(Duration::from_millis(10), &mut talk).unwrap();
        }
        server.join().unwrap();
        swarm.turn(Duration::from_secs(10), &mut talk).unwrap();
        assert!(matches!(talk.ended[..], [(0, Fate::Closed(None))]), "{:?}", talk.ended);
    }
}
