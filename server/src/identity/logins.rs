//! Logins: what a cookie stands for. Each is a record in the store, which says until when it holds or that it was ended, so
//! that a copied cookie is dead when its login is. Reads no cookie and gives nobody a nickname.
//!
//! A cookie is signed and says itself whose it is and until when. The store is asked whether the login was ended, and that
//! once a minute for each login at the most; what was learnt is remembered meanwhile. A store that does not answer ends
//! nobody's login, nor does one that has forgotten them: a login without a record is put back.

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

/// For how many days a login holds.
pub(crate) const DAYS: u32 = 180;

/// The same in milliseconds.
const LIFE_MS: u64 = DAYS as u64 * 24 * 60 * 60 * 1_000;

/// How long what was learnt of a login is believed without asking again. Nodes tell each other at once when one ends; this
/// is for when that goes astray.
const FRESH_MS: u64 = 60_000;

/// How many logins are remembered; beyond, those that have to be asked for again are forgotten, and then all but those whose
/// end is not in the store yet.
const REMEMBERED: usize = 10_000;

/// How many records are kept; beyond, the oldest go, those of logins that hold first: they come back when they are used.
const KEPT: usize = 50_000;

/// How often what could not be stored is tried again.
const RETRY: Duration = Duration::from_secs(15);

/// How often what is over is thrown away.
const SWEEP: Duration = Duration::from_hours(24);

/// How many hexadecimal digits an id has: 128 bits, so that nobody guesses one.
const DIGITS: usize = 32;

/// The id of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LoginId(u128);

impl LoginId {
    fn draw() -> LoginId {
        LoginId(rand::rng().random())
    }

    /// The id that stands in a cookie.
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

/// A login as its cookie has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) id: LoginId,
    pub(crate) login: Login,
    pub(crate) issued: Millis,
    pub(crate) expires: Millis,
}

impl Ticket {
    /// A new one, as of now.
    pub(crate) fn draw(login: Login, now: Millis) -> Ticket {
        Ticket { id: LoginId::draw(), login, issued: now, expires: now + LIFE_MS }
    }
}

/// Which logins hold.
pub(crate) struct Logins {
    store: SharedStore,
    memory: Mutex<Memory>,
}

/// What was learnt of logins.
#[derive(Default)]
struct Memory {
    logins: HashMap<LoginId, Known>,
    /// Counts what has ended. An answer of the store to a question from before is not remembered.
    ends: u64,
}

/// What was learnt of a login.
struct Known {
    user: UserId,
    /// Whether it holds.
    holds: bool,
    expires: Millis,
    asked: Millis,
    /// Whether its end is still to be stored.
    is_unsaved: bool,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    /// The login holds.
    Holds { expires: Millis },
    /// The login, or all of a user's that were issued before a moment, have ended; until when that has to be known.
    Ended { before: Millis, expires: Millis },
}

impl Logins {
    /// Nothing is known yet.
    pub(crate) fn new(store: SharedStore) -> Logins {
        Logins { store, memory: Mutex::default() }
    }

    /// Has a login hold from now on, if it has not ended.
    pub(crate) async fn begin(&self, ticket: &Ticket) -> Result<(), StoreError> {
        self.store.put(holding(ticket), Put::IfAbsent).await.map(drop)
    }

    /// Whether a login holds at this moment, as far as the store can say.
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
            // What has ended stays ended.
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

    /// Ends a login, here at once and for good.
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

    /// Ends all of a user's logins that were given before this moment.
    pub(crate) async fn end_all(&self, user: &UserId, now: Millis) -> Result<(), StoreError> {
        self.store.put(ended(&of_user(user), now, now + LIFE_MS), Put::Always).await?;
        self.forget(user);
        Ok(())
    }

    /// Something has become of a user's logins on another node: what holds is asked for again.
    pub(crate) fn forget(&self, user: &UserId) {
        let mut memory = self.memory();
        memory.ends += 1;
        memory.logins.retain(|_, known| known.user != *user || !known.holds);
    }

    /// Stores what could not be stored, and throws away what is over, until `stop`.
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

    /// Whether the store says that a login has ended, by itself or with all of its user's. One that it has forgotten is put
    /// back.
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
                // The others would fare no better.
                Err(_) => return,
            }
        }
    }

    /// Deletes the records of logins that are over, and the oldest where there are too many.
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
            // An end has to be known for as long as a copied cookie would hold.
            for (_, _, key) in kept.into_iter().take_while(|(is_ended, ..)| !is_ended).take(surplus) {
                self.store.delete(Collection::Login, key).await?;
            }
        }
        Ok(())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing that holds the lock can panic half-way through a change.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Forgets logins that would be asked for again anyway: most people are silent most of the time.
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
    /// What a record says; `None` for what is not understood.
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

/// The record of a login that holds: when it was given, until when it holds, whose it is, and under which nickname.
fn holding(ticket: &Ticket) -> Record {
    let Ticket { id, login, issued, expires } = ticket;
    let value = format!("holds {} {} {} {}", issued.0, expires.0, login.id, login.nickname);
    Record { collection: Collection::Login, key: id.to_string(), value }
}

/// The record of an end, which has to be known until the cookies have run out.
fn ended(key: &str, before: Millis, expires: Millis) -> Record {
    Record {
        collection: Collection::Login,
        key: key.to_owned(),
        value: format!("ended {} {}", before.0, expires.0),
    }
}

/// The key of what is true of all of a user's logins. No login's id has this form.
fn of_user(user: &UserId) -> String {
    format!("user {user}")
}

#[cfg(test)]
mod tests;
