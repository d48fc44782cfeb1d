//! The logins of the last two minutes, by the form that requested them. A browser that submits a form again
//! because the answer was lost gets the same login again. Neither claims nor releases nicknames.
//!
//! A login is found only with the form's id, from the same address and for the same nickname, and only while
//! the user has not logged out. It is stored too, for other nodes and for a restarted server.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chat::{
    id::UserId,
    name::{Nickname, Skeleton},
    time::Millis,
};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    identity::{
        login::Login,
        login_form::FormId,
        logins::{LoginId, Ticket},
    },
    store::{Claim, Collection, Put, Record, SharedStore},
};

/// How long a login is retained, in milliseconds.
const REMEMBERED_MS: u64 = 2 * 60 * 1_000;

/// The maximum number of logins in memory; beyond it the oldest are dropped. A user who repeats one of those
/// is told that the nickname is taken.
const CAPACITY: usize = 10_000;

/// How often expired logins are deleted.
const SWEEP: Duration = Duration::from_secs(30);

/// The recent logins.
pub(crate) struct RecentLogins {
    store: SharedStore,
    capacity: usize,
    recent: Mutex<Recent>,
}

/// Identifies a login without revealing it: a digest of the form's id, the address and the nickname.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LoginKey(String);

impl LoginKey {
    /// Computes the key of a login requested by a form.
    pub(crate) fn new(form: &FormId, address: IpAddr, skeleton: &Skeleton) -> LoginKey {
        let text = format!("{}\n{}\n{}", form.as_str(), address.to_canonical(), skeleton.as_str());
        LoginKey(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text)))
    }
}

/// The logins in this node's memory.
#[derive(Default)]
struct Recent {
    logins: HashMap<LoginKey, (Ticket, Millis)>,
    /// The same logins, oldest first.
    order: VecDeque<(LoginKey, Millis)>,
}

impl RecentLogins {
    /// Starts with no logins.
    pub(crate) fn new(store: SharedStore) -> RecentLogins {
        RecentLogins { store, capacity: CAPACITY, recent: Mutex::default() }
    }

    /// Returns the earlier login under this key, or else records the new one. Of two concurrent requests,
    /// both get the same login.
    pub(crate) async fn find_or(&self, key: &LoginKey, new: Ticket, now: Millis) -> Ticket {
        if let Some(ticket) = self.here(key, now) {
            return ticket;
        }
        let ticket = self.elsewhere(key, now).await.unwrap_or(new);
        let (ticket, surplus) = self.recent().insert(key, ticket, now, self.capacity);
        self.delete(surplus).await;
        ticket
    }

    /// Records that the login has its nickname: other nodes may find it from now on.
    pub(crate) async fn confirm(&self, key: LoginKey, ticket: &Ticket, now: Millis) {
        let value = print(ticket, now);
        let record = Record { collection: Collection::RecentLogin, key: key.0, value };
        if let Err(error) = self.store.put(record, Put::Always).await {
            tracing::warn!(%error, "failed to store a recent login; only this node can repeat it");
        }
    }

    /// Removes a login that failed.
    pub(crate) fn abandon(&self, key: &LoginKey) {
        self.recent().logins.remove(key);
    }

    /// Removes a user's logins after a log-out: no form may log this user in again.
    pub(crate) async fn end(&self, user: &UserId) {
        let ended = self.recent().remove_user(user);
        self.delete(ended).await;
    }

    /// Deletes expired logins periodically, until `stop`; at first also those left by an earlier run of the
    /// server.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        match self.store.records(Collection::RecentLogin).await {
            Ok(records) => {
                let now = clock::now();
                let over = records.into_iter().filter(|record| read(&record.value, now).is_none());
                self.delete(over.map(|record| LoginKey(record.key)).collect()).await;
            }
            Err(error) => {
                tracing::warn!(%error, "failed to read the recent logins; old ones stay until the next start");
            }
        }
        while stop.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_some() {
            let over = self.recent().remove_before(clock::now());
            self.delete(over).await;
        }
    }

    fn here(&self, key: &LoginKey, now: Millis) -> Option<Ticket> {
        self.recent().logins.get(key).filter(|(_, at)| is_recent(*at, now)).map(|(ticket, _)| ticket.clone())
    }

    /// Looks up a login in the store, if its user still holds the nickname: a user who has logged out has
    /// released it.
    async fn elsewhere(&self, key: &LoginKey, now: Millis) -> Option<Ticket> {
        let record = self.store.record(Collection::RecentLogin, key.0.clone()).await.ok().flatten()?;
        let ticket = read(&record, now)?;
        let login = &ticket.login;
        let claim = Claim { user: login.user(), skeleton: login.nickname.skeleton(), now, until: now };
        matches!(self.store.holds(claim).await, Ok(true)).then_some(ticket)
    }

    async fn delete(&self, keys: Vec<LoginKey>) {
        for LoginKey(key) in keys {
            if let Err(error) = self.store.delete(Collection::RecentLogin, key).await {
                tracing::debug!(%error, "failed to delete a recent login; the next start does");
            }
        }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        // No code that holds the lock can panic halfway through a change.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    /// Inserts a login unless the key has one; returns the login in effect and the keys dropped to make room.
    fn insert(
        &mut self,
        key: &LoginKey,
        ticket: Ticket,
        now: Millis,
        capacity: usize,
    ) -> (Ticket, Vec<LoginKey>) {
        let mut gone = self.remove_before(now);
        if let Some((ticket, _)) = self.logins.get(key) {
            return (ticket.clone(), gone);
        }
        while self.order.len() >= capacity {
            gone.extend(self.remove_oldest());
        }
        self.logins.insert(key.clone(), (ticket.clone(), now));
        self.order.push_back((key.clone(), now));
        (ticket, gone)
    }

    /// Removes expired logins and returns their keys.
    fn remove_before(&mut self, now: Millis) -> Vec<LoginKey> {
        let mut over = Vec::new();
        while let Some((key, at)) = self.order.front()
            && (!is_recent(*at, now) || !self.logins.contains_key(key))
        {
            over.extend(self.remove_oldest());
        }
        over
    }

    /// Removes the oldest login and returns its key, unless it was removed already or belongs to a later
    /// login by now.
    fn remove_oldest(&mut self) -> Option<LoginKey> {
        let (key, at) = self.order.pop_front()?;
        self.logins.get(&key).filter(|(_, kept)| *kept == at)?;
        self.logins.remove(&key);
        Some(key)
    }

    fn remove_user(&mut self, user: &UserId) -> Vec<LoginKey> {
        let of_user = |(_, (ticket, _)): &(&LoginKey, &(Ticket, Millis))| ticket.login.id == *user;
        let keys: Vec<LoginKey> = self.logins.iter().filter(of_user).map(|(key, _)| key.clone()).collect();
        for key in &keys {
            self.logins.remove(key);
        }
        self.order.retain(|(key, _)| !keys.contains(key));
        keys
    }
}

/// Returns whether a login is recent. A clock that was set back does not extend its time.
fn is_recent(at: Millis, now: Millis) -> bool {
    at.0.abs_diff(now.0) < REMEMBERED_MS
}

/// Formats the record of a login: the time of the request, the login and the user.
fn print(ticket: &Ticket, at: Millis) -> String {
    let Ticket { id, login, issued, expires } = ticket;
    format!("{} {} {} {} {} {}", at.0, id, issued.0, expires.0, login.id, login.nickname)
}

/// Parses the login in a record; `None` if it has expired or is malformed.
fn read(record: &str, now: Millis) -> Option<Ticket> {
    let mut words = record.splitn(6, ' ');
    let at = Millis(words.next()?.parse().ok()?);
    let id = LoginId::parse(words.next()?)?;
    let issued = Millis(words.next()?.parse().ok()?);
    let expires = Millis(words.next()?.parse().ok()?);
    let user = UserId::parse(words.next()?).ok()?;
    let nickname = Nickname::parse(words.next()?).ok()?;
    is_recent(at, now).then_some(Ticket { id, login: Login { id: user, nickname }, issued, expires })
}

#[cfg(test)]
mod tests;
