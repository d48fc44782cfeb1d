//! Compares several nodes on one Redis with one node and with the floor: all take turns at the same tasks.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::figure::{Report, median, say};
use super::meter::Meter;
use super::redis;
use super::scale::Scale;
use super::tables::{capital, code, table};

/// The figure by which all are compared.
const FIGURE: &str = "server.deliveries_per_cpu_second";

/// A setup of Teahouse that is compared with the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum House {
    Alone,
    Nodes(usize),
}

const HOUSES: [(House, &str); 3] = [
    (House::Alone, "one node, SQLite"),
    (House::Nodes(1), "one node, Redis"),
    (House::Nodes(2), "two nodes, Redis"),
];

pub(super) struct Nodes {
    tasks: Vec<Task>,
}

/// A task that all setups perform in turn.
struct Task {
    what: String,
    command: String,
    /// For each round, the floor's report and one report per setup.
    rounds: Vec<(Report, Vec<Report>)>,
}

/// Measures all setups, if a Redis is installed.
pub(super) fn measure(meter: &Meter, scale: &Scale) -> Result<Option<Nodes>> {
    let Some(program) = redis::program() else {
        meter.say(
            "redis-server is missing: two nodes are not measured, and their part of the page stays as it was",
        );
        return Ok(None);
    };
    let Scale { many, .. } = *scale;
    let mut tasks = Vec::new();
    for &window in scale.nodes {
        let what = format!("{many} readers, {window} in flight");
        let arguments =
            ["--members", many, "--window", window, "--seconds", scale.cell, "--warm-up", scale.warm_up];
        let mut rounds = Vec::new();
        for _ in 0..scale.rounds {
            let floor = meter.floor("closed", &arguments)?;
            let houses = HOUSES.iter().map(|(house, _)| match house {
                House::Alone => meter.teahouse("closed", &arguments),
                House::Nodes(count) => meter.nodes(&program, *count, "closed", &arguments),
            });
            let houses = houses.collect::<Result<Vec<_>>>()?;
            rounds.push((floor, houses));
        }
        let command = rounds.first().map(|(floor, _)| floor.command.clone()).context("no rounds")?;
        tasks.push(Task { what, command, rounds });
    }
    meter.clear()?;
    Ok(Some(Nodes { tasks }))
}

impl Task {
    /// Returns the median over the rounds of a number computed from a setup's report and the floor's.
    fn median(&self, house: usize, number: impl Fn(&Report, &Report) -> Result<f64>) -> Result<f64> {
        let of = |(floor, houses): &(Report, Vec<Report>)| number(&houses[house], floor);
        self.rounds.iter().map(of).collect::<Result<Vec<_>>>().map(median)
    }

    fn table(&self) -> Result<String> {
        let floor = |path: &str| {
            self.rounds.iter().map(|(floor, _)| floor.number(path)).collect::<Result<Vec<_>>>().map(median)
        };
        let mut rows = vec![vec![
            "the floor".to_owned(),
            say(floor("deliveries_per_second")?),
            say(floor(FIGURE)?),
            "1".to_owned(),
            String::new(),
            String::new(),
            say(floor("latency_ms.p50")?),
            say(floor("latency_ms.p99")?),
        ]];
        for (index, (house, name)) in HOUSES.iter().enumerate() {
            let plain = |path: &str| self.median(index, |report, _| report.number(path));
            let (with_redis, by_redis) = if *house == House::Alone {
                (String::new(), String::new())
            } else {
                let with = self.median(index, |report, _| {
                    let cpu = report.number("server.cpu_seconds")? + report.number("redis.cpu_seconds")?;
                    Ok(report.number("deliveries")? / cpu)
                })?;
                (say(with), say(plain("redis.cpu_microseconds_per_message")?))
            };
            rows.push(vec![
                (*name).to_owned(),
                say(plain("deliveries_per_second")?),
                say(plain(FIGURE)?),
                say(self.median(index, |report, floor| Ok(report.number(FIGURE)? / floor.number(FIGURE)?))?),
                with_redis,
                by_redis,
                say(plain("latency_ms.p50")?),
                say(plain("latency_ms.p99")?),
            ]);
        }
        let head = [
            "",
            "deliveries/s",
            "per CPU-second of the nodes",
            "of the floor's",
            "per CPU-second with Redis'",
            "Redis' CPU for a message, µs",
            "p50, ms",
            "p99, ms",
        ];
        Ok(table(&head, &rows))
    }
}

impl Nodes {
    pub(super) fn tables(&self) -> Result<String> {
        let mut text = String::new();
        for task in &self.tasks {
            let (what, command) = (capital(&task.what), code(&task.command));
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "**{what}**, medians of {}: {command}, half of the readers on each node\n\n{}",
                task.rounds.len(),
                task.table()?
            );
        }
        text.push_str("Of all that was said, nothing was lost and nothing came twice, on either node.\n");
        Ok(text)
    }

    /// Returns what the Redis behind two nodes uses per message in a burst.
    pub(super) fn redis_in_bursts(&self, path: &str) -> Result<f64> {
        let task = self.tasks.last().context("nothing was measured")?;
        let two = HOUSES.iter().position(|(house, _)| *house == House::Nodes(2)).context("no two nodes")?;
        task.median(two, |report, _| report.number(&format!("redis.{path}")))
    }
}
