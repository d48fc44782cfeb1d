//! Tracks how much of a room its user has seen, on this page and on others.

use super::OpenRoom;
use crate::{
    id::Epoch,
    protocol::{Message, Seq, User},
};

impl OpenRoom {
    /// Marks everything as seen.
    pub(in super::super) fn seen(&mut self) {
        self.unread = 0;
        self.seen = self.timeline.position().map_or(0, |(_, last)| last);
        self.revision += 1;
    }

    /// Clears the mark of new messages when the user looks away or sends a message, having seen them.
    pub(in super::super) fn caught_up(&mut self) {
        if self.unread == 0 {
            self.left_off = None;
        }
    }

    /// Applies the position up to which an earlier page of this user's had seen the room.
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

    /// Applies the position up to which another tab of this user, `me`, has seen the room: messages up to it
    /// are not unread here either. If this tab is `watched`, its mark of new messages stays.
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

    /// Whether a message from another user arrived after its reader, `me`, looked away or was disconnected.
    pub fn is_news(&self, message: &Message, me: &User) -> bool {
        self.left_off.is_some_and(|seq| message.seq > seq) && message.user.id != me.id
    }
}
