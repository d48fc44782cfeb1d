//! The programs that answer in the rooms. The way of an answer is [`bot`] (is it meant for one?) → [`answering`] (claimed,
//! shown while it grows, said) → the store, like every message. Who finds answers is behind [`question`].

pub(crate) mod late;
pub(crate) mod question;
pub(crate) mod running;

mod answering;
mod bot;
mod context;
mod mention;
mod pending;
mod sending;

mod sweeping;
mod words;

mod builtin;
mod reminders;

mod openai;
mod tuling;
mod webhook;

mod outgoing;
mod retry;
mod secret;
mod status;

#[cfg(test)]
mod documentation;
#[cfg(test)]
mod test_question;

use std::sync::Arc;

use anyhow::anyhow;
use bot::Bot;
use builtin::BuiltinBot;
use chat::{
    id::{ClientId, UserId},
    name::Skeleton,
    protocol::{Message, User},
    room_name::RoomName,
};
use question::Answerer;
use reminders::Reminders;
use running::Stopped;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::{
    config::bots::{BotKind, Settings},
    rooms::BotsOf,
    store::SharedStore,
};

pub(crate) use context::BotContext;

/// How many answers may be under way or wait at once; what is asked beyond them is not answered.
const AT_ONCE: usize = 1_000;

/// The bots that the settings name, before there is a chat that they could answer in.
pub(crate) struct BotList {
    bots: Vec<Arc<Bot>>,
    reminders: Arc<Reminders>,
}

/// The bots of this server.
pub(crate) struct Bots {
    list: Arc<BotList>,
    names: Vec<String>,
    context: Arc<BotContext>,
    tasks: TaskTracker,
}

impl BotList {
    /// Opens the bots of these settings, or says what one of them lacks. `limit` is the most characters of a message (0 for
    /// no limit).
    pub(crate) fn open(settings: &Settings, store: &SharedStore, limit: usize) -> anyhow::Result<BotList> {
        let reminders = Arc::new(Reminders::new(store.clone(), limit));
        let bots = settings.bots.iter().map(|settings| {
            let answerer: Result<Arc<dyn Answerer>, String> = match &settings.kind {
                BotKind::Builtin => Ok(Arc::new(BuiltinBot::new(store.clone(), reminders.clone()))),
                BotKind::OpenAi(service) => service.open(),
                BotKind::Tuling(service) => service.open(),
                BotKind::Webhook(service) => service.open(),
            };
            let answerer = answerer.map_err(|error| {
                anyhow!("line {}: the bot {} cannot be opened: {error}", settings.line, settings.name)
            })?;
            Ok(Arc::new(Bot::new(settings, answerer)))
        });
        Ok(BotList { bots: bots.collect::<anyhow::Result<_>>()?, reminders })
    }

    /// Returns what says which of them are in a room.
    pub(crate) fn of_rooms(self: &Arc<Self>) -> BotsOf {
        let list = self.clone();
        Arc::new(move |room: &RoomName| {
            let there = list.bots.iter().filter(|bot| bot.is_in(room));
            there.map(|bot| bot.user.clone()).collect::<Vec<User>>()
        })
    }

    /// Returns what nobody else may be called.
    pub(crate) fn skeletons(&self) -> Vec<Skeleton> {
        self.bots.iter().map(|bot| bot.nickname.skeleton()).collect()
    }
}

impl Bots {
    /// Starts to look after what was begun before, and what is due. `missed` brings what was said and was no event.
    pub(crate) fn start(
        list: Arc<BotList>,
        context: Arc<BotContext>,
        mut missed: mpsc::Receiver<Message>,
    ) -> Arc<Bots> {
        let names = list.bots.iter().map(|bot| bot.user.name.to_string()).collect();
        let stop = context.stopping.clone();
        let bots = Arc::new(Bots { list, names, context, tasks: TaskTracker::new() });
        let (answering, until) = (bots.clone(), stop.clone());
        bots.tasks.spawn(async move {
            while let Some(Some(message)) = until.run_until_cancelled(missed.recv()).await {
                answering.handle(&message);
            }
        });
        bots.tasks.spawn(sweeping::run(bots.context.clone(), stop.clone()));
        bots.tasks.spawn(bots.list.reminders.clone().run(bots.context.service.clone(), stop));
        bots
    }

    /// Takes a message, and has it answered if it is meant for one of them. Waits for nothing. No program is answered: so no
    /// two of them ever talk to each other.
    pub(crate) fn handle(&self, message: &Message) {
        if message.user.id.is_program() {
            return;
        }
        // Another node gives an answer to it; alone, this one has at least the time to say that it has none.
        if self.context.stopping.is_cancelled() && !self.context.is_single_node {
            return;
        }
        for bot in &self.list.bots {
            let Some(text) = bot.asked(&message.room, &message.text, &self.names) else { continue };
            if self.tasks.len() >= AT_ONCE {
                tracing::warn!(room = %message.room, bot = %bot.user.id, "too much is asked; this is not answered");
                continue;
            }
            self.tasks.spawn(answering::answer(self.context.clone(), bot.clone(), message.clone(), text));
        }
    }

    /// Whether a text is a question to one of them, as far as it tells by itself.
    pub(crate) fn are_asked(&self, room: &RoomName, text: &str) -> bool {
        self.list.bots.iter().any(|bot| bot.asked(room, text, &self.names).is_some())
    }

    /// Ends an answer that is being given on this node, for the user who asked for it.
    pub(crate) fn stop(&self, room: &RoomName, answer: &ClientId, user: &UserId) -> Stopped {
        self.context.running.stop(room, answer, user)
    }

    /// Returns how many answers are being given.
    pub(crate) fn running(&self) -> usize {
        self.context.running.count()
    }

    /// Returns when the answers have ended that were under way when the server began to stop.
    pub(crate) async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
