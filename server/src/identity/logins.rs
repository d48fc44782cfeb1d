//! The validity of logins. Each login is a record in the store with its expiry or its end, so that a copied
//! cookie dies with its login. Reads no cookies and assigns no nicknames.
//!
//! A cookie is signed, and itself contains its user and expiry. The store is only asked whether the login has
//! ended, at most once a minute per login; the answer is cached. A store that does not answer ends no login,
//! nor does one that has lost its records: a login without a record gets a new one.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chat::{id::UserId, time::Millis};
use rand::RngExt as _;
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    identity::login::Login,
    store::{Collection, Put, Record, SharedStore, StoreError},
};

/// How many days a login is valid.
pub(crate) const DAYS: u32 = 180;

/// The same in milliseconds.
const LIFE_MS: u64 = DAYS as u64 * 24 * 60 * 60 * 1_000;

/// How long a cached answer is valid. Nodes tell each other at once when a login ends; this covers lost
/// notifications.
const FRESH_MS: u64 = 60_000;

/// The maximum number of cached logins. Beyond it, expired cache entries are dropped, then all but those
/// whose end is not stored yet.
const REMEMBERED: usize = 10_000;

/// The maximum number of stored records. Beyond it the oldest valid logins are deleted; their records come
/// back when they are used.
const KEPT: usize = 50_000;

/// How often failed writes are retried.
const RETRY: Duration = Duration::from_secs(15);

/// How often expired records are deleted.
const SWEEP: Duration = Duration::from_hours(24);

/// The length of an id in hexadecimal digits: 128 bits, so that it cannot be guessed.
const DIGITS: usize = 32;

/// The id of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LoginId(u128);

impl LoginId {
    fn draw() -> LoginId {
        LoginId(rand::rng().random())
    }

    /// Parses the id in a cookie.
    pub(crate) fn parse(text: &str) -> Option<LoginId> {
        let fits = text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| u128::from_str_radix(text, 16).ok().map(LoginId)).flatten()
    }
}

impl fmt::Display for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A login as its cookie contains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) id: LoginId,
    pub(crate) login: Login,
    pub(crate) issued: Millis,
    pub(crate) expires: Millis,
}

impl Ticket {
    /// Creates a login with a new id, issued now.
    pub(crate) fn draw(login: Login, now: Millis) -> Ticket {
        Ticket { id: LoginId::draw(), login, issued: now, expires: now + LIFE_MS }
    }
}

/// Tracks which logins are valid.
pub(crate) struct Logins {
    store: SharedStore,
    memory: Mutex<Memory>,
}

/// The cached state of logins.
#[derive(Default)]
struct Memory {
    logins: HashMap<LoginId, Known>,
    /// Counts ends. A store answer to a question asked before the latest end is not cached.
    ends: u64,
}

/// The cached state of one login.
struct Known {
    user: UserId,
    /// Whether the login is valid.
    holds: bool,
    expires: Millis,
    asked: Millis,
    /// Whether its end still has to be stored.
    is_unsaved: bool,
}

/// The content of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    /// The login is valid.
    Holds { expires: Millis },
    /// The login, or all of a user's logins issued before a given time, have ended; `expires` is how long
    /// this must be stored.
    Ended { before: Millis, expires: Millis },
}

impl Logins {
    /// Creates an empty cache.
    pub(crate) fn new(store: SharedStore) -> Logins {
        Logins { store, memory: Mutex::default() }
    }

    /// Makes a login valid from now on, unless it has ended.
    pub(crate) async fn begin(&self, ticket: &Ticket) -> Result<(), StoreError> {
        self.store.put(holding(ticket), Put::IfAbsent).await.map(drop)
    }

    /// Returns whether a login is valid now, as far as the store can tell.
    pub(crate) async fn holds(&self, ticket: &Ticket, now: Millis) -> bool {
        if now >= ticket.expires {
            return false;
        }
        let (known, ends) = {
            let memory = self.memory();
            let known = memory.logins.get(&ticket.id).map(|known| (known.holds, known.asked));
            (known, memory.ends)
        };
        match known {
            // An end is final.
            Some((false, _)) => return false,
            Some((true, asked)) if asked.0.abs_diff(now.0) < FRESH_MS => return true,
            _ => {}
        }
        let ended = match self.was_ended(ticket).await {
            Ok(ended) => ended,
            Err(error) => {
                tracing::debug!(%error, "failed to look up a login; it is taken to hold");
                return true;
            }
        };
        let mut memory = self.memory();
        if ended || memory.ends == ends {
            memory.remember(ticket, !ended, now);
        }
        !ended
    }

    /// Ends a login for good, on this node at once.
    pub(crate) async fn end(&self, ticket: &Ticket, now: Millis) {
        {
            let mut memory = self.memory();
            memory.ends += 1;
            memory.remember(ticket, false, now);
        }
        let record = ended(&ticket.id.to_string(), ticket.issued, ticket.expires);
        if let Err(error) = self.store.put(record, Put::Always).await {
            tracing::warn!(%error, "failed to store the end of a login; this node tries again");
            self.memory().set_unsaved(&ticket.id, true);
        }
    }

    /// Ends all of a user's logins issued before this time.
    pub(crate) async fn end_all(&self, user: &UserId, now: Millis) -> Result<(), StoreError> {
        self.store.put(ended(&of_user(user), now, now + LIFE_MS), Put::Always).await?;
        self.forget(user);
        Ok(())
    }

    /// Drops a user's valid logins from the cache, because some of them may have ended.
    pub(crate) fn forget(&self, user: &UserId) {
        let mut memory = self.memory();
        memory.ends += 1;
        memory.logins.retain(|_, known| known.user != *user || !known.holds);
    }

    /// Retries failed writes and deletes expired records, until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut since_sweep = SWEEP;
        loop {
            if since_sweep >= SWEEP {
                since_sweep = Duration::ZERO;
                if let Err(error) = self.sweep(clock::now()).await {
                    tracing::debug!(%error, "failed to delete logins that are over; tomorrow again");
                }
            }
            self.save().await;
            self.memory().forget_stale(clock::now());
            if stop.run_until_cancelled(tokio::time::sleep(RETRY)).await.is_none() {
                return;
            }
            since_sweep += RETRY;
        }
    }

    /// Returns whether the store has the end of a login, alone or with all of its user's logins. A lost
    /// record is written again.
    async fn was_ended(&self, ticket: &Ticket) -> Result<bool, StoreError> {
        let own = self.store.record(Collection::Login, ticket.id.to_string()).await?;
        let own = own.as_deref().and_then(Entry::read);
        if matches!(own, Some(Entry::Ended { .. })) {
            return Ok(true);
        }
        let of_all = self.store.record(Collection::Login, of_user(&ticket.login.id)).await?;
        if let Some(Entry::Ended { before, .. }) = of_all.as_deref().and_then(Entry::read)
            && ticket.issued < before
        {
            return Ok(true);
        }
        if own.is_none()
            && let Err(error) = self.store.put(holding(ticket), Put::IfAbsent).await
        {
            tracing::debug!(%error, "failed to put a login back");
        }
        Ok(false)
    }

    async fn save(&self) {
        let unsaved: Vec<(LoginId, Millis)> = {
            let memory = self.memory();
            let unsaved = memory.logins.iter().filter(|(_, known)| known.is_unsaved);
            unsaved.map(|(id, known)| (*id, known.expires)).collect()
        };
        for (id, expires) in unsaved {
            match self.store.put(ended(&id.to_string(), expires, expires), Put::Always).await {
                Ok(_) => self.memory().set_unsaved(&id, false),
                // The others would fail too.
                Err(_) => return,
            }
        }
    }

    /// Deletes the records of expired logins, and the oldest ones if there are too many.
    async fn sweep(&self, now: Millis) -> Result<(), StoreError> {
        let mut kept = Vec::new();
        for Record { key, value, .. } in self.store.records(Collection::Login).await? {
            match Entry::read(&value) {
                Some(Entry::Holds { expires }) if now < expires => kept.push((false, expires, key)),
                Some(Entry::Ended { expires, .. }) if now < expires => kept.push((true, expires, key)),
                _ => drop(self.store.delete(Collection::Login, key).await?),
            }
        }
        if let Some(surplus) = kept.len().checked_sub(KEPT) {
            kept.sort_unstable();
            // An end must be stored for as long as a copied cookie would be valid.
            for (_, _, key) in kept.into_iter().take_while(|(is_ended, ..)| !is_ended).take(surplus) {
                self.store.delete(Collection::Login, key).await?;
            }
        }
        Ok(())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // No code that holds the lock can panic halfway through a change.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Drops logins that would be looked up again anyway: most users are idle most of the time.
    fn forget_stale(&mut self, now: Millis) {
        self.logins
            .retain(|_, known| !known.holds || known.is_unsaved || known.asked.0.abs_diff(now.0) < FRESH_MS);
        self.logins.shrink_to_fit();
    }

    fn remember(&mut self, ticket: &Ticket, holds: bool, now: Millis) {
        if self.logins.len() >= REMEMBERED {
            self.logins.retain(|_, known| known.is_unsaved || known.asked.0.abs_diff(now.0) < FRESH_MS);
        }
        if self.logins.len() >= REMEMBERED {
            self.logins.retain(|_, known| known.is_unsaved);
        }
        let known = Known {
            user: ticket.login.id.clone(),
            holds,
            expires: ticket.expires,
            asked: now,
            is_unsaved: false,
        };
        self.logins.insert(ticket.id, known);
    }

    fn set_unsaved(&mut self, id: &LoginId, is_unsaved: bool) {
        if let Some(known) = self.logins.get_mut(id) {
            known.is_unsaved = is_unsaved;
        }
    }
}

impl Entry {
    /// Parses a record; `None` if it is malformed.
    fn read(value: &str) -> Option<Entry> {
        let mut words = value.splitn(5, ' ');
        let kind = words.next()?;
        let mut moment = || words.next()?.parse().ok().map(Millis);
        let (at, expires) = (moment()?, moment()?);
        match kind {
            "holds" => Some(Entry::Holds { expires }),
            "ended" => Some(Entry::Ended { before: at, expires }),
            _ => None,
        }
    }
}

/// Creates the record of a valid login: its time of issue, expiry, user and nickname.
fn holding(ticket: &Ticket) -> Record {
    let Ticket { id, login, issued, expires } = ticket;
    let value = format!("holds {} {} {} {}", issued.0, expires.0, login.id, login.nickname);
    Record { collection: Collection::Login, key: id.to_string(), value }
}

/// Creates the record of an end, which must be stored until the cookies have expired.
fn ended(key: &str, before: Millis, expires: Millis) -> Record {
    Record {
        collection: Collection::Login,
        key: key.to_owned(),
        value: format!("ended {} {}", before.0, expires.0),
    }
}

/// Returns the key of the record about all of a user's logins. No login id has this form.
fn of_user(user: &UserId) -> String {
    format!("user {user}")
}

#[cfg(test)]
mod tests;
