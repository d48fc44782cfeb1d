//! One answer, from question to message: claims it so that only one node gives it, streams it to the room,
//! and ends it as exactly one message, whatever happens. Never finds answers itself.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chat::{
    protocol::{Message, Seq, ServerLine, StreamingAnswer},
    time::Millis,
};
use futures::FutureExt as _;
use tokio::time::{Instant, interval_at, timeout};
use tokio_util::sync::CancellationToken;
use transport::frame::Frame;

use super::{
    answer_stream::AnswerStream,
    bot::Bot,
    context::BotContext,
    pending::{AnswerRecords, Pending, REMEMBERED, State, answer_id},
    question::{Answer, BotError, BotErrorKind, Question},
    running::Begun,
    sending::{fit, insist, send},
    words,
};

use crate::{
    budget::Cost,
    clock, random,
    store::{Piece, StoreError},
};

/// How often a streaming answer is shown.
const TICK: Duration = Duration::from_millis(250);

/// How often an unchanged answer is shown again, for users who have joined meanwhile.
const SIGN_OF_LIFE: Duration = Duration::from_secs(3);

/// How long a promised answer may take.
const PROMISED: Duration = Duration::from_hours(1);

/// The shortest lease of a node on an answer.
const SHORTEST_LEASE: Duration = Duration::from_secs(2);

/// How many characters are reserved for the note after an answer that ended badly.
const POSTSCRIPT: usize = 200;

/// How an answer ended.
enum End {
    Answered(Answer),
    Failed(BotError),
    Stopped,
    Interrupted,
}

/// Answers a message, unless the answer is already in progress.
pub(super) async fn answer(chat: Arc<BotContext>, bot: Arc<Bot>, message: Message, text: String) {
    let room = message.room.clone();
    if let Err(error) = give(&chat, &bot, message, text).await {
        // The record still exists: the sweeper will report the answer as interrupted.
        tracing::warn!(%error, %room, bot = %bot.user.id, "failed to answer a question");
    }
}

async fn give(chat: &BotContext, bot: &Bot, message: Message, text: String) -> Result<(), StoreError> {
    if is_meant_for_a_member(chat, bot, &message).await {
        return Ok(());
    }
    let spoken = words::language_of(&text).or_else(|| words::language_of(&bot.user.name));
    let language = spoken.unwrap_or_default();
    let asker = &message.user.id;
    let address = chat.nicknames.address_of(asker);
    let budget = chat.budgets.charge_address(address, Cost::Question).map_err(|exceeded| exceeded.wait);
    if let Err(wait) = budget.and_then(|()| bot.spend(asker)) {
        refuse(chat, bot, &message, words::budget_spent(minutes(wait), language));
        return Ok(());
    }
    let Some(_place) = bot.queue(asker) else {
        refuse(chat, bot, &message, words::trouble(BotErrorKind::Busy, language).to_owned());
        return Ok(());
    };
    let ledger = AnswerRecords(chat.store.clone());
    let secret = secret();
    let node = chat.node.clone();
    let pending = Pending::begin(&message, &bot.user, language, &secret, (node, lease_end(chat)));
    let closing = &chat.stopping;
    if !insist(closing, || claim(chat, &ledger, &pending, &secret)).await? {
        return Ok(());
    }
    let limit = chat.text_limit;
    let growth = AnswerStream::new(if limit > 2 * POSTSCRIPT { limit - POSTSCRIPT } else { limit });
    let end = {
        let begun = chat.running.begin(&pending.room, &pending.id, pending.asker.clone());
        let has_turn = AtomicBool::new(false);
        let (growth, ledger, pending) = (&growth, &ledger, &pending);
        let attempt = Attempt { chat, bot, message, text, secret, growth, ledger, pending, has_turn };
        attempt.run(&begun).await
    };
    let Some(last) = last_words(end, &growth.text(), &pending) else {
        return promise(&ledger, &pending, closing).await;
    };
    let last =
        fit(&last, limit).unwrap_or_else(|| words::trouble(BotErrorKind::Garbled, language).to_owned());
    send(&chat.service, (&pending.room, &pending.bot, &pending.id), &last, closing).await?;
    let done = pending.now(State::Done, clock::now() + millis(REMEMBERED));
    ledger.put(&done).await
}

/// Tells only the asker why there is no answer. It is not stored, so a flood of questions leaves nothing
/// behind.
fn refuse(chat: &BotContext, bot: &Bot, message: &Message, text: String) {
    let line = ServerLine::StreamingAnswer(StreamingAnswer {
        room: message.room.clone(),
        id: answer_id(message, &bot.user),
        user: bot.user.clone(),
        asker: message.user.id.clone(),
        text: text.into(),
    });
    let frame = Arc::new(Frame::of(line));
    for outbound in chat.nicknames.sessions_of(&message.user.id) {
        if outbound.push(&frame).is_err() {
            tracing::trace!("a connection ended before a question was refused on it");
        }
    }
}

/// Claims a question; returns whether it belongs to this node. A claim that succeeded although the store's
/// reply was lost counts as ours.
async fn claim(
    chat: &BotContext,
    ledger: &AnswerRecords,
    pending: &Pending,
    secret: &str,
) -> Result<bool, StoreError> {
    let pending = pending.now(pending.state.clone(), lease_end(chat));
    if ledger.claim(&pending).await? {
        return Ok(true);
    }
    let held = ledger.find(pending.key()).await?;
    Ok(held.is_some_and(|held| held.state == pending.state && held.knows(secret)))
}

/// Returns whether the name in a message is the beginning of a longer name, that of a member or bot in the
/// room.
async fn is_meant_for_a_member(chat: &BotContext, bot: &Bot, message: &Message) -> bool {
    let Ok(stand) = chat.rooms.look(&message.room).await else { return false };
    let names = stand.members.list.iter().chain(&stand.members.bots);
    let known: Vec<String> = names.map(|user| user.name.to_string()).collect();
    bot.asked(&message.room, &message.text, &known).is_none()
}

/// Returns the messages before a question. If they cannot be read, the answer goes on without them.
async fn context(chat: &BotContext, bot: &Bot, message: &Message) -> Vec<Message> {
    let upto: Seq = message.seq.saturating_sub(1);
    if bot.context == 0 || upto == 0 {
        return Vec::new();
    }
    let latest = Piece::Latest { upto, limit: bot.context };
    match chat.service.piece(&bot.user, &message.room, latest).await {
        Ok(slice) => slice.messages,
        Err(error) => {
            tracing::warn!(%error, room = %message.room, "failed to read a question's context; asking without it");
            Vec::new()
        }
    }
}

/// An answer in progress.
struct Attempt<'a> {
    chat: &'a BotContext,
    bot: &'a Bot,
    message: Message,
    text: String,
    secret: String,
    growth: &'a AnswerStream,
    ledger: &'a AnswerRecords,
    pending: &'a Pending,
    /// Whether it has left the queue.
    has_turn: AtomicBool,
}

impl Attempt<'_> {
    /// Streams the answer to the room until it ends.
    async fn run(&self, begun: &Begun<'_>) -> End {
        let mut answer = Box::pin(self.find());
        let mut grown = self.growth.watch();
        let mut tick = interval_at(Instant::now() + TICK, TICK);
        let (mut shown_at, mut renewed_at) = (None::<Instant>, Instant::now());
        loop {
            tokio::select! {
                end = &mut answer => return end,
                () = begun.stopped() => return End::Stopped,
                () = self.chat.stopping.cancelled() => return End::Interrupted,
                now = tick.tick() => {
                    let is_news = grown.has_changed().unwrap_or(false);
                    // A queued answer is announced once and not repeated.
                    let again = self.has_turn.load(Ordering::Relaxed);
                    if is_news || shown_at.is_none_or(|at| again && now.duration_since(at) >= SIGN_OF_LIFE) {
                        shown_at = Some(now);
                        let text = grown.borrow_and_update().clone();
                        self.show(text).await;
                    }
                    if now.duration_since(renewed_at) >= lease(self.chat) / 3 {
                        renewed_at = now;
                        self.renew().await;
                    }
                }
            }
        }
    }

    /// Finds the answer once the bot has a free slot.
    async fn find(&self) -> End {
        let Pending { id, .. } = self.pending;
        let Ok(_taken) = self.bot.at_once.acquire().await else { return End::Interrupted };
        self.has_turn.store(true, Ordering::Relaxed);
        let question = Question {
            room: self.message.room.clone(),
            asker: self.message.user.clone(),
            bot: self.bot.user.clone(),
            id: id.clone(),
            text: self.text.clone(),
            context: context(self.chat, self.bot, &self.message).await,
            at: self.message.at,
            reply_url: Some(self.chat.reply_url(self.pending, &self.secret)),
        };
        let answer = AssertUnwindSafe(self.bot.answerer.answer(&question, self.growth)).catch_unwind();
        match timeout(self.bot.patience, answer).await {
            Ok(Ok(Ok(answer))) => End::Answered(answer),
            Ok(Ok(Err(failure))) => End::Failed(failure),
            // The panic message is on standard error already.
            Ok(Err(_)) => End::Failed(BotError::new(BotErrorKind::Failing, "a fault of this program's own")),
            Err(_) => {
                let detail = format!("no answer within {} seconds", self.bot.patience.as_secs_f32());
                End::Failed(BotError::new(BotErrorKind::TooSlow, detail))
            }
        }
    }

    async fn show(&self, text: String) {
        let Pending { room, id, bot, asker, .. } = self.pending;
        if text.is_empty() {
            self.chat.rooms.writes(room, bot.clone()).await;
        }
        let growing = StreamingAnswer {
            room: room.clone(),
            id: id.clone(),
            user: bot.clone(),
            asker: asker.clone(),
            text: text.into(),
        };
        self.chat.rooms.grow(growing).await;
    }

    /// Renews this node's lease on the answer, unless it was answered meanwhile.
    async fn renew(&self) {
        if let Err(error) = self.try_renew().await {
            tracing::debug!(%error, "the record of an answer could not be renewed; it is tried again");
        }
    }

    async fn try_renew(&self) -> Result<(), StoreError> {
        let held = self.ledger.find(self.pending.key()).await?;
        if held.is_some_and(|held| held.state != self.pending.state) {
            return Ok(());
        }
        self.ledger.put(&self.pending.now(self.pending.state.clone(), lease_end(self.chat))).await
    }
}

/// Returns the final text of an answer; `None` if it was promised for later.
fn last_words(end: End, grown: &str, pending: &Pending) -> Option<String> {
    let language = pending.language();
    let with = |line: &str| {
        Some(if grown.trim().is_empty() {
            line.to_owned()
        } else {
            format!("{}\n\n{line}", grown.trim_end())
        })
    };
    match end {
        End::Answered(Answer::Text(text)) => Some(text),
        End::Answered(Answer::Later) => None,
        End::Failed(failure) => {
            tracing::warn!(room = %pending.room, bot = %pending.bot.id, "a bot has no answer: {failure}");
            with(words::trouble(failure.trouble, language))
        }
        End::Stopped => with(words::stopped(language)),
        End::Interrupted => with(words::interrupted(language)),
    }
}

/// Records that an answer will be posted, unless it was posted meanwhile.
async fn promise(
    ledger: &AnswerRecords,
    pending: &Pending,
    closing: &CancellationToken,
) -> Result<(), StoreError> {
    let promised = pending.now(State::Promised, clock::now() + millis(PROMISED));
    insist(closing, || async {
        match ledger.find(pending.key()).await? {
            Some(Pending { state: State::Done, .. }) => Ok(()),
            _ => ledger.put(&promised).await,
        }
    })
    .await
}

/// Returns how long a node holds an answer without renewing its lease.
fn lease(chat: &BotContext) -> Duration {
    (chat.node_lease * 2).max(SHORTEST_LEASE)
}

fn lease_end(chat: &BotContext) -> Millis {
    clock::now() + millis(lease(chat))
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn minutes(span: Duration) -> u64 {
    span.as_secs().div_ceil(60).max(1)
}

/// Returns a URL-safe secret of 128 bits.
fn secret() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<16>())
}
