//! The programs that answer in the rooms. The way of an answer is [`bot`] (is it meant for one?) → [`answering`] (claimed,
//! shown while it grows, said) → the store, like every message. Who finds answers is behind [`question`].

pub(crate) mod config;
pub(crate) mod question;
pub(crate) mod running;

mod answering;
mod bot;
mod mention;
mod pending;
pub(crate) mod replies;
mod saying;
mod sweeping;
mod words;

mod reminders;
mod waiter;

mod openai;
mod tuling;
mod webhook;

mod outgoing;
mod retry;
mod secret;
mod setting;
mod status;

#[cfg(test)]
mod documentation;
#[cfg(test)]
mod test_question;

use std::sync::Arc;

use anyhow::anyhow;
use bot::Bot;
use chat::{
    id::NodeId,
    name::Skeleton,
    protocol::{Message, User},
    room_name::RoomName,
};
use config::{Kind, Settings};
use pending::Pending;
use question::Answerer;
use rand::Rng as _;
use reminders::Reminders;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use waiter::Waiter;

use crate::{config::StoreChoice, rooms::BotsOf, store::SharedStore, teahouse::Shared};

/// How many answers may be under way or wait at once; what is asked beyond them is not answered.
const AT_ONCE: usize = 1_000;

/// The bots of this house.
pub(crate) struct Bots {
    list: Arc<Vec<Arc<Bot>>>,
    names: Vec<String>,
    node: NodeId,
    /// Where this server is reached from outside.
    base: String,
    reminders: Arc<Reminders>,
    tasks: TaskTracker,
}

impl Bots {
    /// Opens the bots of these settings, or says what one of them lacks. `base` is the server's own address, and
    /// `limit` the most characters of a message (0 for no limit).
    pub(crate) fn open(
        settings: &Settings,
        store: &SharedStore,
        base: String,
        limit: usize,
    ) -> anyhow::Result<Bots> {
        let reminders = Arc::new(Reminders::new(store.clone(), limit));
        let list = settings.bots.iter().map(|settings| {
            let answerer: Result<Arc<dyn Answerer>, String> = match &settings.kind {
                Kind::Builtin => Ok(Arc::new(Waiter::new(store.clone(), reminders.clone()))),
                Kind::OpenAi(service) => service.open(),
                Kind::Tuling(service) => service.open(),
                Kind::Webhook(service) => service.open(),
            };
            let answerer = answerer.map_err(|error| {
                anyhow!("line {}: the bot {} cannot be opened: {error}", settings.line, settings.name)
            })?;
            Ok(Arc::new(Bot::new(settings, answerer)))
        });
        let list: Vec<Arc<Bot>> = list.collect::<anyhow::Result<_>>()?;
        let names = list.iter().map(|bot| bot.user.name.to_string()).collect();
        let mut node = [0; 8];
        rand::rng().fill_bytes(&mut node);
        let node = NodeId::from_bytes(node);
        Ok(Bots { list: Arc::new(list), names, node, base, reminders, tasks: TaskTracker::new() })
    }

    /// Which of them are in a room.
    pub(crate) fn of_rooms(&self) -> BotsOf {
        let list = self.list.clone();
        Arc::new(move |room: &RoomName| {
            list.iter().filter(|bot| bot.is_in(room)).map(|bot| bot.user.clone()).collect::<Vec<User>>()
        })
    }

    /// What nobody else may be called.
    pub(crate) fn skeletons(&self) -> Vec<Skeleton> {
        self.list.iter().map(|bot| bot.nickname.skeleton()).collect()
    }

    /// Begins to look after what was begun before, and what is due.
    ///
    /// `missed` brings what was said and not told as news.
    pub(crate) fn start(
        &self,
        teahouse: &Shared,
        mut missed: mpsc::Receiver<Message>,
        stop: &CancellationToken,
    ) {
        let (house, until) = (teahouse.clone(), stop.clone());
        self.tasks.spawn(async move {
            while let Some(Some(message)) = until.run_until_cancelled(missed.recv()).await {
                house.bots.hear(&house, &message);
            }
        });
        self.tasks.spawn(sweeping::keep(teahouse.clone(), stop.clone()));
        self.tasks.spawn(self.reminders.clone().keep(stop.clone()));
    }

    /// Hears what was said, and has it answered if it is meant for one of them. Waits for nothing. No program is answered:
    /// so no two of them ever talk to each other.
    pub(crate) fn hear(&self, teahouse: &Shared, message: &Message) {
        if message.user.id.is_program() {
            return;
        }
        // Another node gives an answer to it; alone, this one has at least the time to say that it has none.
        if teahouse.stopping.is_cancelled() && teahouse.config.store != StoreChoice::Sqlite {
            return;
        }
        for bot in self.list.iter() {
            let Some(text) = bot.asked(message, &self.names) else { continue };
            if self.tasks.len() >= AT_ONCE {
                tracing::warn!(room = %message.room, bot = %bot.user.id, "too much is asked; this is not answered");
                continue;
            }
            self.tasks.spawn(answering::answer(teahouse.clone(), bot.clone(), message.clone(), text));
        }
    }

    /// Returns when the answers have ended that were under way when the server began to stop.
    pub(crate) async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// This process, among those that may give an answer.
    fn node(&self) -> &NodeId {
        &self.node
    }

    /// Where a late answer may be posted.
    fn reply_url(&self, pending: &Pending, secret: &str) -> String {
        format!("{}/replies/{}.{}.{secret}", self.base, pending.bot.id, pending.id)
    }
}
