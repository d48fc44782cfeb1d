//! The client as a state machine: it keeps what its user sees and what they have said, and says what its driver must do.
//!
//! It never opens a socket, sets a timer, reads a clock or draws a number: every [`Input`] comes with the moment and
//! the randomness it may use, and every [`Effect`] is for the driver to perform. Browser and simulation run it alike.
//!
//! The parts: [`connection`] decides when to connect, [`outbox`] keeps what is not confirmed, [`custody`] shares it among
//! the tabs of a browser, [`timeline`] keeps what a room shows, [`open_room`] puts timeline and people together.
//! [`hearing`] takes in what the server says, [`patience`] how long to wait where it says: not now, and [`server_clock`] what
//! time it is there.

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

/// How often a client tells a room, at most, that its user is writing, in milliseconds.
const TYPING_EVERY_MS: u64 = 3_000;

/// How many bytes of lines share a frame at the most, well below what a server takes; a longer line has one of its own.
const FRAME_BYTES: usize = 32 * 1_024;

/// A user's client: their open rooms, what they said, and the connection.
#[derive(Clone, Debug)]
pub struct Client {
    me: User,
    connection: Connection,
    outbox: Outbox,
    custody: Custody,
    /// In the order in which they were opened. Never empty: the one that is looked at is among them.
    rooms: Vec<OpenRoom>,
    active: RoomName,
    visible: bool,
    text_limit: usize,
    server_clock: ServerClock,
    typed_at: Option<Ticks>,
}

impl Client {
    /// A client of `me` that looks at one room, not yet connected.
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

    /// The same client under a name of its own, which no other page has. One without a name has nothing to say.
    #[must_use]
    pub fn named(mut self, name: ClientId) -> Client {
        self.custody = Custody::of(name);
        self
    }

    /// Takes what a page brought along: a room as the server knew it when it rendered. The room opens if it was not.
    pub fn preload(&mut self, joined: Joined) {
        let index = self.index(joined.room.clone());
        self.rooms[index].join(joined, &self.me, Ticks(0));
        self.rooms[index].joined = false;
    }

    /// Takes the server's time from what a page brought along; it counts from the first input on.
    pub fn set_server_time(&mut self, at: Millis) {
        self.server_clock = ServerClock::at(at);
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
                            // What follows is another user's.
                            break;
                        }
                    }
                }
            }
            Input::Closed(number, code) => self.closed(number, code, now, &mut effects),
            Input::Say { room, id, text } => {
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

    /// What has come due, whatever the input was; and when to look again.
    fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        match self.connection.pulse(now, effects) {
            Pulse::Same => {}
            Pulse::Lost => self.disconnected(),
        }
        // One that has ended sends nothing any more: its messages are for another tab of its user's to adopt.
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
            // To a page of another user's than the browser's, the login would only show that one's rooms.
            if let Status::Ended(code) = self.connection.status()
                && code != CloseCode::OtherUser
            {
                effects.push(Effect::Login(code));
            }
        }
    }

    /// The server takes this client for another user's: somebody else has logged in in this browser. A client belongs to
    /// one user for its life, so it ends; what waits stays that user's.
    fn end_as_other_user(&mut self, effects: &mut Vec<Effect>) {
        self.connection.end(CloseCode::OtherUser, effects);
        self.disconnected();
    }

    /// Nothing that was sent and not confirmed can be relied on; it goes out again after the next `joined`.
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

    /// Asks the server for a sign of life, in a way that also mends what was missed.
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
