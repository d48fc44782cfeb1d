//! The built-in bot (小二), which exists without any settings and needs no network. It explains itself, tells
//! the time, rolls dice, sets reminders, and counts and quotes the room's messages. [`mod@order`] lists what
//! it can be asked for.

mod clock;
mod dice;
mod moment;
mod order;
mod parser;
mod phrases;
mod reminding;
mod span;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use chat::{
    protocol::{Message, Seq},
    time::Millis,
};
use futures::{FutureExt as _, future::BoxFuture};
use i18n::Language;
use order::{Order, When};
use rand::RngExt as _;

use super::{
    answer_stream::AnswerStream,
    answering::millis,
    question::{Answer, Answerer, BotError, BotErrorKind, Question},
    reminders::{Reminder, Reminders},
    words::language_of,
};
use crate::store::{Piece, SharedStore, StoreError};

/// How many of the latest messages it counts by author.
const COUNTED: u32 = 1_000;

/// How many messages around a random place in the room's history it considers for a quote.
const LEAFED: u32 = 50;

/// How many random places it tries before it gives up.
const DRAWS: usize = 5;

/// The built-in bot.
pub(super) struct BuiltinBot {
    store: SharedStore,
    reminders: Arc<Reminders>,
}

impl BuiltinBot {
    /// Creates a built-in bot that reads the rooms' logs in `store`.
    pub(super) fn new(store: SharedStore, reminders: Arc<Reminders>) -> BuiltinBot {
        BuiltinBot { store, reminders }
    }

    async fn serve(&self, question: &Question) -> Result<String, StoreError> {
        let spoken = language_of(&question.text);
        let language = spoken.or_else(|| language_of(&question.bot.name)).unwrap_or_default();
        let name = &question.bot.name;
        Ok(match order(&question.text, name) {
            Order::Help => phrases::help(name, spoken),
            Order::Time(None) => phrases::time(None, &clock::at(question.at, clock::server_zone()), language),
            Order::Time(Some(place)) => match clock::zone_of(&place) {
                Some(zone) => phrases::time(Some(&place), &clock::at(question.at, zone), language),
                None if parser::has_word_for_help(&place) => phrases::help(name, spoken),
                None => phrases::no_such_place(&place, language),
            },
            Order::Dice(dice) => dice.throw(&mut rand::rng()),
            Order::Coin => phrases::coin(rand::rng().random(), language).to_owned(),
            Order::Thanks => phrases::welcome(language).to_owned(),
            Order::Farewell => phrases::farewell(language).to_owned(),
            Order::Counts => self.count(question, language).await?,
            Order::Quote => self.quote(question, language).await?,
            Order::Remind(when, what) => self.remind(question, when, what, language).await?,
            Order::RemindWhen => phrases::remind_when(name, language),
            Order::Reminders => {
                let theirs = self.reminders.of(&question.asker, &question.room).await?;
                phrases::reminders(&theirs, question.at, language)
            }
            Order::Forget(place) => self.forget(question, place, language).await?,
            Order::Unknown if parser::has_word_for_help(&question.text) => phrases::help(name, spoken),
            Order::Unknown => phrases::unknown(name, language),
        })
    }

    async fn count(&self, question: &Question, language: Language) -> Result<String, StoreError> {
        let latest = Piece::Latest { upto: Seq::MAX, limit: COUNTED };
        let slice = self.store.read(question.room.clone(), latest).await?;
        let by_people: Vec<&Message> =
            slice.messages.iter().filter(|message| !message.user.id.is_program()).collect();
        let of = |message: &Message| by_people.iter().filter(|one| one.user.id == message.user.id).count();
        let most = by_people.iter().map(|message| (of(message), &*message.user.name)).max_by_key(|(n, _)| *n);
        let mine = by_people.iter().filter(|message| message.user.id == question.asker.id).count();
        Ok(phrases::counts(slice.extent.head, slice.messages.len(), mine, most, language))
    }

    async fn quote(&self, question: &Question, language: Language) -> Result<String, StoreError> {
        let none = Piece::Latest { upto: 0, limit: 1 };
        let extent = self.store.read(question.room.clone(), none).await?.extent;
        let now = clock::at(question.at, clock::server_zone());
        for _ in 0..DRAWS {
            let seq = rand::rng().random_range(extent.oldest..=extent.head);
            let around = Piece::Around { seq, limit: LEAFED };
            let mut leafed = self.store.read(question.room.clone(), around).await?.messages;
            leafed.retain(|message| is_quotable(message, question));
            if !leafed.is_empty() {
                let message = &leafed[rand::rng().random_range(0..leafed.len())];
                return Ok(phrases::quote(message, &clock::at(message.at, clock::server_zone()), &now));
            }
        }
        Ok(phrases::nothing_to_quote(language).to_owned())
    }

    async fn remind(
        &self,
        question: &Question,
        when: When,
        what: String,
        language: Language,
    ) -> Result<String, StoreError> {
        let now = clock::at(question.at, clock::server_zone());
        let at = match when {
            When::In(after) => Some(question.at + millis(after)),
            When::At { day, hour, minute } => clock::next(day, hour, minute, &now),
        };
        let Some(at) = at.filter(|at: &Millis| *at > question.at) else {
            return Ok(phrases::remind_when(&question.bot.name, language));
        };
        let reminder = Reminder {
            id: Reminders::id(&question.id),
            room: question.room.clone(),
            bot: question.bot.clone(),
            user: question.asker.clone(),
            line: phrases::reminder(&question.asker.name, &what, language),
            what: what.clone(),
            at,
        };
        Ok(match self.reminders.add(reminder).await? {
            Ok(()) => phrases::will_remind(&what, &clock::at(at, clock::server_zone()), &now, language),
            Err(full) => phrases::full(full, language),
        })
    }

    async fn forget(
        &self,
        question: &Question,
        place: usize,
        language: Language,
    ) -> Result<String, StoreError> {
        let theirs = self.reminders.of(&question.asker, &question.room).await?;
        let Some(reminder) = place.checked_sub(1).and_then(|index| theirs.get(index)) else {
            return Ok(phrases::reminders(&theirs, question.at, language));
        };
        self.reminders.forget(reminder).await?;
        Ok(phrases::forgotten(&reminder.what, language))
    }
}

/// Parses a text that may address the bot by `name`: `hello 小二!`, `小二，几点了`.
fn order(text: &str, name: &str) -> Order {
    let order = Order::parse(text);
    if !matches!(order, Order::Unknown | Order::Time(Some(_))) {
        return order;
    }
    let Some((before, after)) = text.split_once(name) else { return order };
    let is_addressed = matches!(Order::parse(before), Order::Help | Order::Thanks | Order::Farewell);
    match Order::parse(&format!("{before} {after}")) {
        another if is_addressed && another != Order::Unknown => another,
        _ => order,
    }
}

/// Returns whether a message may be quoted to the asker. Messages of programs may not, nor may orders, even
/// those without a mention.
fn is_quotable(message: &Message, question: &Question) -> bool {
    let is_the_question = message.user.id == question.asker.id && message.at == question.at;
    !message.user.id.is_program()
        && !is_the_question
        && !message.text.contains(['@', '＠'])
        && order(&message.text, &question.bot.name) == Order::Unknown
}

impl Answerer for BuiltinBot {
    fn answer<'a>(
        &'a self,
        question: &'a Question,
        _growth: &'a AnswerStream,
    ) -> BoxFuture<'a, Result<Answer, BotError>> {
        async {
            let served = self.serve(question).await;
            served
                .map(Answer::Text)
                .map_err(|error| BotError::new(BotErrorKind::Forgetful, error.to_string()))
        }
        .boxed()
    }
}
