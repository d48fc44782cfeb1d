//! Computes how long to wait before retrying after a temporary refusal: never less than the server asks for,
//! and with jitter, so that clients refused together do not return together.

use super::input::Now;

use crate::time::Ticks;

/// How long an adopted message waits before it is sent, in milliseconds: the news that another tab has
/// adopted, sent or discarded it may still be on its way.
pub(super) const ADOPTED_MS: u64 = 300;

/// The least wait, in milliseconds, however little the server asks for.
const AT_LEAST_MS: u64 = 200;
/// The least wait while the server cannot reach its store, in milliseconds. The server announces when it can
/// again; a retry before that is refused once more.
const STORELESS_MS: u64 = 10_000;
/// The span over which clients that learn at once that the store is back spread their retries, in
/// milliseconds.
const SPREAD_MS: u64 = 2_000;

/// Returns the time to retry after a refusal.
pub(super) fn until(retry_ms: u64, has_store: bool, now: Now) -> Ticks {
    let least = retry_ms.max(if has_store { AT_LEAST_MS } else { STORELESS_MS });
    now.ticks + least + part(least, now.random)
}

/// Returns the time to retry once the store is back: no earlier than messages that wait for other tabs are
/// due.
pub(super) fn soon(now: Now) -> Ticks {
    now.ticks + ADOPTED_MS + part(SPREAD_MS, now.random)
}

/// Returns the fraction `random` of a span in milliseconds.
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
