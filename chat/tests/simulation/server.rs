//! The simulated server: sessions, and the real rooms. The store retains the messages. Works like the real
//! server: messages are batched, committed, acknowledged, and only then published to the rooms; answers are
//! sent before what a room publishes.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    rc::Rc,
};

use chat::{
    id::ClientId,
    protocol::{
        ClientLine, Event, Head, History, Joined, Members, Message, Page, RefusalCode, Refused, RoomPosition,
        Seq, ServerLine, User, Welcome,
    },
    room::{Command, Effect, Room, SessionId},
    room_name::RoomName,
    time::Millis,
};

use crate::store::{Appended, Health, Log, Store};

pub(crate) const HEARTBEAT_MS: u64 = 25_000;
const RETRY_MS: u64 = 1_000;
const LEAVE_GRACE_MS: u64 = 30_000;
/// The maximum number of events in a page.
const PAGE: u32 = 200;
/// The prefix of texts that the server refuses.
pub(crate) const UNFIT: &str = "unfit";

/// The limits of the server's answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measures {
    /// The maximum number of events in a resume.
    pub(crate) resume: Seq,
    /// The length of the newest page.
    pub(crate) backlog: Seq,
}

pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) now: Millis,
    measures: Measures,
    rooms: BTreeMap<RoomName, Room>,
    sessions: BTreeMap<SessionId, Session>,
    opened: u64,
    /// Committed, but not yet published to the room.
    unrouted: VecDeque<Message>,
}

struct Session {
    user: User,
    greeted: bool,
    rooms: BTreeSet<RoomName>,
    /// The rooms that accept nothing until the message of this id comes again.
    held: BTreeMap<RoomName, ClientId>,
    gathered: Vec<Draft>,
    answers: Vec<Rc<str>>,
    queue: Vec<Rc<str>>,
}

struct Draft {
    room: RoomName,
    id: ClientId,
    text: String,
}

impl Server {
    pub(crate) fn new(measures: Measures, now: Millis) -> Server {
        Server {
            store: Store::new(),
            now,
            measures,
            rooms: BTreeMap::new(),
            sessions: BTreeMap::new(),
            opened: 0,
            unrouted: VecDeque::new(),
        }
    }

    pub(crate) fn connect(&mut self, user: User) -> SessionId {
        self.opened += 1;
        let id = SessionId(self.opened);
        let session = Session {
            user,
            greeted: false,
            rooms: BTreeSet::new(),
            held: BTreeMap::new(),
            gathered: Vec::new(),
            answers: Vec::new(),
            queue: Vec::new(),
        };
        self.sessions.insert(id, session);
        id
    }

    pub(crate) fn has(&self, id: SessionId) -> bool {
        self.sessions.contains_key(&id)
    }

    /// Ends a session. Its messages are committed all the same, but nobody receives the answer.
    pub(crate) fn lose(&mut self, id: SessionId) {
        self.settle(id);
        if let Some(session) = self.sessions.remove(&id) {
            for room in session.rooms {
                self.apply(&room, Command::Lose(id));
            }
        }
    }

    /// Restarts everything but the store, whatever was about to be sent.
    pub(crate) fn restart(&mut self) {
        self.sessions.clear();
        self.rooms.clear();
        self.unrouted.clear();
    }

    /// Changes the health of the store. All sessions are notified when it becomes unavailable or available.
    pub(crate) fn fare(&mut self, health: Health) {
        let was_available = self.has_store();
        self.store.health = health;
        if self.has_store() != was_available {
            let line: Rc<str> = self.store_line().print().into();
            for session in self.sessions.values_mut().filter(|session| session.greeted) {
                session.answers.push(line.clone());
            }
        }
    }

    fn has_store(&self) -> bool {
        self.store.health == Health::Works
    }

    fn store_line(&self) -> ServerLine {
        ServerLine::Store { available: self.has_store() }
    }

    /// Whether the server reads incoming frames.
    pub(crate) fn listens(&self) -> bool {
        self.store.health != Health::Hangs
    }

    /// Takes what is to be sent to a session now: its answers, then its queue.
    pub(crate) fn take(&mut self, id: SessionId) -> Vec<String> {
        let Some(session) = self.sessions.get_mut(&id) else { return Vec::new() };
        let frames = [&mut session.answers, &mut session.queue].map(std::mem::take);
        frames.into_iter().filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect()
    }

    /// Drops the newest line of a session's queue.
    pub(crate) fn forget_newest(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.queue.pop();
        }
    }

    pub(crate) fn hear(&mut self, id: SessionId, frame: &str) {
        if !self.has(id) {
            return;
        }
        for line in frame.lines() {
            let line = serde_json::from_str(line).unwrap();
            let greeted = self.sessions[&id].greeted;
            match line {
                ClientLine::Hello { rooms, user, .. } => {
                    assert_eq!(
                        user.as_deref(),
                        Some(self.sessions[&id].user.id.as_str()),
                        "whose page it is"
                    );
                    self.hello(id, &rooms);
                }
                _ if !greeted => panic!("the first line is hello, not {line:?}"),
                ClientLine::Join(place) => self.join(id, &place),
                ClientLine::Send { id: message, room, text } => self.say(id, &message, &room, text),
                ClientLine::Leave { room } => {
                    let room = RoomName::parse(&room).unwrap();
                    let session = self.session(id);
                    session.rooms.remove(&room);
                    session.held.remove(&room);
                    self.apply(&room, Command::Leave(id));
                }
                ClientLine::History(history) => self.look_back(id, &history),
                ClientLine::Pong {}
                | ClientLine::Members { .. }
                | ClientLine::Typing { .. }
                | ClientLine::Stop { .. } => {}
            }
        }
    }

    fn hello(&mut self, id: SessionId, rooms: &[RoomPosition]) {
        let session = self.session(id);
        session.greeted = true;
        let user = session.user.clone();
        let at = Some(self.now);
        self.answer(
            id,
            &ServerLine::Welcome(Welcome { user, heartbeat_ms: HEARTBEAT_MS, text_limit: 0, at }),
        );
        if !self.has_store() {
            self.answer(id, &self.store_line());
        }
        for place in rooms {
            self.join(id, place);
        }
    }

    fn join(&mut self, id: SessionId, place: &RoomPosition) {
        let name = RoomName::parse(&place.room).unwrap();
        let session = self.session(id);
        session.held.remove(&name);
        if self.store.health == Health::Fails {
            self.session(id).rooms.remove(&name);
            self.apply(&name, Command::Lose(id));
            return self.refuse_reading(id, &place.room);
        }
        self.session(id).rooms.insert(name.clone());
        let user = self.session(id).user.clone();
        let (head, members) = self.apply(&name, Command::Enter(id, user)).unwrap();
        let log = self.store.log(&name);
        let known =
            place.seq.filter(|seq| place.epoch.as_deref() == Some(head.epoch.as_str()) && *seq <= head.seq);
        let missed = known.filter(|seq| {
            head.seq - seq <= self.measures.resume && (*seq == head.seq || *seq + 1 >= log.oldest())
        });
        let events = match missed {
            Some(seq) => log.kept(seq + 1, head.seq),
            None => log.kept((head.seq + 1).saturating_sub(self.measures.backlog), head.seq),
        };
        let joined = Joined {
            room: name,
            epoch: head.epoch,
            head: head.seq,
            oldest: log.oldest(),
            resumed: missed.is_some(),
            members,
            events: events_of(events),
        };
        self.answer(id, &ServerLine::Joined(joined));
    }

    fn look_back(&mut self, id: SessionId, history: &History) {
        let name = RoomName::parse(&history.room).unwrap();
        if !self.session(id).rooms.contains(&name) {
            return self.answer(id, &refusal(None, &history.room, RefusalCode::NotJoined, None));
        }
        if self.store.health == Health::Fails {
            return self.refuse_reading(id, &history.room);
        }
        let log = self.store.log(&name);
        let (from, to) = piece(log, history);
        let (oldest, events) = (log.oldest(), events_of(log.kept(from, to)));
        self.answer(id, &ServerLine::Page(Page { room: name, epoch: self.store.epoch(), oldest, events }));
    }

    fn say(&mut self, id: SessionId, message: &str, room: &str, text: String) {
        let name = RoomName::parse(room).unwrap();
        let client_id = ClientId::parse(message).unwrap();
        let session = self.session(id);
        if !session.rooms.contains(&name) {
            return self.answer(id, &refusal(Some(message), room, RefusalCode::NotJoined, None));
        }
        if text.starts_with(UNFIT) {
            return self.answer(id, &refusal(Some(message), room, RefusalCode::TextTooLong, None));
        }
        let draft = Draft { room: name, id: client_id, text };
        match session.held.get(&draft.room) {
            Some(first) if *first != draft.id => self.hold(id, &draft),
            _ => {
                session.held.remove(&draft.room);
                session.gathered.push(draft);
            }
        }
    }

    /// Commits what a session has sent, or refuses it temporarily. Returns whether there was anything to do.
    pub(crate) fn settle(&mut self, id: SessionId) -> bool {
        if self.store.health == Health::Hangs {
            return false;
        }
        let Some(session) = self.sessions.get_mut(&id) else { return false };
        let user = session.user.clone();
        let drafts = std::mem::take(&mut session.gathered);
        for draft in &drafts {
            if self.store.health == Health::Fails || self.sessions[&id].held.contains_key(&draft.room) {
                self.hold(id, draft);
                continue;
            }
            match self.store.append(&draft.room, &user, &draft.id, &draft.text, self.now) {
                Appended::New(message) => self.unrouted.push_back(message),
                Appended::Known(message) => self.answer(id, &ServerLine::Message(message)),
                Appended::Reused => {
                    let room = draft.room.as_str();
                    self.answer(id, &refusal(Some(draft.id.as_str()), room, RefusalCode::IdReused, None));
                }
            }
        }
        !drafts.is_empty()
    }

    /// Refuses a message temporarily, and with it the following ones of its room until it comes again.
    fn hold(&mut self, id: SessionId, draft: &Draft) {
        let held = &mut self.session(id).held;
        let first = held.entry(draft.room.clone()).or_insert_with(|| draft.id.clone());
        let code = if *first == draft.id { RefusalCode::StoreUnavailable } else { RefusalCode::OutOfOrder };
        self.answer(id, &refusal(Some(draft.id.as_str()), draft.room.as_str(), code, Some(RETRY_MS)));
    }

    /// Commits a message of a user without a client.
    pub(crate) fn say_as(&mut self, user: &User, room: &RoomName, id: &ClientId) {
        if self.store.health == Health::Works
            && let Appended::New(message) = self.store.append(room, user, id, id.as_str(), self.now)
        {
            self.unrouted.push_back(message);
        }
    }

    /// Publishes this many committed messages to their rooms. Returns whether there was one.
    pub(crate) fn route(&mut self, count: usize) -> bool {
        let count = count.min(self.unrouted.len());
        for message in self.unrouted.drain(..count).collect::<Vec<_>>() {
            // A room that is not open has nobody to notify.
            if self.rooms.contains_key(&message.room) {
                self.apply(&message.room.clone(), Command::Commit(Event::Message(message)));
            }
        }
        count > 0
    }

    pub(crate) fn ping(&mut self) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            let heads = self.sessions[&id].rooms.iter().map(|room| self.rooms[room].head()).collect();
            let line = ServerLine::Ping { heads }.print();
            self.session(id).queue.push(line.into());
        }
    }

    pub(crate) fn tick(&mut self) {
        for room in self.rooms.keys().cloned().collect::<Vec<_>>() {
            self.apply(&room, Command::Tick);
        }
    }

    fn apply(&mut self, name: &RoomName, command: Command) -> Option<(Head, Members)> {
        let (epoch, seq) = (self.store.epoch(), self.store.log(name).head());
        let room = self
            .rooms
            .entry(name.clone())
            .or_insert_with(|| Room::new(Head { room: name.clone(), epoch, seq }, LEAVE_GRACE_MS));
        let mut admitted = None;
        for effect in room.apply(command, self.now) {
            let line = match effect {
                Effect::Admit(_, head, members) => {
                    admitted = Some((head, members));
                    continue;
                }
                Effect::Event(Event::Message(message)) => ServerLine::Message(message),
                Effect::PresenceChange(presence) => ServerLine::Presence(presence),
                Effect::Members(members) => ServerLine::Members { room: name.clone(), members },
                Effect::Missing(after) => panic!("all is routed in order, yet {after} is missing"),
                Effect::Renewed(..) => panic!("a log goes on from elsewhere only after a restart"),
                Effect::Event(_) | Effect::Typing(_) | Effect::Presence(..) | Effect::WakeAt(_) => continue,
            };
            let line: Rc<str> = line.print().into();
            for session in self.sessions.values_mut().filter(|session| session.rooms.contains(name)) {
                session.queue.push(line.clone());
            }
        }
        admitted
    }

    fn refuse_reading(&mut self, id: SessionId, room: &str) {
        self.answer(id, &refusal(None, room, RefusalCode::StoreUnavailable, Some(RETRY_MS)));
    }

    fn answer(&mut self, id: SessionId, line: &ServerLine) {
        self.session(id).answers.push(line.print().into());
    }

    fn session(&mut self, id: SessionId) -> &mut Session {
        self.sessions.get_mut(&id).expect("it is there while it is heard")
    }
}

fn events_of(messages: &[Message]) -> Vec<Event> {
    messages.iter().cloned().map(Event::Message).collect()
}

/// Returns the first and the last seq of a page of history.
fn piece(log: &Log, history: &History) -> (Seq, Seq) {
    let limit = Seq::from(history.limit.min(PAGE));
    match (history.before, history.around) {
        (Some(before), None) => (before.saturating_sub(limit), before.saturating_sub(1)),
        (None, Some(around)) => {
            // As symmetrical as the log allows: if one side has too few messages, the other gets more.
            let last = (around + limit - limit / 2 - 1).min(log.head());
            let first = (last + 1).saturating_sub(limit).max(log.oldest());
            (first, first + limit - 1)
        }
        other => panic!("a piece of history has one name: {other:?}"),
    }
}

fn refusal(id: Option<&str>, room: &str, code: RefusalCode, retry_ms: Option<u64>) -> ServerLine {
    let (id, room) = (id.map(str::to_owned), Some(room.to_owned()));
    ServerLine::Refused(Refused { id, room, code, reason: "because".to_owned(), retry_ms })
}
