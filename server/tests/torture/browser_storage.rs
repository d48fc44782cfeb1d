//! What a user's browser keeps while pages come and go: the records of what is not confirmed, and the signs of life of
//! the pages. Every page hears what the others change. Understands none of it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use chat::{id::ClientId, time::Millis};
use tokio::sync::watch;

/// What a page hears of another, or finds when it is loaded.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Under a message's id this is kept now, or nothing.
    Record(ClientId, Option<String>),
    /// A page showed a sign of life at a moment; at 0 it is gone.
    Sign(ClientId, Millis),
}

/// The store of one user's browser.
#[derive(Default)]
pub(crate) struct BrowserStorage {
    content: Mutex<Content>,
    /// How many changes there were.
    changes: watch::Sender<usize>,
}

#[derive(Default)]
struct Content {
    records: BTreeMap<ClientId, String>,
    signs: BTreeMap<ClientId, Millis>,
    /// All changes in their order, each with the page that made it.
    changes: Vec<(ClientId, Change)>,
}

/// How far a page has heard.
pub(crate) struct Ear {
    heard: usize,
    changes: watch::Receiver<usize>,
}

impl BrowserStorage {
    /// What a new page finds, and the ear with which it hears on from there.
    pub(crate) fn open(&self) -> (Vec<Change>, Ear) {
        let content = self.content();
        let records =
            content.records.iter().map(|(id, record)| Change::Record(id.clone(), Some(record.clone())));
        let signs = content.signs.iter().map(|(page, at)| Change::Sign(page.clone(), *at));
        let found = signs.chain(records).collect();
        (found, Ear { heard: content.changes.len(), changes: self.changes.subscribe() })
    }

    /// A page keeps a record.
    pub(crate) fn keep(&self, page: &ClientId, id: ClientId, record: String) {
        let mut content = self.content();
        content.records.insert(id.clone(), record.clone());
        self.tell(&mut content, page, Change::Record(id, Some(record)));
    }

    /// A page forgets a record.
    pub(crate) fn forget(&self, page: &ClientId, id: ClientId) {
        let mut content = self.content();
        content.records.remove(&id);
        self.tell(&mut content, page, Change::Record(id, None));
    }

    /// A page shows a sign of life; at 0 it is gone.
    pub(crate) fn sign(&self, page: &ClientId, at: Millis) {
        let mut content = self.content();
        content.signs.insert(page.clone(), at);
        self.tell(&mut content, page, Change::Sign(page.clone(), at));
    }

    /// What others than `page` have changed since it last heard; waits for something to happen first.
    pub(crate) async fn hear(&self, page: &ClientId, ear: &mut Ear) -> Vec<Change> {
        let heard = ear.heard;
        // The sender lives as long as the drawer.
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
