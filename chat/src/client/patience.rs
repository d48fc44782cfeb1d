//! How long to wait before what the server would not do for now is asked for again: never less than it says, and spread
//! by chance, so that those who were refused together do not come back together.

use super::input::Now;

use crate::time::Ticks;

/// How long what was adopted waits before it goes out, in milliseconds: that another tab has adopted, said or discarded it
/// may be about to be heard.
pub(super) const ADOPTED_MS: u64 = 300;

/// The least wait, in milliseconds, however little the server asks for.
const AT_LEAST_MS: u64 = 200;
/// The least wait while the server cannot reach its store, in milliseconds. It says when it can again; until then whoever
/// asks is refused once more.
const STORELESS_MS: u64 = 10_000;
/// Within how long all those come who hear at one moment that the store is back, in milliseconds.
const SPREAD_MS: u64 = 2_000;

/// When to ask again after a refusal.
pub(super) fn until(retry_ms: u64, has_store: bool, now: Now) -> Ticks {
    let least = retry_ms.max(if has_store { AT_LEAST_MS } else { STORELESS_MS });
    now.ticks + least + part(least, now.random)
}

/// When to ask again after the store is back. Not before anything that waits for other tabs is due.
pub(super) fn soon(now: Now) -> Ticks {
    now.ticks + ADOPTED_MS + part(SPREAD_MS, now.random)
}

/// As much of a span in milliseconds as the random number says.
pub(super) fn part(span: u64, random: f64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "spans are of seconds, and a longer one need not be exact"
    )]
    let part = (span as f64 * random.clamp(0.0, 1.0)) as u64;
    part
}
