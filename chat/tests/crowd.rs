//! Crowded rooms: the presence traffic per member stays small, whoever asks can see every member, and once
//! they are few again, all know who is present. Rooms and clients are the real ones.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Range,
};

use chat::{
    client::{self, Client, Input, Now},
    id::{ClientId, UserId},
    protocol::{ClientLine, Event, Head, Joined, Members, Message, ServerLine, TYPING_MS, User, Welcome},
    room::{Command, Effect, FEW, ROSTER_PAGE, Room, SessionId},
    room_name::RoomName,
    time::{Millis, Ticks},
};
use proptest::prelude::*;
use support::{GRACE_MS, lobby, user};

/// Longer than the interval between presence updates in a crowded room.
const NEWS_MS: u64 = 5_000;

/// The budget for presence traffic per client, in bytes.
const LITTLE: usize = 4_096;

/// A room whose members are real clients. Direct answers to a client overtake its queue.
struct Server {
    room: Room,
    now: Millis,
    wake: Option<Millis>,
    people: BTreeMap<SessionId, Person>,
    sessions: u64,
}

struct Person {
    user: User,
    client: Client,
    answers: Vec<String>,
    queue: VecDeque<String>,
    /// The bytes about presence among all lines for this client.
    heard: usize,
    /// The number of those lines.
    told: usize,
}

impl Server {
    fn new(few: usize) -> Server {
        let room = Room::new(lobby(0), GRACE_MS).with_few(few);
        Server { room, now: Millis(1_000_000), wake: None, people: BTreeMap::new(), sessions: 0 }
    }

    fn enter(&mut self, user: User) -> SessionId {
        self.sessions += 1;
        let session = SessionId(self.sessions);
        let client = Client::new(user.clone(), RoomName::lobby());
        let (answers, queue) = (Vec::new(), VecDeque::new());
        self.people.insert(session, Person { user, client, answers, queue, heard: 0, told: 0 });
        self.tell(session, Input::Start);
        self.tell(session, Input::Opened(1));
        session
    }

    fn enter_all(&mut self, numbers: Range<u64>) {
        for number in numbers {
            self.enter(guest(number));
        }
    }

    fn part(&mut self, session: SessionId, command: Command) -> Option<Person> {
        let person = self.people.remove(&session);
        self.apply(command);
        person
    }

    fn leave(&mut self, session: SessionId) {
        self.part(session, Command::Leave(session));
    }

    /// Passes an input to a client, and what it then sends to the server. No time passes for it, so nothing
    /// is late.
    fn tell(&mut self, session: SessionId, input: Input<'_>) {
        let now = Now { at: Millis(0), ticks: Ticks(0), random: 0.5 };
        let Some(person) = self.people.get_mut(&session) else { return };
        for effect in person.client.apply(input, now) {
            if let client::Effect::Transmit(_, frame) = effect {
                frame.lines().for_each(|line| self.hear(session, &serde_json::from_str(line).unwrap()));
            }
        }
    }

    fn hear(&mut self, session: SessionId, line: &ClientLine) {
        let user = self.people[&session].user.clone();
        match line {
            ClientLine::Hello { .. } => {
                let welcome = Welcome { user: user.clone(), heartbeat_ms: 25_000, text_limit: 0, at: None };
                self.answer(session, &ServerLine::Welcome(welcome));
                self.join(session, user);
            }
            ClientLine::Join(_) => self.join(session, user),
            ClientLine::Members { after, .. } => {
                let (room, members) = (RoomName::lobby(), self.room.page(after.as_deref()));
                self.answer(session, &ServerLine::Members { room, members });
            }
            other => panic!("nobody says {other:?} here"),
        }
    }

    fn join(&mut self, session: SessionId, user: User) {
        if let Some((head, members)) = self.apply(Command::Enter(session, user)) {
            let Head { room, epoch, seq: head } = head;
            let person = self.people.get_mut(&session).unwrap();
            person.heard += serde_json::to_string(&members).unwrap().len();
            let (oldest, resumed, events) = (1, false, Vec::new());
            let joined = Joined { room, epoch, head, oldest, resumed, members, events };
            self.answer(session, &ServerLine::Joined(joined));
        }
    }

    fn answer(&mut self, session: SessionId, line: &ServerLine) {
        self.people.get_mut(&session).unwrap().answers.push(line.print());
    }

    fn apply(&mut self, command: Command) -> Option<(Head, Members)> {
        let mut admitted = None;
        for effect in self.room.apply(command, self.now) {
            let mut but = None;
            let (line, about_people) = match effect {
                Effect::Admit(_, head, members) => {
                    admitted = Some((head, members));
                    continue;
                }
                Effect::WakeAt(at) => {
                    self.wake = Some(at);
                    continue;
                }
                Effect::PresenceChange(presence) => (ServerLine::Presence(presence), true),
                Effect::Members(members) => (ServerLine::Members { room: RoomName::lobby(), members }, true),
                Effect::Event(Event::Message(message)) => (ServerLine::Message(message), false),
                Effect::Typing(user) => {
                    but = Some(user.id.clone());
                    (ServerLine::Typing { room: RoomName::lobby(), user }, false)
                }
                Effect::Presence(..) => continue,
                other => panic!("nobody expects {other:?} here"),
            };
            let line = line.print();
            for person in self.people.values_mut().filter(|person| Some(&person.user.id) != but.as_ref()) {
                person.queue.push_back(line.clone());
                if about_people {
                    // Includes the line break before the next line.
                    person.heard += line.len() + 1;
                    person.told += 1;
                }
            }
        }
        admitted
    }

    fn say(&mut self, session: SessionId) {
        let Head { room, seq, .. } = self.room.head();
        let user = self.people[&session].user.clone();
        let id = ClientId::parse(&format!("m{seq}")).unwrap();
        let message = Message { room, seq: seq + 1, id, user, text: "tea".into(), at: Millis(0) };
        self.apply(Command::Commit(Event::Message(message)));
    }

    /// Lets time pass; the timer fires when the room requested it.
    fn pass(&mut self, span: u64) {
        let end = self.now + span;
        while let Some(at) = self.wake.filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.wake = None;
            self.apply(Command::Tick);
        }
        self.now = end;
    }

    /// Lets time pass until no recent change is left to announce.
    fn settle(&mut self) {
        self.pass(NEWS_MS);
        while self.wake.is_some_and(|at| at <= self.now + NEWS_MS) {
            self.pass(NEWS_MS);
        }
        self.deliver_all();
    }

    /// Delivers all pending answers to a client, and at most this many of the other lines.
    fn deliver(&mut self, session: SessionId, most: usize) {
        let Some(person) = self.people.get_mut(&session) else { return };
        let mut lines = std::mem::take(&mut person.answers);
        let most = most.min(person.queue.len());
        lines.extend(person.queue.drain(..most));
        for line in lines {
            self.tell(session, Input::Received(1, &line));
        }
    }

    /// Delivers everything to everybody.
    fn deliver_all(&mut self) {
        for session in self.people.keys().copied().collect::<Vec<_>>() {
            while !(self.people[&session].answers.is_empty() && self.people[&session].queue.is_empty()) {
                self.deliver(session, usize::MAX);
            }
        }
    }

    /// Returns the members that a client shows, and their number.
    fn shown(&self, session: SessionId) -> &Members {
        self.people[&session].client.active().members()
    }

    fn is_crowd(&self) -> bool {
        self.room.members().list.len() < self.room.members().count
    }

    /// Returns what is wrong with a client's roster after everything was delivered.
    fn mistaken(&self, session: SessionId) -> Option<String> {
        let (shown, there) = (self.shown(session), self.room.members());
        // A client that knows a part of a crowd must not take it for everybody; one that has asked may know
        // all of it.
        let some = self.is_crowd() && shown.list.len() < there.count;
        let all = shown.list.len() == there.count && names(shown) == names(&self.room.clone().page(None));
        let is_right = shown.count == there.count && (some || all);
        let whose = &self.people[&session].user.name;
        (!is_right).then(|| format!("{whose} sees {shown:?} where there are {there:?}"))
    }

    /// Returns the number of join and leave notices in a client's timeline.
    fn notices(&self, session: SessionId) -> usize {
        let timeline = self.people[&session].client.active().timeline();
        timeline.entries().filter(|entry| matches!(entry, client::timeline::Entry::Notice(_))).count()
    }
}

/// Creates a user with an id of the usual length and a name of twelve characters.
fn guest(number: u64) -> User {
    let mut bytes = [0; 10];
    // Ids are random: their order is not that of joining.
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    User { id: UserId::from_bytes(bytes), name: format!("Visitor {number:04}").into() }
}

fn names(members: &Members) -> BTreeSet<&str> {
    members.list.iter().map(|user| &*user.name).collect()
}

#[test]
fn five_thousand_who_enter_hear_no_more_than_four_kilobytes_each_of_who_is_there() {
    // All at once, and at the rate at which the last one joins after 20 seconds.
    for every_ms in [0, 4] {
        let mut server = Server::new(FEW);
        let most = |server: &Server| server.people.values().map(|person| person.heard).max().unwrap();
        for number in 0..5_000 {
            server.enter(guest(number));
            server.pass(every_ms);
            if number % 100 == 0 {
                assert!(most(&server) <= LITTLE, "of {number}, one has heard {} bytes", most(&server));
            }
        }
        server.pass(NEWS_MS);
        println!("one every {every_ms} ms: at most {} bytes", most(&server));
        assert!(most(&server) <= LITTLE, "one has heard {} bytes", most(&server));
        for person in server.people.values() {
            assert!(person.told > 0, "{} never heard how many there are", person.user.name);
        }
    }
}

#[test]
fn few_are_named_and_a_crowd_is_counted_and_who_is_left_of_it_is_named_again() {
    let mut server = Server::new(4);
    let first = server.enter(user("ann"));
    let others: Vec<SessionId> = ["bo", "cid", "dee"].map(|name| server.enter(user(name))).into();
    server.pass(200);
    server.deliver_all();
    assert_eq!(names(server.shown(first)), BTreeSet::from(["ann", "bo", "cid", "dee"]));
    assert_eq!(server.notices(first), 1, "three came at once");

    let more: Vec<SessionId> = ["eve", "fay", "gus"].map(|name| server.enter(user(name))).into();
    assert_eq!(server.room.members().list.len(), 3, "whoever comes into a crowd is shown some");
    let before = server.people[&first].told;
    server.pass(200);
    server.deliver_all();
    assert_eq!(
        server.people[&first].told,
        before + 1,
        "that it is a crowd is said as soon as who came would be"
    );
    assert_eq!(server.shown(first).count, 7);
    assert!(server.shown(first).list.len() < 7);
    assert_eq!(server.notices(first), 1, "nobody is said to have come into a crowd");

    for session in more.into_iter().chain(others) {
        server.leave(session);
    }
    server.pass(NEWS_MS);
    server.deliver_all();
    assert_eq!((names(server.shown(first)), server.shown(first).count), (BTreeSet::from(["ann"]), 1));
    assert_eq!(server.notices(first), 1, "nor to have left it");
    let last = server.enter(user("hal"));
    server.pass(200);
    server.deliver_all();
    assert_eq!(server.notices(first), 2, "few are named as ever");
    assert_eq!(server.mistaken(first).or(server.mistaken(last)), None);
}

#[test]
fn a_crowd_whose_number_stays_the_same_is_told_nothing() {
    let mut server = Server::new(4);
    let people: Vec<SessionId> = (0..9).map(|number| server.enter(guest(number))).collect();
    server.pass(NEWS_MS);
    let told = server.people[&people[0]].told;
    // One member leaves and returns before anybody is notified.
    server.leave(people[8]);
    server.enter(guest(8));
    server.pass(NEWS_MS);
    assert_eq!(server.people[&people[0]].told, told);
    // But a client that was shown another number is updated.
    server.leave(people[7]);
    let late = server.enter(guest(10));
    server.tell(late, Input::Members);
    server.enter(guest(11));
    server.leave(people[6]);
    server.pass(NEWS_MS);
    server.deliver_all();
    assert_eq!(server.mistaken(people[0]).or(server.mistaken(late)), None);
    assert_eq!(server.wake.filter(|at| *at > server.now), None, "and nothing more is due");
}

#[test]
fn one_who_comes_and_goes_does_not_make_a_crowd_each_time() {
    let mut server = Server::new(4);
    let people: Vec<SessionId> = (0..5).map(|number| server.enter(guest(number))).collect();
    server.pass(NEWS_MS);
    for number in 5..15 {
        server.leave(SessionId(server.sessions));
        server.pass(NEWS_MS);
        assert!(server.is_crowd(), "four are still a crowd where it takes five to make one");
        server.enter(guest(number));
        server.pass(NEWS_MS);
    }
    server.deliver_all();
    assert!(people[..4].iter().all(|session| server.notices(*session) == 0));
}

#[test]
fn whoever_looks_through_a_crowd_sees_everybody_page_by_page_and_then_the_first_again() {
    let mut server = Server::new(FEW);
    let reader = server.enter(user("reader"));
    let count = 2 * ROSTER_PAGE as u64 + 50;
    server.enter_all(1..count);
    server.deliver_all();
    server.pass(NEWS_MS);
    server.deliver_all();
    // The cursor from when the first ones joined points into the middle of the list: read from there to its
    // end, and on.
    let mut seen = BTreeSet::new();
    let mut pages = Vec::new();
    for _ in 0..4 {
        server.tell(reader, Input::Members);
        server.deliver_all();
        let shown = server.shown(reader);
        assert!(shown.list.len() <= ROSTER_PAGE + 1, "a page, and the reader: {}", shown.list.len());
        assert!(names(shown).contains("reader"), "the reader is one of them");
        pages.push(shown.list.len());
        seen.extend(shown.list.iter().map(|user| user.name.to_string()));
    }
    assert_eq!(seen.len() as u64, count, "{pages:?}");
    assert_eq!(server.mistaken(reader), None);
}

#[test]
fn who_fits_into_one_page_is_shown_all_whatever_is_asked() {
    let mut server = Server::new(4);
    server.enter_all(0..ROSTER_PAGE as u64);
    for after in [None, Some(""), Some("Visitor 0100"), Some("\u{10FFFF}")] {
        assert_eq!(server.room.page(after).list.len(), ROSTER_PAGE, "{after:?}");
    }
    server.enter(guest(1_000));
    assert_eq!(server.room.page(Some("visitor 0099")).list[0].name, "Visitor 0100".into());
    assert_eq!(server.room.page(Some("Visitor 1000")).list[0].name, "Visitor 0000".into());
}

#[test]
fn two_of_one_name_are_both_found() {
    let mut server = Server::new(4);
    for number in 0..2 * ROSTER_PAGE as u64 {
        // Every name occurs twice, once in capitals, and a page would end between the two.
        let User { id, .. } = guest(number);
        let name = if number % 2 == 0 { "visitor" } else { "VISITOR" };
        server.enter(User { id, name: format!("{name} {:04}", number.div_ceil(2)).into() });
    }
    let mut seen = BTreeSet::new();
    let mut after = None;
    for _ in 0..2 {
        let page = server.room.page(after.as_deref()).list;
        after = page.last().map(|user| user.name.to_string());
        seen.extend(page.into_iter().map(|user| user.id));
    }
    assert_eq!(seen.len(), 2 * ROSTER_PAGE);
}

/// Returns the pairs of how many typing users a client is told of while everybody types, and how many it
/// shows.
fn everybody_writes(server: &mut Server, sessions: &[SessionId]) -> BTreeSet<(usize, usize)> {
    server.deliver_all();
    for session in sessions {
        server.apply(Command::Typing(*session));
    }
    let told = server.people.values().map(|person| person.queue.len()).collect::<Vec<_>>();
    server.deliver_all();
    let seen = server.people.values().map(|person| person.client.active().typists().count());
    told.into_iter().zip(seen).collect()
}

#[test]
fn of_those_who_write_in_a_crowd_a_few_are_told_and_everybody_sees_that_there_are_several() {
    let mut server = Server::new(10);
    let people: Vec<SessionId> = (0..10).map(|number| server.enter(guest(number))).collect();
    server.settle();
    assert_eq!(everybody_writes(&mut server, &people), BTreeSet::from([(9, 9)]), "of few everybody is told");

    let mut server = Server::new(10);
    let people: Vec<SessionId> = (0..100).map(|number| server.enter(guest(number))).collect();
    server.settle();
    // Typing users themselves are told of the three others.
    assert_eq!(everybody_writes(&mut server, &people), BTreeSet::from([(3, 3), (4, 4)]));
    assert_eq!(
        everybody_writes(&mut server, &people),
        BTreeSet::from([(0, 3), (0, 4)]),
        "that goes for a while"
    );
    // One has sent the message, so the next one is announced; when all have stopped, others are.
    server.say(people[0]);
    let rest = &people[1..];
    assert!(everybody_writes(&mut server, rest).iter().all(|(told, seen)| *told <= 1 && *seen >= 3));
    assert!(server.people[&people[0]].client.active().typists().any(|user| user.id == guest(4).id));
    server.pass(TYPING_MS);
    let told = everybody_writes(&mut server, &people[50..]);
    assert!(told.iter().all(|(told, _)| (3..=4).contains(told)), "{told:?}");
}

#[test]
fn nothing_costs_more_among_a_hundred_thousand_than_among_few() {
    // If each command visited every member, this would take some ten thousand million steps and not finish
    // today.
    const MANY: u64 = 100_000;
    let mut room = Server::new(FEW).room;
    let mut now = Millis(0);
    let mut commands = 0;
    let mut apply = |command| {
        now = now + 1;
        commands += 1;
        room.apply(command, now)
    };
    for number in 0..MANY {
        apply(Command::Enter(SessionId(number), guest(number)));
    }
    for seq in 1..=MANY {
        let room = RoomName::lobby();
        let id = ClientId::parse(&format!("m{seq}")).unwrap();
        let message = Message { room, seq, id, user: guest(seq), text: "tea".into(), at: Millis(0) };
        let effects = apply(Command::Commit(Event::Message(message)));
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Event(_))));
        apply(Command::Typing(SessionId(seq - 1)));
    }
    for number in 0..MANY {
        apply(if number % 2 == 0 {
            Command::Lose(SessionId(number))
        } else {
            Command::Leave(SessionId(number))
        });
    }
    now = now + GRACE_MS;
    let effects = room.apply(Command::Tick, now);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::PresenceChange(_) | Effect::Members(_))));
    assert_eq!((room.members().count, room.is_idle(), room.head().seq), (0, true, MANY));
    println!("{commands} commands");
}

/// A step of the property test below.
#[derive(Clone, Debug)]
enum Step {
    Enter(usize),
    Leave(usize),
    Lose(usize),
    Say(usize),
    Ask(usize),
    /// A member joins the room again with its existing session.
    Again(usize),
    Deliver(usize, usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE.len();
    prop_oneof![
        6 => who.clone().prop_map(Step::Enter),
        2 => who.clone().prop_map(Step::Leave),
        2 => who.clone().prop_map(Step::Lose),
        1 => who.clone().prop_map(Step::Say),
        2 => who.clone().prop_map(Step::Ask),
        1 => who.clone().prop_map(Step::Again),
        3 => (who, 0..4_usize).prop_map(|(who, lines)| Step::Deliver(who, lines)),
        3 => prop_oneof![Just(1), Just(60), Just(200), Just(NEWS_MS), Just(GRACE_MS)].prop_map(Step::Pass),
    ]
}

const PEOPLE: [&str; 8] = ["ann", "bo", "cid", "dee", "eve", "fay", "gus", "hal"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    /// Whatever happens, and however late each client receives it: in the end, all know how many members
    /// there are and, in a small room, who; and none takes a part for the whole.
    #[test]
    fn all_come_to_know_who_is_there_however_often_they_were_a_crowd(
        steps in proptest::collection::vec(step(), 1..120),
        few in 2..5_usize,
    ) {
        let mut server = Server::new(few);
        let mut sessions: [Option<SessionId>; PEOPLE.len()] = [None; PEOPLE.len()];
        for step in steps {
            match step {
                Step::Enter(who) if sessions[who].is_none() => sessions[who] = Some(server.enter(user(PEOPLE[who]))),
                Step::Leave(who) => {
                    if let Some(session) = sessions[who].take() {
                        server.leave(session);
                    }
                }
                Step::Lose(who) => {
                    if let Some(session) = sessions[who].take() {
                        server.part(session, Command::Lose(session));
                    }
                }
                Step::Say(who) => sessions[who].into_iter().for_each(|session| server.say(session)),
                Step::Ask(who) => {
                    sessions[who].into_iter().for_each(|session| server.tell(session, Input::Members));
                }
                Step::Again(who) => {
                    if let Some(session) = sessions[who] {
                        server.join(session, user(PEOPLE[who]));
                    }
                }
                Step::Deliver(who, lines) => {
                    sessions[who].into_iter().for_each(|session| server.deliver(session, lines));
                }
                Step::Pass(span) => server.pass(span),
                Step::Enter(_) => {}
            }
        }
        server.settle();
        for session in sessions.into_iter().flatten() {
            prop_assert_eq!(server.mistaken(session), None);
        }
        // And when all but the last ones leave, these know each other.
        server.pass(GRACE_MS + NEWS_MS);
        for session in sessions.iter_mut().filter_map(Option::take).skip(1) {
            server.leave(session);
        }
        server.settle();
        for session in server.people.keys() {
            prop_assert_eq!(server.mistaken(*session), None);
            prop_assert!(!server.is_crowd());
        }
    }
}
