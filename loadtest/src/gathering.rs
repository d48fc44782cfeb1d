//! A run from start to end: logs users in, connects them to their rooms, sends during the measurement, and
//! waits for the deliveries still in flight.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::clock::{Clock, nanos};
use crate::conversation::{Conversation, Pace};
use crate::crowd::{Fate, Listener, Received};
use crate::limits;
use crate::login;
use crate::mark::Run;
use crate::meter::{self, Memory, Watched};
use crate::options::{Common, Times};
use crate::redis::Usage;
use crate::room_layout::RoomLayout;
use crate::swarm::Swarm;
use crate::target::Target;
use crate::venue::Venue;

/// The longest wait in one turn, so that ended connections are noticed.
const TURN: Duration = Duration::from_millis(100);

/// Logs in `count` users, if the target has a login, and returns their cookies.
pub(crate) fn log_in(target: &Target, count: usize) -> Result<Vec<String>> {
    if target.speech.speech().has_login() {
        login::log_in(target.addresses[0], Run::new(fastrand::u32(..)), count)
    } else {
        Ok(Vec::new())
    }
}

/// Everything a run needs.
pub(crate) struct Gathering {
    pub(crate) target: Target,
    pub(crate) swarm: Swarm,
    pub(crate) talk: Conversation,
    pub(crate) clock: Clock,
    pub(crate) seats: RoomLayout,
    /// Time without progress after which missing deliveries count as lost.
    patience: Duration,
    /// Connections at this place of each room and beyond may end without ending the run.
    pub(crate) may_end_from: usize,
}

/// All counters at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) at: u64,
    pub(crate) received: Received,
    pub(crate) deliveries: u64,
    pub(crate) said: u64,
    pub(crate) server_cpu: Option<f64>,
    pub(crate) own_cpu: f64,
    pub(crate) memory: Option<Memory>,
    pub(crate) redis: Option<Usage>,
}

impl Gathering {
    /// Finds the target and logs all users in. Connects none of them yet.
    pub(crate) fn prepare(options: &Common) -> Result<Self> {
        let target = Target::find(options)?;
        let cookies = log_in(&target, options.seats().count())?;
        Self::of(options, target, cookies)
    }

    /// Does the same with users that are already logged in: at least as many as there are seats.
    pub(crate) fn of(options: &Common, target: Target, cookies: Vec<String>) -> Result<Self> {
        let seats = options.seats();
        limits::allow_connections(seats.count())?;
        let clock = Clock::start();
        let speech = target.speech.speech();
        if seats.rooms > 1 && !speech.has_rooms() {
            bail!("{} has one room only, not {}", target.name(), seats.rooms);
        }
        let venue = Venue {
            addresses: target.addresses.clone(),
            speech,
            run: Run::new(fastrand::u32(..)),
            seats,
            size: options.size as usize,
            cookies,
        };
        Ok(Self {
            target,
            swarm: Swarm::new(venue, clock)?,
            talk: Conversation::new(seats, clock)?,
            clock,
            seats,
            patience: Duration::from_secs_f64(options.patience),
            may_end_from: seats.members,
        })
    }

    /// Connects all clients and waits until they are in their rooms, with at most `at_once` connecting at a
    /// time.
    pub(crate) fn let_in(&mut self, at_once: u32) -> Result<()> {
        let mut begun = 0;
        let (mut now_in, mut progress) = (0, self.clock.now());
        while self.talk.now_in < self.seats.count() {
            while begun < self.seats.count() && begun - self.talk.now_in < at_once as usize {
                self.swarm.crowd.connect(begun)?;
                begun += 1;
            }
            self.turn()?;
            if self.talk.now_in > now_in {
                (now_in, progress) = (self.talk.now_in, self.clock.now());
            } else if self.clock.now() - progress > nanos(self.patience) {
                bail!("only {now_in} of {} clients got in", self.seats.count());
            }
        }
        Ok(())
    }

    /// Runs one turn, in which no connection may end.
    pub(crate) fn turn(&mut self) -> Result<()> {
        self.swarm.turn(TURN, &mut self.talk)?;
        self.check()
    }

    fn check(&mut self) -> Result<()> {
        match self.talk.ended.pop() {
            None => Ok(()),
            Some((seat, Fate::Failed(error))) => Err(error).context(format!("client {seat}")),
            Some((seat, Fate::Closed(Some(code)))) => {
                bail!("the server closed client {seat} with code {code}")
            }
            Some((seat, _)) => bail!("the server closed the connection of client {seat}"),
        }
    }

    /// Runs turns for this many seconds.
    pub(crate) fn go_on(&mut self, for_seconds: f64) -> Result<()> {
        let end = self.clock.now() + nanos(Duration::from_secs_f64(for_seconds));
        while self.clock.now() < end {
            let left = Duration::from_nanos(end.saturating_sub(self.clock.now()));
            self.swarm.turn(left.min(TURN), &mut self.talk)?;
            self.check()?;
        }
        Ok(())
    }

    /// Sends at this pace, first through the warm-up, and returns the two moments between which it measured.
    pub(crate) fn meter(&mut self, pace: Pace, times: Times) -> Result<(Moment, Moment)> {
        self.talk.set_pace(pace);
        self.wake()?;
        self.go_on(times.warm_up)?;
        let begin = self.moment()?;
        self.talk.metered = begin.at..begin.at + nanos(Duration::from_secs_f64(times.seconds));
        self.go_on(times.seconds)?;
        let end = self.moment()?;
        // Also send the messages that became due at the very end.
        self.wake()?;
        self.talk.set_pace(Pace::Silent);
        Ok((begin, end))
    }

    /// Sends what is due: a silent crowd would wait for an event first.
    pub(crate) fn wake(&mut self) -> Result<()> {
        self.talk.attend(&mut self.swarm.crowd)
    }

    /// Makes one member of each room send `messages` messages at once, and waits until every member has
    /// received them.
    pub(crate) fn say_to_all(&mut self, messages: u32) -> Result<()> {
        for speaker in self.seats.all_speakers().step_by(self.seats.speakers) {
            for _ in 0..messages {
                self.talk.say_now(&mut self.swarm.crowd, speaker);
            }
            self.swarm.crowd.flush(speaker);
        }
        self.hear_out()
    }

    /// Waits until every member has received every message, or nothing arrives any more.
    pub(crate) fn hear_out(&mut self) -> Result<()> {
        let mut progress = (self.talk.tally.deliveries, self.clock.now());
        while !self.talk.tally.is_complete() {
            self.turn()?;
            if self.talk.tally.deliveries > progress.0 {
                progress = (self.talk.tally.deliveries, self.clock.now());
            } else if self.clock.now() - progress.1 > nanos(self.patience) {
                break;
            }
        }
        // Duplicates would arrive last.
        self.go_on(0.2)
    }

    pub(crate) fn moment(&self) -> Result<Moment> {
        let Target { watched, redis, .. } = &self.target;
        let is_watched = !watched.is_empty();
        Ok(Moment {
            at: self.clock.now(),
            received: self.swarm.crowd.received,
            deliveries: self.talk.tally.deliveries,
            said: self.talk.tally.all_said(),
            server_cpu: is_watched.then(|| watched.iter().map(Watched::cpu).sum()).transpose()?,
            own_cpu: meter::own_cpu()?,
            memory: is_watched.then(|| watched.iter().map(Watched::memory).sum()).transpose()?,
            redis: redis.map(Usage::of).transpose()?,
        })
    }
}
