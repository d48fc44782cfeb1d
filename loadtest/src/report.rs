//! The report of a run: a table for people, JSON for `cargo xtask bench`, and the verdict on whether it
//! counts.

mod table;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::seconds;
use crate::gathering::{Gathering, Moment};
use crate::meter::Memory;
use crate::options::Common;
use crate::tally::Faults;

/// Whether a report may be trusted.
#[derive(Debug)]
pub(crate) enum Verdict {
    Sound,
    Faulty(String),
}

/// Figures between two moments of a run.
#[derive(Serialize)]
pub(crate) struct Stretch {
    pub(crate) seconds: f64,
    pub(crate) messages: u64,
    pub(crate) deliveries: u64,
    pub(crate) messages_per_second: f64,
    pub(crate) deliveries_per_second: f64,
    pub(crate) bytes_per_delivery: f64,
    pub(crate) deliveries_per_frame: f64,
    pub(crate) deliveries_per_read: f64,
    /// The load test's own CPU time as a share of one core: near 1, it was the bottleneck.
    pub(crate) own_cpu: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<Server>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redis: Option<Redis>,
}

/// Cost of the server's processes during that time.
#[derive(Serialize)]
pub(crate) struct Server {
    pub(crate) cpu_seconds: f64,
    /// As a share of one core: 2 is two cores.
    pub(crate) cpu: f64,
    pub(crate) deliveries_per_cpu_second: f64,
    pub(crate) cpu_microseconds_per_message: f64,
    pub(crate) memory_kib: Option<Memory>,
}

/// Cost of the Redis behind the server during that time.
#[derive(Serialize)]
struct Redis {
    cpu_seconds: f64,
    /// As a share of one core.
    cpu: f64,
    cpu_microseconds_per_message: f64,
    bytes_sent_per_message: f64,
    bytes_received_per_message: f64,
}

/// Percentiles in milliseconds.
#[derive(Serialize)]
pub(crate) struct Percentiles {
    pub(crate) count: u64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p99_9: f64,
    pub(crate) max: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

impl Stretch {
    pub(crate) fn between(begin: &Moment, end: &Moment) -> Self {
        let passed = seconds(end.at - begin.at);
        let deliveries = float(end.deliveries - begin.deliveries);
        let messages = float(end.said - begin.said);
        let server = begin.server_cpu.zip(end.server_cpu).map(|(begin_cpu, end_cpu)| {
            let cpu_seconds = end_cpu - begin_cpu;
            Server {
                cpu_seconds,
                cpu: cpu_seconds / passed,
                deliveries_per_cpu_second: deliveries / cpu_seconds,
                cpu_microseconds_per_message: cpu_seconds * 1e6 / messages,
                memory_kib: end.memory,
            }
        });
        let redis = begin.redis.zip(end.redis).map(|(before, after)| {
            let cpu_seconds = after.cpu - before.cpu;
            Redis {
                cpu_seconds,
                cpu: cpu_seconds / passed,
                cpu_microseconds_per_message: cpu_seconds * 1e6 / messages,
                bytes_sent_per_message: (after.sent - before.sent) / messages,
                bytes_received_per_message: (after.received - before.received) / messages,
            }
        });
        Self {
            seconds: passed,
            messages: end.said - begin.said,
            deliveries: end.deliveries - begin.deliveries,
            messages_per_second: messages / passed,
            deliveries_per_second: deliveries / passed,
            bytes_per_delivery: float(end.received.bytes - begin.received.bytes) / deliveries,
            deliveries_per_frame: deliveries / float(end.received.frames - begin.received.frames),
            deliveries_per_read: deliveries / float(end.received.reads - begin.received.reads),
            own_cpu: (end.own_cpu - begin.own_cpu) / passed,
            server,
            redis,
        }
    }
}

impl Percentiles {
    pub(crate) fn of(nanos: &Histogram<u64>) -> Self {
        let at = |quantile| float(nanos.value_at_quantile(quantile)) / 1e6;
        Self {
            count: nanos.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: float(nanos.max()) / 1e6,
        }
    }
}

/// The fields common to all reports, around a mode's own figures.
#[derive(Serialize)]
struct Whole<'a, F> {
    mode: &'a str,
    command: String,
    target: String,
    rooms: usize,
    members: usize,
    speakers: usize,
    size: u32,
    #[serde(flatten)]
    figures: F,
    faults: Faults,
}

/// Prints the report, writes it to the requested file, and judges it.
pub(crate) fn conclude(
    mode: &str,
    options: &Common,
    gathering: &Gathering,
    figures: impl Serialize,
) -> Result<Verdict> {
    let seats = gathering.seats;
    let whole = Whole {
        mode,
        command: command(),
        target: gathering.target.name(),
        rooms: seats.rooms,
        members: seats.members,
        speakers: seats.speakers,
        size: options.size,
        figures,
        faults: gathering.talk.tally.faults(),
    };
    show(&whole)?;
    write(&whole, options.json.as_deref())
}

/// Prints a report as a table.
pub(crate) fn show(report: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string(report)?;
    print!("{}", table::table(&serde_json::from_str(&json)?));
    Ok(())
}

/// Returns the command line, so that the measurement can be repeated.
pub(crate) fn command() -> String {
    std::env::args().skip(1).collect::<Vec<_>>().join(" ")
}

/// Writes a report to the file, if any, and judges it.
pub(crate) fn write(report: &impl Serialize, file: Option<&Path>) -> Result<Verdict> {
    let json = serde_json::to_string_pretty(report)?;
    if let Some(file) = file {
        fs::write(file, &json).with_context(|| format!("cannot write {}", file.display()))?;
    }
    judge(&serde_json::from_str(&json)?)
}

fn judge(report: &Value) -> Result<Verdict> {
    // A mode without deliveries has no faults to count: a wrong answer ends its run.
    let faults = report.get("faults").map_or(Ok(Faults::default()), Faults::deserialize)?;
    let mut missing = Vec::new();
    find_missing("", report, &mut missing);
    Ok(match (faults.complaint(), missing.is_empty()) {
        (Some(complaint), _) => Verdict::Faulty(complaint),
        (None, true) => Verdict::Sound,
        (None, false) => Verdict::Faulty(format!("the report is not whole: no {}", missing.join(", "))),
    })
}

/// Collects the paths of missing figures. `serde_json` writes a number that is not finite as null.
fn find_missing(path: &str, value: &Value, missing: &mut Vec<String>) {
    match value {
        Value::Null => missing.push(path.to_owned()),
        Value::Object(fields) => {
            for (name, value) in fields {
                find_missing(&join(path, name), value, missing);
            }
            if fields.get("count").is_some_and(|count| count == 0) {
                missing.push(path.to_owned());
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                find_missing(&join(path, &index.to_string()), value, missing);
            }
        }
        _ => {}
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_with_a_hole_does_not_count() {
        let faults = Faults::default();
        let whole = json!({ "server": { "cpu": 0.5 }, "cells": [{ "p50": 1 }], "faults": faults });
        assert!(matches!(judge(&whole).unwrap(), Verdict::Sound));
        let report = json!({
            "server": { "cpu": f64::NAN }, "latency_ms": { "count": 0 }, "cells": [{ "p50": f64::NAN }], "faults": faults
        });
        let Verdict::Faulty(complaint) = judge(&report).unwrap() else { panic!("it counts") };
        assert_eq!(complaint, "the report is not whole: no cells.0.p50, latency_ms, server.cpu");
    }

    #[test]
    fn a_report_with_a_fault_does_not_count() {
        let report = json!({ "faults": Faults { doubled: 1, ..Faults::default() } });
        assert!(matches!(judge(&report).unwrap(), Verdict::Faulty(_)));
    }

    #[test]
    fn percentiles_are_in_milliseconds() {
        let mut histogram = Histogram::new(3).unwrap();
        for millisecond in 1..=1000 {
            histogram.record(millisecond * 1_000_000).unwrap();
        }
        let percentiles = Percentiles::of(&histogram);
        assert!((percentiles.p50 - 500.0).abs() < 1.0, "{}", percentiles.p50);
        assert!((percentiles.p99 - 990.0).abs() < 1.0, "{}", percentiles.p99);
    }
}
