//! Limits repeated lines: each call site may log a burst, then one line a second, and the rest are counted.
//! Bounds what clients can write into the log without suppressing lines of other call sites.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use tracing::{Event, Level, Metadata, Subscriber, callsite::Identifier};
use tracing_subscriber::layer::{Context, Filter};

/// Lines that one call site may log at once, and the time in which it earns another.
const BURST: u32 = 100;
const EACH: Duration = Duration::from_secs(1);

/// Interval at which the number of suppressed lines is logged.
const REPORT: Duration = Duration::from_mins(1);

/// Counts admitted and suppressed lines. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Sampler(Arc<Mutex<HashMap<Identifier, CallSite>>>);

/// A place in the program that logs.
#[derive(Debug)]
struct CallSite {
    metadata: &'static Metadata<'static>,
    /// Number of further lines it may log now.
    left: u32,
    /// The time up to which `left` was computed.
    at: Instant,
    /// Number of suppressed lines that were not reported yet.
    left_out: u64,
}

impl Sampler {
    /// Logs the number of suppressed lines once a minute until `stop`, and one last time.
    pub async fn report(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(REPORT)).await.is_some() {
            self.tell();
        }
        self.tell();
    }

    fn tell(&self) {
        for (place, left_out) in self.take_left_out() {
            tracing::warn!(left_out, place, "repeated log lines were dropped");
        }
    }

    fn take_left_out(&self) -> Vec<(String, u64)> {
        let mut places = self.places();
        let left_out = places.values_mut().filter(|place| place.left_out > 0).map(|place| {
            let (file, line) = (place.metadata.file().unwrap_or("?"), place.metadata.line().unwrap_or(0));
            (format!("{file}:{line}"), std::mem::take(&mut place.left_out))
        });
        left_out.collect()
    }

    /// Returns whether a line is admitted.
    fn admits(&self, metadata: &'static Metadata<'static>, now: Instant) -> bool {
        let mut places = self.places();
        let place = places.entry(metadata.callsite()).or_insert_with(|| CallSite {
            metadata,
            left: BURST,
            at: now,
            left_out: 0,
        });
        let earned =
            u32::try_from(now.duration_since(place.at).as_secs() / EACH.as_secs()).unwrap_or(u32::MAX);
        place.left = place.left.saturating_add(earned).min(BURST);
        place.at += EACH.saturating_mul(earned);
        if let Some(left) = place.left.checked_sub(1) {
            place.left = left;
            true
        } else {
            place.left_out += 1;
            false
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Identifier, CallSite>> {
        // Nothing that holds the lock can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Filter<S> for Sampler {
    fn enabled(&self, _metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _context: &Context<'_, S>) -> bool {
        // Levels below info are enabled on purpose, so all of their lines are wanted.
        *event.metadata().level() > Level::INFO || self.admits(event.metadata(), Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use tracing_subscriber::{Layer as _, layer::SubscriberExt as _};

    use super::{BURST, Sampler};

    /// Counts the events that reach it.
    #[derive(Clone, Default)]
    struct Counter(std::sync::Arc<std::sync::atomic::AtomicU32>);

    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Counter {
        fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    #[test]
    fn of_lines_that_repeat_a_burst_is_written_and_the_rest_is_counted() {
        let (sampler, counter) = (Sampler::default(), Counter::default());
        let subscriber = tracing_subscriber::registry().with(counter.clone().with_filter(sampler.clone()));
        tracing::subscriber::with_default(subscriber, || {
            for n in 0..1_000 {
                tracing::warn!(n, "again and again");
            }
            tracing::warn!("something else");
        });
        assert_eq!(counter.0.load(std::sync::atomic::Ordering::Relaxed), BURST + 1);
        let left_out = sampler.take_left_out();
        assert_eq!(left_out.len(), 1);
        assert!(left_out[0].0.contains("sampling.rs:"), "{left_out:?}");
        assert_eq!(left_out[0].1, u64::from(1_000 - BURST));
        assert!(sampler.take_left_out().is_empty(), "told once");
    }

    #[test]
    fn after_a_while_lines_are_written_again() {
        let sampler = Sampler::default();
        let metadata = tracing::callsite! {
            name: "test",
            kind: tracing::metadata::Kind::EVENT,
            fields:
        };
        let metadata = tracing::callsite::Callsite::metadata(metadata);
        let now = Instant::now();
        assert!((0..BURST).all(|_| sampler.admits(metadata, now)));
        assert!(!sampler.admits(metadata, now + Duration::from_millis(900)));
        assert!(sampler.admits(metadata, now + Duration::from_secs(2)));
        assert!(sampler.admits(metadata, now + Duration::from_secs(2)));
        assert!(!sampler.admits(metadata, now + Duration::from_secs(2)));
    }
}
