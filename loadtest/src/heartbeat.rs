//! Measures what idle connections that only answer heartbeats cost the server.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::clock::seconds;
use crate::gathering::Gathering;
use crate::options::Heartbeat;
use crate::report::{self, Verdict, float};

#[derive(Serialize)]
struct Figures {
    connections: usize,
    seconds: f64,
    /// Heartbeats received and answered during the measurement.
    heartbeats: u64,
    bytes_each: f64,
    server_cpu_seconds: f64,
    server_cpu_microseconds_each: f64,
}

pub(crate) fn run(options: &Heartbeat) -> Result<Verdict> {
    let mut gathering = Gathering::prepare(&options.common)?;
    gathering.let_in(options.common.at_once)?;
    gathering.go_on(options.times.warm_up)?;
    let begin = gathering.moment()?;
    gathering.go_on(options.times.seconds)?;
    let end = gathering.moment()?;
    // Only a client that is still in its room receives this message.
    gathering.say_to_all(1)?;
    let heartbeats = end.received.calls - begin.received.calls;
    let cpu = begin.server_cpu.zip(end.server_cpu).context("heartbeat meters CPU time and needs --pid")?;
    let figures = Figures {
        connections: gathering.seats.count(),
        seconds: seconds(end.at - begin.at),
        heartbeats,
        bytes_each: float(end.received.bytes - begin.received.bytes) / float(heartbeats),
        server_cpu_seconds: cpu.1 - cpu.0,
        server_cpu_microseconds_each: (cpu.1 - cpu.0) * 1e6 / float(heartbeats),
    };
    report::conclude("heartbeat", &options.common, &gathering, figures)
}
