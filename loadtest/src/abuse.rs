//! Measures what ordinary users notice during an attack: runs each attack in turn next to a room in which
//! users send messages, and records the server's peak memory.
//!
//! The attackers use addresses of their own, which they send the way a proxy would: start the server with
//! `--trust-proxy 127.0.0.1/32 --guests` and its default limits.

mod attack;
mod attacker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Result, anyhow, ensure};
use serde::Serialize;

use crate::conversation::Pace;
use crate::gathering::Gathering;
use crate::options::Abuse;
use crate::report::{self, Percentiles, Verdict};
use attack::ATTACKS;
use attacker::Attacker;

/// Seconds the server gets to recover from an attack.
const REST: f64 = 2.0;

#[derive(Serialize)]
struct Figures {
    rate: f64,
    quiet_ms: Percentiles,
    quiet_kib: u64,
    attacks: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    attack: &'static str,
    latency_ms: Percentiles,
    /// p99 during the attack divided by the quiet p99.
    ratio: f64,
    /// The server's peak memory during the attack and the rest after it, in KiB.
    peak_kib: u64,
}

pub(crate) fn run(options: &Abuse) -> Result<Verdict> {
    let Abuse { common, times, rate, only } = options;
    ensure!(common.pid.len() == 1, "--pid names the server, whose memory is looked at");
    let mut gathering = Gathering::prepare(common)?;
    gathering.let_in(common.at_once)?;
    let attackers = Attacker::prepare(gathering.target.addresses[0])?;
    let pace = |gathering: &Gathering| Pace::Every { nanos: 1e9 / rate, since: gathering.clock.now() };

    let quiet = pace(&gathering);
    gathering.meter(quiet, *times)?;
    gathering.hear_out()?;
    let quiet_ms = Percentiles::of(&gathering.talk.latencies);
    let quiet_kib = gathering.target.watched[0].peak()?;

    let mut rows = Vec::new();
    for (name, attack) in ATTACKS {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        gathering.talk.latencies.reset();
        gathering.target.watched[0].forget_peak()?;
        let stop = Arc::new(AtomicBool::new(false));
        let attacking = {
            let (stop, attackers) = (stop.clone(), attackers.clone());
            thread::spawn(move || attack(&attackers, &stop))
        };
        let beside = pace(&gathering);
        gathering.meter(beside, *times)?;
        stop.store(true, Ordering::Relaxed);
        gathering.go_on(REST)?;
        gathering.hear_out()?;
        attacking.join().map_err(|_| anyhow!("the attack {name} broke off"))?;
        let latency_ms = Percentiles::of(&gathering.talk.latencies);
        let ratio = latency_ms.p99 / quiet_ms.p99;
        let peak_kib = gathering.target.watched[0].peak()?;
        rows.push(Row { attack: name, latency_ms, ratio, peak_kib });
    }
    ensure!(!rows.is_empty(), "there is no such attack");
    report::conclude("abuse", common, &gathering, Figures { rate: *rate, quiet_ms, quiet_kib, attacks: rows })
}
