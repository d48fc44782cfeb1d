//! The closed loop: a window of messages in flight, and the next one when every member has received one.
//! Finds a server's maximum throughput.

use anyhow::Result;
use serde::Serialize;

use crate::conversation::Pace;
use crate::gathering::Gathering;
use crate::options::{Closed, Common, Times};
use crate::report::{self, Percentiles, Stretch, Verdict};

#[derive(Serialize)]
pub(crate) struct Figures {
    window: u32,
    #[serde(flatten)]
    pub(crate) stretch: Stretch,
    pub(crate) latency_ms: Percentiles,
}

pub(crate) fn run(options: &Closed) -> Result<Verdict> {
    let mut gathering = Gathering::prepare(&options.common)?;
    let figures = meter(&options.common, &mut gathering, options.times, options.window)?;
    report::conclude("closed", &options.common, &gathering, figures)
}

/// Connects all clients and measures the closed loop. Afterwards waits for outstanding deliveries, so that
/// the fault counts are final.
pub(crate) fn meter(
    options: &Common,
    gathering: &mut Gathering,
    times: Times,
    window: u32,
) -> Result<Figures> {
    gathering.let_in(options.at_once)?;
    let (begin, end) = gathering.meter(Pace::Window(window), times)?;
    gathering.hear_out()?;
    let latency_ms = Percentiles::of(&gathering.talk.latencies);
    Ok(Figures { window, stretch: Stretch::between(&begin, &end), latency_ms })
}
