//! The members of one room on several nodes: every node arrives at the same roster, and nobody is notified of
//! moves between nodes.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use chat::{
    id::{Epoch, NodeId},
    protocol::{Head, PresenceChange, User},
    room::{Command, Effect, Presence, Room, SessionId},
    time::Millis,
};
use proptest::prelude::*;
use support::{GRACE_MS, lobby, user};

/// Long enough for collected changes to be sent, and much shorter than the grace period.
const TICK_MS: u64 = 200;

/// Longer than the interval between presence updates in a crowded room.
const CROWD_MS: u64 = 5_000;

/// A room on several nodes, which receive each other's changes immediately and in one order.
struct Nodes {
    rooms: Vec<Room>,
    now: Millis,
    /// The presence changes that each node's members received: `+ann`, `-bo`.
    told: Vec<Vec<String>>,
    /// The roster that all nodes can read.
    seats: Vec<(NodeId, User, Presence)>,
}

fn node(index: usize) -> NodeId {
    NodeId::parse(&format!("n{index}")).unwrap()
}

fn spell(presence: &PresenceChange) -> impl Iterator<Item = String> {
    let entered = presence.enter.iter().map(|user| format!("+{}", user.name));
    let left = presence.leave.iter().map(|user| format!("-{}", user.name));
    entered.chain(left)
}

impl Nodes {
    fn new(count: usize) -> Nodes {
        let rooms = (0..count).map(|_| Room::new(lobby(0), GRACE_MS)).collect();
        Nodes { rooms, now: Millis(1_000_000), told: vec![Vec::new(); count], seats: Vec::new() }
    }

    /// Applies a command to one node, and what it publishes to the others.
    fn apply(&mut self, index: usize, command: Command) {
        let effects = self.rooms[index].apply(command, self.now);
        for effect in effects {
            match effect {
                Effect::PresenceChange(presence)
                    if presence.enter.is_empty() && presence.leave.is_empty() =>
                {
                    self.told[index].push(format!("={}", presence.count));
                }
                Effect::PresenceChange(presence) => self.told[index].extend(spell(&presence)),
                Effect::Members(members) => {
                    self.told[index].extend(members.list.iter().map(|user| format!("*{}", user.name)));
                }
                Effect::Presence(user, seat) => {
                    self.seats.retain(|(at, other, _)| (at, &other.id) != (&node(index), &user.id));
                    if seat != Presence::Gone {
                        self.seats.push((node(index), user.clone(), seat));
                    }
                    for other in (0..self.rooms.len()).filter(|other| *other != index) {
                        self.apply(other, Command::Elsewhere(node(index), user.clone(), seat));
                    }
                }
                _ => {}
            }
        }
    }

    fn enter(&mut self, index: usize, session: u64, name: &str) {
        self.apply(index, Command::Enter(SessionId(session), user(name)));
    }

    fn leave(&mut self, index: usize, session: u64) {
        self.apply(index, Command::Leave(SessionId(session)));
    }

    fn lose(&mut self, index: usize, session: u64) {
        self.apply(index, Command::Lose(SessionId(session)));
    }

    fn pass(&mut self, span: u64) {
        for _ in 0..2 {
            self.now = self.now + span / 2;
            (0..self.rooms.len()).for_each(|index| self.apply(index, Command::Tick));
        }
        // Its consequences are sent a tick later.
        self.now = self.now + TICK_MS;
        (0..self.rooms.len()).for_each(|index| self.apply(index, Command::Tick));
    }

    /// Returns the presence changes that a node's members have received so far; forgets them.
    fn told(&mut self, index: usize) -> Vec<String> {
        std::mem::take(&mut self.told[index])
    }

    /// Another node reads the roster, as after a start or a lost subscription.
    fn look(&mut self, index: usize) {
        let others = self.seats.iter().filter(|(at, _, _)| *at != node(index)).cloned().collect();
        self.apply(index, Command::Roster(others));
    }

    fn count(&self, index: usize) -> usize {
        self.rooms[index].members().count
    }
}

#[test]
fn whoever_enters_on_one_node_is_there_on_all() {
    let mut nodes = Nodes::new(3);
    nodes.enter(0, 1, "ann");
    nodes.enter(1, 1, "bo");
    nodes.pass(TICK_MS);
    for index in 0..3 {
        assert_eq!(nodes.told(index), ["+ann", "+bo"]);
        assert_eq!(nodes.count(index), 2);
    }
    nodes.leave(1, 1);
    nodes.pass(TICK_MS);
    for index in 0..3 {
        assert_eq!(nodes.told(index), ["-bo"], "who wants to leave has left at once");
    }
}

#[test]
fn a_user_on_two_nodes_is_one_member_until_the_last_of_their_sessions_is_gone() {
    let mut nodes = Nodes::new(2);
    nodes.enter(0, 1, "ann");
    nodes.pass(TICK_MS);
    nodes.enter(1, 1, "ann");
    nodes.leave(0, 1);
    nodes.pass(GRACE_MS * 2);
    for index in 0..2 {
        assert_eq!(nodes.told(index), ["+ann"]);
        assert_eq!(nodes.count(index), 1);
    }
    nodes.lose(1, 1);
    nodes.pass(TICK_MS);
    assert_eq!(nodes.count(0), 1, "she may be back in a moment, anywhere");
    nodes.enter(0, 2, "ann");
    nodes.pass(GRACE_MS * 2);
    assert_eq!((nodes.told(0), nodes.told(1)), (vec![], vec![]));
    nodes.lose(0, 2);
    nodes.pass(GRACE_MS * 2);
    for index in 0..2 {
        assert_eq!(nodes.told(index), ["-ann"]);
        assert!(nodes.rooms[index].is_idle() && nodes.count(index) == 0);
    }
    assert!(nodes.seats.is_empty(), "nothing is left of her: {:?}", nodes.seats);
}

#[test]
fn the_people_of_a_node_that_died_are_missed_only_if_they_are_not_back_in_time() {
    let mut nodes = Nodes::new(2);
    nodes.enter(0, 1, "ann");
    nodes.enter(0, 2, "bo");
    nodes.enter(1, 1, "cid");
    nodes.pass(TICK_MS);
    nodes.told(1);
    nodes.apply(1, Command::NodeLost(node(0)));
    nodes.pass(TICK_MS);
    assert_eq!(nodes.count(1), 3);
    nodes.enter(1, 2, "ann");
    nodes.pass(GRACE_MS * 2);
    assert_eq!(nodes.told(1), ["-bo"]);
}

#[test]
fn whoever_opens_a_room_finds_those_who_are_there_without_a_word() {
    let mut nodes = Nodes::new(2);
    nodes.rooms.truncate(1);
    nodes.enter(0, 1, "ann");
    nodes.enter(0, 2, "bo");
    nodes.lose(0, 2);
    nodes.rooms.push(Room::new(lobby(0), GRACE_MS));
    nodes.look(1);
    assert_eq!(nodes.count(1), 2, "who is away for a moment counts as there");
    assert!(nodes.rooms[1].is_idle(), "they are not its own people");
    // Back through the new node: nobody has to be notified.
    nodes.enter(1, 1, "bo");
    nodes.pass(GRACE_MS * 2);
    assert!(nodes.told(1).is_empty());
    assert_eq!(nodes.count(1), 2);
}

#[test]
fn who_was_missed_while_a_node_was_deaf_is_found_and_who_is_gone_is_missed() {
    let mut nodes = Nodes::new(2);
    nodes.enter(0, 1, "ann");
    nodes.enter(1, 1, "cid");
    nodes.pass(TICK_MS);
    nodes.told(1);
    // The second node receives nothing of this.
    let deaf = nodes.rooms.remove(1);
    nodes.leave(0, 1);
    nodes.enter(0, 2, "bo");
    nodes.rooms.push(deaf);
    nodes.look(1);
    nodes.pass(GRACE_MS * 2);
    assert_eq!(nodes.told(1), ["+bo", "-ann"]);
}

#[test]
fn the_people_of_several_nodes_are_one_crowd_and_are_few_again_on_all() {
    let mut nodes = Nodes::new(3);
    nodes.rooms = nodes.rooms.into_iter().map(|room| room.with_few(4)).collect();
    for (session, name) in (0..).zip(["ann", "bo", "cid", "dee", "eve", "fay"]) {
        nodes.enter(usize::try_from(session).unwrap() % 3, session, name);
    }
    nodes.pass(CROWD_MS);
    for index in 0..3 {
        assert_eq!(nodes.told(index), ["=6"], "node {index}");
    }
    let found = nodes.seats.clone();
    let mut opened = Room::new(lobby(0), GRACE_MS).with_few(4);
    opened.apply(Command::Roster(found), nodes.now);
    assert_eq!(
        (opened.members().count, opened.members().list.len()),
        (6, 3),
        "whoever opens it finds a crowd"
    );
    nodes.apply(1, Command::NodeLost(node(0)));
    nodes.pass(GRACE_MS);
    nodes.pass(CROWD_MS);
    assert_eq!(nodes.told(1), ["=4"], "ann and dee sat on the node that is gone");
    nodes.look(1);
    nodes.pass(CROWD_MS);
    assert_eq!(nodes.told(1), ["=6"], "or only seemed to be");
    for session in 1..6 {
        nodes.leave(usize::try_from(session).unwrap() % 3, session);
    }
    nodes.pass(CROWD_MS);
    for index in 0..3 {
        assert_eq!(nodes.told(index), ["*ann"], "node {index}");
    }
}

#[test]
fn somebody_who_sits_elsewhere_keeps_no_room_open() {
    let mut nodes = Nodes::new(2);
    nodes.enter(0, 1, "ann");
    assert!(nodes.rooms[1].is_idle() && !nodes.rooms[0].is_idle());
    nodes.leave(0, 1);
    assert!(nodes.rooms[0].is_idle());
}

#[test]
fn a_log_that_begins_anew_is_told_with_who_is_there() {
    let mut room = Room::new(lobby(0), GRACE_MS);
    room.apply(Command::Enter(SessionId(1), user("ann")), Millis(0));
    let anew = Head { epoch: Epoch::parse("f").unwrap(), seq: 7, ..lobby(0) };
    let effects = room.apply(Command::Renew(anew.clone()), Millis(1));
    let Some(Effect::Renewed(told, members)) = effects.first() else { panic!("{effects:?}") };
    assert_eq!((told, members.count), (&anew, 1));
    assert_eq!(room.head(), anew);
}

#[derive(Clone, Debug)]
enum Step {
    Enter(usize, u64, usize),
    Leave(usize, u64),
    Lose(usize, u64),
    Look(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (nodes, sessions, users) = (0..3_usize, 0..4_u64, 0..3_usize);
    prop_oneof![
        4 => (nodes.clone(), sessions.clone(), users).prop_map(|(node, session, user)| Step::Enter(node, session, user)),
        2 => (nodes.clone(), sessions.clone()).prop_map(|(node, session)| Step::Leave(node, session)),
        2 => (nodes.clone(), sessions).prop_map(|(node, session)| Step::Lose(node, session)),
        1 => nodes.prop_map(Step::Look),
        2 => (0..GRACE_MS * 2).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn all_nodes_come_to_the_same_roster_whatever_happens(steps in proptest::collection::vec(step(), 1..60)) {
        let names = ["ann", "bo", "cid"];
        let mut nodes = Nodes::new(3);
        for step in steps {
            match step {
                Step::Enter(node, session, user) => nodes.enter(node, session, names[user]),
                Step::Leave(node, session) => nodes.leave(node, session),
                Step::Lose(node, session) => nodes.lose(node, session),
                Step::Look(node) => nodes.look(node),
                Step::Pass(span) => nodes.pass(span),
            }
        }
        nodes.pass(GRACE_MS * 2);
        let rosters: Vec<Vec<User>> = nodes.rooms.iter().map(|room| room.members().list).collect();
        prop_assert_eq!(&rosters[0], &rosters[1]);
        prop_assert_eq!(&rosters[0], &rosters[2]);
        for told in &nodes.told {
            // A user who entered and has not left is present, and nobody entered twice.
            let mut there: Vec<&str> = Vec::new();
            for one in told {
                let (what, name) = one.split_at(1);
                if what == "+" {
                    prop_assert!(!there.contains(&name), "{} came twice: {:?}", name, told);
                    there.push(name);
                } else {
                    prop_assert!(there.contains(&name), "{} left twice: {:?}", name, told);
                    there.retain(|other| *other != name);
                }
            }
            there.sort_unstable();
            let mut list: Vec<&str> = rosters[0].iter().map(|user| &*user.name).collect();
            list.sort_unstable();
            prop_assert_eq!(&there, &list);
        }
        let mut seated: Vec<&str> = nodes.seats.iter().map(|(_, user, _)| &*user.name).collect();
        seated.sort_unstable();
        seated.dedup();
        prop_assert_eq!(seated.len(), rosters[0].len());
    }
}
