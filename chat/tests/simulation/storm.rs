//! The possible steps and their frequencies: schedules of steps, generated from a seed.

use std::fmt;

use proptest::{collection::vec, prelude::*, strategy::Union};

use chat::client::Input;

use crate::{
    server::Measures,
    store::Health,
    world::{PLACES, ROOMS, World, client_id, room, user},
};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const HOUR_MS: i64 = 60 * 60 * 1_000;

/// One step of a schedule.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A user sends this many messages, one after the other.
    Say {
        place: usize,
        room: usize,
        count: usize,
        fit: bool,
    },
    /// A user sends a message, and the tab crashes before it has performed all effects.
    Stutter {
        place: usize,
        room: usize,
        most: usize,
    },
    Retry {
        place: usize,
        nth: usize,
    },
    Discard {
        place: usize,
        nth: usize,
    },
    LookBack {
        place: usize,
        nth: usize,
    },
    Glance {
        place: usize,
    },
    Visit {
        place: usize,
        room: usize,
    },
    Leave {
        place: usize,
        room: usize,
    },
    /// Move this many frames along a tab's link, in one direction or the other.
    Carry {
        place: usize,
        frames: usize,
    },
    Write {
        place: usize,
    },
    /// The server commits a tab's messages, or fails to do so once.
    Settle {
        place: usize,
        fails: bool,
    },
    /// Everything under way to and from a tab arrives.
    Flow {
        place: usize,
    },
    Route {
        count: usize,
    },
    /// A tab receives this many changes by the user's other tabs.
    Hear {
        place: usize,
        count: usize,
    },
    Cut {
        place: usize,
        code: usize,
        lines: usize,
    },
    Late {
        index: usize,
    },
    Stall {
        place: usize,
    },
    /// The newest line for a tab is lost on the way, which the protocol must notice.
    Lose {
        place: usize,
    },
    Double {
        place: usize,
    },
    Pass {
        span: u64,
    },
    Sleep {
        days: u64,
    },
    /// A user sets the wall clock of a tab's machine forward or back by this many milliseconds.
    SetClock {
        place: usize,
        by: i64,
    },
    Health(Health),
    Restart {
        drain: bool,
        frames: usize,
    },
    BackUp,
    Restore {
        drain: bool,
    },
    Trim {
        room: usize,
        keep: u64,
    },
    /// Others send many messages.
    Crowd {
        room: usize,
        count: u64,
    },
    Load {
        place: usize,
    },
    Close {
        place: usize,
    },
    Reload {
        place: usize,
    },
    Crash {
        place: usize,
    },
    Freeze {
        place: usize,
    },
    Thaw {
        place: usize,
    },
}

impl Step {
    /// Returns the same step in another place; opening a tab moves to a place without one.
    fn moved(&self, to: impl Fn(usize) -> usize) -> Step {
        let mut step = self.clone();
        match &mut step {
            Step::Say { place, .. }
            | Step::Stutter { place, .. }
            | Step::Retry { place, .. }
            | Step::Discard { place, .. }
            | Step::LookBack { place, .. }
            | Step::Glance { place }
            | Step::Visit { place, .. }
            | Step::Leave { place, .. }
            | Step::Carry { place, .. }
            | Step::Write { place }
            | Step::Settle { place, .. }
            | Step::Flow { place }
            | Step::Hear { place, .. }
            | Step::Cut { place, .. }
            | Step::Stall { place }
            | Step::Lose { place }
            | Step::Double { place }
            | Step::SetClock { place, .. }
            | Step::Close { place }
            | Step::Reload { place }
            | Step::Crash { place }
            | Step::Freeze { place }
            | Step::Thaw { place } => *place = to(*place),
            _ => {}
        }
        step
    }
}

/// What a schedule contains beside the steps that all have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Climate {
    /// Tabs open, close and freeze.
    tabs: bool,
    /// Logs start new epochs, machines sleep.
    lives: bool,
    /// Many messages are sent, and few of them retained.
    crowds: bool,
}

impl Climate {
    /// Cycles through the climates by seed.
    pub(crate) fn of(seed: u64) -> Climate {
        let [tabs, lives, crowds] = [1, 2, 4].map(|bit| seed & bit != 0);
        Climate { tabs, lives, crowds }
    }
}

/// A schedule, and the server's limits under which it runs.
#[derive(Clone)]
pub(crate) struct Storm {
    pub(crate) measures: Measures,
    pub(crate) steps: Vec<Step>,
}

/// Prints one step per line, whatever the format flags.
impl fmt::Debug for Storm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.measures)?;
        self.steps.iter().try_for_each(|step| write!(f, "\n    {step:?}"))
    }
}

pub(crate) fn storms(climate: Climate) -> impl Strategy<Value = Storm> {
    let measures = (prop_oneof![Just(3), Just(1_000)], prop_oneof![Just(3), Just(100)])
        .prop_map(|(resume, backlog)| Measures { resume, backlog });
    (measures, vec(steps(climate), 0..160)).prop_map(|(measures, steps)| Storm { measures, steps })
}

fn steps(climate: Climate) -> Union<BoxedStrategy<Step>> {
    let mut kinds = everyday();
    if climate.tabs {
        kinds.extend(tabs());
    }
    if climate.lives {
        kinds.extend(lives());
    }
    if climate.crowds {
        kinds.extend(crowds());
    }
    Union::new_weighted(kinds)
}

type Kinds = Vec<(u32, BoxedStrategy<Step>)>;

fn place() -> std::ops::Range<usize> {
    0..PLACES.len()
}

fn everyday() -> Kinds {
    let span = prop_oneof![Just(10), Just(300), Just(1_500), Just(6_000), Just(40_000)];
    let steps_of_clocks =
        prop_oneof![Just(HOUR_MS), Just(-HOUR_MS), Just(8 * 24 * HOUR_MS), Just(-8 * 24 * HOUR_MS)];
    let health = prop_oneof![
        2 => Just(Health::Works), 1 => Just(Health::Fails), 1 => Just(Health::Hangs)
    ];
    vec![
        (20, (place(), 0..ROOMS.len(), 1..4usize, 0..12_u32).prop_map(say).boxed()),
        (30, (place(), 1..4usize).prop_map(|(place, frames)| Step::Carry { place, frames }).boxed()),
        (16, place().prop_map(|place| Step::Write { place }).boxed()),
        (12, (place(), 0..4_u32).prop_map(settle).boxed()),
        (12, place().prop_map(|place| Step::Flow { place }).boxed()),
        (12, (1..5usize).prop_map(|count| Step::Route { count }).boxed()),
        (8, (place(), 1..6usize).prop_map(|(place, count)| Step::Hear { place, count }).boxed()),
        (4, (place(), 0..4usize, 0..4usize).prop_map(cut).boxed()),
        (8, (0..8usize).prop_map(|index| Step::Late { index }).boxed()),
        (1, place().prop_map(|place| Step::Stall { place }).boxed()),
        (8, place().prop_map(|place| Step::Lose { place }).boxed()),
        (3, place().prop_map(|place| Step::Double { place }).boxed()),
        (8, span.prop_map(|span| Step::Pass { span }).boxed()),
        (1, (place(), steps_of_clocks).prop_map(|(place, by)| Step::SetClock { place, by }).boxed()),
        (2, place().prop_map(|place| Step::Glance { place }).boxed()),
        (3, (place(), 0..ROOMS.len()).prop_map(|(place, room)| Step::Visit { place, room }).boxed()),
        (1, (place(), 0..ROOMS.len()).prop_map(|(place, room)| Step::Leave { place, room }).boxed()),
        (4, (place(), 0..4usize).prop_map(|(place, nth)| Step::LookBack { place, nth }).boxed()),
        (2, (place(), 0..4usize).prop_map(|(place, nth)| Step::Retry { place, nth }).boxed()),
        (1, (place(), 0..4usize).prop_map(|(place, nth)| Step::Discard { place, nth }).boxed()),
        (4, health.prop_map(Step::Health).boxed()),
        (1, (any::<bool>(), 0..3usize).prop_map(|(drain, frames)| Step::Restart { drain, frames }).boxed()),
        (2, place().prop_map(|place| Step::Load { place }).boxed()),
    ]
}

fn say((place, room, count, fit): (usize, usize, usize, u32)) -> Step {
    Step::Say { place, room, count, fit: fit != 0 }
}

fn settle((place, fails): (usize, u32)) -> Step {
    Step::Settle { place, fails: fails == 0 }
}

fn cut((place, code, lines): (usize, usize, usize)) -> Step {
    Step::Cut { place, code, lines }
}

fn tabs() -> Kinds {
    let stutter = (place(), 0..ROOMS.len(), 0..5usize);
    vec![
        (2, stutter.prop_map(|(place, room, most)| Step::Stutter { place, room, most }).boxed()),
        (6, place().prop_map(|place| Step::Load { place }).boxed()),
        (2, place().prop_map(|place| Step::Close { place }).boxed()),
        (3, place().prop_map(|place| Step::Reload { place }).boxed()),
        (2, place().prop_map(|place| Step::Crash { place }).boxed()),
        (3, place().prop_map(|place| Step::Freeze { place }).boxed()),
        (4, place().prop_map(|place| Step::Thaw { place }).boxed()),
    ]
}

fn lives() -> Kinds {
    vec![
        (3, Just(Step::BackUp).boxed()),
        (2, any::<bool>().prop_map(|drain| Step::Restore { drain }).boxed()),
        (1, (2..9u64).prop_map(|days| Step::Sleep { days }).boxed()),
    ]
}

fn crowds() -> Kinds {
    let crowd = (0..ROOMS.len(), prop_oneof![4 => 1..8u64, 1 => 90..230u64]);
    vec![
        (5, crowd.prop_map(|(room, count)| Step::Crowd { room, count }).boxed()),
        (3, (0..ROOMS.len(), 1..60u64).prop_map(|(room, keep)| Step::Trim { room, keep }).boxed()),
        (8, (place(), 0..4usize).prop_map(|(place, nth)| Step::LookBack { place, nth }).boxed()),
    ]
}

impl World {
    /// Returns a place with a tab, if there is any.
    fn settled(&self, place: usize) -> usize {
        let living = self.living();
        if living.is_empty() { place } else { living[place % living.len()] }
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match step.moved(|place| self.settled(place)) {
            Step::Say { place, room, count, fit } => {
                for _ in 0..count {
                    self.say(place, room, fit, None);
                }
            }
            Step::Stutter { place, room, most } => self.say(place, room, true, Some(most)),
            Step::Retry { place, nth } => self.retry(place, nth),
            Step::Discard { place, nth } => self.discard(place, nth),
            Step::LookBack { place, nth } => self.look_back(place, nth),
            Step::Glance { place } => self.glance(place),
            Step::Visit { place, room: to } => self.apply(place, Input::Visit(room(to))),
            Step::Leave { place, room: from } => self.apply(place, Input::Leave(room(from))),
            Step::Carry { place, frames } => {
                for _ in 0..frames {
                    self.carry(place);
                }
            }
            Step::Write { place } => drop(self.write(place)),
            Step::Settle { place, fails } => {
                let health = self.server.store.health;
                if fails && health == Health::Works {
                    self.server.store.health = Health::Fails;
                }
                self.settle(place);
                self.server.store.health = health;
            }
            Step::Flow { place } => drop((0..100).take_while(|_| self.flow(place)).count()),
            Step::Route { count } => drop(self.server.route(count)),
            Step::Hear { place, count } => {
                for _ in 0..count {
                    self.hear(place);
                }
            }
            Step::Cut { place, code, lines } => self.cut(place, [1006, 4000, 4001, 1012][code], lines),
            Step::Late { index } => drop(self.late(index)),
            Step::Stall { place } => {
                if let Some(link) = self.link(place) {
                    link.stalled = true;
                }
            }
            Step::Lose { place } => {
                if let Some(session) = self.link(place).map(|link| link.session) {
                    self.server.forget_newest(session);
                }
            }
            Step::Double { place } => {
                if let Some(link) = self.link(place) {
                    link.double();
                }
            }
            Step::Pass { span } => self.pass(span),
            Step::Sleep { days } => self.sleep(days * DAY_MS),
            Step::SetClock { place, by } => self.set_clock(place, by),
            Step::Health(health) => self.server.fare(health),
            Step::Restart { drain, frames } => self.restart(drain, frames),
            Step::BackUp => self.server.store.back_up(),
            Step::Restore { drain } => {
                self.check_all_shown();
                self.restart(drain, 1);
                self.server.store.restore();
            }
            Step::Trim { room: of, keep } => self.server.store.trim(&room(of), keep),
            Step::Crowd { room: to, count } => {
                for _ in 0..count {
                    self.named += 1;
                    let id = client_id(&format!("c{}", self.named));
                    self.server.say_as(&user("crowd"), &room(to), &id);
                }
            }
            Step::Load { place } => self.load(place),
            Step::Close { place } => self.leave_tab(place),
            Step::Reload { place } => {
                self.leave_tab(place);
                self.load(place);
            }
            Step::Crash { place } => self.crash(place),
            Step::Freeze { place } => self.freeze(place),
            Step::Thaw { place } => self.thaw(place),
        }
    }
}
