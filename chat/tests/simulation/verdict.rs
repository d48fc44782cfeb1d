//! The invariants: during a storm, of everything that is shown; and once all is calm again.

use std::collections::BTreeMap;

use chat::{
    client::{
        Client, Input, Now, connection::Status, open_room::OpenRoom, outbox::Delivery, timeline::Earlier,
    },
    id::ClientId,
    protocol::{Message, Seq},
    room_name::RoomName,
    time::Ticks,
};

use crate::{
    browser::News,
    store::Health,
    tab::Tab,
    world::{PLACES, ROOMS, World, client_id, room},
};

/// How long the calm after the storm may take until everything is settled, in virtual milliseconds.
const CALM_MS: u64 = 300_000;

/// The number of rounds at one moment, in which everything moves, that indicates a bug.
const RESTLESS: usize = 10_000;

/// A violated invariant, in words.
pub(crate) type Verdict = Result<(), String>;

impl World {
    /// Judges the world after its storm.
    pub(crate) fn verdict(&mut self) -> Verdict {
        self.calm()?;
        self.check_all_shown();
        for place in self.living() {
            let tab = self.tabs[place].as_ref().unwrap();
            for open in tab.client.rooms() {
                self.same_but_for_holes(tab, open)?;
            }
        }
        self.all_said_once_and_in_order()?;
        self.kept_as_shown()?;
        self.read_everything()?;
        for place in self.living() {
            self.clear(place);
        }
        self.calm()?;
        for browser in &self.browsers {
            expect(browser.records.is_empty(), || format!("it stays kept: {:?}", browser.records))?;
        }
        match self.ledger.complaints.first() {
            Some(complaint) => Err(complaint.clone()),
            None => Ok(()),
        }
    }

    /// Makes everything work from now on, and runs until nothing is left to do.
    fn calm(&mut self) -> Verdict {
        self.server.fare(Health::Works);
        for (place, browser) in PLACES.into_iter().enumerate() {
            self.thaw(place);
            if !self.living().iter().any(|other| PLACES[*other] == browser) {
                self.load(place);
            }
        }
        let end = self.now + CALM_MS;
        loop {
            let mut rounds = 0;
            while self.bustle() {
                rounds += 1;
                expect(rounds < RESTLESS, || "they never rest".to_owned())?;
            }
            if self.unsettled().is_none() {
                return Ok(());
            }
            if self.now > end {
                return Err(format!("it does not settle: {}", self.unsettled().unwrap_or_default()));
            }
            self.pass((self.next().since(self.now)).max(100));
        }
    }

    /// Moves everything once. Returns whether anything moved.
    fn bustle(&mut self) -> bool {
        let mut moved = self.late(0);
        moved |= self.server.route(usize::MAX);
        for place in self.living() {
            moved |= self.flow(place);
        }
        moved
    }

    /// Returns what is left to do, if anything.
    fn unsettled(&self) -> Option<String> {
        self.living().into_iter().find_map(|place| {
            let tab = self.tabs[place].as_ref()?;
            let says = |what: String| Some(format!("{} {what}", tab.name));
            if tab.client.status() != Status::Live {
                return says(format!("is not live: {:?}", tab.client.status()));
            }
            if tab.news.iter().any(|(_, news)| matches!(news, News::Stored(..))) {
                return says("has not heard all".to_owned());
            }
            for open in tab.client.rooms() {
                let head = (&self.server.store.epoch(), self.server.store.log(open.name()).head());
                if open.timeline().position() != Some(head) {
                    let position = open.timeline().position();
                    return says(format!("is at {position:?} in {}, not at {head:?}", open.name()));
                }
            }
            let under_way = tab.client.outbox().pending().iter().find(|pending| {
                let mut tabs = self.tabs_beside(place);
                let owner = tabs.find(|tab| tab.name == pending.owner);
                !owner.is_some_and(|owner| waits_for_its_user(owner, &pending.id))
            });
            under_way.and_then(|pending| says(format!("has {pending:?} under way")))
        })
    }

    pub(crate) fn tabs_beside(&self, place: usize) -> impl Iterator<Item = &Tab> {
        let beside = move |other: &usize| PLACES[*other] == PLACES[place];
        (0..PLACES.len()).filter(beside).filter_map(|other| self.tabs[other].as_ref())
    }

    /// Checks that every message that a tab shows was committed as shown.
    pub(crate) fn check_shown(&mut self, tab: &Tab) {
        for open in tab.client.rooms() {
            let Some((epoch, _)) = open.timeline().position() else { continue };
            let said = self.server.store.said(epoch, open.name());
            for shown in open.timeline().messages() {
                let index = usize::try_from(shown.seq).unwrap() - 1;
                if said.get(index) != Some(&**shown) {
                    self.ledger.complaints.push(format!("{} shows {shown:?}, which was not said", tab.name));
                }
            }
        }
    }

    pub(crate) fn check_all_shown(&mut self) {
        for place in self.living() {
            let tab = self.tabs[place].take().unwrap();
            self.check_shown(&tab);
            self.tabs[place] = Some(tab);
        }
    }

    /// Checks that a timeline equals the log from its first seq on, except for its declared holes.
    fn same_but_for_holes(&self, tab: &Tab, open: &OpenRoom) -> Verdict {
        let timeline = open.timeline();
        let is_missing = |seq: Seq| timeline.holes().any(|hole| (hole.from..=hole.to).contains(&seq));
        let log = self.server.store.log(open.name()).all();
        let expected = log.iter().filter(|kept| kept.seq >= timeline.first() && !is_missing(kept.seq));
        let held = timeline.messages().map(|message| &**message);
        let (held, expected): (Vec<&Message>, Vec<&Message>) = (held.collect(), expected.collect());
        expect(held == expected, || {
            let of = |messages: &[&Message]| messages.iter().map(|message| message.seq).collect::<Vec<_>>();
            format!("{} shows {:?} in {}, not {:?}", tab.name, of(&held), open.name(), of(&expected))
        })?;
        for hole in timeline.holes() {
            let is_one = hole.from <= hole.to && hole.to <= log.len() as Seq;
            // The server's pages end at the head, so no user here reads downwards into a hole.
            expect(is_one && !hole.onward, || format!("{} has {hole:?} for no reason", tab.name))?;
        }
        Ok(())
    }

    /// Checks that every sent message is in the log once, or shown as waiting for its user, or lost with an
    /// older copy of the log; and that the messages of one tab are in order.
    fn all_said_once_and_in_order(&self) -> Verdict {
        let mut places: BTreeMap<&ClientId, Vec<Seq>> = BTreeMap::new();
        let rooms = [0, 1].map(room);
        for message in rooms.iter().flat_map(|room| self.server.store.log(room).all()) {
            places.entry(&message.id).or_default().push(message.seq);
        }
        let mut last: BTreeMap<(&ClientId, &RoomName), Seq> = BTreeMap::new();
        for saying in &self.ledger.said {
            let discarded = self.ledger.discarded.contains(&saying.id);
            let retried = self.ledger.retried.contains(&saying.id);
            let is_lost = self.server.store.has_lost(&saying.id);
            let waits = self.tabs.iter().flatten().any(|tab| waits_for_its_user(tab, &saying.id));
            let seqs = places.remove(&saying.id).unwrap_or_default();
            expect(!seqs.is_empty() || waits || discarded || is_lost, || format!("{saying:?} is gone"))?;
            expect(seqs.len() < 2 || retried, || format!("{saying:?} is there {} times", seqs.len()))?;
            let aged = self.ledger.aged.contains(&saying.id);
            if let (Some(seq), false) = (seqs.first(), discarded || retried || aged || is_lost) {
                let before = last.insert((&saying.tab, &saying.room), *seq).unwrap_or(0);
                expect(before < *seq, || format!("{saying:?} comes before what was said before it"))?;
            }
        }
        let strange = places.keys().find(|id| !id.as_str().starts_with('c'));
        expect(strange.is_none(), || format!("{strange:?} is there, and nobody said it"))
    }

    /// Checks that a page that loaded now would find what the tabs show: the same messages, with the same
    /// tabs to send them.
    fn kept_as_shown(&self) -> Verdict {
        for place in self.living() {
            let browser = &self.browsers[PLACES[place]];
            let at = browser.wall(self.now);
            let now = Now { at, ticks: Ticks(0), random: 0.0 };
            let mut page = Client::new(browser.user.clone(), RoomName::lobby()).named(client_id("new"));
            for tab in self.tabs_beside(place) {
                page.apply(Input::Signed(tab.name.clone(), at), now);
            }
            for (id, record) in &browser.records {
                page.apply(Input::Stored(id.clone(), Some(record)), now);
            }
            let shown = |client: &Client| -> Vec<(ClientId, ClientId)> {
                let pending = client.outbox().pending().iter();
                pending.map(|pending| (pending.id.clone(), pending.owner.clone())).collect()
            };
            let (tab, kept) = (self.tabs[place].as_ref().unwrap(), shown(&page));
            let shown = shown(&tab.client);
            expect(shown == kept, || format!("{} shows {shown:?}, and {kept:?} is kept", tab.name))?;
        }
        Ok(())
    }

    /// Fills all holes and reads all earlier pages: then a timeline is all that the server retains.
    fn read_everything(&mut self) -> Verdict {
        for place in self.living() {
            for name in (0..ROOMS.len()).map(room) {
                if self.tabs[place].as_ref().unwrap().client.room(&name).is_none() {
                    continue;
                }
                self.apply(place, Input::Visit(name.clone()));
                // More pages than any log here has.
                for _ in 0..100 {
                    let open = self.tabs[place].as_ref().unwrap().client.room(&name).unwrap();
                    let timeline = open.timeline();
                    let hole = timeline.holes().find(|hole| hole.to >= timeline.oldest());
                    match hole {
                        Some(hole) => self.apply(place, Input::Fill(hole)),
                        None if timeline.earlier() == Earlier::Available => self.apply(place, Input::Earlier),
                        None => break,
                    }
                    self.calm()?;
                    // A stalled link is noticed later.
                    if self.tabs[place].as_ref().unwrap().client.active().is_looking_back() {
                        self.pass(1_000);
                    }
                }
                let tab = self.tabs[place].as_ref().unwrap();
                let open = tab.client.room(&name).unwrap();
                self.same_but_for_holes(tab, open)?;
                let log = self.server.store.log(&name);
                let kept = log.kept(1, log.head()).len();
                let held = open.timeline().messages().filter(|message| message.seq >= log.oldest()).count();
                expect(held == kept, || format!("{} holds {held} of {kept} in {name}", tab.name))?;
            }
        }
        Ok(())
    }
}

fn waits_for_its_user(tab: &Tab, id: &ClientId) -> bool {
    let waits = |state: &Delivery| matches!(state, Delivery::Old | Delivery::Refused(_));
    tab.client.outbox().pending().iter().any(|pending| pending.id == *id && waits(&pending.state))
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}
