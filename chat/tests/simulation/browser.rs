//! A user's browser: the state that its tabs share and that outlives them.

use std::collections::BTreeMap;

use chat::{id::ClientId, protocol::User, time::Millis};

/// A change by another tab, received late and in order.
#[derive(Clone, Debug)]
pub(crate) enum News {
    Stored(ClientId, Option<String>),
    Signed(ClientId, Millis),
}

pub(crate) struct Browser {
    pub(crate) user: User,
    /// How far the machine's wall clock is ahead of the true time, in milliseconds.
    pub(crate) wall_ahead: i64,
    /// The pending messages, by id.
    pub(crate) records: BTreeMap<ClientId, String>,
    /// The time of each tab's last sign of life.
    pub(crate) signs: BTreeMap<ClientId, Millis>,
}

impl Browser {
    pub(crate) fn new(user: User) -> Browser {
        Browser { user, wall_ahead: 0, records: BTreeMap::new(), signs: BTreeMap::new() }
    }

    /// Returns the time of the machine's wall clock at a moment.
    pub(crate) fn wall(&self, now: Millis) -> Millis {
        Millis(now.0.checked_add_signed(self.wall_ahead).unwrap())
    }

    /// Stores a record. Returns the change for the other tabs, if it is one.
    pub(crate) fn keep(&mut self, id: ClientId, record: String) -> Option<News> {
        let before = self.records.insert(id.clone(), record.clone());
        (before.as_ref() != Some(&record)).then_some(News::Stored(id, Some(record)))
    }

    /// Removes a record. Returns the change for the other tabs, if there was a record.
    pub(crate) fn forget(&mut self, id: ClientId) -> Option<News> {
        self.records.remove(&id).map(|_| News::Stored(id, None))
    }

    pub(crate) fn sign(&mut self, tab: ClientId, at: Millis) -> News {
        self.signs.insert(tab.clone(), at);
        News::Signed(tab, at)
    }

    /// Removes the sign of life of a tab that closes regularly.
    pub(crate) fn leave(&mut self, tab: &ClientId) -> Option<News> {
        self.signs.remove(tab).map(|_| News::Signed(tab.clone(), Millis(0)))
    }

    /// Returns what a page finds when it loads: first the live tabs, then the pending messages.
    pub(crate) fn found(&self) -> Vec<News> {
        let signs = self.signs.iter().map(|(tab, at)| News::Signed(tab.clone(), *at));
        let records = self.records.iter().map(|(id, record)| News::Stored(id.clone(), Some(record.clone())));
        signs.chain(records).collect()
    }
}
