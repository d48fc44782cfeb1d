//! The server's only look at the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use chat::time::Millis;

/// The present moment; 0 on a machine whose clock stands before 1970.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
