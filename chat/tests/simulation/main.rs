//! Several browsers with several tabs each and a small server, over links that break, stall, duplicate and
//! delay frames. Whatever happens, in the end all clients have the same state, every sent message is in the
//! log once, and the messages of one tab are in the order in which they were sent. The rooms and the clients
//! are the real ones; simulated are the server around them and the browsers' storage. Time is simulated, and
//! randomness comes from a seed.
//!
//! `TEAHOUSE_SEEDS=N` tries N seeds, and `TEAHOUSE_SEED=S` begins at the seed S (and ends there, without the
//! other).
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod random;

mod browser;
mod link;
mod server;
mod store;
mod tab;

mod ledger;
mod people;
mod traffic;
mod world;

mod storm;
mod verdict;

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
};

use proptest::{
    strategy::Strategy as _,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

use storm::{Climate, Storm};
use verdict::Verdict;
use world::World;

/// The number of seeds in an ordinary run.
const SEEDS: u64 = 2_000;

#[test]
fn after_any_storm_everybody_holds_the_same_log_and_nothing_that_was_said_is_lost() {
    let number = |name: &str| -> Option<u64> {
        let value = std::env::var(name).ok()?;
        Some(value.parse::<u64>().unwrap_or_else(|_| panic!("{name} is a number, not {value:?}")))
    };
    let first = number("TEAHOUSE_SEED");
    let count = number("TEAHOUSE_SEEDS").unwrap_or(if first.is_some() { 1 } else { SEEDS });
    let seeds = first.unwrap_or(0)..first.unwrap_or(0) + count;
    let next = AtomicU64::new(seeds.start);
    let tally = Tally::default();
    let failures: Vec<String> = thread::scope(|scope| {
        let work = || -> Option<String> {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds.end {
                    return None;
                }
                if let Err(failure) = try_seed(seed, &tally) {
                    // One failure is enough.
                    next.store(seeds.end, Ordering::Relaxed);
                    return Some(failure);
                }
            }
        };
        let count = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().unwrap()).collect()
    });
    println!("{count} storms from seed {}: {tally:?}", seeds.start);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Totals over all storms, to check that they were severe enough.
#[derive(Debug, Default)]
struct Tally {
    steps: AtomicUsize,
    said: AtomicUsize,
    discarded: AtomicUsize,
    /// Messages that more than one tab sent.
    sent_by_several: AtomicUsize,
}

/// Generates a storm from a seed and judges it. A failing storm is shrunk to what is needed to fail.
fn try_seed(seed: u64, tally: &Tally) -> Result<(), String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { failure_persistence: None, max_shrink_iters: 1_024, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let storms = storm::storms(Climate::of(seed));
    let tree = storms.new_tree(&mut runner).map_err(|reason| reason.to_string())?;
    let outcome = runner.run_one(tree, |storm| {
        let weathered = weather(seed, &storm, tally);
        weathered.map_err(TestCaseError::fail)
    });
    let failed = outcome.err().map(|failure| {
        format!(
            "{failure}\nThat was seed {seed}. To run it again:\n    \
             TEAHOUSE_SEED={seed} cargo test -p chat --test simulation"
        )
    });
    failed.map_or(Ok(()), Err)
}

fn weather(seed: u64, storm: &Storm, tally: &Tally) -> Verdict {
    let mut world = World::new(storm.measures, seed);
    for step in &storm.steps {
        world.step(step);
    }
    let verdict = world.verdict();
    let add = |to: &AtomicUsize, count: usize| to.fetch_add(count, Ordering::Relaxed);
    add(&tally.steps, storm.steps.len());
    add(&tally.said, world.ledger.said.len());
    add(&tally.discarded, world.ledger.discarded.len());
    add(&tally.sent_by_several, world.ledger.sent_by_several());
    verdict
}
