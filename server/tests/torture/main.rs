//! The program as people run it, tortured: many clients behind a network that stalls, cuts and slows, a server that is
//! killed, stopped and started again, power that fails, and several nodes on a Redis to which all of that happens too. In
//! the end everybody holds the same log, and it holds exactly what was said.
//!
//! The clients are the real ones, `chat::client`, and so is the program: the one that `TEAHOUSE_BIN` names, or else the
//! one that cargo has built. `TEAHOUSE_SEED` chooses another course of events than the usual one, and `TEAHOUSE_MINUTES`
//! lets each test go on for longer. What a seed fixes is what the test does and when; how the threads of the program
//! interleave is up to the machine.
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

/// How long anything may take that is sure to come. Generous, for it only matters when a test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for something that is sure to come, and fails with its name if it does not.
async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}
