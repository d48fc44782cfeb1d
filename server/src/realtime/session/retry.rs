//! When to try again what could not be done.

use std::time::Duration;

use crate::budget::Exceeded;

/// When to try again what the store could not do, in milliseconds.
pub(super) const RETRY_MS: u64 = 1_000;

/// When to try again what a full server did not take, in milliseconds.
pub(super) const FULL_RETRY_MS: u64 = 60_000;

/// How long somebody is asked to wait at the most until they try again what was over their budget.
const LONGEST_RETRY: Duration = Duration::from_mins(5);

/// In how many milliseconds to try again what was over a budget.
pub(super) fn retry_ms(exceeded: &Exceeded) -> u64 {
    u64::try_from(exceeded.wait.min(LONGEST_RETRY).as_millis()).unwrap_or(u64::MAX)
}
