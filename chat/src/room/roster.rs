//! Those who count as there: found by id, listed by name, and leaving in the order of their time. However many they are, a
//! change to one of them costs about as much as among few. Decides nothing, and tells nobody.

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
    /// Who leaves when, unless they are back by then.
    leaving: BTreeSet<(Millis, UserId)>,
    /// How many of them this node has to do with.
    here: usize,
}

impl Roster {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether this node has to do with any of them.
    pub(super) fn is_anybody_here(&self) -> bool {
        self.here > 0
    }

    pub(super) fn contains(&self, id: &UserId) -> bool {
        self.members.contains_key(id)
    }

    /// A member as the others see them.
    pub(super) fn user(&self, id: &UserId) -> Option<&User> {
        self.members.get(id).map(|member| &member.user)
    }

    /// All of them, by name.
    pub(super) fn users(&self) -> impl Iterator<Item = &User> {
        self.names.values()
    }

    /// At most so many of those who come after a name; more only where several bear the last one's.
    pub(super) fn users_after(&self, name: &str, most: usize) -> Vec<User> {
        // Behind every place that this name can have.
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

    /// Somebody counts as there from now on, who has no seat yet. Whoever does already stays as they are.
    pub(super) fn insert(&mut self, user: User) {
        if !self.contains(&user.id) {
            self.names.insert(place(&user), user.clone());
            self.members.insert(user.id.clone(), Member::new(user));
        }
    }

    /// Changes a member, if they are one.
    pub(super) fn change(&mut self, id: &UserId, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(id) {
            watch(member, &mut self.leaving, &mut self.here, change);
        }
    }

    /// Changes every member: for what happens to a node, and so seldom.
    pub(super) fn change_all(&mut self, mut change: impl FnMut(&mut Member)) {
        for member in self.members.values_mut() {
            watch(member, &mut self.leaving, &mut self.here, &mut change);
        }
    }

    /// Who leaves next, and when.
    pub(super) fn next_to_leave(&self) -> Option<&(Millis, UserId)> {
        self.leaving.first()
    }

    /// Forgets a member.
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

/// Changes a member, and keeps account of it.
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

/// Where a user stands in the list: by their name, and among those of one name by id. No name has a control in it.
fn place(user: &User) -> String {
    format!("{}\0{}", fold(&user.name), user.id)
}

/// A name as it is ordered by: the letters of ASCII without regard to case.
fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}
