//! Where chance comes from: one number, from which every part of a test draws its own stream, so that what one part
//! draws does not depend on how far another has come.

use std::{
    env,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// The course of events that every run takes unless another is asked for.
const USUAL: u64 = 0x7EA;

/// A test's seed. When the test fails it says how to run it again.
pub(crate) struct Seed {
    number: u64,
    test: &'static str,
}

impl Seed {
    /// The seed for a test: the usual one, or that of the environment.
    pub(crate) fn of(test: &'static str) -> Seed {
        let number = setting("TEAHOUSE_SEED").unwrap_or(USUAL);
        println!("{test}: seed {number}");
        Seed { number, test }
    }

    /// The chance of one part of the test.
    pub(crate) fn chance(&self, part: &str, index: usize) -> StdRng {
        self.source().chance(part, index)
    }

    /// The same for those that outlive this.
    pub(crate) fn source(&self) -> Source {
        Source(self.number)
    }
}

/// Where the parts of a test get their chance from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source(u64);

impl Source {
    /// The chance of one part of the test.
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

/// For how long a test goes on: what it takes by itself, or what the environment asks for.
pub(crate) fn length(usual: Duration) -> Duration {
    setting::<f64>("TEAHOUSE_MINUTES").map_or(usual, |minutes| Duration::from_secs_f64(minutes * 60.0))
}

/// A span of time such as passes between two things that happen by chance, `mean` on the average and at most six times
/// as long.
pub(crate) fn span(chance: &mut StdRng, mean: Duration) -> Duration {
    let even: f64 = chance.random_range(0.0..1.0);
    mean.mul_f64((-(1.0 - even).ln()).min(6.0))
}

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    let value = env::var(name).ok().filter(|value| !value.is_empty())?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is `{value}`, which is no number")))
}
