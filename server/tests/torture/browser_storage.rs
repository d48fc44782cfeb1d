//! A user's browser storage, shared by all pages: the records of unacknowledged messages, and the pages'
//! signs of life. Each page hears the changes of the others. Understands none of the contents.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use chat::{id::ClientId, time::Millis};
use tokio::sync::watch;

/// A change that a page hears from another, or finds when it is loaded.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A message's record was stored, or removed if `None`.
    Record(ClientId, Option<String>),
    /// A page showed a sign of life at a time; 0 means that it has gone.
    Sign(ClientId, Millis),
}

/// The storage of one user's browser.
#[derive(Default)]
pub(crate) struct BrowserStorage {
    content: Mutex<Content>,
    /// The number of changes so far.
    changes: watch::Sender<usize>,
}

#[derive(Default)]
struct Content {
    records: BTreeMap<ClientId, String>,
    signs: BTreeMap<ClientId, Millis>,
    /// All changes in order, each with the page that made it.
    changes: Vec<(ClientId, Change)>,
}

/// A page's position in the changes.
pub(crate) struct Ear {
    heard: usize,
    changes: watch::Receiver<usize>,
}

impl BrowserStorage {
    /// Returns the contents for a new page, and its position for later changes.
    pub(crate) fn open(&self) -> (Vec<Change>, Ear) {
        let content = self.content();
        let records =
            content.records.iter().map(|(id, record)| Change::Record(id.clone(), Some(record.clone())));
        let signs = content.signs.iter().map(|(page, at)| Change::Sign(page.clone(), *at));
        let found = signs.chain(records).collect();
        (found, Ear { heard: content.changes.len(), changes: self.changes.subscribe() })
    }

    /// Stores a record for a page.
    pub(crate) fn keep(&self, page: &ClientId, id: ClientId, record: String) {
        let mut content = self.content();
        content.records.insert(id.clone(), record.clone());
        self.tell(&mut content, page, Change::Record(id, Some(record)));
    }

    /// Removes a record for a page.
    pub(crate) fn forget(&self, page: &ClientId, id: ClientId) {
        let mut content = self.content();
        content.records.remove(&id);
        self.tell(&mut content, page, Change::Record(id, None));
    }

    /// Records a page's sign of life; 0 means that it has gone.
    pub(crate) fn sign(&self, page: &ClientId, at: Millis) {
        let mut content = self.content();
        content.signs.insert(page.clone(), at);
        self.tell(&mut content, page, Change::Sign(page.clone(), at));
    }

    /// Waits for a change, and returns the changes by pages other than `page` since the last call.
    pub(crate) async fn hear(&self, page: &ClientId, ear: &mut Ear) -> Vec<Change> {
        let heard = ear.heard;
        // The sender lives as long as the storage.
        let _ = ear.changes.wait_for(|changes| *changes > heard).await;
        let content = self.content();
        ear.heard = content.changes.len();
        let new = content.changes[heard..].iter().filter(|(author, _)| author != page);
        new.map(|(_, change)| change.clone()).collect()
    }

    fn tell(&self, content: &mut Content, page: &ClientId, change: Change) {
        content.changes.push((page.clone(), change));
        self.changes.send_replace(content.changes.len());
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("nothing panics while it holds the drawer")
    }
}
