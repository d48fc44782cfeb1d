//! Attacks beside people who talk: what the people notice, and how much memory the server comes to hold. The server runs
//! with its limits as they are.

use anyhow::Result;

use super::figure::{Report, say};
use super::machine;
use super::meter::Meter;
use super::tables::{code, table};

/// How many times the quiet p99 the others' may be, and how many KiB the server may hold.
const MOST_TIMES: f64 = 5.0;
const MOST_KIB: f64 = 256.0 * 1024.0;

/// Attackers name their own addresses, and guests are welcome.
const SETTINGS: [&str; 3] = ["--trust-proxy", "127.0.0.1/32", "--guests"];

pub(super) struct Abuse(Report);

pub(super) fn measure(meter: &Meter) -> Result<Abuse> {
    let arguments = ["--members", "100", "--rate", "20", "--warm-up", "2", "--seconds", "10"];
    meter.teahouse_limited(&SETTINGS, "abuse", &arguments).map(Abuse)
}

impl Abuse {
    pub(super) fn section(&self) -> Result<String> {
        let Self(report) = self;
        let machine = machine::describe("cargo xtask bench --part abuse")?;
        let mut rows = vec![vec![
            "nothing".to_owned(),
            format!("{} ms", say(report.number("quiet_ms.p99")?)),
            "1 ×".to_owned(),
            format!("{} MB", say(report.number("quiet_kib")? / 1024.0)),
            String::new(),
        ]];
        for attack in report.list("attacks")? {
            let (ratio, kib) = (attack.number("ratio")?, attack.number("peak_kib")?);
            let holds = ratio <= MOST_TIMES && kib <= MOST_KIB;
            rows.push(vec![
                attack.text("attack")?,
                format!("{} ms", say(attack.number("latency_ms.p99")?)),
                format!("{} ×", say(ratio)),
                format!("{} MB", say(kib / 1024.0)),
                if holds { "holds" } else { "**missed**" }.to_owned(),
            ]);
        }
        let head = ["attack", "p99 of the others", "to quiet", "server's peak", "≤ 5 ×, ≤ 256 MB"];
        Ok(format!("{machine}\n\n{}\n\n{}", code(&report.command), table(&head, &rows)))
    }
}
