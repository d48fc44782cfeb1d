//! Traffic between tabs and the server: delivered, sent, torn, late, duplicated.

use chat::{client::Input, close::CloseCode, protocol::ServerLine};

use crate::{
    link::{Down, Link},
    world::{PLACES, Stray, World},
};

impl World {
    pub(crate) fn link(&mut self, place: usize) -> Option<&mut Link> {
        self.tabs[place].as_mut().and_then(|tab| tab.link.as_mut())
    }

    /// Moves one frame, if there is one and the link carries it. Returns whether anything moved.
    pub(crate) fn carry(&mut self, place: usize) -> bool {
        let listens = self.server.listens();
        let is_awake = self.awake(place).is_some();
        let Some(link) = self.link(place).filter(|link| !link.stalled) else { return false };
        let (number, session) = (link.number, link.session);
        if link.opened
            && listens
            && let Some(frame) = link.up.pop_front()
        {
            self.server.hear(session, &frame);
            return true;
        }
        if !is_awake {
            return false;
        }
        if !link.opened {
            link.opened = true;
            self.apply(place, Input::Opened(number));
            return true;
        }
        match link.down.pop_front() {
            Some(Down::Frame(frame)) => self.apply(place, Input::Received(number, &frame)),
            Some(Down::Close(code)) => self.close(place, code),
            None => return false,
        }
        true
    }

    /// A client receives the close of its connection; the server may still receive what was under way.
    fn close(&mut self, place: usize, code: u16) {
        let Some(tab) = self.awake(place) else { return };
        let tab_name = tab.name.clone();
        if let Some(link) = tab.link.take() {
            let number = link.number;
            self.strays.push(Stray { place, tab: tab_name, link });
            self.apply(place, Input::Closed(number, code));
        }
    }

    /// The server sends what is queued for a tab. Returns whether there was anything.
    pub(crate) fn write(&mut self, place: usize) -> bool {
        let Some(session) = self.link(place).map(|link| link.session) else { return false };
        let frames = self.server.take(session);
        let wrote = !frames.is_empty();
        if let Some(link) = self.link(place) {
            link.down.extend(frames.into_iter().map(Down::Frame));
        }
        wrote
    }

    /// The server commits a tab's messages. Returns whether there was anything.
    pub(crate) fn settle(&mut self, place: usize) -> bool {
        let session = self.link(place).map(|link| link.session);
        session.is_some_and(|session| self.server.settle(session))
    }

    /// Moves everything between a tab and the server once. Returns whether anything moved.
    pub(crate) fn flow(&mut self, place: usize) -> bool {
        let settled = self.settle(place);
        let wrote = self.write(place);
        self.carry(place) || settled || wrote
    }

    /// A connection breaks in the middle of a frame: this many lines of the next frames still arrive.
    pub(crate) fn cut(&mut self, place: usize, code: u16, lines: usize) {
        if self.awake(place).is_none() {
            return;
        }
        let Some(link) = self.link(place) else { return };
        let (number, session, opened) = (link.number, link.session, link.opened);
        let (up, down) = if opened { link.torn(lines) } else { (None, None) };
        if let Some(frame) = up.filter(|_| self.server.listens()) {
            self.server.hear(session, &frame);
        }
        if let Some(frame) = down {
            self.apply(place, Input::Received(number, &frame));
        }
        // Nothing arrives after a torn frame. The server learns of the broken connection later.
        if let Some(link) = self.link(place) {
            link.up.clear();
        }
        self.close(place, code);
    }

    /// A frame of a connection that its client has given up arrives. Returns whether there was one.
    pub(crate) fn late(&mut self, index: usize) -> bool {
        if self.strays.is_empty() || !self.server.listens() {
            return false;
        }
        let index = index % self.strays.len();
        let stray = &mut self.strays[index];
        let (place, number, session) = (stray.place, stray.link.number, stray.link.session);
        if stray.link.opened
            && let Some(frame) = stray.link.up.pop_front()
        {
            self.server.hear(session, &frame);
            return true;
        }
        if let Some(down) = stray.link.down.pop_front() {
            let lives = self.tabs[place].as_ref().is_some_and(|tab| tab.name == stray.tab);
            match down {
                Down::Frame(frame) if lives => self.apply(place, Input::Received(number, &frame)),
                Down::Close(code) if lives => self.apply(place, Input::Closed(number, code)),
                _ => {}
            }
        } else {
            self.server.lose(session);
            self.strays.remove(index);
        }
        true
    }

    /// Restarts the server: after draining, or as if killed; then only this many frames still arrive.
    pub(crate) fn restart(&mut self, drain: bool, frames: usize) {
        if drain {
            for place in 0..PLACES.len() {
                self.settle(place);
            }
            self.server.route(usize::MAX);
            for place in 0..PLACES.len() {
                self.write(place);
            }
        }
        self.server.restart();
        for place in self.living() {
            let retry_ms = 100 * place as u64;
            let Some(link) = self.link(place) else { continue };
            if drain && link.opened {
                link.down.push_back(Down::Frame(ServerLine::Drain { retry_ms }.print()));
                link.dies(usize::MAX, CloseCode::Restart.number());
            } else {
                link.dies(frames, 1006);
            }
        }
    }
}
