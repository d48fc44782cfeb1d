//! The members of a room: found by id, listed by name, and ordered by the time at which they leave. A change
//! to one member costs about the same however many there are. Decides nothing and notifies nobody.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use super::member::Member;
use crate::{id::UserId, protocol::User, time::Millis};

/// The members of a room.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    members: BTreeMap<UserId, Member>,
    names: BTreeMap<String, User>,
    /// The members who leave, by time, unless they are back by then.
    leaving: BTreeSet<(Millis, UserId)>,
    /// The number of members for whom this node is responsible.
    here: usize,
}

impl Roster {
    /// Returns the number of members.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether this node is responsible for any member.
    pub(super) fn is_anybody_here(&self) -> bool {
        self.here > 0
    }

    pub(super) fn contains(&self, id: &UserId) -> bool {
        self.members.contains_key(id)
    }

    /// Returns a member as others see them.
    pub(super) fn user(&self, id: &UserId) -> Option<&User> {
        self.members.get(id).map(|member| &member.user)
    }

    /// Returns all members, ordered by name.
    pub(super) fn users(&self) -> impl Iterator<Item = &User> {
        self.names.values()
    }

    /// Returns up to `most` of the members whose names follow `name`; more only if several share the last
    /// one's name.
    pub(super) fn users_after(&self, name: &str, most: usize) -> Vec<User> {
        // Sorts after every key that this name can have.
        let after = format!("{}\u{1}", fold(name));
        let mut users: Vec<User> = Vec::new();
        for user in
            self.names.range::<str, _>((Bound::Included(&*after), Bound::Unbounded)).map(|(_, user)| user)
        {
            if users.len() >= most && users.last().is_some_and(|last| fold(&last.name) != fold(&user.name)) {
                break;
            }
            users.push(user.clone());
        }
        users
    }

    /// Adds a member without any session. An existing member is left unchanged.
    pub(super) fn insert(&mut self, user: User) {
        if !self.contains(&user.id) {
            self.names.insert(place(&user), user.clone());
            self.members.insert(user.id.clone(), Member::new(user));
        }
    }

    /// Changes a member, if the user is one.
    pub(super) fn change(&mut self, id: &UserId, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(id) {
            watch(member, &mut self.leaving, &mut self.here, change);
        }
    }

    /// Changes every member. Costly, but needed only when a node changes, which is rare.
    pub(super) fn change_all(&mut self, mut change: impl FnMut(&mut Member)) {
        for member in self.members.values_mut() {
            watch(member, &mut self.leaving, &mut self.here, &mut change);
        }
    }

    /// Returns the next member to leave, and when.
    pub(super) fn next_to_leave(&self) -> Option<&(Millis, UserId)> {
        self.leaving.first()
    }

    /// Removes a member.
    pub(super) fn remove(&mut self, id: &UserId) -> Option<Member> {
        let member = self.members.remove(id)?;
        self.names.remove(&place(&member.user));
        if let Some(at) = member.leaves_at() {
            self.leaving.remove(&(at, id.clone()));
        }
        self.here -= usize::from(member.is_here());
        Some(member)
    }
}

/// Changes a member and updates the indexes.
fn watch(
    member: &mut Member,
    leaving: &mut BTreeSet<(Millis, UserId)>,
    here: &mut usize,
    change: impl FnOnce(&mut Member),
) {
    let (left_at, was_here) = (member.leaves_at(), member.is_here());
    change(member);
    if member.leaves_at() != left_at {
        let at = |at: Millis| (at, member.user.id.clone());
        if let Some(before) = left_at.map(at) {
            leaving.remove(&before);
        }
        leaving.extend(member.leaves_at().map(at));
    }
    *here = *here + usize::from(member.is_here()) - usize::from(was_here);
}

/// Returns a user's key in the list: by name, then by id. No name contains a control character.
fn place(user: &User) -> String {
    format!("{}\0{}", fold(&user.name), user.id)
}

/// Returns a name's sort key, which ignores the case of ASCII letters.
fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}
