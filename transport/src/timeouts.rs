//! How long connections may take to be closed.

use std::time::Duration;

/// How long a connection that is being closed may take to read what was written, and as long again to close from its side.
/// Both together are less than a stop waits for its sessions.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How much longer one that is cut off for not reading may take to read that: whatever holds it up is seldom over in a
/// moment. All it holds meanwhile is its place among the connections and the rest of the frame that it had half taken.
pub const SLOW_CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
