//! A page of a user's with a client in it: what reaches it, and when its timer rings.

use std::collections::VecDeque;

use chat::{client::Client, id::ClientId, steady_clock::SteadyClock, time::Millis};

use crate::{browser::News, link::Link};

pub(crate) struct Tab {
    pub(crate) name: ClientId,
    pub(crate) client: Client,
    pub(crate) link: Option<Link>,
    pub(crate) clock: SteadyClock,
    pub(crate) wake: Option<Millis>,
    /// What its user's other tabs did, and when it will hear of that.
    pub(crate) news: VecDeque<(Millis, News)>,
    /// It does nothing and hears nothing; all waits.
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

    /// It will hear of this, at a moment and not before what it is to hear before.
    pub(crate) fn hears(&mut self, news: News, at: Millis) {
        let at = self.news.back().map_or(at, |(last, _)| at.max(*last));
        self.news.push_back((at, news));
    }

    /// When something is to happen here by itself.
    pub(crate) fn next(&self) -> Option<Millis> {
        let news = self.news.front().map(|(at, _)| *at);
        self.wake.into_iter().chain(news).min().filter(|_| !self.frozen)
    }
}
