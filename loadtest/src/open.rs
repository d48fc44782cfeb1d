//! The open loop: sends messages at a fixed rate, whatever happens to them, and measures latency. Latency
//! counts from the time a message was due, so that a server which stalls the load test does not look better
//! for it.

use anyhow::Result;
use serde::Serialize;

use crate::conversation::Pace;
use crate::gathering::Gathering;
use crate::options::Open;
use crate::report::{self, Percentiles, Stretch, Verdict};

#[derive(Serialize)]
struct Figures {
    rate: f64,
    #[serde(flatten)]
    stretch: Stretch,
    latency_ms: Percentiles,
    /// How late the load test itself sent; part of the latencies.
    said_late_ms: Percentiles,
}

pub(crate) fn run(options: &Open) -> Result<Verdict> {
    let mut gathering = Gathering::prepare(&options.common)?;
    gathering.let_in(options.common.at_once)?;
    let pace = Pace::Every { nanos: 1e9 / options.rate, since: gathering.clock.now() };
    let (begin, end) = gathering.meter(pace, options.times)?;
    gathering.hear_out()?;
    let figures = Figures {
        rate: options.rate,
        stretch: Stretch::between(&begin, &end),
        latency_ms: Percentiles::of(&gathering.talk.latencies),
        said_late_ms: Percentiles::of(&gathering.talk.delays),
    };
    report::conclude("open", &options.common, &gathering, figures)
}
