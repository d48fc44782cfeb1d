//! The join storm: all clients join as fast as they can. Measures how long it takes until all are in their
//! rooms, and how much presence data each of them receives.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::clock::seconds;
use crate::gathering::Gathering;
use crate::options::Join;
use crate::report::{self, Verdict};

#[derive(Serialize)]
struct Figures {
    clients: usize,
    /// From the first connection until the last client is in its room.
    all_in_seconds: f64,
    /// Bytes each client received until it was in its room: mostly the roster.
    greeting_bytes: Spread,
    /// Bytes each client received after that: the presence of later joiners.
    presence_bytes: Spread,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_cpu_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Spread {
    median: u64,
    max: u64,
}

pub(crate) fn run(options: &Join) -> Result<Verdict> {
    let mut gathering = Gathering::prepare(&options.common)?;
    let begin = gathering.moment()?;
    gathering.let_in(options.common.at_once)?;
    let end = gathering.moment()?;
    gathering.go_on(options.rest)?;
    let after = gathering.moment()?;
    let count = gathering.seats.count();
    let bytes: Vec<_> = (0..count)
        .map(|seat| gathering.swarm.crowd.bytes(seat).context("a client is not in any more"))
        .collect::<Result<_>>()?;
    // Only a client that is still in its room receives this message.
    gathering.say_to_all(1)?;
    let figures = Figures {
        clients: count,
        all_in_seconds: seconds(end.at - begin.at),
        greeting_bytes: Spread::of(bytes.iter().map(|(greeting, _)| *greeting).collect()),
        presence_bytes: Spread::of(bytes.iter().map(|(greeting, all)| all - greeting).collect()),
        server_cpu_seconds: after.server_cpu.zip(begin.server_cpu).map(|(after, begin)| after - begin),
    };
    report::conclude("join", &options.common, &gathering, figures)
}

impl Spread {
    fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        Self {
            median: values.get(values.len() / 2).copied().unwrap_or_default(),
            max: values.last().copied().unwrap_or_default(),
        }
    }
}
