//! Records what users did and what tabs sent, for the verdict, and which of it violates the rules.

use std::collections::{BTreeMap, BTreeSet};

use chat::{id::ClientId, room_name::RoomName};

/// A message that a user has sent.
#[derive(Clone, Debug)]
pub(crate) struct Saying {
    pub(crate) id: ClientId,
    pub(crate) room: RoomName,
    /// The tab in which the user sent it.
    pub(crate) tab: ClientId,
}

#[derive(Default)]
pub(crate) struct Ledger {
    /// In the order of sending. Excludes messages that a tab had not stored before it crashed.
    pub(crate) said: Vec<Saying>,
    /// Messages that a user discarded; the server may have committed them before.
    pub(crate) discarded: BTreeSet<ClientId>,
    /// Messages that a user sent again although they were refused or old; they have lost their place, and the
    /// server may have committed them before.
    pub(crate) retried: BTreeSet<ClientId>,
    /// Messages that grew old before they were acknowledged, if only by their timestamp: later messages do
    /// not wait for them, though they may be under way.
    pub(crate) aged: BTreeSet<ClientId>,
    /// Tabs that were closed, crashed or frozen, or whose machine slept.
    pub(crate) troubled: BTreeSet<ClientId>,
    /// The tabs that stored a message beyond their page: the one in which it was written, and those that
    /// claimed it.
    keepers: BTreeMap<ClientId, BTreeSet<ClientId>>,
    /// The tabs that sent each message.
    senders: BTreeMap<ClientId, BTreeSet<ClientId>>,
    /// The violations.
    pub(crate) complaints: Vec<String>,
}

impl Ledger {
    pub(crate) fn says(&mut self, saying: Saying) {
        self.said.push(saying);
    }

    pub(crate) fn keeps(&mut self, tab: &ClientId, id: &ClientId) {
        self.keepers.entry(id.clone()).or_default().insert(tab.clone());
    }

    /// A tab has crashed while sending a message: if the message was not stored by then, it does not count.
    pub(crate) fn stutters(&mut self, id: &ClientId) {
        self.said.retain(|saying| saying.id != *id || self.keepers.contains_key(id));
    }

    /// A tab sends a message: its own, or another tab's if the user retried a message of that tab, or if the
    /// sender or any tab that stored one of its messages was in trouble. All messages of one tab move
    /// together.
    pub(crate) fn sends(&mut self, tab: &ClientId, id: &ClientId) {
        self.senders.entry(id.clone()).or_default().insert(tab.clone());
        if !self.keepers.contains_key(id) {
            self.complaints.push(format!("{id} is sent before it is kept"));
        }
        let Some(saying) = self.said.iter().find(|saying| saying.id == *id) else {
            return self.complaints.push(format!("{id} is sent, and nobody said it"));
        };
        if saying.tab != *tab && !self.troubled.contains(tab) && !self.is_disturbed(&saying.tab) {
            self.complaints.push(format!("{id} of {} is sent by {tab} without need", saying.tab));
        }
    }

    /// Whether another tab may have taken over any message of this tab.
    fn is_disturbed(&self, tab: &ClientId) -> bool {
        self.said.iter().filter(|saying| saying.tab == *tab).any(|saying| {
            let mut keepers = self.keepers.get(&saying.id).into_iter().flatten();
            self.retried.contains(&saying.id) || keepers.any(|keeper| self.troubled.contains(keeper))
        })
    }

    /// Returns how many messages were sent by more than one tab.
    pub(crate) fn sent_by_several(&self) -> usize {
        self.senders.values().filter(|tabs| tabs.len() > 1).count()
    }
}
