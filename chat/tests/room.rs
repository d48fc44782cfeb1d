//! What a room sends to its members, and when: presence, order, and the effects that it requests from its
//! owner.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use chat::{
    id::ClientId,
    protocol::{Event, Members, Message, PresenceChange, Seq, Unknown, UnknownEvent},
    room::{Command, Effect, Room, SessionId},
    room_name::RoomName,
    time::Millis,
};
use proptest::prelude::*;
use support::{GRACE_MS, lobby, user};

/// Long enough for collected changes to be sent, and much shorter than the grace period.
const TICK_MS: u64 = 200;

/// A room with a clock, whose timer fires when the room requested it.
struct Scene {
    room: Room,
    now: Millis,
    wake: Option<Millis>,
    /// The room's effects, without the wake-ups.
    effects: Vec<Effect>,
}

impl Scene {
    fn new() -> Scene {
        Scene::at(0)
    }

    fn at(head: Seq) -> Scene {
        let room = Room::new(lobby(head), GRACE_MS);
        Scene { room, now: Millis(1_000_000), wake: None, effects: Vec::new() }
    }

    fn apply(&mut self, command: Command) -> Vec<Effect> {
        let mut effects = self.room.apply(command, self.now);
        effects.retain(|effect| {
            if let Effect::WakeAt(at) = effect {
                self.wake = Some(*at);
            }
            !matches!(effect, Effect::WakeAt(_) | Effect::Presence(..))
        });
        self.effects.extend(effects.iter().cloned());
        effects
    }

    fn enter(&mut self, session: u64, name: &str) -> Members {
        let effects = self.apply(Command::Enter(SessionId(session), user(name)));
        let admitted = effects.into_iter().find_map(|effect| match effect {
            Effect::Admit(id, _, members) if id == SessionId(session) => Some(members),
            _ => None,
        });
        admitted.expect("whoever enters is admitted")
    }

    fn leave(&mut self, session: u64) {
        self.apply(Command::Leave(SessionId(session)));
    }

    fn lose(&mut self, session: u64) {
        self.apply(Command::Lose(SessionId(session)));
    }

    fn commit(&mut self, seq: Seq) -> Vec<Effect> {
        self.apply(Command::Commit(message(seq)))
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

    /// Returns the presence changes sent so far, and forgets them.
    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.effects)
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::PresenceChange(presence) => Some(spell(&presence)),
                _ => None,
            })
            .collect()
    }
}

fn message(seq: Seq) -> Event {
    Event::Message(Message {
        room: RoomName::lobby(),
        seq,
        id: ClientId::parse(&format!("m{seq}")).unwrap(),
        user: user("ann"),
        text: "tea".into(),
        at: Millis(0),
    })
}

/// Abbreviates a presence change as `+ann -bo =1`: who entered, who left, how many are present.
fn spell(presence: &PresenceChange) -> String {
    let entered = presence.enter.iter().map(|user| format!("+{}", user.name));
    let left = presence.leave.iter().map(|user| format!("-{}", user.name));
    let count = std::iter::once(format!("={}", presence.count));
    entered.chain(left).chain(count).collect::<Vec<_>>().join(" ")
}

fn names(members: &Members) -> Vec<&str> {
    members.list.iter().map(|user| &*user.name).collect()
}

#[test]
fn whoever_enters_is_told_where_the_log_stands_and_who_is_there() {
    let mut scene = Scene::at(41);
    scene.enter(1, "ann");
    let effects = scene.apply(Command::Enter(SessionId(2), user("bo")));
    let Effect::Admit(SessionId(2), head, members) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!(head.seq, 41);
    assert_eq!(names(members), ["ann", "bo"]);
    assert_eq!(members.count, 2);
}

#[test]
fn a_user_enters_once_and_leaves_once_whatever_the_sessions() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.pass(TICK_MS);
    scene.enter(2, "ann");
    scene.enter(3, "ann");
    scene.pass(TICK_MS);
    assert_eq!(scene.told(), ["+ann =1"]);
    scene.leave(1);
    scene.lose(2);
    scene.pass(GRACE_MS + TICK_MS);
    assert_eq!(scene.told(), [""; 0]);
    scene.leave(3);
    scene.pass(TICK_MS);
    assert_eq!(scene.told(), ["-ann =0"]);
}

#[test]
fn entering_again_with_the_same_session_changes_nothing() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.pass(TICK_MS);
    assert_eq!(scene.enter(1, "ann").count, 1);
    scene.leave(1);
    scene.pass(TICK_MS);
    assert_eq!(scene.told(), ["+ann =1", "-ann =0"]);
}

#[test]
fn a_reconnect_within_the_grace_is_silent() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.enter(2, "bo");
    scene.pass(TICK_MS);
    scene.told();
    scene.lose(1);
    scene.pass(GRACE_MS - 1);
    scene.enter(3, "ann");
    scene.pass(2 * GRACE_MS);
    assert_eq!(scene.told(), [""; 0]);
    assert_eq!(names(&scene.room.members()), ["ann", "bo"]);
}

#[test]
fn whoever_is_gone_for_the_grace_has_left() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.enter(2, "bo");
    scene.pass(TICK_MS);
    scene.told();
    scene.lose(1);
    scene.pass(GRACE_MS - 1);
    assert_eq!(scene.told(), [""; 0]);
    scene.pass(1 + TICK_MS);
    assert_eq!(scene.told(), ["-ann =1"]);
}

#[test]
fn whoever_wants_to_leave_has_left_at_once_even_after_losing_a_session() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.enter(2, "ann");
    scene.pass(TICK_MS);
    scene.told();
    scene.lose(1);
    scene.leave(2);
    scene.pass(TICK_MS);
    assert_eq!(scene.told(), ["-ann =0"]);
}

#[test]
fn comings_and_goings_of_one_tick_are_told_together() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.pass(TICK_MS);
    scene.told();
    scene.enter(2, "bo");
    scene.enter(3, "cai");
    scene.leave(1);
    scene.pass(TICK_MS);
    assert_eq!(scene.told(), ["+bo +cai -ann =2"]);
}

#[test]
fn nobody_is_heard_before_the_room_was_told_that_they_are_there() {
    let mut scene = Scene::new();
    scene.enter(1, "bo");
    scene.pass(TICK_MS);
    scene.enter(2, "ann");
    scene.enter(3, "cid");
    scene.told();
    let order: Vec<bool> = scene.commit(1).iter().map(|effect| matches!(effect, Effect::Event(_))).collect();
    assert_eq!(order, [false, true], "{:?}", scene.effects);
    assert_eq!(scene.told(), ["+ann +cid =3"]);
    scene.pass(TICK_MS);
    assert!(scene.told().is_empty(), "it is told once");
    assert_eq!(scene.commit(2), [Effect::Event(message(2))]);
}

#[test]
fn others_who_come_are_still_told_together_when_somebody_speaks() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.pass(TICK_MS);
    scene.enter(2, "bo");
    assert_eq!(scene.commit(1), [Effect::Event(message(1))]);
}

#[test]
fn whoever_comes_and_goes_within_a_tick_makes_no_noise() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.pass(TICK_MS);
    scene.told();
    scene.enter(2, "bo");
    scene.leave(2);
    scene.leave(1);
    scene.enter(3, "ann");
    scene.pass(TICK_MS);
    assert_eq!(scene.told(), [""; 0]);
}

#[test]
fn whoever_was_shown_a_roster_is_told_of_what_would_cancel_out_for_the_others() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.enter(2, "bo");
    scene.pass(TICK_MS);
    scene.told();
    scene.leave(1);
    assert_eq!(names(&scene.enter(3, "cid")), ["bo", "cid"]);
    scene.enter(4, "ann");
    scene.pass(TICK_MS);
    assert_eq!(scene.told(), ["+cid -ann =2", "+ann =3"], "cid has seen a room without ann");
    scene.enter(5, "dee");
    assert_eq!(names(&scene.enter(6, "eve")), ["ann", "bo", "cid", "dee", "eve"]);
    scene.leave(5);
    scene.pass(TICK_MS);
    assert_eq!(scene.told(), ["+dee +eve =5", "-dee =4"], "eve has seen a room with dee");
}

#[test]
fn events_go_out_in_order_and_each_once() {
    let mut scene = Scene::at(4);
    assert_eq!(scene.commit(5), [Effect::Event(message(5))]);
    assert_eq!(scene.commit(6), [Effect::Event(message(6))]);
    assert_eq!(scene.commit(6), []);
    assert_eq!(scene.commit(5), []);
    assert_eq!(scene.room.head().seq, 6);
}

#[test]
fn an_event_that_is_ahead_asks_for_those_between_and_is_not_told_before_them() {
    let mut scene = Scene::at(4);
    assert_eq!(scene.commit(7), [Effect::Missing(4)]);
    assert_eq!(scene.room.head().seq, 4);
    for seq in 5..=7 {
        assert_eq!(scene.commit(seq), [Effect::Event(message(seq))]);
    }
    assert_eq!(scene.commit(7), []);
}

#[test]
fn an_event_of_an_unknown_kind_takes_its_place_in_the_order() {
    let mut scene = Scene::at(0);
    let ghost = UnknownEvent { room: Some(RoomName::lobby()), seq: Some(1) };
    let poll = Event::Unknown(Unknown { kind: "poll".into(), ghost });
    assert_eq!(scene.apply(Command::Commit(poll.clone())), [Effect::Event(poll)]);
    assert_eq!(scene.commit(2), [Effect::Event(message(2))]);
}

#[test]
fn only_members_are_seen_to_write() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    assert_eq!(scene.apply(Command::Typing(SessionId(1))), [Effect::Typing(user("ann"))]);
    assert_eq!(scene.apply(Command::Typing(SessionId(9))), []);
    scene.lose(1);
    assert_eq!(scene.apply(Command::Typing(SessionId(1))), []);
}

#[test]
fn whoever_says_all_the_time_that_they_write_is_told_of_now_and_then() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    for _ in 0..60 {
        scene.apply(Command::Typing(SessionId(1)));
        scene.apply(Command::Writes(user("bo")));
        scene.pass(100);
    }
    let of = |scene: &Scene, name| {
        scene.effects.iter().filter(|effect| **effect == Effect::Typing(user(name))).count()
    };
    assert_eq!((of(&scene, "ann"), of(&scene, "bo")), (3, 3), "every two seconds");
    // But typing after a message was sent is announced.
    scene.commit(1);
    scene.apply(Command::Typing(SessionId(1)));
    scene.apply(Command::Writes(user("bo")));
    assert_eq!((of(&scene, "ann"), of(&scene, "bo")), (4, 4));
    scene.apply(Command::Typing(SessionId(1)));
    assert_eq!(of(&scene, "ann"), 4);
    // Nor does it matter how the clock has been set.
    scene.now = Millis(5);
    scene.apply(Command::Typing(SessionId(1)));
    assert_eq!(of(&scene, "ann"), 5);
}

#[test]
fn a_program_is_always_told_of() {
    let mut scene = Scene::new();
    for _ in 0..3 {
        assert_eq!(scene.apply(Command::Writes(user("bot-1"))), [Effect::Typing(user("bot-1"))]);
    }
}

#[test]
fn a_session_that_nobody_knows_neither_leaves_nor_is_lost() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.pass(TICK_MS);
    scene.told();
    scene.leave(9);
    scene.lose(9);
    scene.pass(2 * GRACE_MS);
    assert_eq!(scene.told(), [""; 0]);
}

#[test]
fn a_room_asks_to_be_woken_as_long_as_something_is_due_and_no_longer() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    assert!(scene.wake.is_some_and(|at| at > scene.now), "the news is still to be told");
    scene.pass(TICK_MS);
    assert_eq!(scene.wake, None);
    scene.lose(1);
    assert_eq!(scene.wake, Some(scene.now + GRACE_MS));
    assert!(!scene.room.is_idle());
    scene.pass(GRACE_MS + TICK_MS);
    assert_eq!(scene.wake, None);
    assert!(scene.room.is_idle());
}

#[test]
fn waking_too_early_or_without_reason_does_nothing() {
    let mut scene = Scene::new();
    scene.enter(1, "ann");
    scene.apply(Command::Tick);
    scene.apply(Command::Tick);
    assert_eq!(scene.told(), [""; 0]);
    scene.pass(TICK_MS);
    scene.apply(Command::Tick);
    assert_eq!(scene.told(), ["+ann =1"]);
}

/// A step of the property test below.
#[derive(Clone, Debug)]
enum Step {
    Enter(u64, usize),
    Leave(u64),
    Lose(u64),
    Commit(Seq),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..8u64, 0..4usize).prop_map(|(session, user)| Step::Enter(session, user)),
        2 => (0..8u64).prop_map(Step::Leave),
        3 => (0..8u64).prop_map(Step::Lose),
        1 => (1..6u64).prop_map(Step::Commit),
        3 => prop_oneof![Just(1), Just(60), Just(TICK_MS), Just(GRACE_MS / 2), Just(GRACE_MS)].prop_map(Step::Pass),
    ]
}

/// The members by the rules alone: a user's sessions, and until when they count as present without one.
#[derive(Default)]
struct Model {
    sessions: BTreeMap<u64, usize>,
    until: BTreeMap<usize, Millis>,
}

impl Model {
    fn members(&self, now: Millis) -> BTreeSet<usize> {
        let connected = self.sessions.values().copied();
        let in_grace = self.until.iter().filter(|(_, until)| **until > now).map(|(user, _)| *user);
        connected.chain(in_grace).collect()
    }

    fn drop_session(&mut self, session: u64, until: Millis) {
        if let Some(user) = self.sessions.remove(&session)
            && !self.sessions.values().any(|other| *other == user)
        {
            self.until.insert(user, until);
        }
    }
}

const PEOPLE: [&str; 4] = ["ann", "bo", "cai", "dee"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever happens: the members are those of the rules. A client that starts from the members it
    /// received on joining and applies the room's changes arrives at the same members, and never receives an
    /// enter of somebody present or a leave of somebody absent.
    #[test]
    fn what_is_told_adds_up_to_who_is_there(steps in proptest::collection::vec(step(), 1..80)) {
        let mut scene = Scene::new();
        let mut model = Model::default();
        // Session 100 belongs to a witness who is present from the beginning and receives everything.
        let admitted = scene.enter(100, "witness");
        let mut heard: BTreeSet<String> = names(&admitted).into_iter().map(str::to_owned).collect();
        scene.pass(TICK_MS);
        scene.effects.clear();
        let mut head = 0;
        for step in steps {
            match step {
                Step::Enter(session, user) => {
                    if let std::collections::btree_map::Entry::Vacant(place) = model.sessions.entry(session) {
                        place.insert(user);
                        model.until.remove(&user);
                        let members = scene.enter(session, PEOPLE[user]);
                        prop_assert!(names(&members).contains(&PEOPLE[user]));
                    }
                }
                Step::Leave(session) => {
                    model.drop_session(session, scene.now);
                    scene.leave(session);
                }
                Step::Lose(session) => {
                    model.drop_session(session, scene.now + GRACE_MS);
                    scene.lose(session);
                }
                Step::Commit(seq) => {
                    let effects = scene.commit(seq);
                    let told = effects.iter().filter(|effect| matches!(effect, Effect::Event(_))).count();
                    prop_assert_eq!(told, usize::from(seq == head + 1));
                    prop_assert_eq!(effects.contains(&Effect::Missing(head)), seq > head + 1);
                    head += told as u64;
                }
                Step::Pass(span) => scene.pass(span),
            }
            prop_assert_eq!(scene.room.members().count, model.members(scene.now).len() + 1);
            for effect in std::mem::take(&mut scene.effects) {
                if let Effect::PresenceChange(presence) = effect {
                    for user in &presence.leave {
                        prop_assert!(heard.remove(&*user.name), "{} left twice", user.name);
                    }
                    for user in &presence.enter {
                        prop_assert!(heard.insert(user.name.to_string()), "{} entered twice", user.name);
                    }
                    prop_assert_eq!(presence.count, heard.len());
                }
            }
        }
        scene.pass(TICK_MS);
        for effect in std::mem::take(&mut scene.effects) {
            if let Effect::PresenceChange(presence) = effect {
                for user in &presence.leave {
                    heard.remove(&*user.name);
                }
                heard.extend(presence.enter.iter().map(|user| user.name.to_string()));
            }
        }
        let there: BTreeSet<String> =
            names(&scene.room.members()).into_iter().map(str::to_owned).collect();
        prop_assert_eq!(heard, there);
    }
}
