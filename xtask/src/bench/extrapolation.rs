//! Extrapolates from a run's numbers: where the next limit is, and what a million connections would take.
//! Measures nothing; each line states what was measured, by which command, and how the rest was computed.

mod allowance;
mod limits;
mod million;

use anyhow::{Context, Result};

use super::figure::Report;
use super::history::History;
use super::nodes::Nodes;
use super::plan::{Contest, Growth, Storms};
use super::tables::code;
use allowance::Allowance;

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// A measured number, and the command that measured it.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    number: f64,
    by: String,
}

impl Measured {
    fn of(report: &Report, path: &str) -> Result<Self> {
        Ok(Self { number: report.number(path)?, by: code(&report.command) })
    }
}

/// The inputs of the extrapolation.
pub(super) struct Extrapolation {
    /// Bytes per connection in the server, after a burst.
    memory: Measured,
    /// Bytes per end of a connection in the kernel; `None` where only root may read them.
    kernel: Option<Measured>,
    /// Deliveries per second of a core: with messages one by one, and with many at once.
    alone: Measured,
    joined: Measured,
    bytes: Measured,
    /// Microseconds and bytes per heartbeat.
    heartbeat: Measured,
    heartbeat_bytes: Measured,
    /// CPU seconds per client that reconnects.
    comeback: Measured,
    /// Redis' microseconds per message in a burst, and the bytes it sends per message, both with two nodes.
    redis: Option<(Measured, Measured)>,
    /// Bytes on disk per message, in the log and in the index.
    disk: Measured,
    /// Milliseconds of a start, with a history of `past` messages.
    start: Measured,
    past: f64,
    /// Messages per second, with the largest number of members and of rooms that was tried.
    members: (f64, Measured),
    rooms: (f64, Measured),
    allowed: Allowance,
}

impl Extrapolation {
    pub(super) fn of(
        contests: &[Contest],
        growth: &[Growth],
        history: &History,
        nodes: Option<&Nodes>,
        storms: &Storms,
    ) -> Result<Self> {
        let Storms { idle, heartbeat, killed, .. } = storms;
        let median = |index: usize, path: &str| {
            let contest: &Contest = contests.get(index).context("a contest is missing")?;
            let by = contest.rounds.first().map(|(report, _)| code(&report.command)).unwrap_or_default();
            Ok::<_, anyhow::Error>(Measured { number: contest.medians(path)?.0, by })
        };
        let last = |growth: &Growth| {
            let steps = growth.steps()?;
            let (number, report, _) = steps.last().context("a growth without a step")?;
            let by = code(&growth.teahouse.command);
            Ok::<_, anyhow::Error>((*number, Measured { number: report.number("messages_per_second")?, by }))
        };
        let [members, rooms] = growth else { anyhow::bail!("two kinds of growth are reckoned with") };
        let past = history.longest()?;
        let scaled = |measured: Measured, by: f64| Measured { number: measured.number * by, ..measured };
        let per_client = 1.0 / killed.number("clients")?;
        let disk =
            past.number("disk.log_bytes_per_message")? + past.number("disk.index_bytes_per_message")?;
        let redis = |nodes: &Nodes| {
            let of = |path: &str| {
                let number = nodes.redis_in_bursts(path)?;
                Ok::<_, anyhow::Error>(Measured { number, by: code("cargo xtask bench --part nodes") })
            };
            Ok::<_, anyhow::Error>((of("cpu_microseconds_per_message")?, of("bytes_sent_per_message")?))
        };
        Ok(Self {
            memory: scaled(Measured::of(idle, "per_connection_kib.after_burst")?, 1024.0),
            kernel: Measured::of(idle, "kernel.objects_per_end").ok(),
            alone: median(0, "server.deliveries_per_cpu_second")?,
            joined: median(1, "server.deliveries_per_cpu_second")?,
            bytes: median(0, "bytes_per_delivery")?,
            heartbeat: Measured::of(heartbeat, "server_cpu_microseconds_each")?,
            heartbeat_bytes: Measured::of(heartbeat, "bytes_each")?,
            comeback: scaled(Measured::of(killed, "server_cpu_seconds")?, per_client),
            redis: nodes.map(redis).transpose()?,
            disk: Measured { number: disk, by: code(&past.command) },
            start: Measured::of(past, "start_ms.p50")?,
            past: past.number("messages")?,
            members: last(members)?,
            rooms: last(rooms)?,
            allowed: Allowance::here()?,
        })
    }

    fn kernel_bytes(&self) -> f64 {
        self.kernel.as_ref().map_or(0.0, |kernel| kernel.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(number: f64) -> Measured {
        Measured { number, by: "`a command`".into() }
    }

    fn extrapolation() -> Extrapolation {
        Extrapolation {
            memory: measured(5_000.0),
            kernel: Some(measured(4_000.0)),
            alone: measured(200_000.0),
            joined: measured(5_000_000.0),
            bytes: measured(222.0),
            heartbeat: measured(20.0),
            heartbeat_bytes: measured(80.0),
            comeback: measured(0.000_2),
            redis: Some((measured(40.0), measured(600.0))),
            disk: measured(500.0),
            start: measured(300.0),
            past: 1e6,
            members: (10_000.0, measured(290.0)),
            rooms: (10_000.0, measured(16_000.0)),
            allowed: Allowance { memory: 24.0 * GIB, files: 20_000.0, ports: 28_232.0 },
        }
    }

    #[test]
    fn a_million_is_reckoned_from_what_was_measured() {
        let text = extrapolation().million();
        for part in [
            "× 1,000,000 = 4.66 GiB",
            "1,000,000 / 200,000 = 5 cores",
            "= 40,000 a second, × 20 µs = 0.8 cores",
            "= 225 MB/s, 11.26 for each of 20 nodes",
            "× 20 / 2 = 400 µs, × 1,000 a second = 0.4 of its core; full at 2,500 messages/s",
            "/ 2 = 300 for each node; × 1,000 messages × 20 nodes = 6 MB/s",
            "× 50,000 = 10 s of a core, over all other nodes; × 1,000,000 = 200 s",
            "50,000 / 28,232 = 2 addresses",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn the_limits_are_reckoned_from_what_was_measured() {
        let text = extrapolation().limits();
        for part in [
            "200,000 / 10,000 = 20 messages/s",
            "24 GiB / 9,000 bytes = 2,863,312",
            "300 ms for a start over 1,000,000 messages",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn what_could_not_be_measured_is_not_reckoned() {
        let text = Extrapolation { kernel: None, redis: None, ..extrapolation() }.million();
        assert!(
            text.contains("| only root may look |  | unknown |") && text.contains("| Redis | not measured |")
        );
        assert!(!text.contains("NaN"));
    }
}
