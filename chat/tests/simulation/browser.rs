//! A user's browser: what its tabs keep in common, where it outlives them.

use std::collections::BTreeMap;

use chat::{id::ClientId, protocol::User, time::Millis};

/// What a tab hears of the others, late and in order.
#[derive(Clone, Debug)]
pub(crate) enum News {
    Stored(ClientId, Option<String>),
    Signed(ClientId, Millis),
}

pub(crate) struct Browser {
    pub(crate) user: User,
    /// How far ahead of the true time the machine's wall clock is set, in milliseconds.
    pub(crate) wall_ahead: i64,
    /// The pending messages, each under its id.
    pub(crate) records: BTreeMap<ClientId, String>,
    /// When each tab last showed that it lives.
    pub(crate) signs: BTreeMap<ClientId, Millis>,
}

impl Browser {
    pub(crate) fn new(user: User) -> Browser {
        Browser { user, wall_ahead: 0, records: BTreeMap::new(), signs: BTreeMap::new() }
    }

    /// What the machine's wall clock shows at a moment.
    pub(crate) fn wall(&self, now: Millis) -> Millis {
        Millis(now.0.checked_add_signed(self.wall_ahead).unwrap())
    }

    /// Keeps a record. The other tabs hear of it if it is news.
    pub(crate) fn keep(&mut self, id: ClientId, record: String) -> Option<News> {
        let before = self.records.insert(id.clone(), record.clone());
        (before.as_ref() != Some(&record)).then_some(News::Stored(id, Some(record)))
    }

    /// Forgets a record. The other tabs hear of it if there was one.
    pub(crate) fn forget(&mut self, id: ClientId) -> Option<News> {
        self.records.remove(&id).map(|_| News::Stored(id, None))
    }

    pub(crate) fn sign(&mut self, tab: ClientId, at: Millis) -> News {
        self.signs.insert(tab.clone(), at);
        News::Signed(tab, at)
    }

    /// A tab closes in order.
    pub(crate) fn leave(&mut self, tab: &ClientId) -> Option<News> {
        self.signs.remove(tab).map(|_| News::Signed(tab.clone(), Millis(0)))
    }

    /// What a page finds when it loads: first who lives, and then what waits.
    pub(crate) fn found(&self) -> Vec<News> {
        let signs = self.signs.iter().map(|(tab, at)| News::Signed(tab.clone(), *at));
        let records = self.records.iter().map(|(id, record)| News::Stored(id.clone(), Some(record.clone())));
        signs.chain(records).collect()
    }
}
