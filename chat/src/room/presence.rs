//! Who comes and goes, on this node and on others, and what is told of it.

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
        // Whoever is not known to be there cannot be missed.
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
        // Those who are found when a room is opened have been there before anybody could be told.
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
            // What is not there any more is found below.
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

    /// A user is among those who are there; whoever was not is told of as having come, when the roster has been `shown`
    /// so many times.
    pub(super) fn come(&mut self, user: User, shown: u64, now: Millis, effects: &mut Vec<Effect>) {
        if self.roster.contains(&user.id) {
            return;
        }
        if self.was_seen(&self.left, &user.id) {
            self.tell_now(now, effects);
        }
        // Whoever left and is back before anybody could know has not left.
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
            // Whoever came and went before anybody could know was never there.
            if !self.is_crowd && !remove(&mut self.entered, &id) {
                self.left.push((member.user, self.shown));
                self.tell_at.get_or_insert(now + PRESENCE_TICK_MS);
            }
            self.count(now);
        }
    }

    /// There are more or fewer than before: they may be a crowd now, which is to hear of it.
    pub(super) fn count(&mut self, now: Millis) {
        let count = self.roster.len();
        if !self.is_crowd && count > self.few {
            self.is_crowd = true;
            self.known_count = None;
            self.entered.clear();
            self.left.clear();
            // As soon as they would have heard who came.
            self.tell_at.get_or_insert(now + PRESENCE_TICK_MS);
        }
        if self.is_crowd && self.known_count != Some(count) {
            self.tell_at.get_or_insert(now + CROWD_TICK_MS);
        }
    }

    /// Whether a coming or going that has not been told yet was seen by somebody who was shown the roster since then.
    pub(super) fn was_seen(&self, untold: &[(User, u64)], id: &UserId) -> bool {
        untold.iter().any(|(user, shown)| user.id == *id && *shown != self.shown)
    }

    /// Tells at once what would have been told together with more.
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
