//! All connections of a load test: connects, sends and receives.
//!
//! Finds marks and passes them to its [`Listener`], which gives them their meaning.

use std::io;

use anyhow::{Context, Result};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBuf;

use crate::clock::Clock;
use crate::connection::{self, Connection, Stage};
use crate::frames::{self, Control, Frames};
use crate::mark::{Mark, Scanner};
use crate::speech::{Entered, Guest, Held, Message, Step};
use crate::timer::Timer;
use crate::venue::Venue;

/// Size of the read buffer that all connections share: larger than what a socket usually holds.
const BUFFER: usize = 256 * 1024;

/// Receive buffer of a socket whose client does not read.
const SMALL: usize = 4 * 1024;

/// Receives the events of a crowd.
pub(crate) trait Listener {
    /// A seat received a message, at this time of the clock.
    fn heard(&mut self, seat: usize, mark: Mark, at: u64);

    /// Something other than a delivery happened to a seat.
    fn befell(&mut self, seat: usize, fate: Fate);

    /// Returns the epoch and the seq up to which a seat has the room's log, if it was in the room before.
    fn held(&self, seat: usize) -> Option<(String, u64)>;

    /// Called after each event, so that it can send what is due.
    fn attend(&mut self, crowd: &mut Crowd) -> Result<()>;
}

/// What can happen to a seat, except a delivery.
#[derive(Debug)]
pub(crate) enum Fate {
    Entered(Entered),
    /// The server is draining and asks the client to reconnect after this many milliseconds.
    Drained {
        retry_ms: u64,
    },
    /// The server closed the connection, with a code if it sent a close frame.
    Closed(Option<u16>),
    /// The connection failed or could not be made.
    Failed(anyhow::Error),
}

/// How much to read from a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Nothing,
    WhatIsThere,
    /// Until the socket is empty or at its end.
    ToTheEnd,
}

/// Totals of everything received.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Received {
    pub(crate) bytes: u64,
    pub(crate) reads: u64,
    pub(crate) frames: u64,
    /// Heartbeats sent as messages.
    pub(crate) calls: u64,
}

/// The connections by seat, and the state they share.
pub(crate) struct Crowd {
    pub(crate) venue: Venue,
    pub(crate) clock: Clock,
    pub(crate) timer: Timer,
    pub(crate) received: Received,
    registry: Registry,
    scanner: Scanner,
    /// A complete frame that answers the server's heartbeat.
    answer: Vec<u8>,
    rooms: Vec<String>,
    connections: Vec<Option<Connection>>,
    buffer: Vec<u8>,
    /// Scratch buffers for composing messages.
    payload: Vec<u8>,
    text: Vec<u8>,
}

impl Crowd {
    pub(crate) fn new(venue: Venue, clock: Clock, timer: Timer, registry: Registry) -> Self {
        let heartbeat = venue.speech.heartbeat();
        let mut answer = Vec::new();
        if let Some(heartbeat) = &heartbeat {
            frames::message(venue.speech.is_binary(), true, heartbeat.answer, &mut answer);
        }
        Self {
            scanner: Scanner::new(venue.run, heartbeat.map(|heartbeat| heartbeat.call)),
            answer,
            rooms: (0..venue.seats.rooms).map(|room| format!("load-{}-{room}", venue.run.digits())).collect(),
            connections: (0..venue.seats.count()).map(|_| None).collect(),
            buffer: vec![0; BUFFER],
            payload: Vec::new(),
            text: Vec::new(),
            received: Received::default(),
            venue,
            clock,
            timer,
            registry,
        }
    }

    /// Starts connecting a seat. If the seat was in its room before, it will send its position in the log.
    pub(crate) fn connect(&mut self, seat: usize) -> Result<()> {
        let address = self.venue.address(seat);
        let mut socket =
            TcpStream::connect(address).with_context(|| format!("no connection to {address}"))?;
        self.registry.register(&mut socket, Token(seat), Interest::READABLE | Interest::WRITABLE)?;
        self.connections[seat] = Some(Connection::new(socket));
        Ok(())
    }

    /// Appends a message to the seat's output buffer; [`Self::flush`] writes it.
    pub(crate) fn say(&mut self, seat: usize, mark: Mark) {
        let Some(connection) = &mut self.connections[seat] else { return };
        self.text.clear();
        mark.write(self.venue.run, self.venue.size, &mut self.text);
        let id = format!("{}-{}-{}", self.venue.run.digits(), mark.speaker, mark.number);
        let room = &self.rooms[self.venue.seats.room(seat)];
        self.payload.clear();
        self.venue.speech.say(&Message { room, id: &id, text: &self.text }, &mut self.payload);
        frames::message(self.venue.speech.is_binary(), true, &self.payload, connection.out());
    }

    /// Writes the seat's output buffer. Reading reports a broken connection.
    pub(crate) fn flush(&mut self, seat: usize) {
        if let Some(connection) = &mut self.connections[seat] {
            _ = connection.flush();
        }
    }

    /// Stops reading on a seat's connection, and shrinks its receive buffer as far as the system allows.
    pub(crate) fn deafen(&mut self, seat: usize) -> Result<()> {
        if let Some(connection) = &mut self.connections[seat] {
            connection.deaf = true;
            setsockopt(&connection.socket, RcvBuf, &SMALL)
                .context("a socket's buffer cannot be made small")?;
        }
        Ok(())
    }

    /// Resumes reading, beginning with the bytes that have arrived meanwhile.
    pub(crate) fn listen_again(&mut self, seat: usize, listener: &mut impl Listener) -> Result<()> {
        if let Some(connection) = &mut self.connections[seat] {
            connection.deaf = false;
            // With a window smaller than its packets the system would send small pieces with long waits
            // between them.
            setsockopt(&connection.socket, RcvBuf, &BUFFER).context("a socket's buffer cannot grow")?;
            self.try_attend(seat, Reading::ToTheEnd, listener);
        }
        Ok(())
    }

    /// Returns whether a seat's upgrade request has gone out.
    #[cfg(test)]
    pub(crate) fn has_asked(&self, seat: usize) -> bool {
        self.connections[seat].as_ref().is_some_and(|connection| connection.stage != Stage::Connecting)
    }

    /// Returns the bytes a seat received since the upgrade: until it was in its room, and in total.
    pub(crate) fn bytes(&self, seat: usize) -> Option<(u64, u64)> {
        self.connections[seat].as_ref().map(|connection| (connection.greeting, connection.bytes))
    }

    /// Handles an event.
    pub(crate) fn attend(&mut self, event: &Event, listener: &mut impl Listener) {
        let reading = if event.is_read_closed() || event.is_error() {
            Reading::ToTheEnd
        } else if event.is_readable() {
            Reading::WhatIsThere
        } else {
            Reading::Nothing
        };
        self.try_attend(event.token().0, reading, listener);
    }

    fn try_attend(&mut self, seat: usize, reading: Reading, listener: &mut impl Listener) {
        // Take the connection out of the table while working on it, and put it back unless it has ended.
        let Some(mut connection) = self.connections[seat].take() else { return };
        match self.work(seat, &mut connection, reading, listener) {
            Ok(None) => self.connections[seat] = Some(connection),
            Ok(Some(fate)) => listener.befell(seat, fate),
            Err(error) => listener.befell(seat, Fate::Failed(error)),
        }
    }

    /// Does the work a connection is ready for. Returns a fate if that ends the connection.
    fn work(
        &mut self,
        seat: usize,
        connection: &mut Connection,
        reading: Reading,
        listener: &mut impl Listener,
    ) -> Result<Option<Fate>> {
        if connection.stage == Stage::Connecting {
            if !connection
                .is_connected()
                .with_context(|| format!("no connection to {}", self.venue.address(seat)))?
            {
                return Ok(None);
            }
            connection.socket.set_nodelay(true)?;
            let cookie = self.venue.cookies.get(seat).map(String::as_str);
            let speech = &self.venue.speech;
            let host = self.venue.address(seat).to_string();
            let request = connection::upgrade(&host, speech.path(), speech.subprotocol(), cookie);
            connection.out().extend_from_slice(request.as_bytes());
            connection.stage = Stage::Upgrading;
        }
        // Ignore a write error: reading notices a closed peer, and may still find its last bytes.
        _ = connection.flush();
        if reading == Reading::Nothing || connection.deaf {
            return Ok(None);
        }
        // Take the shared buffer out to satisfy the borrow checker; it is put back below.
        let mut buffer = std::mem::take(&mut self.buffer);
        let fate = self.read(seat, connection, &mut buffer, reading, listener);
        self.buffer = buffer;
        fate
    }

    fn read(
        &mut self,
        seat: usize,
        connection: &mut Connection,
        buffer: &mut [u8],
        reading: Reading,
        listener: &mut impl Listener,
    ) -> Result<Option<Fate>> {
        loop {
            let live = connection.stage == Stage::In;
            let kept = if live { connection.kept.len() } else { 0 };
            buffer[..kept].copy_from_slice(&connection.kept[..kept]);
            let count = match connection.read(&mut buffer[kept..]) {
                Ok(Some(count)) => count,
                Ok(None) => return Ok(None),
                Err(error) if is_end(&error) => return Ok(Some(Fate::Closed(None))),
                Err(error) => return Err(error.into()),
            };
            self.received.reads += 1;
            self.received.bytes += count as u64;
            let fate = if live {
                connection.bytes += count as u64;
                self.hear(seat, connection, &buffer[..kept + count], kept, listener)
            } else {
                if connection.stage == Stage::Greeting {
                    connection.bytes += count as u64;
                }
                connection.kept.extend_from_slice(&buffer[..count]);
                self.get_in(seat, connection, listener)?
            };
            // With edge-triggered events, a read that did not fill the buffer has emptied the socket: see
            // epoll(7). But after the peer has closed no further edge comes, so read up to the end of the
            // stream.
            let is_emptied = kept + count < buffer.len() && reading == Reading::WhatIsThere;
            if fate.is_some() || is_emptied {
                return Ok(fate);
            }
        }
    }

    /// Scans the bytes read on a connection that is in its room; frames before `fresh` have already been
    /// walked.
    fn hear(
        &mut self,
        seat: usize,
        connection: &mut Connection,
        bytes: &[u8],
        fresh: usize,
        listener: &mut impl Listener,
    ) -> Option<Fate> {
        let at = self.clock.now();
        let mut fate = None;
        let mut pongs = Vec::new();
        let frames = connection.frames.count;
        connection.frames.walk(&bytes[fresh..], |control| match control {
            Control::Ping(payload) => frames::pong(&payload, &mut pongs),
            Control::Close(code) => fate = Some(Fate::Closed(code)),
        });
        self.received.frames += connection.frames.count - frames;
        let mut marks = 0;
        let scanned = self.scanner.scan(bytes, |mark| {
            marks += 1;
            listener.heard(seat, mark, at);
        });
        // Look for a drain only in reads without marks, so that it costs the measurement nothing.
        if marks == 0
            && let Some(retry_ms) = self.venue.speech.drain(bytes)
        {
            listener.befell(seat, Fate::Drained { retry_ms });
        }
        connection.kept.clear();
        connection.kept.extend_from_slice(&bytes[bytes.len() - scanned.kept..]);
        self.received.calls += scanned.calls as u64;
        if scanned.calls > 0 || !pongs.is_empty() {
            for _ in 0..scanned.calls {
                connection.out().extend_from_slice(&self.answer);
            }
            connection.out().append(&mut pongs);
            _ = connection.flush();
        }
        fate
    }

    /// Takes as many steps towards joining as the bytes read allow.
    fn get_in(
        &mut self,
        seat: usize,
        connection: &mut Connection,
        listener: &mut impl Listener,
    ) -> Result<Option<Fate>> {
        if connection.stage == Stage::Upgrading {
            if !connection.take_upgrade()? {
                return Ok(None);
            }
            connection.stage = Stage::Greeting;
            connection.bytes = connection.kept.len() as u64;
            let held = listener.held(seat);
            let step = self.venue.speech.open(&self.guest(seat, held.as_ref()));
            if let Some(entered) = self.take_step(connection, step) {
                return Ok(self.enter(seat, connection, entered, Vec::new(), listener));
            }
        }
        while let Some((payload, is_message)) = frames::first(&connection.kept) {
            let rest = connection.kept.split_off(payload.end);
            let mut frame = std::mem::replace(&mut connection.kept, rest);
            self.received.frames += 1;
            if is_message {
                let held = listener.held(seat);
                let guest = self.guest(seat, held.as_ref());
                let step = self.venue.speech.answer(&guest, &frame[payload.clone()]);
                if let Some(entered) = self.take_step(connection, step) {
                    frame.drain(..payload.start);
                    return Ok(self.enter(seat, connection, entered, frame, listener));
                }
            } else if let Some(fate) = answer_control(connection, &frame) {
                return Ok(Some(fate));
            }
        }
        Ok(None)
    }

    fn guest<'a>(&'a self, seat: usize, held: Option<&'a (String, u64)>) -> Guest<'a> {
        Guest {
            room: &self.rooms[self.venue.seats.room(seat)],
            held: held.map(|(epoch, seq)| Held { epoch, seq: *seq }),
        }
    }

    fn take_step(&self, connection: &mut Connection, step: Step) -> Option<Entered> {
        if !step.say.is_empty() {
            frames::message(self.venue.speech.is_binary(), true, &step.say, connection.out());
            _ = connection.flush();
        }
        step.entered
    }

    /// Marks the seat as in its room. From here on everything is scanned, beginning with the message that let
    /// the seat in, because a log may come with it.
    fn enter(
        &mut self,
        seat: usize,
        connection: &mut Connection,
        entered: Entered,
        mut heard: Vec<u8>,
        listener: &mut impl Listener,
    ) -> Option<Fate> {
        connection.stage = Stage::In;
        connection.greeting = connection.bytes - connection.kept.len() as u64;
        listener.befell(seat, Fate::Entered(entered));
        let fresh = heard.len();
        heard.append(&mut connection.kept);
        self.hear(seat, connection, &heard, fresh, listener)
    }
}

/// Answers a control frame that came before the seat was in its room.
fn answer_control(connection: &mut Connection, frame: &[u8]) -> Option<Fate> {
    let mut fate = None;
    let mut pong = Vec::new();
    Frames::default().walk(frame, |control| match control {
        Control::Ping(payload) => frames::pong(&payload, &mut pong),
        Control::Close(code) => fate = Some(Fate::Closed(code)),
    });
    connection.out().append(&mut pong);
    _ = connection.flush();
    fate
}

/// Returns whether the error means that the peer is gone.
fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}
