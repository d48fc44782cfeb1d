//! Torture tests of the program as users run it: many clients behind a network that stalls, cuts and slows, a
//! server that is killed, stopped and restarted, power that fails, and several nodes on a Redis that suffers
//! all of this too. In the end every client has the same log, which holds exactly the messages that were
//! sent.
//!
//! The clients are the real ones, `chat::client`, and so is the program: the one that `TEAHOUSE_BIN` names,
//! or else the one that cargo built. `TEAHOUSE_SEED` selects another course of events than the usual one, and
//! `TEAHOUSE_MINUTES` lets each test run longer. A seed fixes the test's actions and their times; the
//! interleaving of the program's threads is up to the machine.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod seed;

mod asks;
mod browser_storage;
mod page;
mod socket;

mod guest;
mod proxy;

mod program;
#[path = "../behaviour/support/redis.rs"]
#[expect(dead_code, reason = "other tests want other servers too")]
mod redis;
mod rig;
mod setup;

mod database;
mod kept;
mod ledger;
mod verdict;
mod wire;

mod nodes;
mod power;
mod storm;

use std::{future::Future, time::Duration};

use tokio::time::timeout;

/// Timeout for anything that is certain to happen. Generous, since it only matters when a test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for something that is certain to happen, and fails with its name on timeout.
async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}
