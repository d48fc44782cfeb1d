//! Closed loops over several numbers of rooms and members, with the same users: how a server scales.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::closed;
use crate::gathering::{self, Gathering};
use crate::options::{Common, Grid};
use crate::report::{self, Verdict};
use crate::tally::Faults;
use crate::target::Target;

pub(crate) fn run(options: &Grid) -> Result<Verdict> {
    let largest = options.cells.iter().map(|(rooms, members)| rooms * members).max();
    let mut cookies: Option<Vec<String>> = None;
    let mut cells = Vec::new();
    let mut faults = Faults::default();
    let mut name = String::new();
    for &(rooms, members) in &options.cells {
        let common = Common { rooms, members, ..options.common.clone() };
        let target = Target::find(&common)?;
        let cookies = match &cookies {
            Some(cookies) => cookies,
            None => cookies.insert(gathering::log_in(&target, largest.context("no cells")? as usize)?),
        };
        name = target.name();
        let mut gathering = Gathering::of(&common, target, cookies.clone())?;
        let figures = closed::meter(&common, &mut gathering, options.times, options.window)?;
        let server = figures.stretch.server.as_ref();
        println!(
            "{rooms:>6} x {members:<6} {:>9.1} messages/s {:>10.0} deliveries/s {:>10.0} per CPU-second, p99 {:.2} ms",
            figures.stretch.messages_per_second,
            figures.stretch.deliveries_per_second,
            server.map_or(f64::NAN, |server| server.deliveries_per_cpu_second),
            figures.latency_ms.p99,
        );
        faults += gathering.talk.tally.faults();
        cells.push(Cell { rooms, members, figures });
    }
    report::write(
        &Grids { mode: "grid", command: report::command(), target: name, cells, faults },
        options.common.json.as_deref(),
    )
}

#[derive(Serialize)]
struct Grids {
    mode: &'static str,
    command: String,
    target: String,
    cells: Vec<Cell>,
    faults: Faults,
}

#[derive(Serialize)]
struct Cell {
    rooms: u32,
    members: u32,
    #[serde(flatten)]
    figures: closed::Figures,
}
