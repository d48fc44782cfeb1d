//! How often an address may log in, and how often it may come with a wrong token.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock as _, DefaultClock},
};

use crate::arrival::Client;

/// How many addresses are remembered for the limit before those that are not at it are forgotten.
const REMEMBERED: usize = 10_000;

/// How many logins an address may make in a minute, or how many wrong tokens it may try.
pub(crate) struct LoginRate(Option<DefaultKeyedRateLimiter<IpAddr>>);

impl LoginRate {
    /// `per_minute` for each address; 0 for no limit.
    pub(crate) fn new(per_minute: u32) -> LoginRate {
        LoginRate(NonZeroU32::new(per_minute).map(|n| DefaultKeyedRateLimiter::keyed(Quota::per_minute(n))))
    }

    /// Counts one; if it is one too many, how long to wait. This machine's own are not limited.
    pub(crate) fn check(&self, client: Client) -> Result<(), Duration> {
        let Some(limiter) = self.0.as_ref().filter(|_| !client.is_this_machine()) else { return Ok(()) };
        if limiter.len() > REMEMBERED {
            limiter.retain_recent();
        }
        limiter
            .check_key(&client.address)
            .map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }
}
