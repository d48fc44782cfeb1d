//! The bots that answer in rooms. An answer passes [`bot`] (is the message meant for it?) → [`answering`]
//! (claims it, streams it, sends it) → the store, like every message. [`question`] is the interface to the
//! kinds of bots that find answers.

pub(crate) mod late;
pub(crate) mod question;
pub(crate) mod running;

mod answer_stream;
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

/// The limit on answers in progress or queued; questions beyond it are not answered.
const AT_ONCE: usize = 1_000;

/// The configured bots, opened before the chat service exists.
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
    /// Opens the configured bots, or returns what one of them lacks. `limit` is the most characters of a
    /// message (0 for no limit).
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

    /// Returns a function that lists the bots in a room.
    pub(crate) fn of_rooms(self: &Arc<Self>) -> BotsOf {
        let list = self.clone();
        Arc::new(move |room: &RoomName| {
            let there = list.bots.iter().filter(|bot| bot.is_in(room));
            there.map(|bot| bot.user.clone()).collect::<Vec<User>>()
        })
    }

    /// Returns the skeletons of the bots' names, which no user may take.
    pub(crate) fn skeletons(&self) -> Vec<Skeleton> {
        self.bots.iter().map(|bot| bot.nickname.skeleton()).collect()
    }
}

impl Bots {
    /// Starts answering, and resumes unfinished answers and due reminders. `missed` delivers messages whose
    /// events the rooms missed and recovered later.
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

    /// Starts an answer to a message if it addresses a bot. Never blocks. Ignores messages from programs, so
    /// two bots can never talk to each other.
    pub(crate) fn handle(&self, message: &Message) {
        if message.user.id.is_program() {
            return;
        }
        // Another node answers it. A single node still has time to reply that there is no answer.
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

    /// Returns whether a text addresses a bot, judging by the text alone.
    pub(crate) fn are_asked(&self, room: &RoomName, text: &str) -> bool {
        self.list.bots.iter().any(|bot| bot.asked(room, text, &self.names).is_some())
    }

    /// Stops an answer in progress on this node for the user who asked for it.
    pub(crate) fn stop(&self, room: &RoomName, answer: &ClientId, user: &UserId) -> Stopped {
        self.context.running.stop(room, answer, user)
    }

    /// Returns the number of answers in progress.
    pub(crate) fn running(&self) -> usize {
        self.context.running.count()
    }

    /// Waits until the answers in progress at shutdown have ended.
    pub(crate) async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
