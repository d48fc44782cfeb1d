//! Timeouts for closing connections.

use std::time::Duration;

/// How long a peer may take to read what was written before the close, and again to close its side. The two
/// together are shorter than the time that a shutdown waits for its sessions.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The additional time for a slow consumer to read why it was evicted, because congestion seldom clears in a
/// moment. Meanwhile it holds only its connection slot and the rest of a partially written frame.
pub const SLOW_CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
