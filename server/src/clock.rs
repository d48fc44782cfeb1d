//! The wall clock. The only place where the server reads it.

use std::time::{SystemTime, UNIX_EPOCH};

use chat::time::Millis;

/// Returns the current time; 0 if the system clock is before 1970.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
