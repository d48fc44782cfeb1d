//! Retry policy: when and how often to ask again. Knows no service, and never retries once an answer has
//! begun.

use std::time::{Duration, SystemTime};

use rand::RngExt as _;
use tokio::time::sleep;

use super::{
    answer_stream::AnswerStream,
    question::{BotError, BotErrorKind},
};

/// The longest delay that a service may ask for; beyond it, the room sees an error instead.
const LONGEST: Duration = Duration::from_secs(20);

/// How often to retry, and the backoff.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// The number of retries after the first attempt.
    pub(crate) times: u32,
    /// The longest wait before the first retry; it doubles for each further one, up to [`LONGEST`].
    pub(crate) base: Duration,
}

/// A failed attempt, and the delay that the service asked for, if any.
pub(crate) struct AttemptError {
    pub(crate) failure: BotError,
    pub(crate) after: Option<Duration>,
}

impl From<BotError> for AttemptError {
    fn from(failure: BotError) -> AttemptError {
        AttemptError { failure, after: None }
    }
}

impl Retry {
    pub(crate) fn attempts(self) -> Attempts {
        Attempts { retry: self, failed: 0 }
    }

    /// Returns a random part of a span that doubles with each retry, so that clients that failed together do
    /// not retry together.
    fn jitter(self, times: u32) -> Duration {
        let span = self.base.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST);
        span.mul_f64(rand::rng().random_range(0.5..1.0))
    }
}

/// The attempts at one answer.
pub(crate) struct Attempts {
    retry: Retry,
    failed: u32,
}

impl Attempts {
    /// Waits until the next attempt is due; returns the error if there is to be none.
    pub(crate) async fn outlast(
        &mut self,
        error: AttemptError,
        growth: &AnswerStream,
    ) -> Result<(), BotError> {
        let AttemptError { mut failure, after } = error;
        let begun = !growth.text().is_empty();
        if begun || !may_pass(failure.trouble) || self.retry.times == 0 {
            return Err(failure);
        }
        if let Some(after) = after.filter(|after| *after > LONGEST) {
            failure.detail = format!("{}, and wants to be left alone for {after:?}", failure.detail);
            return Err(failure);
        }
        if self.failed == self.retry.times {
            failure.detail = format!("{}, {} times", failure.detail, self.failed + 1);
            return Err(failure);
        }
        sleep(after.unwrap_or_default() + self.retry.jitter(self.failed)).await;
        self.failed += 1;
        Ok(())
    }
}

/// Returns whether the same request may succeed later.
fn may_pass(trouble: BotErrorKind) -> bool {
    matches!(
        trouble,
        BotErrorKind::Busy | BotErrorKind::Failing | BotErrorKind::Unreachable | BotErrorKind::CutOff
    )
}

/// Parses the delay in a `Retry-After` header (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = header.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(header).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use tokio::time::Instant;

    use super::{AttemptError, Retry, retry_after};
    use crate::bots::{
        answer_stream::AnswerStream,
        question::{BotError, BotErrorKind},
    };

    const RETRY: Retry = Retry { times: 2, base: Duration::from_millis(100) };

    /// Returns the number of attempts, the time they took, and the final error.
    async fn asked(
        trouble: BotErrorKind,
        after: Option<u64>,
        growth: &AnswerStream,
    ) -> (u32, Duration, BotError) {
        let (mut attempts, begin) = (RETRY.attempts(), Instant::now());
        for times in 1.. {
            let failure = BotError::new(trouble, "it does not work");
            let error = AttemptError { failure, after: after.map(Duration::from_secs) };
            if let Err(failure) = attempts.outlast(error, growth).await {
                return (times, begin.elapsed(), failure);
            }
        }
        unreachable!("it goes on forever");
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_after_waits_that_grow_and_not_forever() {
        for trouble in
            [BotErrorKind::Busy, BotErrorKind::Failing, BotErrorKind::Unreachable, BotErrorKind::CutOff]
        {
            let (times, took, failure) = asked(trouble, None, &AnswerStream::new(0)).await;
            assert_eq!(times, 3);
            assert!((150..=310).contains(&took.as_millis()), "{took:?}");
            assert_eq!(failure.detail, "it does not work, 3 times");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_pass_is_not_tried_again() {
        for trouble in [
            BotErrorKind::Refused,
            BotErrorKind::Forbidden,
            BotErrorKind::Garbled,
            BotErrorKind::TooLong,
            BotErrorKind::TooSlow,
        ] {
            assert_eq!(asked(trouble, None, &AnswerStream::new(0)).await.0, 1, "{trouble:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_begun_to_be_answered_is_not_asked_again() {
        let growth = AnswerStream::new(0);
        growth.push("Tea").unwrap();
        assert_eq!(asked(BotErrorKind::CutOff, None, &growth).await.0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_is_left_alone_as_long_as_it_asks_but_people_do_not_wait_forever() {
        let (times, took, _) = asked(BotErrorKind::Busy, Some(7), &AnswerStream::new(0)).await;
        assert!(times == 3 && took >= Duration::from_secs(14), "{times} {took:?}");
        let (times, took, failure) = asked(BotErrorKind::Busy, Some(3600), &AnswerStream::new(0)).await;
        assert!(times == 1 && took.is_zero(), "{times} {took:?}");
        assert!(failure.detail.contains("3600s"), "{failure}");
    }

    #[test]
    fn a_retry_after_is_in_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(1_445_412_470);
        assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:27:00 GMT", now), Some(Duration::ZERO));
        for bad in ["", "soon", "-1", "99999999999999999999999"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }
}
