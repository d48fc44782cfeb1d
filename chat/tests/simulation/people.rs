//! The users' actions: sending, discarding, reading the history, opening and closing tabs; and the tabs'
//! failures.

use chat::{
    client::{Client, Input, outbox::Delivery, timeline::Hole},
    id::ClientId,
    room_name::RoomName,
};

use crate::{
    ledger::Saying,
    server::UNFIT,
    tab::Tab,
    world::{PLACES, Stray, World, client_id, room},
};

impl World {
    /// Sends a message; if the tab crashes, it performs only this many effects before.
    pub(crate) fn say(&mut self, place: usize, to: usize, fit: bool, crashes_after: Option<usize>) {
        let to = room(to);
        let Some(tab) = self.awake(place) else { return };
        if tab.client.outbox().is_full() {
            return;
        }
        if tab.client.room(&to).is_none() {
            self.apply(place, Input::Visit(to.clone()));
        }
        self.named += 1;
        let id = client_id(&format!("m{}", self.named));
        let text = if fit { id.to_string() } else { format!("{UNFIT} {id}") };
        let tab = self.tabs[place].as_ref().expect("it is awake").name.clone();
        self.ledger.says(Saying { id: id.clone(), room: to.clone(), tab });
        let most = crashes_after.unwrap_or(usize::MAX);
        self.apply_some(place, Input::Send { room: to, id: id.clone(), text }, most);
        if crashes_after.is_some() {
            self.crash(place);
            self.ledger.stutters(&id);
        }
    }

    /// Returns the messages in a tab's outbox that wait for a decision of its user.
    fn waiting(&self, place: usize) -> Vec<ClientId> {
        let pending = self.tab(place).map_or(&[][..], |tab| tab.client.outbox().pending());
        let waits = |state: &Delivery| matches!(state, Delivery::Old | Delivery::Refused(_));
        pending.iter().filter(|pending| waits(&pending.state)).map(|pending| pending.id.clone()).collect()
    }

    pub(crate) fn retry(&mut self, place: usize, nth: usize) {
        let waiting = self.waiting(place);
        if !waiting.is_empty() && self.awake(place).is_some() {
            let id = waiting[nth % waiting.len()].clone();
            self.ledger.retried.insert(id.clone());
            self.apply(place, Input::Retry(id));
        }
    }

    /// Discards a pending message, whether or not it waits for a decision.
    pub(crate) fn discard(&mut self, place: usize, nth: usize) {
        let Some(tab) = self.awake(place) else { return };
        let pending = tab.client.outbox().pending();
        if !pending.is_empty() {
            let id = pending[nth % pending.len()].id.clone();
            self.ledger.discarded.insert(id.clone());
            self.apply(place, Input::Discard(id));
        }
    }

    /// Discards all pending messages that a tab shows.
    pub(crate) fn clear(&mut self, place: usize) {
        while self.tab(place).is_some_and(|tab| !tab.client.outbox().pending().is_empty()) {
            self.discard(place, 0);
        }
    }

    /// Requests earlier messages, or some of the missing ones of a hole.
    pub(crate) fn look_back(&mut self, place: usize, nth: usize) {
        let Some(tab) = self.awake(place) else { return };
        let holes: Vec<Hole> = tab.client.active().timeline().holes().collect();
        match nth % (holes.len() + 1) {
            0 => self.apply(place, Input::Earlier),
            nth => self.apply(place, Input::Fill(holes[nth - 1])),
        }
    }

    pub(crate) fn glance(&mut self, place: usize) {
        self.apply(place, Input::Visible(false));
        self.apply(place, Input::Visible(true));
    }

    /// Opens a tab, unless there is one.
    pub(crate) fn load(&mut self, place: usize) {
        if self.tabs[place].is_some() {
            return;
        }
        // Random, so that the older tab does not always have the smaller name.
        self.named += 1;
        let name = client_id(&format!("t{:03}-{}", self.random.below(1_000), self.named));
        let browser = &self.browsers[PLACES[place]];
        let mut client = Client::new(browser.user.clone(), RoomName::lobby());
        client.set_server_time(self.now);
        let found = browser.found();
        if self.random.below(2) == 0 {
            client.open(room(1));
        }
        self.tabs[place] = Some(Tab::new(name, client));
        for news in found {
            self.inform(place, &news);
        }
        self.apply(place, Input::Start);
    }

    /// Closes a tab regularly: its sign of life is removed.
    pub(crate) fn leave_tab(&mut self, place: usize) {
        let Some(name) = self.awake(place).map(|tab| tab.name.clone()) else { return };
        if let Some(news) = self.browsers[PLACES[place]].leave(&name) {
            self.tell(place, &news);
        }
        self.crash(place);
    }

    /// Removes a tab without notice.
    pub(crate) fn crash(&mut self, place: usize) {
        if let Some(tab) = self.tabs[place].take() {
            self.check_shown(&tab);
            self.ledger.troubled.insert(tab.name.clone());
            if let Some(link) = tab.link {
                self.strays.push(Stray { place, tab: tab.name, link });
            }
        }
    }

    pub(crate) fn freeze(&mut self, place: usize) {
        if let Some(tab) = &mut self.tabs[place] {
            tab.frozen = true;
            self.ledger.troubled.insert(tab.name.clone());
        }
    }

    pub(crate) fn thaw(&mut self, place: usize) {
        if let Some(tab) = &mut self.tabs[place] {
            tab.frozen = false;
        }
    }
}
