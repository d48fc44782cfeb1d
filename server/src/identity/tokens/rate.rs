//! The rate limit of tokens: a number of requests a minute, which may also come as a burst. Each node counts
//! for itself.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};

use super::token::TokenId;

/// The maximum number of tokens tracked. Then all are dropped, and each may burst once more. Only valid
/// tokens get here, so that many valid tokens are needed to reach the limit.
const REMEMBERED: usize = 10_000;

/// The recent use of each token.
#[derive(Default)]
pub(super) struct TokenRates(Mutex<HashMap<TokenId, Used>>);

#[derive(Clone)]
struct Used {
    /// The rate in effect.
    rate: NonZeroU32,
    limiter: Arc<DefaultDirectRateLimiter>,
}

impl TokenRates {
    /// Counts one request; if it exceeds the rate, returns how long to wait. A rate of 0 means no limit.
    pub(super) fn check(&self, id: &TokenId, rate: u32) -> Result<(), Duration> {
        let Some(rate) = NonZeroU32::new(rate) else { return Ok(()) };
        let limiter = self.limiter(id, rate);
        limiter.check().map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }

    fn limiter(&self, id: &TokenId, rate: NonZeroU32) -> Arc<DefaultDirectRateLimiter> {
        // No code that holds the lock can panic halfway through a change.
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = used.get(id).filter(|used| used.rate == rate) {
            return used.limiter.clone();
        }
        if used.len() >= REMEMBERED {
            used.clear();
        }
        let limiter = Arc::new(RateLimiter::direct(Quota::per_minute(rate)));
        used.insert(id.clone(), Used { rate, limiter: limiter.clone() });
        limiter
    }
}

#[cfg(test)]
mod tests {
    use super::{REMEMBERED, TokenId, TokenRates};

    #[test]
    fn no_more_tokens_are_remembered_than_there_is_room_for() {
        let rates = TokenRates::default();
        for n in 0..REMEMBERED + 10 {
            let id = TokenId::parse(&format!("{n:012x}")).unwrap();
            rates.check(&id, 1).unwrap();
            assert!(rates.check(&id, 1).is_err(), "{n}: it is remembered for now");
        }
        assert_eq!(rates.0.lock().unwrap().len(), 10);
    }

    #[test]
    fn another_rate_counts_from_now_on() {
        let rates = TokenRates::default();
        let id = TokenId::parse("000000000000").unwrap();
        rates.check(&id, 1).unwrap();
        assert!(rates.check(&id, 1).is_err());
        rates.check(&id, 2).unwrap();
        rates.check(&id, 2).unwrap();
        assert!(rates.check(&id, 2).is_err());
    }
}
