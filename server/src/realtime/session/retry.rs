//! Retry delays.

use std::time::Duration;

use crate::budget::Exceeded;

/// When to retry after a store failure, in milliseconds.
pub(super) const RETRY_MS: u64 = 1_000;

/// When to retry after a refusal because the server is full, in milliseconds.
pub(super) const FULL_RETRY_MS: u64 = 60_000;

/// The longest delay a client is asked to wait after exceeding a budget.
const LONGEST_RETRY: Duration = Duration::from_mins(5);

/// Returns how many milliseconds to wait after exceeding a budget.
pub(super) fn retry_ms(exceeded: &Exceeded) -> u64 {
    u64::try_from(exceeded.wait.min(LONGEST_RETRY).as_millis()).unwrap_or(u64::MAX)
}
