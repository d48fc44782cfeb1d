//! A browser whose tabs share a store.

use std::collections::BTreeMap;

use chat::{client::Input, id::ClientId, protocol::Seq, time::Millis};

use crate::{
    page::{Page, Written},
    wire::{SentMessage, said_by},
};

/// A browser with its tabs and their shared storage.
pub(crate) struct Browser {
    pub(crate) tabs: Vec<Page>,
    pub(crate) records: BTreeMap<ClientId, String>,
    pub(crate) signs: BTreeMap<ClientId, Millis>,
}

impl Browser {
    /// Opens tabs of these names, each in the lobby.
    pub(crate) fn with(names: &[&str]) -> Browser {
        let mut browser = Browser { tabs: Vec::new(), records: BTreeMap::new(), signs: BTreeMap::new() };
        for name in names {
            browser.load(name);
            browser.tabs.last_mut().unwrap().enter_lobby(3);
        }
        browser.share();
        browser
    }

    /// Opens another tab, which loads the stored state.
    pub(crate) fn load(&mut self, name: &str) {
        let mut page = Page::named(name);
        if let Some(tab) = self.tabs.first() {
            (page.now, page.wall_ahead) = (tab.now, tab.wall_ahead);
        }
        for (tab, at) in &self.signs {
            page.apply(Input::Signed(tab.clone(), *at));
        }
        for (id, record) in &self.records {
            page.apply(Input::Stored(id.clone(), Some(record)));
        }
        self.tabs.push(page);
    }

    /// Applies what the tabs have written and notifies the others, until nothing is left. Simultaneous writes
    /// cross each other.
    pub(crate) fn share(&mut self) {
        for _ in 0..20 {
            let written: Vec<(usize, Written)> = self
                .tabs
                .iter_mut()
                .enumerate()
                .flat_map(|(from, tab)| std::mem::take(&mut tab.written).into_iter().map(move |w| (from, w)))
                .collect();
            if written.is_empty() {
                return;
            }
            for (from, written) in written {
                self.tell(from, &written);
            }
        }
        panic!("the tabs go on telling each other");
    }

    pub(crate) fn tell(&mut self, from: usize, written: &Written) {
        let is_news = match written.clone() {
            Written::Record(id, Some(record)) => self.records.insert(id, record.clone()) != Some(record),
            Written::Record(id, None) => self.records.remove(&id).is_some(),
            Written::Sign(tab, at) => self.signs.insert(tab, at) != Some(at),
        };
        let others = self.tabs.iter_mut().enumerate().filter(|(index, _)| is_news && *index != from);
        for (_, tab) in others {
            match written {
                Written::Record(id, record) => tab.apply(Input::Stored(id.clone(), record.as_deref())),
                Written::Sign(name, at) => tab.apply(Input::Signed(name.clone(), *at)),
            }
        }
    }

    /// Lets time pass in all tabs while they exchange their changes.
    pub(crate) fn pass(&mut self, span: u64) {
        for _ in 0..span / 100 {
            for tab in &mut self.tabs {
                tab.pass(100);
            }
            self.share();
        }
    }

    /// Closes a tab and removes its sign of life.
    pub(crate) fn close(&mut self, index: usize) -> Page {
        let closed = self.tabs.remove(index);
        self.signs.remove(&closed.name);
        for tab in &mut self.tabs {
            tab.apply(Input::Signed(closed.name.clone(), Millis(0)));
        }
        closed
    }

    pub(crate) fn owners(&self, id: &str) -> Vec<&str> {
        self.tabs
            .iter()
            .map(|tab| tab.client.outbox().pending().iter().find(|pending| pending.id.as_str() == id))
            .map(|pending| pending.map_or("", |pending| pending.owner.as_str()))
            .collect()
    }

    pub(crate) fn sent(&mut self) -> Vec<Vec<String>> {
        self.tabs.iter_mut().map(Page::sent).collect()
    }

    pub(crate) fn confirm(&mut self, index: usize, seq: Seq, id: &str) {
        self.tabs[index].receive(SentMessage(said_by("ann", seq, id)));
        self.share();
    }
}
