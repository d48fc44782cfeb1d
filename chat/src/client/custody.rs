//! Decides which of a user's tabs sends which pending message. A tab shows a sign of life while it has
//! something to send; when it stops, another tab adopts its messages. Accesses no store.
//!
//! A page on plain http has no locks, so two tabs may adopt the same message at once. The one with the
//! smaller name then keeps it. Until they know, both may send it, which the message's id makes harmless.

use super::{input::Now, outbox::Outbox};

use crate::{
    id::ClientId,
    room_name::RoomName,
    time::{Millis, Ticks},
};

/// The interval at which a tab with something to send shows a sign of life, in milliseconds.
const SIGN_EVERY_MS: u64 = 5_000;

/// The time for which a sign of life counts, in milliseconds. A browser may slow a hidden tab's timers down
/// to one a minute; it does no harm when a visible tab sends that tab's messages.
const SIGN_COUNTS_MS: u64 = 15_000;

/// The tabs of a user's browser, as known to one of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Custody {
    /// This tab; `None` outside a browser.
    me: Option<ClientId>,
    /// The other tabs, each with the time until which its last sign of life counts.
    others: Vec<(ClientId, Ticks)>,
    /// The time of this tab's last sign of life.
    signed: Option<Ticks>,
}

impl Custody {
    /// Creates the state of a tab that has not met the others yet.
    pub(super) fn of(me: ClientId) -> Custody {
        Custody { me: Some(me), ..Custody::default() }
    }

    /// Returns this tab's name. A page rendered by the server has none.
    pub(super) fn me(&self) -> Option<&ClientId> {
        self.me.as_ref()
    }

    /// Records another tab's sign of life at a wall-clock time; 0 means that it is gone. Its age is computed
    /// now, by the same clock, because that clock may be set later. A time far in the future is from before
    /// the clock was put back.
    pub(super) fn sign(&mut self, tab: ClientId, at: Millis, now: Now) {
        if self.me.as_ref() == Some(&tab) {
            return;
        }
        self.others.retain(|(other, _)| *other != tab);
        if now.at.0.abs_diff(at.0) < SIGN_COUNTS_MS {
            self.others.push((tab, now.ticks + (SIGN_COUNTS_MS - now.at.since(at))));
        }
    }

    /// Reacts to another tab's losing claim to a message. If this tab owns the message, it stores its own
    /// claim again and shows a sign of life, for lack of which the other may have claimed it.
    pub(super) fn insist(&mut self, outbox: &mut Outbox, id: &ClientId) {
        if self.me.is_some() && outbox.get(id).map(|pending| &pending.owner) == self.me.as_ref() {
            outbox.defend(id);
            self.signed = None;
        }
    }

    /// Adopts the messages of lost tabs; returns their rooms.
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

    /// Whether a sign of life is due from this tab; if so, it is recorded as shown.
    pub(super) fn is_due(&mut self, outbox: &Outbox, now: Ticks) -> bool {
        let owns = outbox.pending().iter().any(|pending| Some(&pending.owner) == self.me.as_ref());
        let due = owns && self.signed.is_none_or(|at| now.since(at) >= SIGN_EVERY_MS);
        if due {
            self.signed = Some(now);
        }
        due
    }

    /// Returns the time of the next check.
    pub(super) fn next(&self, outbox: &Outbox) -> Option<Ticks> {
        let me = self.me.as_ref()?;
        let own = outbox.pending().iter().any(|pending| pending.owner == *me);
        let others = outbox.pending().iter().any(|pending| pending.owner != *me);
        let sign = self.signed.filter(|_| own).map(|at| at + SIGN_EVERY_MS);
        let lost = self.others.iter().map(|(_, until)| *until).min().filter(|_| others);
        sign.into_iter().chain(lost).min()
    }
}
