//! The client as a state machine: it holds what its user sees and has sent, and tells its driver what to do.
//!
//! It never opens a socket, sets a timer, reads a clock or draws a random number: each [`Input`] comes with
//! the time and the randomness it may use, and the driver performs each [`Effect`]. Browser and simulation
//! run the same code.
//!
//! [`connection`] decides when to connect, [`outbox`] holds the messages not yet acknowledged, [`custody`]
//! divides them among the tabs of a browser, [`timeline`] holds what a room shows, and [`open_room`] combines
//! timeline and members. [`hearing`] handles the server's lines, [`patience`] computes how long to wait after
//! a temporary refusal, and [`server_clock`] tracks the server's time.

mod answers;
pub mod connection;
mod custody;
mod effect;
mod hearing;
mod input;
mod navigation;
pub mod open_room;
pub mod outbox;
mod patience;
mod pending;
mod record;
mod sending;
mod server_clock;
pub mod timeline;

use connection::{Connection, Pulse, Status};
use custody::Custody;
use open_room::OpenRoom;
use outbox::Outbox;
use patience::ADOPTED_MS;
use server_clock::ServerClock;

pub use effect::Effect;
pub use input::{Input, Now};

use crate::{
    close::CloseCode,
    id::ClientId,
    protocol::{ClientLine, Joined, User},
    room_name::RoomName,
    time::{Millis, Ticks},
};

/// The least interval at which a client tells a room that its user is typing, in milliseconds.
const TYPING_EVERY_MS: u64 = 3_000;

/// The most bytes of lines that share a frame, well below what a server accepts; a longer line gets a frame
/// of its own.
const FRAME_BYTES: usize = 32 * 1_024;

/// A user's client: their open rooms, their outgoing messages, and the connection.
#[derive(Clone, Debug)]
pub struct Client {
    me: User,
    connection: Connection,
    outbox: Outbox,
    custody: Custody,
    /// In the order in which they were opened. Never empty: it contains the active room.
    rooms: Vec<OpenRoom>,
    active: RoomName,
    visible: bool,
    text_limit: usize,
    server_clock: ServerClock,
    typed_at: Option<Ticks>,
}

impl Client {
    /// Creates a client of `me` with one open room, not yet connected.
    pub fn new(me: User, room: RoomName) -> Client {
        Client {
            me,
            connection: Connection::default(),
            outbox: Outbox::default(),
            custody: Custody::default(),
            rooms: vec![OpenRoom::new(room.clone())],
            active: room,
            visible: true,
            text_limit: crate::text::DEFAULT_LIMIT,
            server_clock: ServerClock::default(),
            typed_at: None,
        }
    }

    /// Gives the client a name that no other page has. A client without a name cannot send.
    #[must_use]
    pub fn named(mut self, name: ClientId) -> Client {
        self.custody = Custody::of(name);
        self
    }

    /// Takes a room as the server knew it when it rendered the page. Opens the room if it is not open.
    pub fn preload(&mut self, joined: Joined) {
        let index = self.index(joined.room.clone());
        self.rooms[index].join(joined, &self.me, Ticks(0));
        self.rooms[index].joined = false;
    }

    /// Sets the server's time from the page; it advances from the first input on.
    pub fn set_server_time(&mut self, at: Millis) {
        self.server_clock = ServerClock::at(at);
    }

    /// Opens a room without making it active, such as one that was open before.
    pub fn open(&mut self, room: RoomName) {
        self.index(room);
    }

    /// Returns the user.
    pub fn me(&self) -> &User {
        &self.me
    }

    /// Returns the status of the connection.
    pub fn status(&self) -> Status {
        self.connection.status()
    }

    /// Returns the open rooms, in the order in which they were opened.
    pub fn rooms(&self) -> &[OpenRoom] {
        &self.rooms
    }

    /// Returns the active room, at which the user looks.
    pub fn active(&self) -> &OpenRoom {
        self.room(&self.active).expect("the active room is among the open ones")
    }

    /// Returns an open room by name.
    pub fn room(&self, name: &RoomName) -> Option<&OpenRoom> {
        self.rooms.iter().find(|room| room.name() == name)
    }

    /// Returns the messages not yet acknowledged.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Returns the maximum length of a message, in characters; 0 for no limit.
    pub fn text_limit(&self) -> usize {
        self.text_limit
    }

    /// Applies an input and returns what the driver must do, in order.
    pub fn apply(&mut self, input: Input<'_>, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.server_clock.tick(now);
        match input {
            Input::Start => self.connection.connect(now.ticks, &mut effects),
            Input::Stored(id, record) => self.stored(&id, record, &mut effects),
            Input::Inherited(id, record) => {
                if let Some(me) = self.custody.me()
                    && let Some(room) = self.outbox.inherit(id, record, me)
                {
                    self.index(room);
                }
            }
            Input::Signed(tab, at) => self.custody.sign(tab, at, now),
            Input::Recall(room, epoch, seq) => {
                if let Some(room) = self.room_mut(&room) {
                    room.recall(epoch, seq);
                }
            }
            Input::SeenElsewhere(room, epoch, seq) => {
                let watched = self.visible && room == self.active;
                let me = self.me.clone();
                if let Some(room) = self.room_mut(&room) {
                    room.seen_elsewhere(epoch, seq, watched, &me);
                }
            }
            Input::Opened(number) => {
                if self.connection.opened(number, now.ticks) {
                    let hello = self.hello();
                    self.transmit(&[hello], &mut effects);
                }
            }
            Input::Received(number, frame) => {
                if self.connection.heard(number, now.ticks) {
                    for line in frame.lines() {
                        self.take(line, now, &mut effects);
                        if self.connection.number() != Some(number) {
                            // The rest of the frame belongs to another user.
                            break;
                        }
                    }
                }
            }
            Input::Closed(number, code) => self.closed(number, code, now, &mut effects),
            Input::Send { room, id, text } => {
                if let Some(me) = self.custody.me() {
                    let at = self.server_clock.read(now);
                    self.outbox.push(room.clone(), id, text, at, now.ticks, me.clone());
                }
                if let Some(room) = self.room_mut(&room) {
                    room.caught_up();
                }
                self.flush(&room, now, &mut effects);
            }
            Input::Retry(id) => {
                if let Some(me) = self.custody.me()
                    && let Some(room) = self.outbox.requeue(&id, me)
                {
                    self.reopen(&room, now, &mut effects);
                }
            }
            Input::Discard(id) => self.discard(&id, &mut effects),
            Input::Visit(room) => self.visit(&room, &mut effects),
            Input::Leave(room) => self.leave(&room, &mut effects),
            Input::Earlier => self.look_back(None, &mut effects),
            Input::Fill(hole) => self.look_back(Some(hole), &mut effects),
            Input::Stop(id) => self.stop(&id, &mut effects),
            Input::Members => self.ask_for_members(&mut effects),
            Input::Typing => self.typing(now, &mut effects),
            Input::Visible(visible) => {
                self.visible = visible;
                if !visible {
                    self.look_away();
                }
                if visible {
                    self.seen();
                    self.connection.connect_now(now.ticks, &mut effects);
                    self.probe(now, &mut effects);
                }
            }
            Input::Online(online) => {
                self.connection.online(online, now, &mut effects);
                self.probe(now, &mut effects);
            }
            Input::ConnectNow => self.connection.connect_now(now.ticks, &mut effects),
            Input::Timer => {}
        }
        self.tick(now, &mut effects);
        effects
    }

    /// Handles what is due, whatever the input was, and schedules the next wake-up.
    fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        match self.connection.pulse(now, effects) {
            Pulse::Same => {}
            Pulse::Lost => self.disconnected(),
        }
        // An ended client sends nothing more; another tab of its user adopts its messages.
        let ended = self.connection.has_ended();
        if !ended {
            for room in self.custody.adopt(&mut self.outbox, now.ticks) {
                self.outbox.wait(&room, now.ticks + ADOPTED_MS);
                self.reopen(&room, now, effects);
            }
        }
        for name in self.outbox.due(now.ticks) {
            self.flush(&name, now, effects);
        }
        self.hand_over(now, effects);
        let mut due = Vec::new();
        for room in &mut self.rooms {
            room.expire(now.ticks);
            if room.is_due(now.ticks) {
                due.push(room.name().clone());
            }
        }
        for name in due {
            match self.room(&name).and_then(OpenRoom::wish) {
                Some(wish) => self.transmit(&[ClientLine::History(wish)], effects),
                None => self.rejoin(&name, effects),
            }
        }
        let custody = if ended { None } else { self.custody.next(&self.outbox) };
        let next = [self.connection.next(), self.outbox.next(), custody]
            .into_iter()
            .chain(self.rooms.iter().map(OpenRoom::next))
            .flatten()
            .min();
        if let Some(at) = next {
            effects.push(Effect::WakeAt(at));
        }
    }

    fn closed(&mut self, number: u32, code: u16, now: Now, effects: &mut Vec<Effect>) {
        if self.connection.closed(number, code, now) {
            self.disconnected();
            // A login here would only show the rooms of the browser's other user.
            if let Status::Ended(code) = self.connection.status()
                && code != CloseCode::OtherUser
            {
                effects.push(Effect::Login(code));
            }
        }
    }

    /// Ends the client because the server takes it for another user's: someone else has logged in in this
    /// browser. A client belongs to one user for its life; the messages in its outbox stay that user's.
    fn end_as_other_user(&mut self, effects: &mut Vec<Effect>) {
        self.connection.end(CloseCode::OtherUser, effects);
        self.disconnected();
    }

    /// Marks everything sent but not acknowledged to be sent again after the next `joined`.
    fn disconnected(&mut self) {
        self.outbox.unsend();
        for room in &mut self.rooms {
            room.disconnected();
        }
    }

    fn stop(&mut self, id: &ClientId, effects: &mut Vec<Effect>) {
        let (me, room) = (self.me.id.clone(), self.active());
        if room.joined && room.growing().any(|growing| growing.id == *id && growing.asker == me) {
            let stop = ClientLine::Stop { room: self.active.to_string(), id: id.to_string() };
            self.transmit(&[stop], effects);
        }
    }

    fn ask_for_members(&self, effects: &mut Vec<Effect>) {
        let room = self.active();
        if room.joined {
            let after = room.members().list.last().map(|user| user.name.to_string());
            self.transmit(&[ClientLine::Members { room: self.active.to_string(), after }], effects);
        }
    }

    fn typing(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let due = self.typed_at.is_none_or(|at| now.ticks.since(at) >= TYPING_EVERY_MS);
        if due && self.active().joined {
            self.typed_at = Some(now.ticks);
            self.transmit(&[ClientLine::Typing { room: self.active.to_string() }], effects);
        }
    }

    /// Asks the server for a sign of life, by a join that also recovers missed events.
    fn probe(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.connection.probe(now.ticks) {
            self.rejoin(&self.active.clone(), effects);
        }
    }

    fn seen(&mut self) {
        let active = self.active.clone();
        if let Some(room) = self.room_mut(&active) {
            room.seen();
        }
    }

    fn hello(&mut self) -> ClientLine {
        for room in &mut self.rooms {
            room.joining = true;
        }
        ClientLine::Hello {
            rooms: self.rooms.iter().map(OpenRoom::place).collect(),
            client: self.custody.me().map(ClientId::to_string),
            user: Some(self.me.id.to_string()),
        }
    }

    fn room_mut(&mut self, name: &RoomName) -> Option<&mut OpenRoom> {
        self.rooms.iter_mut().find(|room| room.name() == name)
    }
}
