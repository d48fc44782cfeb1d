//! The closed loop: so many messages in flight, and the next when everybody has heard one. Finds how much a server can.

use anyhow::Result;
use serde::Serialize;

use crate::conversation::Pace;
use crate::gathering::Gathering;
use crate::options::Closed;
use crate::report::{self, Percentiles, Stretch, Verdict};

#[derive(Serialize)]
struct Figures {
    window: u32,
    #[serde(flatten)]
    stretch: Stretch,
    latency_ms: Percentiles,
}

pub(crate) fn run(options: &Closed) -> Result<Verdict> {
    let mut gathering = Gathering::prepare(&options.common)?;
    gathering.let_in(options.common.at_once)?;
    let (begin, end) = gathering.meter(Pace::Window(options.window), options.times)?;
    gathering.hear_out()?;
    let figures = Figures {
        window: options.window,
        stretch: Stretch::between(&begin, &end),
        latency_ms: Percentiles::of(&gathering.talk.latencies),
    };
    report::conclude("closed", &options.common, &gathering, figures)
}
