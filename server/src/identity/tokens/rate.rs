//! How often a token may be used: so many requests a minute, as a burst too. Each node counts for itself.

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

/// How many tokens are remembered; then all are forgotten, and each may burst once more. Only tokens that are good get
/// here, so that it takes as many of them.
const REMEMBERED: usize = 10_000;

/// How often each token was used.
#[derive(Default)]
pub(super) struct Rates(Mutex<HashMap<TokenId, Used>>);

#[derive(Clone)]
struct Used {
    /// The rate that is counted against.
    rate: NonZeroU32,
    limiter: Arc<DefaultDirectRateLimiter>,
}

impl Rates {
    /// Counts one use; if it is one too many, how long to wait. A rate of 0 is no limit.
    pub(super) fn check(&self, id: &TokenId, rate: u32) -> Result<(), Duration> {
        let Some(rate) = NonZeroU32::new(rate) else { return Ok(()) };
        let limiter = self.limiter(id, rate);
        limiter.check().map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }

    fn limiter(&self, id: &TokenId, rate: NonZeroU32) -> Arc<DefaultDirectRateLimiter> {
        // Nothing that holds the lock can panic half-way through a change.
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
    use super::{REMEMBERED, Rates, TokenId};

    #[test]
    fn no_more_tokens_are_remembered_than_there_is_room_for() {
        let rates = Rates::default();
        for n in 0..REMEMBERED + 10 {
            let id = TokenId::parse(&format!("{n:012x}")).unwrap();
            rates.check(&id, 1).unwrap();
            assert!(rates.check(&id, 1).is_err(), "{n}: it is remembered for now");
        }
        assert_eq!(rates.0.lock().unwrap().len(), 10);
    }

    #[test]
    fn another_rate_counts_from_now_on() {
        let rates = Rates::default();
        let id = TokenId::parse("000000000000").unwrap();
        rates.check(&id, 1).unwrap();
        assert!(rates.check(&id, 1).is_err());
        rates.check(&id, 2).unwrap();
        rates.check(&id, 2).unwrap();
        assert!(rates.check(&id, 2).is_err());
    }
}
