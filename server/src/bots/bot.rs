//! One bot: who it is, where it is, what is meant for it, and how much may be asked of it.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chat::{id::UserId, name::Nickname, protocol::User, room_name::RoomName};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota,
    clock::{Clock as _, DefaultClock},
};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::config::bots::{BotSettings, Rooms};

use super::{mention, question::Answerer};

/// How many users' budgets are remembered before those that are whole again are forgotten.
const REMEMBERED: usize = 10_000;

/// How many answers of a bot a user may have under way or waiting.
const EACH: usize = 5;

/// How many all users together may.
const IN_ALL: usize = 200;

/// A bot.
pub(super) struct Bot {
    pub(super) user: User,
    pub(super) nickname: Nickname,
    rooms: Rooms,
    everything: bool,
    /// How many of the messages before a question it sees.
    pub(super) context: u32,
    /// How long an answer may take in all.
    pub(super) patience: Duration,
    /// Taken by each answer while it is given.
    pub(super) at_once: Semaphore,
    /// How many answers of each user's are under way or wait for their turn.
    queue: Mutex<HashMap<UserId, usize>>,
    budget: Option<DefaultKeyedRateLimiter<UserId>>,
    budget_in_all: Option<DefaultDirectRateLimiter>,
    pub(super) answerer: Arc<dyn Answerer>,
}

impl Bot {
    /// The bot of these settings, whose answers are found by this.
    pub(super) fn new(settings: &BotSettings, answerer: Arc<dyn Answerer>) -> Bot {
        let budget = NonZeroU32::new(settings.budget);
        Bot {
            user: User { id: id(&settings.name), name: settings.name.as_str().into() },
            nickname: settings.name.clone(),
            rooms: settings.rooms.clone(),
            everything: settings.everything,
            context: settings.context,
            patience: settings.patience,
            at_once: Semaphore::new(settings.at_once),
            queue: Mutex::default(),
            budget: budget.map(|n| DefaultKeyedRateLimiter::keyed(Quota::per_hour(n))),
            budget_in_all: NonZeroU32::new(settings.budget_in_all)
                .map(|n| DefaultDirectRateLimiter::direct(Quota::per_hour(n))),
            answerer,
        }
    }

    /// Whether it is in a room.
    pub(super) fn is_in(&self, room: &RoomName) -> bool {
        self.rooms.have(room)
    }

    /// What a message asks of it, if it is meant for it. `known` are the names that a mention may mean.
    pub(super) fn asked(&self, room: &RoomName, text: &str, known: &[String]) -> Option<String> {
        if !self.is_in(room) {
            return None;
        }
        let asked = mention::question(text, &self.user.name, known);
        let speaks_to_another = || known.iter().any(|other| mention::question(text, other, known).is_some());
        match asked {
            None if self.everything && !speaks_to_another() => Some(text.to_owned()),
            asked => asked,
        }
    }

    /// A place in the queue for an answer to a user, as long as what this gives is held; none if the queue is full, for them
    /// or for everybody.
    pub(super) fn queue(&self, user: &UserId) -> Option<QueueSlot<'_>> {
        let mut queue = self.waiting();
        let theirs = queue.get(user).copied().unwrap_or_default();
        if theirs >= EACH || queue.values().sum::<usize>() >= IN_ALL {
            return None;
        }
        queue.insert(user.clone(), theirs + 1);
        Some(QueueSlot { bot: self, user: user.clone() })
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        // Nothing that holds the lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a question; if it is one too many within the hour, by this user or by all together, returns how long to wait.
    pub(super) fn spend(&self, user: &UserId) -> Result<(), Duration> {
        let now = DefaultClock::default().now();
        if let Some(budget) = &self.budget {
            if budget.len() > REMEMBERED {
                budget.retain_recent();
            }
            budget.check_key(user).map_err(|until| until.wait_time_from(now))?;
        }
        match &self.budget_in_all {
            Some(budget) => budget.check().map_err(|until| until.wait_time_from(now)),
            None => Ok(()),
        }
    }
}

/// A place in a bot's queue.
pub(super) struct QueueSlot<'a> {
    bot: &'a Bot,
    user: UserId,
}

impl Drop for QueueSlot<'_> {
    fn drop(&mut self) {
        let mut queue = self.bot.waiting();
        if let Some(theirs) = queue.get_mut(&self.user) {
            *theirs -= 1;
            if *theirs == 0 {
                queue.remove(&self.user);
            }
        }
    }
}

/// The id of the bot of a name: the same on every node and after every start.
fn id(name: &Nickname) -> UserId {
    let digest = Sha256::digest(name.skeleton().as_str());
    let short = BASE64_URL_SAFE_NO_PAD.encode(&digest[..9]);
    UserId::parse(&format!("bot-{short}")).expect("it is made of letters and digits")
}
