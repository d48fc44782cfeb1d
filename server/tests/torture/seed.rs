//! The source of randomness: one number, from which every part of a test derives its own stream, so that its
//! draws do not depend on how far other parts have come.

use std::{
    env,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// The seed of every run that does not set another.
const USUAL: u64 = 0x7EA;

/// A test's seed. On failure it prints how to repeat the run.
pub(crate) struct Seed {
    number: u64,
    test: &'static str,
}

impl Seed {
    /// Returns the seed for a test: the usual one, or the one in the environment.
    pub(crate) fn of(test: &'static str) -> Seed {
        let number = setting("TEAHOUSE_SEED").unwrap_or(USUAL);
        println!("{test}: seed {number}");
        Seed { number, test }
    }

    /// Returns the random generator of one part of the test.
    pub(crate) fn chance(&self, part: &str, index: usize) -> StdRng {
        self.source().chance(part, index)
    }

    /// Returns a source for owners that outlive the seed.
    pub(crate) fn source(&self) -> Source {
        Source(self.number)
    }
}

/// Makes the random generators of the parts of a test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source(u64);

impl Source {
    /// Returns the random generator of one part of the test.
    pub(crate) fn chance(self, part: &str, index: usize) -> StdRng {
        let mut hasher = DefaultHasher::new();
        (self.0, part, index).hash(&mut hasher);
        StdRng::seed_from_u64(hasher.finish())
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Seed { number, test } = self;
            eprintln!(
                "this was seed {number}; again: TEAHOUSE_SEED={number} cargo test -p server --test torture {test}"
            );
        }
    }
}

/// Returns the length of a test: its default, or the one in the environment.
pub(crate) fn length(usual: Duration) -> Duration {
    setting::<f64>("TEAHOUSE_MINUTES").map_or(usual, |minutes| Duration::from_secs_f64(minutes * 60.0))
}

/// Draws the time between two random events, `mean` on average and at most six times as long.
pub(crate) fn span(chance: &mut StdRng, mean: Duration) -> Duration {
    let even: f64 = chance.random_range(0.0..1.0);
    mean.mul_f64((-(1.0 - even).ln()).min(6.0))
}

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    let value = env::var(name).ok().filter(|value| !value.is_empty())?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is `{value}`, which is no number")))
}
