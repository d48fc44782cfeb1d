//! Compares Teahouse with alternatives: the floor, Teahouse and the peers take turns at the same tasks.
//!
//! A peer that cannot be installed or fails a task is listed with the reason, and the others are measured.

use std::fmt::Write;

use anyhow::{Error, Result};

use super::figure::{Report, median, say};
use super::meter::Meter;
use super::peer::{self, Peer};
use super::scale::Scale;
use super::tables::{capital, code, table};
use crate::steps::Steps;
use crate::workspace::Workspace;

/// The figure by which all are compared.
const FIGURE: &str = "server.deliveries_per_cpu_second";

pub(super) struct Others {
    versions: Vec<String>,
    tasks: Vec<Task>,
    /// Reasons for missing measurements.
    missing: Vec<String>,
}

/// A task that all servers perform in turn.
struct Task {
    what: String,
    command: String,
    /// For each server, its report of each round, with the floor's report of the same round.
    rows: Vec<(&'static str, Vec<(Report, Report)>)>,
}

/// Installs the peers and measures all servers.
pub(super) fn measure(workspace: &Workspace, steps: Steps, meter: &Meter, scale: &Scale) -> Result<Others> {
    let (mut peers, mut versions, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (name, ensure) in peer::ALL {
        match ensure(workspace, steps) {
            Ok(peer) => {
                versions.push(format!("{name} {}", peer.version));
                peers.push(peer);
            }
            Err(error) => {
                let line = format!("{name} is missing: {}", in_a_line(&error));
                steps.say(&line);
                missing.push(line);
            }
        }
    }
    let Scale { many, few, .. } = *scale;
    let plan = [
        (format!("one message to {many} readers"), many, "1"),
        (format!("{many} readers, 50 messages in flight"), many, "50"),
        (format!("{few} readers, 20 messages in flight"), few, "20"),
    ];
    let mut tasks = Vec::new();
    for (what, members, window) in plan {
        let arguments = ["--members", members, "--window", window];
        let arguments = [&arguments[..], &["--seconds", scale.cell, "--warm-up", scale.warm_up]].concat();
        let mut task = Task::new(what, &peers);
        for round in 0..scale.rounds {
            task.take_turns(meter, &peers, &arguments, round, &mut missing, steps)?;
        }
        tasks.push(task);
    }
    Ok(Others { versions, tasks, missing })
}

impl Task {
    fn new(what: String, peers: &[Peer]) -> Self {
        let names = ["the floor", "Teahouse, durable"].into_iter().chain(peers.iter().map(|peer| peer.name));
        Self { what, command: String::new(), rows: names.map(|name| (name, Vec::new())).collect() }
    }

    /// Runs one round. A different server goes first each time, because machines drift.
    fn take_turns(
        &mut self,
        meter: &Meter,
        peers: &[Peer],
        arguments: &[&str],
        round: usize,
        missing: &mut Vec<String>,
        steps: Steps,
    ) -> Result<()> {
        let mut reports = Vec::new();
        for turn in 0..self.rows.len() {
            let row = (turn + round) % self.rows.len();
            let report = match row {
                0 => meter.floor("closed", arguments)?,
                1 => meter.teahouse("closed", arguments)?,
                _ => match meter.peer(&peers[row - 2], "closed", arguments) {
                    Ok(report) => report,
                    Err(error) => {
                        let line = format!("{}, {}: {}", self.rows[row].0, self.what, in_a_line(&error));
                        steps.say(&line);
                        missing.push(line);
                        continue;
                    }
                },
            };
            report.command.clone_into(&mut self.command);
            reports.push((row, report));
        }
        let Some(floor) = reports.iter().find(|(row, _)| *row == 0).map(|(_, report)| report.clone()) else {
            return Ok(());
        };
        for (row, report) in reports {
            self.rows[row].1.push((report, floor.clone()));
        }
        Ok(())
    }

    fn text(&self) -> Result<String> {
        let head = [
            "",
            "deliveries per CPU-second",
            "of the floor's",
            "deliveries per second",
            "p99, ms",
            "bytes per delivery",
            "lost",
            "doubled",
        ];
        let mut rows = Vec::new();
        for (name, rounds) in self.rows.iter().filter(|(_, rounds)| !rounds.is_empty()) {
            let each = |path: &str| -> Result<Vec<f64>> {
                rounds.iter().map(|(report, _)| report.number(path)).collect()
            };
            let ratios: Result<Vec<f64>> = rounds
                .iter()
                .map(|(report, floor)| Ok(report.number(FIGURE)? / floor.number(FIGURE)?))
                .collect();
            let mut row = vec![(*name).to_owned(), say(median(each(FIGURE)?)), say(median(ratios?))];
            for path in ["deliveries_per_second", "latency_ms.p99", "bytes_per_delivery"] {
                row.push(say(median(each(path)?)));
            }
            for path in ["faults.lost", "faults.doubled"] {
                row.push(say(each(path)?.iter().sum()));
            }
            rows.push(row);
        }
        let what = capital(&self.what);
        Ok(format!("**{what}**: {}\n\n{}", code(&self.command), table(&head, &rows)))
    }
}

impl Others {
    pub(super) fn text(&self) -> Result<String> {
        let mut text = String::new();
        // Writing to a String cannot fail.
        if !self.versions.is_empty() {
            let _ = writeln!(text, "Medians of the rounds; losses in sum. {}.\n", self.versions.join("; "));
        }
        for line in &self.missing {
            let _ = writeln!(text, "- Not measured: {line}");
        }
        if !self.missing.is_empty() {
            text.push('\n');
        }
        for task in &self.tasks {
            let _ = writeln!(text, "{}", task.text()?);
        }
        Ok(text)
    }
}

/// Condenses a multi-line error to its first line, which names the failed program, and its last.
fn in_a_line(error: &Error) -> String {
    let text = format!("{error:#}");
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    lines.next_back().map_or_else(|| first.to_owned(), |last| format!("{first} {last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_in_a_line_what_failed_and_why() {
        let error = anyhow::anyhow!("`apt-get download tea` failed:\nReading\nE: there is no tea\n");
        assert_eq!(in_a_line(&error), "`apt-get download tea` failed: E: there is no tea");
        assert_eq!(in_a_line(&anyhow::anyhow!("no node")), "no node");
    }
}
