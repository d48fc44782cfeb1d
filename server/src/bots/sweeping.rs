//! Ends abandoned answers: those of failed nodes, and promised ones that never arrived. Each gets a message
//! saying so.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    answering::millis,
    context::BotContext,
    pending::{AnswerRecords, Pending, REMEMBERED, State},
    sending::send,
    words,
};
use crate::{clock, store::StoreError};

/// The shortest and the longest time between two sweeps.
const EVERY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// Sweeps periodically until `stop`.
pub(super) async fn run(chat: Arc<BotContext>, stop: CancellationToken) {
    let (soonest, latest) = EVERY;
    let every = (chat.node_lease / 2).clamp(soonest, latest);
    loop {
        if let Err(error) = sweep(&chat, &stop).await {
            tracing::warn!(%error, retry_in = ?every, "failed to sweep unfinished answers; retrying");
        }
        if stop.run_until_cancelled(tokio::time::sleep(every)).await.is_none() {
            return;
        }
    }
}

async fn sweep(chat: &BotContext, stop: &CancellationToken) -> Result<(), StoreError> {
    let ledger = AnswerRecords(chat.store.clone());
    let now = clock::now();
    for pending in ledger.all().await? {
        let line = match &pending.state {
            State::Done if pending.until <= now => {
                ledger.forget(&pending).await?;
                continue;
            }
            State::Promised if pending.until <= now => words::never_came(pending.language()),
            State::Given(node) => {
                let is_ours = node == &chat.node;
                // Only one server uses a data folder at a time, so any other node that gave answers from it
                // is gone.
                let is_single_node = chat.is_single_node;
                let is_given = is_ours && chat.running.has(&pending.room, &pending.id);
                if is_given || !(is_single_node && !is_ours || pending.until <= now) {
                    continue;
                }
                words::interrupted(pending.language())
            }
            _ => continue,
        };
        finish(chat, &ledger, &pending, line, stop).await?;
    }
    Ok(())
}

async fn finish(
    chat: &BotContext,
    ledger: &AnswerRecords,
    pending: &Pending,
    line: &str,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    tracing::info!(room = %pending.room, bot = %pending.bot.id, "an answer was never given; the room is told");
    send(&chat.service, (&pending.room, &pending.bot, &pending.id), line, stop).await?;
    ledger.put(&pending.now(State::Done, clock::now() + millis(REMEMBERED))).await
}
