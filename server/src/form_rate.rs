//! How fast a user may post messages by a form, over all of their pages and connections to this node.

use std::{num::NonZeroU32, time::Duration};

use chat::id::UserId;
use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock as _, DefaultClock},
};

/// How many users are remembered for the limit before those that are not at it are forgotten.
const REMEMBERED: usize = 10_000;

/// How many messages a user may post in a second.
pub(crate) struct FormRate(Option<DefaultKeyedRateLimiter<UserId>>);

impl FormRate {
    /// `per_second` for each user, and as many at once; 0 for no limit.
    pub(crate) fn new(per_second: u32) -> FormRate {
        FormRate(NonZeroU32::new(per_second).map(|n| DefaultKeyedRateLimiter::keyed(Quota::per_second(n))))
    }

    /// Counts one message; if it is one too many, returns how long to wait.
    pub(crate) fn check(&self, user: &UserId) -> Result<(), Duration> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        if limiter.len() > REMEMBERED {
            limiter.retain_recent();
        }
        limiter.check_key(user).map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }
}
