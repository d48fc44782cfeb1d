//! When to try again what could not be done.

/// When to try again what the store could not do, in milliseconds.
pub(super) const RETRY_MS: u64 = 1_000;

/// When to try again what a full server did not take, in milliseconds.
pub(super) const FULL_RETRY_MS: u64 = 60_000;
