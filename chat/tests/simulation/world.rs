//! Server, browsers and tabs together: performs the clients' effects and lets time pass. The server has the
//! true time; the machines' clocks may deviate.
//!
//! [`traffic`] moves what is under way; [`people`] performs the users' actions.
//!
//! [`traffic`]: crate::traffic
//! [`people`]: crate::people

use chat::{
    client::{
        Effect, Input, Now,
        outbox::{Delivery, FRESH_MS, Pending},
    },
    id::{ClientId, UserId},
    protocol::{ClientLine, User},
    room_name::RoomName,
    time::Millis,
};

use crate::{
    browser::{Browser, News},
    ledger::Ledger,
    link::Link,
    random::Dice,
    server::{HEARTBEAT_MS, Measures, Server},
    tab::Tab,
};

/// The browser of each place for a tab.
pub(crate) const PLACES: [usize; 5] = [0, 0, 0, 1, 1];
/// The places with tabs from the start.
const AT_FIRST: [usize; 3] = [0, 1, 3];
pub(crate) const ROOMS: [&str; 2] = ["lobby", "tea"];
/// The maximum delay of changes between tabs. Less than a sign of life is valid beyond the time of the next
/// one, so that no tab without trouble is taken for gone.
const NEWS_MS: u64 = 9_000;

/// A link whose client has gone on without it: what it still carries arrives late.
pub(crate) struct Stray {
    pub(crate) place: usize,
    pub(crate) tab: ClientId,
    pub(crate) link: Link,
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) browsers: Vec<Browser>,
    /// The tab of each place, if there is one at present.
    pub(crate) tabs: Vec<Option<Tab>>,
    pub(crate) strays: Vec<Stray>,
    pub(crate) ledger: Ledger,
    pub(crate) random: Dice,
    pub(crate) now: Millis,
    /// How long the machines slept, in milliseconds: their monotonic clocks stood still.
    slept: u64,
    pub(crate) named: u64,
    next_ping: Millis,
}

impl World {
    pub(crate) fn new(measures: Measures, seed: u64) -> World {
        let now = Millis(1_700_000_000_000);
        let mut world = World {
            server: Server::new(measures, now),
            browsers: ["ann", "bo"].map(|name| Browser::new(user(name))).into(),
            tabs: PLACES.iter().map(|_| None).collect(),
            strays: Vec::new(),
            ledger: Ledger::default(),
            random: Dice::new(seed),
            now,
            slept: 0,
            named: 0,
            next_ping: now + HEARTBEAT_MS,
        };
        for place in AT_FIRST {
            world.load(place);
        }
        world
    }

    /// Returns the places with a tab, frozen or not.
    pub(crate) fn living(&self) -> Vec<usize> {
        (0..PLACES.len()).filter(|place| self.tabs[*place].is_some()).collect()
    }

    pub(crate) fn tab(&self, place: usize) -> Option<&Tab> {
        self.tabs[place].as_ref()
    }

    /// Returns the tab at a place unless it is frozen.
    pub(crate) fn awake(&mut self, place: usize) -> Option<&mut Tab> {
        self.tabs[place].as_mut().filter(|tab| !tab.frozen)
    }

    pub(crate) fn apply(&mut self, place: usize, input: Input<'_>) {
        self.apply_some(place, input, usize::MAX);
    }

    /// Performs only this many of the client's effects.
    pub(crate) fn apply_some(&mut self, place: usize, input: Input<'_>, most: usize) {
        let random = self.random.roll();
        let at = self.browsers[PLACES[place]].wall(self.now);
        let Some(tab) = self.tabs[place].as_mut().filter(|tab| !tab.frozen) else { return };
        let now = Now { at, ticks: tab.clock.read(at, Some(self.now.0 - self.slept)), random };
        let effects = tab.client.apply(input, now);
        // By its timestamp, which may be too early, a message may be old to all tabs but the one in which it
        // was written.
        let is_old =
            |pending: &&Pending| pending.state == Delivery::Old || self.now.since(pending.at) > FRESH_MS;
        let old = tab.client.outbox().pending().iter().filter(is_old);
        self.ledger.aged.extend(old.map(|pending| pending.id.clone()));
        for effect in effects.into_iter().take(most) {
            self.perform(place, effect, now);
        }
    }

    fn perform(&mut self, place: usize, effect: Effect, now: Now) {
        let browser = PLACES[place];
        let tab = self.tabs[place].as_mut().expect("a tab that acts is there");
        let name = tab.name.clone();
        let news = match effect {
            Effect::Open(number) => {
                assert!(tab.link.is_none(), "one connection at a time");
                let session = self.server.connect(self.browsers[browser].user.clone());
                tab.link = Some(Link::new(number, session));
                None
            }
            Effect::Transmit(number, frame) => {
                for line in frame.lines() {
                    if let ClientLine::Send { id, .. } = serde_json::from_str(line).unwrap() {
                        self.ledger.sends(&name, &client_id(&id));
                    }
                }
                let link = tab.link.as_mut().filter(|link| link.number == number);
                link.expect("what is sent goes to the present connection").up.push_back(frame);
                None
            }
            Effect::Close(number) => {
                let link = tab.link.take_if(|link| link.number == number);
                let link = link.expect("the present connection is closed");
                self.strays.push(Stray { place, tab: name, link });
                None
            }
            Effect::WakeAt(at) => {
                tab.wake = Some(self.now + at.since(now.ticks));
                None
            }
            Effect::Store(id, record) => {
                self.ledger.keeps(&name, &id);
                self.browsers[browser].keep(id, record)
            }
            Effect::Forget(id) => {
                let user = &self.browsers[browser].user.id;
                if !self.ledger.discarded.contains(&id) && !self.server.store.has_kept(user, &id) {
                    self.ledger.complaints.push(format!("{id} is forgotten, and the house never had it"));
                }
                self.browsers[browser].forget(id)
            }
            Effect::Sign => Some(self.browsers[browser].sign(name, now.at)),
            Effect::Rename(from, to) => panic!("nobody renamed {from} to {to}"),
            Effect::Login(code) => panic!("nobody asked for a login: {code:?}"),
        };
        if let Some(news) = news {
            self.tell(place, &news);
        }
    }

    /// Sends a change to the other tabs of a tab's browser.
    pub(crate) fn tell(&mut self, from: usize, news: &News) {
        for place in (0..PLACES.len()).filter(|place| *place != from && PLACES[*place] == PLACES[from]) {
            // Mostly soon.
            let bound = if self.random.below(4) == 0 { NEWS_MS } else { 50 };
            let at = self.now + self.random.below(bound);
            if let Some(tab) = &mut self.tabs[place] {
                tab.hears(news.clone(), at);
            }
        }
    }

    /// Delivers the next change by another tab. Returns whether there was one.
    pub(crate) fn hear(&mut self, place: usize) -> bool {
        let Some((_, news)) = self.awake(place).and_then(|tab| tab.news.pop_front()) else { return false };
        self.inform(place, &news);
        true
    }

    pub(crate) fn inform(&mut self, place: usize, news: &News) {
        match news {
            News::Stored(id, record) => self.apply(place, Input::Stored(id.clone(), record.as_deref())),
            News::Signed(tab, at) => self.apply(place, Input::Signed(tab.clone(), *at)),
        }
    }

    /// Returns the time of the next scheduled event.
    pub(crate) fn next(&self) -> Millis {
        self.tabs.iter().flatten().filter_map(Tab::next).chain([self.next_ping]).min().expect("the ping")
    }

    /// Lets time pass, with all scheduled events on the way.
    pub(crate) fn pass(&mut self, span: u64) {
        let end = self.now + span;
        while self.next() <= end {
            self.now = self.now.max(self.next());
            self.server.now = self.now;
            if self.next_ping <= self.now {
                self.next_ping = self.now + HEARTBEAT_MS;
                self.server.ping();
            }
            for place in self.living() {
                let now = self.now;
                while self.awake(place).and_then(|tab| tab.news.front()).is_some_and(|(at, _)| *at <= now) {
                    self.hear(place);
                }
                if self.awake(place).is_some_and(|tab| tab.wake.take_if(|at| *at <= now).is_some()) {
                    self.apply(place, Input::Timer);
                }
            }
        }
        self.now = end;
        self.server.now = end;
        self.server.tick();
    }

    /// Sets the wall clock of a tab's machine. Its tabs may then take each other for gone.
    pub(crate) fn set_clock(&mut self, place: usize, by: i64) {
        self.browsers[PLACES[place]].wall_ahead += by;
        let names: Vec<ClientId> = self.tabs_beside(place).map(|tab| tab.name.clone()).collect();
        self.ledger.troubled.extend(names);
    }

    /// Puts all machines to sleep. No connection, and nothing under way, survives that.
    pub(crate) fn sleep(&mut self, span: u64) {
        self.strays.clear();
        self.server.restart();
        for tab in self.tabs.iter_mut().flatten() {
            self.ledger.troubled.insert(tab.name.clone());
            if let Some(link) = &mut tab.link {
                link.stalled = true;
            }
        }
        self.now = self.now + span;
        self.slept += span;
        self.next_ping = self.next_ping.max(self.now);
        self.server.now = self.now;
    }
}

pub(crate) fn user(name: &str) -> User {
    User { id: UserId::parse(name).unwrap(), name: name.into() }
}

pub(crate) fn room(index: usize) -> RoomName {
    RoomName::parse(ROOMS[index]).unwrap()
}

pub(crate) fn client_id(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}
