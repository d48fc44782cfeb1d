//! Several clients and a small server over links that cut, stall and restart: whatever happens, in the end everybody
//! holds the same, every message that was said is there once, and each sender's stand in the order in which they said
//! them. The room and the clients are the real ones; the server here is a log in memory, as the real one's stands for.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chat::{
    client::{Client, Effect as ClientEffect, Input, Now, connection::Status, timeline::Hole},
    close::CloseCode,
    id::{ClientId, Epoch, UserId},
    protocol::{
        ClientLine, Event, Head, Joined, Message, Place, RefusalCode, Refused, Seq, ServerLine, User, Welcome,
    },
    room::{Command, Effect as RoomEffect, Room, SessionId},
    room_name::RoomName,
    time::Millis,
};
use proptest::{prelude::*, test_runner::RngSeed};

const CLIENTS: usize = 3;
const HEARTBEAT_MS: u64 = 25_000;
const RETRY_MS: u64 = 1_000;
/// How long the calm after the storm may take until all is well, in virtual milliseconds.
const CALM_MS: u64 = 300_000;

/// The server: logs that survive a restart, and sessions that do not.
struct House {
    logs: BTreeMap<RoomName, Vec<Message>>,
    rooms: BTreeMap<RoomName, Room>,
    sessions: BTreeMap<SessionId, Session>,
    next_session: u64,
    /// Whether the store takes messages at present.
    store_works: bool,
    /// The most events that a resumption holds, and the length of the newest page.
    resume: usize,
    now: Millis,
}

/// A session as the real one works: answers are written before what waits in the queue.
struct Session {
    user: User,
    rooms: BTreeSet<RoomName>,
    held: BTreeMap<RoomName, String>,
    answers: Vec<String>,
    queue: Vec<String>,
}

impl House {
    fn epoch() -> Epoch {
        Epoch::parse("e").unwrap()
    }

    fn connect(&mut self, user: User) -> SessionId {
        self.next_session += 1;
        let id = SessionId(self.next_session);
        let session = Session {
            user,
            rooms: BTreeSet::new(),
            held: BTreeMap::new(),
            answers: Vec::new(),
            queue: Vec::new(),
        };
        self.sessions.insert(id, session);
        id
    }

    fn lose(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.remove(&id) {
            for room in session.rooms {
                self.apply(&room, Command::Lose(id));
            }
        }
    }

    fn restart(&mut self) {
        self.sessions.clear();
        self.rooms.clear();
        self.store_works = true;
    }

    fn log(&self, room: &RoomName) -> &[Message] {
        self.logs.get(room).map_or(&[], Vec::as_slice)
    }

    fn head(&self, room: &RoomName) -> Seq {
        self.log(room).len() as Seq
    }

    fn apply(&mut self, name: &RoomName, command: Command) -> Option<(Head, chat::protocol::Members)> {
        let head = Head { room: name.clone(), epoch: House::epoch(), seq: self.head(name) };
        let room = self.rooms.entry(name.clone()).or_insert_with(|| Room::new(head, 30_000));
        let mut admitted = None;
        for effect in room.apply(command, self.now) {
            let line = match effect {
                RoomEffect::Admit(_, head, members) => {
                    admitted = Some((head, members));
                    continue;
                }
                RoomEffect::Event(Event::Message(message)) => ServerLine::Message(message),
                RoomEffect::Presence(presence) => ServerLine::Presence(presence),
                RoomEffect::Missing(after) => panic!("this log has no holes, yet {after} is missing"),
                RoomEffect::Event(_) | RoomEffect::Typing(_) | RoomEffect::WakeAt(_) => continue,
            };
            for session in self.sessions.values_mut().filter(|session| session.rooms.contains(name)) {
                session.queue.push(line.print());
            }
        }
        admitted
    }

    fn hear(&mut self, id: SessionId, frame: &str) {
        for line in frame.lines() {
            match serde_json::from_str(line).unwrap() {
                ClientLine::Hello { rooms, .. } => {
                    let user = self.sessions[&id].user.clone();
                    let welcome = Welcome { user, heartbeat_ms: HEARTBEAT_MS, text_limit: 0 };
                    self.answer(id, &ServerLine::Welcome(welcome));
                    for place in rooms {
                        self.join(id, &place);
                    }
                }
                ClientLine::Join(place) => self.join(id, &place),
                ClientLine::Send { id: message, room, text } => self.say(id, &message, &room, &text),
                ClientLine::Leave { room } => {
                    let room = RoomName::parse(&room).unwrap();
                    self.sessions.get_mut(&id).unwrap().rooms.remove(&room);
                    self.apply(&room, Command::Leave(id));
                }
                ClientLine::Pong {} | ClientLine::Typing { .. } | ClientLine::History(_) => {}
            }
        }
    }

    fn join(&mut self, id: SessionId, place: &Place) {
        let name = RoomName::parse(&place.room).unwrap();
        if !self.store_works {
            self.sessions.get_mut(&id).unwrap().rooms.remove(&name);
            self.apply(&name, Command::Lose(id));
            return self.refuse(id, None, &place.room, RefusalCode::StoreUnavailable);
        }
        let session = self.sessions.get_mut(&id).unwrap();
        session.held.remove(&name);
        session.rooms.insert(name.clone());
        let user = session.user.clone();
        let (head, members) = self.apply(&name, Command::Enter(id, user)).unwrap();
        let log = self.log(&name);
        let missed = place
            .seq
            .filter(|seq| place.epoch.as_deref() == Some("e") && *seq <= head.seq)
            .map(|seq| &log[usize::try_from(seq).unwrap()..])
            .filter(|missed| missed.len() <= self.resume);
        let events = missed.unwrap_or(&log[log.len().saturating_sub(self.resume)..]);
        let joined = Joined {
            room: name.clone(),
            epoch: head.epoch,
            head: head.seq,
            oldest: head.seq.min(1),
            resumed: missed.is_some(),
            members,
            events: events.iter().cloned().map(Event::Message).collect(),
        };
        self.answer(id, &ServerLine::Joined(joined));
    }

    fn say(&mut self, session: SessionId, id: &str, room: &str, text: &str) {
        let name = RoomName::parse(room).unwrap();
        let here = self.sessions.get_mut(&session).unwrap();
        if !here.rooms.contains(&name) {
            let refused = refusal(Some(id), room, RefusalCode::NotJoined, None);
            return self.answer(session, &refused);
        }
        match here.held.get(&name) {
            Some(first) if first != id => {
                return self.refuse(session, Some(id), room, RefusalCode::OutOfOrder);
            }
            _ => {}
        }
        if !self.store_works {
            here.held.insert(name, id.to_owned());
            return self.refuse(session, Some(id), room, RefusalCode::StoreUnavailable);
        }
        here.held.remove(&name);
        let user = here.user.clone();
        let log = self.logs.entry(name.clone()).or_default();
        if let Some(known) = log.iter().find(|known| known.user.id == user.id && known.id.as_str() == id) {
            let known = ServerLine::Message(known.clone());
            return self.answer(session, &known);
        }
        let message = Message {
            room: name.clone(),
            seq: log.len() as Seq + 1,
            id: ClientId::parse(id).unwrap(),
            user,
            text: text.into(),
            at: self.now,
        };
        // The room must exist before the log moves on, for it starts where the log stands.
        self.apply(&name, Command::Tick);
        self.logs.get_mut(&name).unwrap().push(message.clone());
        self.apply(&name, Command::Commit(Event::Message(message)));
    }

    fn ping(&mut self) {
        let ids: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in ids {
            let heads = self.sessions[&id].rooms.iter();
            let heads = heads
                .map(|room| Head { room: room.clone(), epoch: House::epoch(), seq: self.head(room) })
                .collect();
            let line = ServerLine::Ping { heads }.print();
            self.sessions.get_mut(&id).unwrap().queue.push(line);
        }
    }

    fn tick(&mut self) {
        let rooms: Vec<RoomName> = self.rooms.keys().cloned().collect();
        for room in rooms {
            self.apply(&room, Command::Tick);
        }
    }

    fn refuse(&mut self, session: SessionId, id: Option<&str>, room: &str, code: RefusalCode) {
        self.answer(session, &refusal(id, room, code, Some(RETRY_MS)));
    }

    fn answer(&mut self, session: SessionId, line: &ServerLine) {
        self.sessions.get_mut(&session).unwrap().answers.push(line.print());
    }
}

fn refusal(id: Option<&str>, room: &str, code: RefusalCode, retry_ms: Option<u64>) -> ServerLine {
    let (id, room) = (id.map(str::to_owned), Some(room.to_owned()));
    ServerLine::Refused(Refused { id, room, code, reason: "because".to_owned(), retry_ms })
}

/// A connection on its way.
struct Link {
    number: u32,
    session: SessionId,
    opened: bool,
    /// Nothing arrives any more, in either direction, and nobody is told.
    stalled: bool,
    up: VecDeque<String>,
    down: VecDeque<Down>,
}

enum Down {
    Frame(String),
    Close(u16),
}

struct Guest {
    client: Client,
    link: Option<Link>,
    wake: Option<Millis>,
    /// What they said, per room, in order.
    said: BTreeMap<RoomName, Vec<String>>,
}

struct World {
    house: House,
    guests: Vec<Guest>,
    now: Millis,
    dice: u64,
    next_ping: Millis,
}

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    Say {
        guest: usize,
        room: usize,
    },
    /// Move this many frames along a guest's link, in one direction or the other.
    Carry {
        guest: usize,
        frames: usize,
    },
    /// The house writes what waits for a guest.
    Write {
        guest: usize,
    },
    Cut {
        guest: usize,
        code: usize,
    },
    Stall {
        guest: usize,
    },
    /// The newest thing that waits for a guest is lost on the way, which the protocol must notice.
    Lose {
        guest: usize,
    },
    Pass {
        span: u64,
    },
    Seen {
        guest: usize,
    },
    StoreFails,
    StoreWorks,
    Restart {
        drain: bool,
    },
}

const ROOMS: [&str; 2] = ["lobby", "tea"];

impl World {
    fn new(resume: usize, seed: u64) -> World {
        let house = House {
            logs: BTreeMap::new(),
            rooms: BTreeMap::new(),
            sessions: BTreeMap::new(),
            next_session: 0,
            store_works: true,
            resume,
            now: Millis(1_000_000),
        };
        let guests = (0..CLIENTS).map(|index| {
            let mut client = Client::new(user(index), RoomName::lobby())
                .named(ClientId::parse(&format!("tab-{index}")).unwrap());
            client.open(RoomName::parse("tea").unwrap());
            Guest { client, link: None, wake: None, said: BTreeMap::new() }
        });
        let now = Millis(1_000_000);
        let mut world =
            World { house, guests: guests.collect(), now, dice: seed | 1, next_ping: now + HEARTBEAT_MS };
        for guest in 0..CLIENTS {
            world.apply(guest, Input::Start);
        }
        world
    }

    /// A number from 0 up to 1, from a xorshift generator.
    fn roll(&mut self) -> f64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        f64::from(u32::try_from(self.dice >> 33).unwrap()) / f64::from(1_u32 << 31)
    }

    fn apply(&mut self, guest: usize, input: Input<'_>) {
        let now = Now { at: self.now, dice: self.roll() };
        for effect in self.guests[guest].client.apply(input, now) {
            let here = &mut self.guests[guest];
            match effect {
                ClientEffect::Open(number) => {
                    assert!(here.link.is_none(), "one connection at a time");
                    let session = self.house.connect(user(guest));
                    let (up, down) = (VecDeque::new(), VecDeque::new());
                    here.link = Some(Link { number, session, opened: false, stalled: false, up, down });
                }
                ClientEffect::Transmit(number, frame) => {
                    if let Some(link) = here.link.as_mut().filter(|link| link.number == number) {
                        link.up.push_back(frame);
                    }
                }
                ClientEffect::Close(number) => {
                    if let Some(link) = here.link.take_if(|link| link.number == number) {
                        self.house.lose(link.session);
                    }
                }
                ClientEffect::WakeAt(at) => here.wake = Some(at),
                ClientEffect::Keep(..) | ClientEffect::Forget(_) | ClientEffect::Sign => {}
                ClientEffect::Login(code) => panic!("nobody asked for a login: {code:?}"),
            }
        }
    }

    /// Moves one frame, if there is one and the link carries it. Whether anything moved.
    fn carry(&mut self, guest: usize) -> bool {
        let Some(link) = self.guests[guest].link.as_mut().filter(|link| !link.stalled) else { return false };
        let number = link.number;
        if !link.opened {
            link.opened = true;
            self.apply(guest, Input::Opened(number));
            return true;
        }
        if let Some(frame) = link.up.pop_front() {
            let session = link.session;
            if self.house.sessions.contains_key(&session) {
                self.house.hear(session, &frame);
            }
            return true;
        }
        match link.down.pop_front() {
            Some(Down::Frame(frame)) => self.apply(guest, Input::Received(number, &frame)),
            Some(Down::Close(code)) => {
                let link = self.guests[guest].link.take().unwrap();
                self.house.lose(link.session);
                self.apply(guest, Input::Closed(number, code));
            }
            None => return false,
        }
        true
    }

    /// The house writes what waits for a guest: answers first, then the queue. Whether there was anything.
    fn write(&mut self, guest: usize) -> bool {
        let Some(link) = &mut self.guests[guest].link else { return false };
        let Some(session) = self.house.sessions.get_mut(&link.session) else { return false };
        let mut wrote = false;
        for lines in [&mut session.answers, &mut session.queue] {
            if !lines.is_empty() {
                link.down.push_back(Down::Frame(std::mem::take(lines).join("\n")));
                wrote = true;
            }
        }
        wrote
    }

    fn say(&mut self, guest: usize, room: usize) {
        let name = RoomName::parse(ROOMS[room]).unwrap();
        let said = self.guests[guest].said.entry(name.clone()).or_default();
        let id = format!("g{guest}-{room}-{}", said.len());
        said.push(id.clone());
        self.apply(guest, Input::Say { room: name, id: ClientId::parse(&id).unwrap(), text: id });
    }

    fn cut(&mut self, guest: usize, code: u16) {
        if let Some(link) = self.guests[guest].link.take() {
            self.house.lose(link.session);
            self.apply(guest, Input::Closed(link.number, code));
        }
    }

    fn restart(&mut self, drain: bool) {
        self.house.restart();
        for guest in 0..CLIENTS {
            let retry_ms = 100 * guest as u64;
            let Some(link) = &mut self.guests[guest].link else { continue };
            if drain && link.opened {
                link.down.push_back(Down::Frame(ServerLine::Drain { retry_ms }.print()));
                link.down.push_back(Down::Close(CloseCode::Restart.number()));
            } else {
                self.cut(guest, 1006);
            }
        }
    }

    /// Lets time pass, with every timer on the way.
    fn pass(&mut self, span: u64) {
        let end = self.now + span;
        loop {
            let wakes = self.guests.iter().filter_map(|guest| guest.wake);
            let next = wakes.chain([self.next_ping]).min().filter(|at| *at <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            self.house.now = self.now;
            if self.next_ping <= self.now {
                self.next_ping = self.now + HEARTBEAT_MS;
                self.house.ping();
            }
            for guest in 0..CLIENTS {
                if self.guests[guest].wake.is_some_and(|at| at <= self.now) {
                    self.guests[guest].wake = None;
                    self.apply(guest, Input::Timer);
                }
            }
        }
        self.now = end;
        self.house.now = end;
        self.house.tick();
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Say { guest, room } => self.say(guest, room),
            Step::Carry { guest, frames } => {
                for _ in 0..frames {
                    self.carry(guest);
                }
            }
            Step::Write { guest } => {
                self.write(guest);
            }
            Step::Cut { guest, code } => self.cut(guest, [1006, 4000, 4001, 1012][code]),
            Step::Stall { guest } => {
                if let Some(link) = &mut self.guests[guest].link {
                    link.stalled = true;
                }
            }
            Step::Lose { guest } => {
                let session = self.guests[guest].link.as_ref().map(|link| link.session);
                if let Some(session) = session.and_then(|id| self.house.sessions.get_mut(&id)) {
                    session.queue.pop();
                }
            }
            Step::Pass { span } => self.pass(span),
            Step::Seen { guest } => {
                self.apply(guest, Input::Visible(false));
                self.apply(guest, Input::Visible(true));
            }
            Step::StoreFails => self.house.store_works = false,
            Step::StoreWorks => self.house.store_works = true,
            Step::Restart { drain } => self.restart(drain),
        }
    }

    /// Everything works from now on, until nothing is left to do.
    fn calm(&mut self) {
        self.house.store_works = true;
        let end = self.now + CALM_MS;
        while self.now < end {
            let mut moved = true;
            while moved {
                moved = false;
                for guest in 0..CLIENTS {
                    moved |= self.write(guest);
                    moved |= self.carry(guest);
                }
            }
            if self.is_settled() {
                return;
            }
            self.pass(100);
        }
    }

    fn is_settled(&self) -> bool {
        self.guests.iter().all(|guest| {
            guest.client.status() == Status::Live
                && guest.client.outbox().pending().is_empty()
                && guest.client.rooms().iter().all(|room| {
                    room.timeline().position().is_some_and(|(_, last)| last == self.house.head(room.name()))
                })
        })
    }
}

fn user(index: usize) -> User {
    let name = format!("g{index}");
    User { id: UserId::parse(&name).unwrap(), name: name.as_str().into() }
}

fn step() -> impl Strategy<Value = Step> {
    let guest = || 0..CLIENTS;
    prop_oneof![
        8 => (guest(), 0..ROOMS.len()).prop_map(|(guest, room)| Step::Say { guest, room }),
        12 => (guest(), 1..4usize).prop_map(|(guest, frames)| Step::Carry { guest, frames }),
        8 => guest().prop_map(|guest| Step::Write { guest }),
        2 => (guest(), 0..4usize).prop_map(|(guest, code)| Step::Cut { guest, code }),
        1 => guest().prop_map(|guest| Step::Stall { guest }),
        2 => guest().prop_map(|guest| Step::Lose { guest }),
        3 => prop_oneof![Just(10), Just(300), Just(1_500), Just(40_000)].prop_map(|span| Step::Pass { span }),
        1 => guest().prop_map(|guest| Step::Seen { guest }),
        2 => Just(Step::StoreFails),
        2 => Just(Step::StoreWorks),
        1 => any::<bool>().prop_map(|drain| Step::Restart { drain }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(0x7EA),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn after_any_storm_everybody_holds_the_same_log(
        steps in proptest::collection::vec(step(), 0..150),
        resume in prop_oneof![Just(4), Just(10_000)],
        seed in any::<u64>(),
    ) {
        let mut world = World::new(resume, seed);
        for step in &steps {
            world.step(step);
        }
        world.calm();
        prop_assert!(world.is_settled(), "it does not settle: {:?}",
            world.guests.iter().map(|guest| (guest.client.status(), guest.client.outbox().pending().len())).collect::<Vec<_>>());
        for room in ROOMS.map(|name| RoomName::parse(name).unwrap()) {
            let log = world.house.log(&room);
            let held = |index: usize| -> Vec<Message> {
                let open = world.guests[index].client.room(&room).unwrap();
                open.timeline().messages().map(|message| Message::clone(message)).collect()
            };
            for index in 0..CLIENTS {
                let open = world.guests[index].client.room(&room).unwrap();
                let first = open.timeline().first();
                let missing: Vec<Hole> = open.timeline().holes().collect();
                let is_missing = |seq: Seq| missing.iter().any(|hole| (hole.from..=hole.to).contains(&seq));
                let expected: Vec<Message> =
                    log.iter().filter(|kept| kept.seq >= first && !is_missing(kept.seq)).cloned().collect();
                prop_assert_eq!(&held(index), &expected, "a timeline is the log but for what it says is missing");
                prop_assert!(expected.len() >= log.len().min(resume));
            }
            let mut said_in_all = 0;
            for (index, guest) in world.guests.iter().enumerate() {
                let said = guest.said.get(&room).cloned().unwrap_or_default();
                let kept: Vec<String> = log
                    .iter()
                    .filter(|message| message.user == user(index))
                    .map(|message| message.id.to_string())
                    .collect();
                said_in_all += said.len();
                prop_assert_eq!(kept, said, "each sender's messages, once and in order");
            }
            prop_assert_eq!(log.len(), said_in_all);
        }
    }
}
