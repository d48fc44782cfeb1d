//! Which of a user's tabs sends which pending message. Each tab shows a sign of life while it has something to send; a
//! message whose tab shows none any more is adopted by another. Reads and writes no store.
//!
//! There are no locks on a page of plain http, so that two tabs may adopt the same message at once. Then the smaller name
//! keeps it. Until they know, both may send it, which the message's id makes harmless.

use super::{input::Now, outbox::Outbox};

use crate::{
    id::ClientId,
    room_name::RoomName,
    time::{Millis, Ticks},
};

/// How often a tab that has something to send shows a sign of life, in milliseconds.
const SIGN_EVERY_MS: u64 = 5_000;

/// How long a sign of life counts, in milliseconds. A browser may slow a hidden tab's timers down to one a minute; that such
/// a tab's messages are sent by one that is looked at is no harm.
const SIGN_COUNTS_MS: u64 = 15_000;

/// The tabs of a user's browser, as one of them knows them.
#[derive(Clone, Debug, Default)]
pub(super) struct Custody {
    /// This tab; `None` where there is no browser.
    me: Option<ClientId>,
    /// The others, and until when the last sign of life of each counts.
    others: Vec<(ClientId, Ticks)>,
    /// When this tab last showed one.
    signed: Option<Ticks>,
}

impl Custody {
    /// A tab under its name, which has not met the others yet.
    pub(super) fn of(me: ClientId) -> Custody {
        Custody { me: Some(me), ..Custody::default() }
    }

    /// This tab's name. The server's render of a page has none.
    pub(super) fn me(&self) -> Option<&ClientId> {
        self.me.as_ref()
    }

    /// Another tab showed a sign of life at a moment by the wall clock; at 0 it is gone. How long ago that was is told by the
    /// same clock, and only now: it may be set later. A moment far ahead is one of before the clock was put back.
    pub(super) fn sign(&mut self, tab: ClientId, at: Millis, now: Now) {
        if self.me.as_ref() == Some(&tab) {
            return;
        }
        self.others.retain(|(other, _)| *other != tab);
        if now.at.0.abs_diff(at.0) < SIGN_COUNTS_MS {
            self.others.push((tab, now.ticks + (SIGN_COUNTS_MS - now.at.since(at))));
        }
    }

    /// Another tab's claim to a message does not count. If it is this tab's that does, this is to be known, and that this
    /// tab lives, for want of which the other may have claimed it.
    pub(super) fn insist(&mut self, outbox: &mut Outbox, id: &ClientId) {
        if self.me.is_some() && outbox.get(id).map(|pending| &pending.owner) == self.me.as_ref() {
            outbox.defend(id);
            self.signed = None;
        }
    }

    /// Adopts what has lost its tab; gives the rooms of what was adopted.
    pub(super) fn adopt(&mut self, outbox: &mut Outbox, now: Ticks) -> Vec<RoomName> {
        let Some(me) = self.me.clone() else { return Vec::new() };
        self.others.retain(|(_, until)| *until > now);
        let lost: Vec<usize> = (0..outbox.pending().len())
            .filter(|index| {
                let owner = &outbox.pending()[*index].owner;
                *owner != me && !self.others.iter().any(|(other, _)| other == owner)
            })
            .collect();
        let mut rooms = Vec::new();
        for index in lost {
            outbox.adopt(index, &me);
            rooms.push(outbox.pending()[index].room.clone());
        }
        rooms.dedup();
        rooms
    }

    /// Whether it is time for this tab to show a sign of life; it then counts as shown.
    pub(super) fn is_due(&mut self, outbox: &Outbox, now: Ticks) -> bool {
        let owns = outbox.pending().iter().any(|pending| Some(&pending.owner) == self.me.as_ref());
        let due = owns && self.signed.is_none_or(|at| now.since(at) >= SIGN_EVERY_MS);
        if due {
            self.signed = Some(now);
        }
        due
    }

    /// When to look again.
    pub(super) fn next(&self, outbox: &Outbox) -> Option<Ticks> {
        let me = self.me.as_ref()?;
        let own = outbox.pending().iter().any(|pending| pending.owner == *me);
        let others = outbox.pending().iter().any(|pending| pending.owner != *me);
        let sign = self.signed.filter(|_| own).map(|at| at + SIGN_EVERY_MS);
        let lost = self.others.iter().map(|(_, until)| *until).min().filter(|_| others);
        sign.into_iter().chain(lost).min()
    }
}
