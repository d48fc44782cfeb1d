//! The logins of the last two minutes, by the form that asked for them: a browser that asks again, because the answer was
//! lost on its way, is told the same again. Gives nobody a nickname, and lets none go.
//!
//! What is remembered is found only with the form's id, from the same address and for the same nickname, and only while
//! the user has not logged out. It lies in the store too, where other nodes find it, and a server that was restarted.

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

/// How long a login is remembered, in milliseconds.
const REMEMBERED_MS: u64 = 2 * 60 * 1_000;

/// How many logins are remembered; beyond, the oldest are forgotten. Whoever repeats one of those is told that the nickname
/// is taken.
const CAPACITY: usize = 10_000;

/// How often what is over is thrown away.
const SWEEP: Duration = Duration::from_secs(30);

/// The logins that may be asked for again.
pub(crate) struct RecentLogins {
    store: SharedStore,
    capacity: usize,
    recent: Mutex<Recent>,
}

/// Names a login without telling anything of it: a digest of the form's id, the address and the nickname.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LoginKey(String);

impl LoginKey {
    /// The name of a login that a form asks for.
    pub(crate) fn new(form: &FormId, address: IpAddr, skeleton: &Skeleton) -> LoginKey {
        let text = format!("{}\n{}\n{}", form.as_str(), address.to_canonical(), skeleton.as_str());
        LoginKey(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text)))
    }
}

/// What this node remembers.
#[derive(Default)]
struct Recent {
    logins: HashMap<LoginKey, (Ticket, Millis)>,
    /// The same, the oldest first.
    order: VecDeque<(LoginKey, Millis)>,
}

impl RecentLogins {
    /// Nobody has logged in yet.
    pub(crate) fn new(store: SharedStore) -> RecentLogins {
        RecentLogins { store, capacity: CAPACITY, recent: Mutex::default() }
    }

    /// The login that was given under this key before, or else this new one, which from now on is the one. Of two that ask
    /// at once, both get the same.
    pub(crate) async fn find_or(&self, key: &LoginKey, new: Ticket, now: Millis) -> Ticket {
        if let Some(ticket) = self.here(key, now) {
            return ticket;
        }
        let ticket = self.elsewhere(key, now).await.unwrap_or(new);
        let (ticket, surplus) = self.recent().insert(key, ticket, now, self.capacity);
        self.delete(surplus).await;
        ticket
    }

    /// The login has the nickname: other nodes may find it.
    pub(crate) async fn confirm(&self, key: LoginKey, ticket: &Ticket, now: Millis) {
        let value = print(ticket, now);
        let record = Record { collection: Collection::RecentLogin, key: key.0, value };
        if let Err(error) = self.store.put(record, Put::Always).await {
            tracing::warn!(%error, "failed to store a recent login; only this node can repeat it");
        }
    }

    /// The login did not come about.
    pub(crate) fn abandon(&self, key: &LoginKey) {
        self.recent().logins.remove(key);
    }

    /// A user has logged out: no form makes anybody this user any more.
    pub(crate) async fn end(&self, user: &UserId) {
        let ended = self.recent().remove_user(user);
        self.delete(ended).await;
    }

    /// Forgets what is over, time and again, until `stop`; at first also what an earlier life of the server left behind.
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

    /// What another node or an earlier life of this one remembers, if the user still has the nickname: who has logged out
    /// has let it go.
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
        // Nothing that holds the lock can panic half-way through a change.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    /// Remembers a login unless one is remembered; gives the one that is, and those that had to go for it.
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

    /// Forgets what is too old by now; gives the keys.
    fn remove_before(&mut self, now: Millis) -> Vec<LoginKey> {
        let mut over = Vec::new();
        while let Some((key, at)) = self.order.front()
            && (!is_recent(*at, now) || !self.logins.contains_key(key))
        {
            over.extend(self.remove_oldest());
        }
        over
    }

    /// Forgets the oldest; gives its key, unless it was forgotten already or is that of a later login by now.
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

/// A clock that was put back makes nothing last longer.
fn is_recent(at: Millis, now: Millis) -> bool {
    at.0.abs_diff(now.0) < REMEMBERED_MS
}

/// A record of a login: when it was asked for, the login, and the user.
fn print(ticket: &Ticket, at: Millis) -> String {
    let Ticket { id, login, issued, expires } = ticket;
    format!("{} {} {} {} {} {}", at.0, id, issued.0, expires.0, login.id, login.nickname)
}

/// The login of a record, unless it is too old or says nothing that is understood.
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
