//! One bot: its identity, its rooms, which messages address it, and its rate limits.

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

/// How many users' rate limits are held before the idle ones are dropped.
const REMEMBERED: usize = 10_000;

/// How many answers of a bot one user may have in progress or queued.
const EACH: usize = 5;

/// How many all users together may have in progress or queued.
const IN_ALL: usize = 200;

/// A configured bot.
pub(super) struct Bot {
    pub(super) user: User,
    pub(super) nickname: Nickname,
    rooms: Rooms,
    everything: bool,
    /// How many messages before a question the bot sees.
    pub(super) context: u32,
    /// The time limit of a whole answer.
    pub(super) patience: Duration,
    /// Limits concurrent answers; each holds a permit while it is in progress.
    pub(super) at_once: Semaphore,
    /// How many answers each user has in progress or queued.
    queue: Mutex<HashMap<UserId, usize>>,
    budget: Option<DefaultKeyedRateLimiter<UserId>>,
    budget_in_all: Option<DefaultDirectRateLimiter>,
    pub(super) answerer: Arc<dyn Answerer>,
}

impl Bot {
    /// Creates the bot of these settings; `answerer` finds its answers.
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

    /// Returns whether the bot is in a room.
    pub(super) fn is_in(&self, room: &RoomName) -> bool {
        self.rooms.have(room)
    }

    /// Returns the question in a message if it addresses the bot. `known` are the names that a mention may
    /// refer to.
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

    /// Reserves a place in the queue for an answer to a user, until the slot is dropped; `None` if the queue
    /// is full for this user or for everybody.
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
        // No holder of the lock can panic halfway through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a question; if it exceeds the hourly budget of the user or of all users together, returns how
    /// long to wait.
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

/// Derives a bot's id from its name: the same on every node and after every restart.
fn id(name: &Nickname) -> UserId {
    let digest = Sha256::digest(name.skeleton().as_str());
    let short = BASE64_URL_SAFE_NO_PAD.encode(&digest[..9]);
    UserId::parse(&format!("bot-{short}")).expect("it is made of letters and digits")
}
