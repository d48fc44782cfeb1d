//! What a bench measures, in which order, and the budgets of `docs/design.md` that judge it.

use anyhow::{Result, ensure};

use super::figure::{Report, median};
use super::meter::Meter;
use super::scale::Scale;

/// Teahouse and the floor at the same task, in turns.
pub(super) struct Contest {
    pub(super) what: String,
    pub(super) judged: Judged,
    /// Teahouse's and the floor's report of each round.
    pub(super) rounds: Vec<(Report, Report)>,
}

/// The figure by which the two are compared.
#[derive(Clone, Copy, Debug)]
pub(super) enum Judged {
    /// Deliveries per second of the server's CPU time: at least this multiple of the floor's.
    ByCpu(f64),
    /// p99 latency: at most this multiple of the floor's.
    ByWait(f64),
}

impl Judged {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::ByCpu(_) => "server.deliveries_per_cpu_second",
            Self::ByWait(_) => "latency_ms.p99",
        }
    }

    pub(super) fn holds(self, ratio: f64) -> bool {
        match self {
            Self::ByCpu(least) => ratio >= least,
            Self::ByWait(most) => ratio <= most,
        }
    }
}

impl Contest {
    /// Returns the medians over the rounds of Teahouse's number and of the floor's.
    pub(super) fn medians(&self, path: &str) -> Result<(f64, f64)> {
        let of = |side: fn(&(Report, Report)) -> &Report| {
            self.rounds.iter().map(|round| side(round).number(path)).collect::<Result<Vec<_>>>().map(median)
        };
        Ok((of(|round| &round.0)?, of(|round| &round.1)?))
    }

    /// Returns the median of the rounds' ratios of the judged figure. Ratios within a round are used because
    /// machines drift and a round is short.
    pub(super) fn ratio(&self) -> Result<f64> {
        let path = self.judged.path();
        let ratios =
            self.rounds.iter().map(|(teahouse, floor)| Ok(teahouse.number(path)? / floor.number(path)?));
        ratios.collect::<Result<Vec<_>>>().map(median)
    }
}

pub(super) fn contests(meter: &Meter, scale: &Scale) -> Result<Vec<Contest>> {
    let Scale { seconds, warm_up, many, few, .. } = *scale;
    let times = ["--seconds", seconds, "--warm-up", warm_up];
    let plan: [(String, Judged, &str, [&str; 4]); 4] = [
        (
            format!("one message to {many} readers"),
            Judged::ByCpu(0.95),
            "closed",
            ["--members", many, "--window", "1"],
        ),
        (
            format!("{many} readers, 50 messages in flight"),
            Judged::ByCpu(20.0),
            "closed",
            ["--members", many, "--window", "50"],
        ),
        (
            format!("{few} readers, 20 messages in flight"),
            Judged::ByCpu(8.0),
            "closed",
            ["--members", few, "--window", "20"],
        ),
        (
            format!("50 messages a second to {many} readers"),
            Judged::ByWait(1.5),
            "open",
            ["--members", many, "--rate", "50"],
        ),
    ];
    let mut contests = Vec::new();
    for (what, judged, mode, arguments) in plan {
        let arguments = [&arguments[..], &times].concat();
        let mut rounds = Vec::new();
        for round in 0..scale.turns {
            // They alternate in going first, so that a drift of the machine over minutes affects both.
            rounds.push(if round % 2 == 0 {
                let teahouse = meter.teahouse(mode, &arguments)?;
                (teahouse, meter.floor(mode, &arguments)?)
            } else {
                let floor = meter.floor(mode, &arguments)?;
                (meter.teahouse(mode, &arguments)?, floor)
            });
        }
        contests.push(Contest { what, judged, rounds });
    }
    Ok(contests)
}

/// How throughput changes with the number of rooms or members.
pub(super) struct Growth {
    pub(super) title: &'static str,
    pub(super) axis: &'static str,
    pub(super) file: &'static str,
    /// `rooms` or `members`.
    by: &'static str,
    pub(super) teahouse: Report,
    pub(super) floor: Report,
}

/// A line of a plot: its name and its points.
pub(super) type Line = (&'static str, Vec<(f64, f64)>);

impl Growth {
    /// Returns for each step the number, and Teahouse's and the floor's cells.
    pub(super) fn steps(&self) -> Result<Vec<(f64, Report, Report)>> {
        let cells = self.teahouse.cells()?.into_iter().zip(self.floor.cells()?);
        cells.map(|(teahouse, floor)| Ok((teahouse.number(self.by)?, teahouse, floor))).collect()
    }

    pub(super) fn lines(&self) -> Result<Vec<Line>> {
        let (mut teahouse, mut floor) = (Vec::new(), Vec::new());
        for (number, of_teahouse, of_floor) in self.steps()? {
            teahouse.push((number, of_teahouse.number("messages_per_second")?));
            floor.push((number, of_floor.number("messages_per_second")?));
        }
        Ok(vec![("Teahouse, durable", teahouse), ("the floor", floor)])
    }
}

pub(super) fn growth(meter: &Meter, scale: &Scale) -> Result<Vec<Growth>> {
    let plan = [
        (
            "Messages a second against members of one room, 20 in flight",
            "members",
            "performance-members.svg",
            ["--window", "20", "--cells", scale.members],
        ),
        (
            "Messages a second against rooms of one member, 1 in flight in each",
            "rooms",
            "performance-rooms.svg",
            ["--window", "1", "--cells", scale.rooms],
        ),
    ];
    plan.into_iter()
        .map(|(title, by, file, arguments)| {
            let arguments = [&arguments[..], &["--seconds", scale.cell, "--warm-up", scale.warm_up]].concat();
            let teahouse = meter.teahouse("grid", &arguments)?;
            let floor = meter.floor("grid", &arguments)?;
            Ok(Growth { title, axis: by, file, by, teahouse, floor })
        })
        .collect()
}

/// Measurements without a floor to compare with.
pub(super) struct Storms {
    pub(super) idle: Report,
    pub(super) heartbeat: Report,
    pub(super) join: Report,
    pub(super) restarted: Report,
    pub(super) killed: Report,
    pub(super) slow: Report,
}

pub(super) fn storms(meter: &Meter, scale: &Scale) -> Result<Storms> {
    let Scale { idle, storm, rest, drain, seconds, .. } = *scale;
    let heartbeat = ["--members", idle, "--warm-up", rest, "--seconds", seconds];
    let slow = meter.teahouse("slow", scale.slow)?;
    let (all, back) = (slow.number("slow")?, slow.number("resumed")? + slow.number("not_resumed")?);
    ensure!(back >= all, "of {all} slow readers only {back} were cut off and came back");
    Ok(Storms {
        idle: meter.teahouse("idle", &["--members", idle, "--rest", rest])?,
        heartbeat: meter.teahouse_with(&["--heartbeat", "1s"], "heartbeat", &heartbeat)?,
        join: meter.teahouse("join", &["--members", storm, "--at-once", storm])?,
        restarted: meter.reconnect(&["--members", storm], drain)?,
        killed: meter.reconnect(&["--members", storm, "--kill"], drain)?,
        slow,
    })
}
