//! The client as a state machine: it keeps what its user sees and what they have said, and says what its driver must do.
//!
//! It never opens a socket, sets a timer, reads a clock or draws a number: every [`Input`] comes with the moment and
//! the randomness it may use, and every [`Effect`] is for the driver to perform. Browser and simulation run it alike.
//!
//! The parts: [`connection`] decides when to connect, [`outbox`] keeps what is not confirmed, [`timeline`] keeps what
//! a room shows, [`open_room`] puts the two and the people together.

pub mod connection;
pub mod open_room;
pub mod outbox;
pub mod timeline;

use connection::{Connection, Pulse, Status};
use open_room::{Advance, OpenRoom};
use outbox::Outbox;

use crate::{
    close::CloseCode,
    id::ClientId,
    protocol::{ClientLine, Joined, RefusalCode, Refused, ServerLine, User},
    room_name::RoomName,
    time::Millis,
};

/// How often a client tells a room, at most, that its user is writing, in milliseconds.
const TYPING_EVERY_MS: u64 = 3_000;

/// How many bytes of lines share a frame at the most, well below what a server takes; a longer line has one of its own.
const FRAME_BYTES: usize = 32 * 1_024;

/// The moment of an input, and the chance it may take.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// What the wall clock says.
    pub at: Millis,
    /// A number drawn evenly from 0 up to 1, for jitter.
    pub dice: f64,
}

/// What can happen to a client.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The driver is ready; connect.
    Start,
    /// The connection of this number is open.
    Opened(u32),
    /// A frame came: one or more lines.
    Received(u32, &'a str),
    /// The connection of this number has ended with a close code; 1006 where there was none.
    Closed(u32, u16),
    /// The user says something.
    Say {
        /// In which room; it must be open.
        room: RoomName,
        /// A new id for it, drawn by the driver.
        id: ClientId,
        /// What.
        text: String,
    },
    /// Send a refused message again.
    Retry(ClientId),
    /// Forget a message that is not confirmed.
    Discard(ClientId),
    /// Look at a room, and enter it if it is not open.
    Visit(RoomName),
    /// Leave a room.
    Leave(RoomName),
    /// The user is writing in the room they look at.
    Typing,
    /// The page is seen, or is not.
    Visible(bool),
    /// The machine has, or has not, a network.
    Online(bool),
    /// The user wants to connect now rather than wait.
    ConnectNow,
    /// The moment of the latest [`Effect::WakeAt`] has come, or another one.
    Timer,
}

/// What a driver must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a connection, and report on it under this number.
    Open(u32),
    /// Send this frame on the connection.
    Transmit(u32, String),
    /// Close the connection; what it still says is of no interest.
    Close(u32),
    /// Give [`Input::Timer`] at this moment or soon after it; replaces the one before.
    WakeAt(Millis),
    /// The user must log in again, for this reason.
    Login(CloseCode),
}

/// A user's client: their open rooms, what they said, and the connection.
#[derive(Clone, Debug)]
pub struct Client {
    me: User,
    connection: Connection,
    outbox: Outbox,
    /// In the order in which they were opened. Never empty: the one that is looked at is among them.
    rooms: Vec<OpenRoom>,
    active: RoomName,
    visible: bool,
    text_limit: usize,
    typed_at: Option<Millis>,
}

impl Client {
    /// A client of `me` that looks at one room, not yet connected.
    pub fn new(me: User, room: RoomName) -> Client {
        Client {
            me,
            connection: Connection::default(),
            outbox: Outbox::default(),
            rooms: vec![OpenRoom::new(room.clone())],
            active: room,
            visible: true,
            text_limit: crate::text::DEFAULT_LIMIT,
            typed_at: None,
        }
    }

    /// Takes what a page brought along: a room as the server knew it when it rendered. The room opens if it was not.
    pub fn preload(&mut self, joined: Joined) {
        let index = self.index(joined.room.clone());
        self.rooms[index].join(joined, &self.me, Millis(0));
        self.rooms[index].joined = false;
    }

    /// Opens a room without looking at it, such as one that was open before.
    pub fn open(&mut self, room: RoomName) {
        self.index(room);
    }

    /// The user.
    pub fn me(&self) -> &User {
        &self.me
    }

    /// How the connection stands.
    pub fn status(&self) -> Status {
        self.connection.status()
    }

    /// The open rooms, in the order in which they were opened.
    pub fn rooms(&self) -> &[OpenRoom] {
        &self.rooms
    }

    /// The room that the user looks at.
    pub fn active(&self) -> &OpenRoom {
        self.room(&self.active).expect("the active room is among the open ones")
    }

    /// An open room by its name.
    pub fn room(&self, name: &RoomName) -> Option<&OpenRoom> {
        self.rooms.iter().find(|room| room.name() == name)
    }

    /// What was said and is not confirmed.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The longest message that the server takes, in characters; 0 for no limit.
    pub fn text_limit(&self) -> usize {
        self.text_limit
    }

    /// Takes what happened and gives what the driver must do, in order.
    pub fn apply(&mut self, input: Input<'_>, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Start => self.connection.connect(now.at, &mut effects),
            Input::Opened(number) => {
                if self.connection.opened(number, now.at) {
                    let hello = self.hello();
                    self.transmit(&[hello], &mut effects);
                }
            }
            Input::Received(number, frame) => {
                if self.connection.heard(number, now.at) {
                    for line in frame.lines() {
                        self.take(line, now, &mut effects);
                    }
                }
            }
            Input::Closed(number, code) => self.closed(number, code, now, &mut effects),
            Input::Say { room, id, text } => {
                self.outbox.push(room.clone(), id, text, now.at);
                self.flush(&room, now, &mut effects);
            }
            Input::Retry(id) => {
                if let Some(room) = self.outbox.requeue(&id) {
                    self.flush(&room, now, &mut effects);
                }
            }
            Input::Discard(id) => self.discard(&id, &mut effects),
            Input::Visit(room) => self.visit(&room, &mut effects),
            Input::Leave(room) => self.leave(&room, &mut effects),
            Input::Typing => self.typing(now, &mut effects),
            Input::Visible(visible) => {
                self.visible = visible;
                if visible {
                    self.seen();
                    self.connection.connect_now(now.at, &mut effects);
                    self.probe(now, &mut effects);
                }
            }
            Input::Online(online) => {
                self.connection.online(online, now, &mut effects);
                self.probe(now, &mut effects);
            }
            Input::ConnectNow => self.connection.connect_now(now.at, &mut effects),
            Input::Timer => {}
        }
        self.tick(now, &mut effects);
        effects
    }

    /// What has come due, whatever the input was; and when to look again.
    fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        match self.connection.pulse(now, effects) {
            Pulse::Same => {}
            Pulse::Lost => self.disconnected(),
        }
        for name in self.outbox.due(now.at) {
            self.flush(&name, now, effects);
        }
        let mut due = Vec::new();
        for room in &mut self.rooms {
            room.expire(now.at);
            if room.is_due(now.at) {
                due.push(room.name().clone());
            }
        }
        for name in due {
            self.rejoin(&name, effects);
        }
        let next = [self.connection.next(), self.outbox.next()]
            .into_iter()
            .chain(self.rooms.iter().map(OpenRoom::next))
            .flatten()
            .min();
        if let Some(at) = next {
            effects.push(Effect::WakeAt(at));
        }
    }

    /// One line from the server. One that does not parse is passed over: if it was an event, the next one shows it.
    fn take(&mut self, line: &str, now: Now, effects: &mut Vec<Effect>) {
        let Ok(line) = serde_json::from_str::<ServerLine>(line) else { return };
        match line {
            ServerLine::Welcome(welcome) => {
                self.connection.welcomed(welcome.heartbeat_ms);
                self.text_limit = welcome.text_limit;
                self.me = welcome.user;
            }
            ServerLine::Joined(joined) => self.joined(joined, now, effects),
            ServerLine::Message(message) => {
                if message.user.id == self.me.id {
                    self.outbox.confirm(&message.room, &message.id);
                }
                let mine = message.user.id == self.me.id;
                let seen = mine || (self.visible && message.room == self.active);
                let room = message.room.clone();
                if let Some(open) = self.room_mut(&room)
                    && open.message(message, seen) == Advance::Behind
                {
                    self.rejoin(&room, effects);
                }
            }
            ServerLine::Presence(presence) => {
                let me = self.me.clone();
                if let Some(room) = self.room_mut(&presence.room) {
                    room.presence(presence, &me, now.at);
                }
            }
            ServerLine::Typing { room, user } => {
                if user.id != self.me.id
                    && let Some(room) = self.room_mut(&room)
                {
                    room.typing(user, now.at);
                }
            }
            ServerLine::Ping { heads } => {
                self.transmit(&[ClientLine::Pong {}], effects);
                for head in heads {
                    if self.room_mut(&head.room).is_some_and(|room| room.is_behind(&head)) {
                        self.rejoin(&head.room, effects);
                    }
                }
            }
            ServerLine::Refused(refused) => self.refused(refused, now, effects),
            ServerLine::Drain { retry_ms } => self.connection.drain(now.at + retry_ms),
            ServerLine::Unknown(unknown) => {
                if let (Some(name), Some(seq)) = (unknown.ghost.room, unknown.ghost.seq)
                    && let Some(room) = self.room_mut(&name)
                    && room.ghost(seq) == Advance::Behind
                {
                    self.rejoin(&name, effects);
                }
            }
            // Nothing asks for a page yet, so none comes.
            ServerLine::Page(_) => {}
        }
    }

    fn joined(&mut self, joined: Joined, now: Now, effects: &mut Vec<Effect>) {
        let name = joined.room.clone();
        for event in &joined.events {
            if let crate::protocol::Event::Message(message) = event
                && message.user.id == self.me.id
            {
                self.outbox.confirm(&name, &message.id);
            }
        }
        if !joined.resumed {
            self.outbox.unsend_to(&name);
        }
        let me = self.me.clone();
        let watched = self.visible && name == self.active;
        let Some(room) = self.room_mut(&name) else { return };
        room.join(joined, &me, now.at);
        if watched {
            room.seen();
        }
        self.flush(&name, now, effects);
    }

    fn refused(&mut self, refused: Refused, now: Now, effects: &mut Vec<Effect>) {
        let id = refused.id.as_deref().and_then(|id| ClientId::parse(id).ok());
        let room = refused.room.as_deref().and_then(|room| RoomName::from_canonical(room).ok());
        if let Some(id) = &id {
            self.outbox.refuse(id, &refused, now.at);
        }
        match (refused.code, room) {
            (RefusalCode::NotJoined, Some(name)) => {
                // The message, if it was one, waits for the answer to this join.
                if let Some(id) = &id {
                    self.outbox.requeue(id);
                }
                if self.room(&name).is_some_and(|room| !room.joining) {
                    self.rejoin(&name, effects);
                }
            }
            (_, Some(name)) if id.is_none() => {
                if let Some(room) = self.room_mut(&name) {
                    room.refuse(refused, now.at);
                }
            }
            _ => {}
        }
    }

    fn closed(&mut self, number: u32, code: u16, now: Now, effects: &mut Vec<Effect>) {
        if self.connection.closed(number, code, now) {
            self.disconnected();
            if let Status::Ended(code) = self.connection.status() {
                effects.push(Effect::Login(code));
            }
        }
    }

    /// Nothing that was sent and not confirmed can be relied on; it goes out again after the next `joined`.
    fn disconnected(&mut self) {
        self.outbox.unsend();
        for room in &mut self.rooms {
            room.disconnected();
        }
    }

    fn discard(&mut self, id: &ClientId, effects: &mut Vec<Effect>) {
        let Some(pending) = self.outbox.discard(id) else { return };
        // The server may still hold later messages back until this one returns; joining again lifts that.
        if pending.was_refused() && self.room(&pending.room).is_some_and(|room| !room.joining) {
            self.rejoin(&pending.room, effects);
        }
    }

    fn visit(&mut self, name: &RoomName, effects: &mut Vec<Effect>) {
        self.index(name.clone());
        self.active = name.clone();
        if self.visible {
            self.seen();
        }
        if !self.active().joined && !self.active().joining {
            self.rejoin(name, effects);
        }
    }

    fn leave(&mut self, name: &RoomName, effects: &mut Vec<Effect>) {
        self.rooms.retain(|room| room.name() != name);
        self.outbox.forget(name);
        if self.connection.is_open() {
            self.transmit(&[ClientLine::Leave { room: name.to_string() }], effects);
        }
        if self.active == *name {
            let next = self.rooms.last().map_or_else(RoomName::lobby, |room| room.name().clone());
            self.visit(&next, effects);
        }
    }

    fn typing(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let due = self.typed_at.is_none_or(|at| now.at.since(at) >= TYPING_EVERY_MS);
        if due && self.active().joined {
            self.typed_at = Some(now.at);
            self.transmit(&[ClientLine::Typing { room: self.active.to_string() }], effects);
        }
    }

    /// Asks the server for a sign of life, in a way that also mends what was missed.
    fn probe(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.connection.probe(now.at) {
            self.rejoin(&self.active.clone(), effects);
        }
    }

    fn seen(&mut self) {
        let active = self.active.clone();
        if let Some(room) = self.room_mut(&active) {
            room.seen();
        }
    }

    /// Sends what waits for this room, in order and in one frame, if the room can take it now.
    fn flush(&mut self, name: &RoomName, now: Now, effects: &mut Vec<Effect>) {
        if self.room(name).is_some_and(|room| room.joined) {
            let lines = self.outbox.send(name, now.at);
            // Whoever writes again after sending should be seen to write again.
            self.typed_at = self.typed_at.filter(|_| lines.is_empty());
            self.transmit(&lines, effects);
        }
    }

    fn rejoin(&mut self, name: &RoomName, effects: &mut Vec<Effect>) {
        if !self.connection.is_open() {
            return;
        }
        if let Some(room) = self.room_mut(name) {
            // Nothing new is said in it until the answer has come: a refusal that is on its way then comes first.
            room.joined = false;
            room.joining = true;
            let line = ClientLine::Join(room.place());
            self.transmit(&[line], effects);
        }
    }

    fn hello(&mut self) -> ClientLine {
        for room in &mut self.rooms {
            room.joining = true;
        }
        ClientLine::Hello { rooms: self.rooms.iter().map(OpenRoom::place).collect(), client: None }
    }

    /// Sends lines, as many to a frame as the server surely takes.
    fn transmit(&self, lines: &[ClientLine], effects: &mut Vec<Effect>) {
        let Some(number) = self.connection.number() else { return };
        let mut frame = String::new();
        for line in lines.iter().map(ClientLine::print) {
            if !frame.is_empty() && frame.len() + line.len() > FRAME_BYTES {
                effects.push(Effect::Transmit(number, std::mem::take(&mut frame)));
            }
            if !frame.is_empty() {
                frame.push('\n');
            }
            frame.push_str(&line);
        }
        if !frame.is_empty() {
            effects.push(Effect::Transmit(number, frame));
        }
    }

    /// Where a room is among the open ones; it is opened if it was not.
    fn index(&mut self, name: RoomName) -> usize {
        if let Some(index) = self.rooms.iter().position(|room| *room.name() == name) {
            return index;
        }
        self.rooms.push(OpenRoom::new(name));
        self.rooms.len() - 1
    }

    fn room_mut(&mut self, name: &RoomName) -> Option<&mut OpenRoom> {
        self.rooms.iter_mut().find(|room| room.name() == name)
    }
}
