//! What the reader has seen of a room, on this page and on others.

use super::OpenRoom;
use crate::{
    id::Epoch,
    protocol::{Message, Seq, User},
};

impl OpenRoom {
    /// The user sees all there is.
    pub(in super::super) fn seen(&mut self) {
        self.unread = 0;
        self.seen = self.timeline.position().map_or(0, |(_, last)| last);
        self.revision += 1;
    }

    /// The user looks away, or goes on talking: what they have seen is not new any more.
    pub(in super::super) fn caught_up(&mut self) {
        if self.unread == 0 {
            self.left_off = None;
        }
    }

    /// An earlier page of this user's had seen the room up to here.
    pub(in super::super) fn recall(&mut self, epoch: Epoch, seq: Seq) {
        match self.timeline.position() {
            None => self.recalled = Some((epoch, seq)),
            Some((held, last)) if *held == epoch && seq < last => {
                self.left_off = Some(seq);
                self.revision += 1;
            }
            Some(_) => {}
        }
    }

    /// Another tab of this user's, `me`, has seen the room up to here: that is not unread in this tab either. Where this
    /// tab is `watched`, what is marked as new stays marked.
    pub(in super::super) fn seen_elsewhere(&mut self, epoch: Epoch, seq: Seq, watched: bool, me: &User) {
        match self.timeline.position() {
            None => self.recalled = Some((epoch, seq)),
            Some((held, _)) if *held == epoch && seq > self.seen_elsewhere => {
                self.seen_elsewhere = seq;
                self.skip_seen_elsewhere(watched, me);
                self.revision += 1;
            }
            Some(_) => {}
        }
    }

    pub(super) fn skip_seen_elsewhere(&mut self, watched: bool, me: &User) {
        let seen = self.seen_elsewhere;
        let last = self.timeline.position().map_or(0, |(_, last)| last);
        if !watched {
            self.left_off = self.left_off.map(|left_off| left_off.max(seen)).filter(|seq| *seq < last);
        }
        let after = self.timeline.messages().rev().take_while(|message| message.seq > seen);
        self.unread = self.unread.min(after.filter(|message| message.user.id != me.id).count());
    }

    /// Whether a message came after its reader, `me`, had looked away or was cut off.
    pub fn is_news(&self, message: &Message, me: &User) -> bool {
        self.left_off.is_some_and(|seq| message.seq > seq) && message.user.id != me.id
    }
}
