//! A user's page with a client in it: what it will receive, and when its timer fires.

use std::collections::VecDeque;

use chat::{client::Client, id::ClientId, steady_clock::SteadyClock, time::Millis};

use crate::{browser::News, link::Link};

pub(crate) struct Tab {
    pub(crate) name: ClientId,
    pub(crate) client: Client,
    pub(crate) link: Option<Link>,
    pub(crate) clock: SteadyClock,
    pub(crate) wake: Option<Millis>,
    /// Changes by the user's other tabs, and when this one will receive them.
    pub(crate) news: VecDeque<(Millis, News)>,
    /// It does and receives nothing; everything waits.
    pub(crate) frozen: bool,
}

impl Tab {
    pub(crate) fn new(name: ClientId, client: Client) -> Tab {
        let client = client.named(name.clone());
        Tab {
            name,
            client,
            link: None,
            clock: SteadyClock::default(),
            wake: None,
            news: VecDeque::new(),
            frozen: false,
        }
    }

    /// Delivers a change at a moment, but not before the earlier changes.
    pub(crate) fn hears(&mut self, news: News, at: Millis) {
        let at = self.news.back().map_or(at, |(last, _)| at.max(*last));
        self.news.push_back((at, news));
    }

    /// Returns when something will happen here without further input.
    pub(crate) fn next(&self) -> Option<Millis> {
        let news = self.news.front().map(|(at, _)| *at);
        self.wake.into_iter().chain(news).min().filter(|_| !self.frozen)
    }
}
