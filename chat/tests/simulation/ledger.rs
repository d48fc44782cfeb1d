//! What people did and what tabs sent, written down for the verdict; and what should not have been.

use std::collections::{BTreeMap, BTreeSet};

use chat::{id::ClientId, room_name::RoomName};

/// Something that somebody said.
#[derive(Clone, Debug)]
pub(crate) struct Saying {
    pub(crate) id: ClientId,
    pub(crate) room: RoomName,
    /// The tab in which they said it.
    pub(crate) tab: ClientId,
}

#[derive(Default)]
pub(crate) struct Ledger {
    /// In the order in which it was said. What a tab that crashed had not kept yet is not among it.
    pub(crate) said: Vec<Saying>,
    /// What somebody discarded; it may have been said before.
    pub(crate) discarded: BTreeSet<ClientId>,
    /// What somebody sent again although it was refused or old; it has lost its place, and may have been said before.
    pub(crate) retried: BTreeSet<ClientId>,
    /// What grew old before it was confirmed, if only by its stamp: what is said after it does not wait for it, though it may
    /// be on its way.
    pub(crate) aged: BTreeSet<ClientId>,
    /// Tabs that were closed, crashed or frozen, or whose machine slept.
    pub(crate) troubled: BTreeSet<ClientId>,
    /// Which tabs kept a message beyond their page: the one in which it was said, and those that claimed it.
    keepers: BTreeMap<ClientId, BTreeSet<ClientId>>,
    /// Which tabs sent a message.
    senders: BTreeMap<ClientId, BTreeSet<ClientId>>,
    /// What should not have happened.
    pub(crate) complaints: Vec<String>,
}

impl Ledger {
    pub(crate) fn says(&mut self, saying: Saying) {
        self.said.push(saying);
    }

    pub(crate) fn keeps(&mut self, tab: &ClientId, id: &ClientId) {
        self.keepers.entry(id.clone()).or_default().insert(tab.clone());
    }

    /// A tab has crashed over a message: if it was not kept by then, it was not said.
    pub(crate) fn stutters(&mut self, id: &ClientId) {
        self.said.retain(|saying| saying.id != *id || self.keepers.contains_key(id));
    }

    /// A tab sends a message. Only its own, unless a tab that had to do with it or with what was said in the same tab has
    /// been in trouble, or its user wanted it so: what was said in one tab goes along.
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

    /// Whether anything that was said in a tab has come into other hands.
    fn is_disturbed(&self, tab: &ClientId) -> bool {
        self.said.iter().filter(|saying| saying.tab == *tab).any(|saying| {
            let mut keepers = self.keepers.get(&saying.id).into_iter().flatten();
            self.retried.contains(&saying.id) || keepers.any(|keeper| self.troubled.contains(keeper))
        })
    }

    /// How many messages were sent by more than one tab.
    pub(crate) fn sent_by_several(&self) -> usize {
        self.senders.values().filter(|tabs| tabs.len() > 1).count()
    }
}
