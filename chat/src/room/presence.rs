//! Tracks users who enter and leave, on this node and on others, and decides what the room is told of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{CROWD_TICK_MS, Effect, PRESENCE_TICK_MS, Presence, Room, SessionId, remove, report};
use crate::{
    id::{NodeId, UserId},
    protocol::{PresenceChange, User},
    time::Millis,
};

impl Room {
    pub(super) fn depart(&mut self, session: SessionId, leaves_at: Millis, effects: &mut Vec<Effect>) {
        let Some(id) = self.sessions.remove(&session) else { return };
        self.roster.change(&id, |member| {
            member.rise(leaves_at);
            report(member, effects);
        });
    }

    pub(super) fn change(
        &mut self,
        node: NodeId,
        user: User,
        seat: Presence,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        let lost_at = now + self.leave_grace_ms;
        let id = user.id.clone();
        // Ignore the end of a presence that was never known here.
        if seat == Presence::Online {
            self.come(user, self.shown, now, effects);
        }
        self.roster.change(&id, |member| {
            member.change(node, seat, lost_at, now);
            report(member, effects);
        });
    }

    pub(super) fn reconcile(
        &mut self,
        seats: Vec<(NodeId, User, Presence)>,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        let lost_at = now + self.leave_grace_ms;
        // Users found when a room is opened were present before, so they are not announced.
        let found = self.roster.len() == 0;
        let mut taken: BTreeMap<UserId, BTreeSet<NodeId>> = BTreeMap::new();
        for (node, user, seat) in seats {
            let id = user.id.clone();
            if seat == Presence::Online {
                taken.entry(id.clone()).or_default().insert(node.clone());
            }
            if found {
                self.roster.insert(user);
            } else if seat == Presence::Online {
                self.come(user, self.shown, now, effects);
            }
            // A presence that is gone is handled below.
            if seat != Presence::Gone {
                self.roster.change(&id, |member| member.change(node, seat, lost_at, now));
            }
        }
        let nobody = BTreeSet::new();
        self.roster.change_all(|member| {
            member.keep(taken.get(&member.user.id).unwrap_or(&nobody), lost_at);
            report(member, effects);
        });
        self.count(now);
    }

    /// Adds a user to the roster. A new member is announced as having entered, with `shown` as the number of
    /// rosters sent by then.
    pub(super) fn come(&mut self, user: User, shown: u64, now: Millis, effects: &mut Vec<Effect>) {
        if self.roster.contains(&user.id) {
            return;
        }
        if self.was_seen(&self.left, &user.id) {
            self.tell_now(now, effects);
        }
        // A user who left and came back before anybody was told has not left.
        if !self.is_crowd && !remove(&mut self.left, &user.id) {
            self.entered.push((user.clone(), shown));
            self.tell_at.get_or_insert(now + PRESENCE_TICK_MS);
        }
        self.roster.insert(user);
        self.count(now);
    }

    pub(super) fn expire(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        while let Some((_, id)) = self.roster.next_to_leave().filter(|(at, _)| *at <= now).cloned() {
            if self.was_seen(&self.entered, &id) {
                self.tell_now(now, effects);
            }
            let member = self.roster.remove(&id).expect("whoever is gone was there until now");
            if member.owes() {
                effects.push(Effect::Presence(member.user.clone(), Presence::Gone));
            }
            // A user who entered and left before anybody was told was never there.
            if !self.is_crowd && !remove(&mut self.entered, &id) {
                self.left.push((member.user, self.shown));
                self.tell_at.get_or_insert(now + PRESENCE_TICK_MS);
            }
            self.count(now);
        }
    }

    /// Handles a changed member count: the room may be a crowd now, which must be told its count.
    pub(super) fn count(&mut self, now: Millis) {
        let count = self.roster.len();
        if !self.is_crowd && count > self.few {
            self.is_crowd = true;
            self.known_count = None;
            self.entered.clear();
            self.left.clear();
            // Tell the crowd when a small room would have been told who entered.
            self.tell_at.get_or_insert(now + PRESENCE_TICK_MS);
        }
        if self.is_crowd && self.known_count != Some(count) {
            self.tell_at.get_or_insert(now + CROWD_TICK_MS);
        }
    }

    /// Whether somebody was sent a roster after this user's unannounced entering or leaving.
    pub(super) fn was_seen(&self, untold: &[(User, u64)], id: &UserId) -> bool {
        untold.iter().any(|(user, shown)| user.id == *id && *shown != self.shown)
    }

    /// Sends at once what would have been batched.
    pub(super) fn tell_now(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        self.tell_at = Some(now);
        self.tell(now, effects);
    }

    pub(super) fn tell(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.tell_at.is_none_or(|at| at > now) {
            return;
        }
        self.tell_at = None;
        let count = self.roster.len();
        if self.is_crowd && count <= self.few_again() {
            self.is_crowd = false;
            let members = self.show(self.members());
            effects.push(Effect::Members(members));
            return;
        }
        let news = if self.is_crowd {
            self.known_count.replace(count) != Some(count)
        } else {
            !self.entered.is_empty() || !self.left.is_empty()
        };
        if news {
            let named = |users: &mut Vec<(User, u64)>| users.drain(..).map(|(user, _)| user).collect();
            let (enter, leave) = (named(&mut self.entered), named(&mut self.left));
            effects.push(Effect::PresenceChange(PresenceChange {
                room: self.name.clone(),
                enter,
                leave,
                count,
            }));
        }
    }
}
