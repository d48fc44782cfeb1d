//! Attacks beside ordinary users who send messages: what the users notice, and the server's peak memory. The
//! server runs with its default limits.

use anyhow::{Context as _, Result};

use super::figure::{Report, median, say};
use super::machine;
use super::meter::Meter;
use super::tables::{code, table};

/// Rounds of every attack. The medians count, since one pause of the machine is longer than any attack's
/// effect.
const ROUNDS: usize = 3;

/// Budgets: the users' p99 as a multiple of the quiet p99, and the server's memory in KiB.
const MOST_TIMES: f64 = 5.0;
const MOST_KIB: f64 = 256.0 * 1024.0;

/// Lets attackers name their own addresses, and admits guests.
const SETTINGS: [&str; 3] = ["--trust-proxy", "127.0.0.1/32", "--guests"];

/// The reports of the rounds; at least one.
pub(super) struct Abuse(Vec<Report>);

pub(super) fn measure(meter: &Meter) -> Result<Abuse> {
    let arguments = ["--members", "100", "--rate", "20", "--warm-up", "2", "--seconds", "10"];
    let meter = meter.in_memory()?;
    let rounds = (0..ROUNDS).map(|_| meter.teahouse_limited(&SETTINGS, "abuse", &arguments));
    let rounds = rounds.collect::<Result<_>>()?;
    meter.clear()?;
    Ok(Abuse(rounds))
}

impl Abuse {
    pub(super) fn section(&self) -> Result<String> {
        let Self(rounds) = self;
        let first = rounds.first().context("there is no round")?;
        let machine = machine::describe("cargo xtask bench --part abuse")?;
        let quiet = median_of(rounds, "quiet_ms.p99")?;
        let mut rows = vec![vec![
            "nothing".to_owned(),
            format!("{} ms", say(quiet)),
            "1 ×".to_owned(),
            format!("{} MB", say(greatest_of(rounds, "quiet_kib")? / 1024.0)),
            String::new(),
        ]];
        for (index, attack) in first.list("attacks")?.iter().enumerate() {
            let attacks = rounds.iter().map(|round| {
                let attacks = round.list("attacks")?;
                attacks.get(index).cloned().context("a round has fewer attacks than the first")
            });
            let attacks = attacks.collect::<Result<Vec<_>>>()?;
            let (p99, kib) = (median_of(&attacks, "latency_ms.p99")?, greatest_of(&attacks, "peak_kib")?);
            let holds = p99 <= MOST_TIMES * quiet && kib <= MOST_KIB;
            rows.push(vec![
                attack.text("attack")?,
                format!("{} ms", say(p99)),
                format!("{} ×", say(p99 / quiet)),
                format!("{} MB", say(kib / 1024.0)),
                if holds { "holds" } else { "**missed**" }.to_owned(),
            ]);
        }
        let head = ["attack", "p99 of the others", "to quiet", "server's peak", "≤ 5 ×, ≤ 256 MB"];
        let command = code(&first.command);
        Ok(format!(
            "{machine}\n\nMedians of {ROUNDS} rounds, peaks of all; the data lies in memory (`/dev/shm`): {command}\n\n{}",
            table(&head, &rows)
        ))
    }
}

/// Returns the median of a number in several reports.
fn median_of(reports: &[Report], path: &str) -> Result<f64> {
    reports.iter().map(|report| report.number(path)).collect::<Result<Vec<_>>>().map(median)
}

/// Returns the maximum of a number in several reports.
fn greatest_of(reports: &[Report], path: &str) -> Result<f64> {
    let numbers = reports.iter().map(|report| report.number(path));
    numbers.collect::<Result<Vec<_>>>().map(|numbers| numbers.into_iter().fold(0.0, f64::max))
}
