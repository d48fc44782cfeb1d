//! Decides when the members send, and tracks what each has received. It is the [`Listener`] of every mode.
//!
//! There are two paces. In a closed loop each sender has a window of messages in flight and sends the next
//! one when every member has received one. In an open loop messages are due at fixed times regardless of
//! progress, and delays count from those times.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::clock::Clock;
use crate::crowd::{Crowd, Fate, Listener};
use crate::mark::Mark;
use crate::room_layout::RoomLayout;
use crate::speech::Entered;
use crate::tally::{Delivery, Tally};

/// The longest latency the histograms distinguish, in nanoseconds: ten minutes.
const LONGEST: u64 = 600_000_000_000;

/// When messages are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    Silent,
    /// Each sender has this many messages in flight.
    Window(u32),
    /// One message every `nanos` nanoseconds, counted from `since`; the senders take turns.
    Every {
        nanos: f64,
        since: u64,
    },
}

/// The messages of a run, sent and received.
pub(crate) struct Conversation {
    pub(crate) tally: Tally,
    /// Nanoseconds from the intended time to the delivery, for messages that were due within `metered`.
    pub(crate) latencies: Histogram<u64>,
    /// How late an open loop sent its messages, in nanoseconds: the load test's own share of the latencies.
    pub(crate) delays: Histogram<u64>,
    /// Messages due within this range count for the latencies.
    pub(crate) metered: Range<u64>,
    /// Only the first `metered_places` seats of each room count for the latencies; the others may be slow on
    /// purpose.
    pub(crate) metered_places: usize,
    /// Number of seats that are in their room now.
    pub(crate) now_in: usize,
    /// Reconnects that got exactly what the client had missed, and reconnects that did not.
    pub(crate) resumed: usize,
    pub(crate) not_resumed: usize,
    /// Connections that ended, newest last.
    pub(crate) ended: Vec<(usize, Fate)>,
    /// Milliseconds after which the server asked a seat to reconnect.
    pub(crate) drained: HashMap<usize, u64>,
    /// Time of the last delivery.
    pub(crate) heard_at: u64,
    seats: RoomLayout,
    clock: Clock,
    /// The epoch and head each seat got when it first joined its room: the run's own message numbers count
    /// from that head.
    entered: Vec<Option<Entered>>,
    inside: Vec<bool>,
    /// Messages that each sender has sent and not received back; it resends them after a reconnect.
    outboxes: HashMap<usize, VecDeque<Mark>>,
    /// Senders that have reconnected and must resend their outbox.
    back: Vec<usize>,
    /// Resent messages, by seat and number: their sender may legitimately receive them twice.
    repeated: HashSet<(usize, u32)>,
    pace: Pace,
    /// Messages sent at this pace.
    said: u64,
    speakers: Vec<usize>,
    /// For each sender and each message in its window, how many members have still to receive it.
    waiting: Vec<u32>,
    window: usize,
    /// Senders that may send: every member has received one of their messages, or they have not begun.
    ready: Vec<usize>,
}

impl Conversation {
    pub(crate) fn new(seats: RoomLayout, clock: Clock) -> Result<Self> {
        Ok(Self {
            tally: Tally::new(seats),
            latencies: Histogram::new_with_bounds(1, LONGEST, 3)?,
            delays: Histogram::new_with_bounds(1, LONGEST, 3)?,
            metered: 0..0,
            metered_places: seats.members,
            now_in: 0,
            resumed: 0,
            not_resumed: 0,
            ended: Vec::new(),
            drained: HashMap::new(),
            heard_at: 0,
            seats,
            clock,
            entered: vec![None; seats.count()],
            inside: vec![false; seats.count()],
            outboxes: HashMap::new(),
            back: Vec::new(),
            repeated: HashSet::new(),
            pace: Pace::Silent,
            said: 0,
            speakers: seats.all_speakers().collect(),
            waiting: Vec::new(),
            window: 0,
            ready: Vec::new(),
        })
    }

    /// Switches to another pace. A window starts empty, so no message may be in flight.
    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
        self.said = 0;
        self.ready.clear();
        if let Pace::Window(window) = pace {
            self.window = window as usize;
            self.waiting = vec![0; self.speakers.len() * self.window];
            self.ready = (0..self.speakers.len()).collect();
        }
    }

    /// Sends one message, whatever the pace.
    pub(crate) fn say_now(&mut self, crowd: &mut Crowd, seat: usize) {
        self.say(crowd, seat, self.clock.now());
    }

    fn say(&mut self, crowd: &mut Crowd, seat: usize, intended: u64) {
        let number = self.tally.said(seat);
        self.tally.say(seat);
        let speaker = u32::try_from(seat).unwrap_or(u32::MAX);
        let mark = Mark { speaker, number, intended };
        self.outboxes.entry(seat).or_default().push_back(mark);
        if self.inside[seat] {
            crowd.say(seat, mark);
        }
    }

    /// Resends, in order, the outbox of every sender that has reconnected.
    fn say_again(&mut self, crowd: &mut Crowd) {
        for seat in self.back.drain(..) {
            for &mark in self.outboxes.get(&seat).into_iter().flatten() {
                self.repeated.insert((seat, mark.number));
                crowd.say(seat, mark);
            }
            crowd.flush(seat);
        }
    }

    /// Removes a received message from its sender's outbox. Returns whether the sender had already received
    /// it, which is no fault if the message was resent.
    fn is_repeated(&mut self, seat: usize, mark: Mark) -> bool {
        if let Some(outbox) = self.outboxes.get_mut(&seat) {
            if outbox.front().is_some_and(|first| first.number == mark.number) {
                outbox.pop_front();
            } else {
                outbox.retain(|waiting| waiting.number != mark.number);
            }
        }
        mark.number < self.tally.next(seat, seat) && self.repeated.remove(&(seat, mark.number))
    }

    /// Fills the window of every sender that has room in it.
    fn fill_windows(&mut self, crowd: &mut Crowd) {
        while let Some(index) = self.ready.pop() {
            let seat = self.speakers[index];
            loop {
                let slot = index * self.window + self.tally.said(seat) as usize % self.window;
                // The place of a lost message stays taken, so the loop comes to a stop, as it must.
                if self.waiting[slot] > 0 {
                    break;
                }
                self.waiting[slot] = u32::try_from(self.seats.members).unwrap_or(u32::MAX);
                self.say(crowd, seat, self.clock.now());
            }
            crowd.flush(seat);
        }
    }

    fn say_what_is_due(&mut self, crowd: &mut Crowd, nanos: f64, since: u64) -> Result<()> {
        loop {
            let due = since + after(self.said, nanos);
            let now = self.clock.now();
            if now < due {
                return crowd.timer.wake_in(due - now);
            }
            let seat = self.speakers[usize::try_from(self.said)? % self.speakers.len()];
            self.said += 1;
            if self.metered.contains(&due) {
                self.delays.saturating_record(now - due);
            }
            self.say(crowd, seat, due);
            crowd.flush(seat);
        }
    }

    fn index(&self, speaker: usize) -> usize {
        self.seats.room(speaker) * self.seats.speakers + self.seats.place(speaker)
    }
}

/// Returns how long after the start a message is due, in nanoseconds.
fn after(messages: u64, nanos: f64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a run has far fewer than 2^52 messages and nanoseconds"
    )]
    let after = (messages as f64 * nanos) as u64;
    after
}

impl Listener for Conversation {
    fn heard(&mut self, seat: usize, mark: Mark, at: u64) {
        self.heard_at = at;
        if mark.speaker as usize == seat && self.is_repeated(seat, mark) {
            return;
        }
        if self.tally.hear(seat, mark) != Delivery::First {
            return;
        }
        if self.seats.place(seat) < self.metered_places && self.metered.contains(&mark.intended) {
            self.latencies.saturating_record(at.saturating_sub(mark.intended));
        }
        if let Pace::Window(_) = self.pace {
            let index = self.index(mark.speaker as usize);
            let waiting = &mut self.waiting[index * self.window + mark.number as usize % self.window];
            *waiting = waiting.saturating_sub(1);
            if *waiting == 0 {
                self.ready.push(index);
            }
        }
    }

    fn befell(&mut self, seat: usize, fate: Fate) {
        match fate {
            Fate::Entered(entered) => {
                self.now_in += 1;
                self.inside[seat] = true;
                match (&self.entered[seat], entered.resumed) {
                    (None, _) => self.entered[seat] = Some(entered),
                    (Some(_), true) => self.resumed += 1,
                    (Some(_), false) => self.not_resumed += 1,
                }
                if self.outboxes.get(&seat).is_some_and(|outbox| !outbox.is_empty()) {
                    self.back.push(seat);
                }
            }
            Fate::Drained { retry_ms } => {
                self.drained.insert(seat, retry_ms);
            }
            ended => {
                if std::mem::take(&mut self.inside[seat]) {
                    self.now_in -= 1;
                }
                self.ended.push((seat, ended));
            }
        }
    }

    fn held(&self, seat: usize) -> Option<(String, u64)> {
        let entered = self.entered[seat].as_ref()?;
        let speaker = self.seats.room(seat) * self.seats.members;
        Some((entered.epoch.clone(), entered.head + u64::from(self.tally.next(seat, speaker))))
    }

    fn attend(&mut self, crowd: &mut Crowd) -> Result<()> {
        if !self.back.is_empty() {
            self.say_again(crowd);
        }
        match self.pace {
            Pace::Silent => Ok(()),
            Pace::Window(_) => {
                if !self.ready.is_empty() {
                    self.fill_windows(crowd);
                }
                Ok(())
            }
            Pace::Every { nanos, since } => self.say_what_is_due(crowd, nanos, since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::Swarm;
    use crate::tally::Faults;
    use crate::venue::Venue;

    #[test]
    fn what_a_speaker_said_again_may_come_back_to_it_twice() {
        let seats = RoomLayout { rooms: 1, members: 2, speakers: 1 };
        let mut talk = Conversation::new(seats, Clock::start()).unwrap();
        let mark = Mark { speaker: 0, number: 0, intended: 0 };
        talk.tally.say(0);
        talk.outboxes.entry(0).or_default().push_back(mark);
        talk.repeated.insert((0, 0));
        for seat in [0, 0, 1] {
            talk.heard(seat, mark, 1);
        }
        assert_eq!(talk.tally.faults(), Faults::default());
        assert!(talk.outboxes[&0].is_empty());
        talk.heard(1, mark, 1);
        assert_eq!(talk.tally.faults().doubled, 1, "the others must not hear it twice");
    }

    #[test]
    fn latencies_count_from_when_a_message_was_due() {
        let seats = RoomLayout { rooms: 1, members: 2, speakers: 1 };
        let mut talk = Conversation::new(seats, Clock::start()).unwrap();
        talk.metered = 1_000..2_000;
        for _ in 0..3 {
            talk.tally.say(0);
        }
        for (number, intended, at) in [(0, 999, 5_000), (1, 1_000, 6_000_000), (2, 2_000, 9_000)] {
            talk.heard(1, Mark { speaker: 0, number, intended }, at);
        }
        assert_eq!(talk.latencies.len(), 1, "only what was due while it was metered");
        assert!(talk.latencies.equivalent(talk.latencies.max(), 5_999_000), "{}", talk.latencies.max());
    }

    #[test]
    fn what_is_said_late_in_an_open_loop_counts_from_when_it_was_due() {
        let seats = RoomLayout { rooms: 1, members: 1, speakers: 1 };
        let clock = Clock::start();
        let address = "127.0.0.1:1".parse().unwrap();
        let mut swarm = Swarm::new(Venue::of_a_test(vec![address], seats), clock).unwrap();
        let mut talk = Conversation::new(seats, clock).unwrap();
        while clock.now() < 5_000 {
            std::hint::spin_loop();
        }
        talk.set_pace(Pace::Every { nanos: 1_000.0, since: 0 });
        talk.attend(&mut swarm.crowd).unwrap();
        let due: Vec<_> = talk.outboxes[&0].iter().take(5).map(|mark| mark.intended).collect();
        assert_eq!(due, [0, 1_000, 2_000, 3_000, 4_000]);
    }
}
