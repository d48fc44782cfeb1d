//! The page's tables, in Markdown.

use std::fmt::Write;

use anyhow::Result;

use super::figure::{Report, say};
use super::plan::{Contest, Growth, Judged, Storms};

/// Formats a table from its column titles and its rows.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&head.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>());
    text.extend(["|", &"---|".repeat(head.len()), "\n"]);
    text.extend(rows.iter().map(|row| line(row)));
    text
}

pub(super) fn code(command: &str) -> String {
    format!("`{command}`")
}

fn verdict(holds: bool) -> String {
    if holds { "holds" } else { "**missed**" }.to_owned()
}

/// Formats the budgets of `docs/design.md`, and whether each holds.
pub(super) fn budgets(contests: &[Contest], storms: &Storms) -> Result<String> {
    let mut rows = Vec::new();
    for contest in contests {
        let ratio = contest.ratio()?;
        let (budget, of) = match contest.judged {
            Judged::ByCpu(least) => {
                (format!("≥ {} ×", say(least)), "of the floor's deliveries per CPU-second")
            }
            Judged::ByWait(most) => (format!("≤ {} ×", say(most)), "the floor's p99"),
        };
        rows.push(vec![
            contest.what.clone(),
            format!("{} × {of}", say(ratio)),
            budget,
            verdict(contest.judged.holds(ratio)),
        ]);
    }
    let Storms { idle, join, restarted, killed, .. } = storms;
    let states = ["at_rest", "after_one_message", "after_burst"];
    let memory = states.map(|state| idle.number(&format!("per_connection_kib.{state}")));
    let memory =
        memory.into_iter().try_fold(0.0, |most: f64, memory| memory.map(|memory| most.max(memory)))?;
    let connections = say(idle.number("connections")?);
    rows.push(vec![
        format!("an idle connection, at {connections}, before and after a burst to all"),
        format!("at most {} KiB of resident memory", say(memory)),
        "≤ 6 KB".into(),
        verdict(memory * 1.024 <= 6.0),
    ]);
    let (seconds, bytes) = (join.number("all_in_seconds")?, told(join)?);
    rows.push(vec![
        format!("{} people enter one room", say(join.number("clients")?)),
        format!("all in after {} s, at most {} bytes of presence to each", say(seconds), say(bytes)),
        "≤ 20 s, ≤ 4 KB".into(),
        verdict(seconds <= 20.0 && bytes <= 4096.0),
    ]);
    for (report, how) in [(restarted, "is restarted"), (killed, "is killed and started")] {
        let seconds = report.number("all_back_seconds")?;
        rows.push(vec![
            format!("{} clients while the server {how}", say(report.number("clients")?)),
            format!(
                "all back with what they missed {} s after it is open again, {} s after the signal",
                say(seconds),
                say(report.number("all_back_after_signal_seconds")?)
            ),
            "≤ 10 s".into(),
            verdict(seconds <= 10.0 && report.number("not_resumed")? == 0.0),
        ]);
    }
    Ok(table(&["what", "measured", "budget", ""], &rows))
}

/// Returns the most presence bytes any client receives: on joining, and after it.
fn told(join: &Report) -> Result<f64> {
    Ok(join.number("greeting_bytes.max")? + join.number("presence_bytes.max")?)
}

/// Formats the numbers behind the ratios.
pub(super) fn contests(contests: &[Contest]) -> Result<String> {
    let figures = [
        ("deliveries per CPU-second", "server.deliveries_per_cpu_second"),
        ("deliveries per second", "deliveries_per_second"),
        ("bytes per delivery", "bytes_per_delivery"),
        ("deliveries per frame", "deliveries_per_frame"),
        ("p50, ms", "latency_ms.p50"),
        ("p99, ms", "latency_ms.p99"),
        ("p99.9, ms", "latency_ms.p99_9"),
        ("the server's CPU, of one core", "server.cpu"),
        ("the load test's CPU, of one core", "own_cpu"),
    ];
    let mut text = String::new();
    for contest in contests {
        let mut rows = Vec::new();
        for (name, path) in figures {
            let (teahouse, floor) = contest.medians(path)?;
            rows.push(vec![name.to_owned(), say(teahouse), say(floor), say(teahouse / floor)]);
        }
        let command = contest.rounds.first().map(|(report, _)| code(&report.command)).unwrap_or_default();
        let what = capital(&contest.what);
        let table = table(&["", "Teahouse", "floor", "ratio"], &rows);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "**{what}**, medians of {}: {command}\n\n{table}", contest.rounds.len());
    }
    Ok(text)
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(super) fn growth(all: &[Growth]) -> Result<String> {
    let mut text = String::new();
    for growth in all {
        let mut rows = Vec::new();
        for (number, teahouse, floor) in growth.steps()? {
            let mut row = vec![say(number)];
            for path in ["messages_per_second", "deliveries_per_second"] {
                row.push(say(teahouse.number(path)?));
                row.push(say(floor.number(path)?));
            }
            let path = "server.deliveries_per_cpu_second";
            row.push(say(teahouse.number(path)? / floor.number(path)?));
            row.push(say(teahouse.number("latency_ms.p99")?));
            rows.push(row);
        }
        let head = [
            growth.axis,
            "messages/s",
            "floor's",
            "deliveries/s",
            "floor's",
            "ratio per CPU-second",
            "p99, ms",
        ];
        let Growth { title, file, .. } = growth;
        let (command, table) = (code(&growth.teahouse.command), table(&head, &rows));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "**{title}**: {command}\n\n![{title}]({file})\n\n{table}");
    }
    Ok(text)
}

pub(super) fn storms(storms: &Storms) -> Result<String> {
    let Storms { idle, heartbeat, join, restarted, killed, slow } = storms;
    let mut rows = Vec::new();
    let mut row = |what: &str, value: String, report: &Report| {
        rows.push(vec![what.to_owned(), value, code(&report.command)]);
    };
    for (what, path) in [
        ("an idle connection, KiB", "per_connection_kib.at_rest"),
        ("the same after one message to all", "per_connection_kib.after_one_message"),
        ("the same right after a burst of 100 to all", "per_connection_kib.right_after_burst"),
        ("the same when the burst is over", "per_connection_kib.after_burst"),
        ("the server with nobody connected, KiB", "empty_kib.rss"),
    ] {
        row(what, say(idle.number(path)?), idle);
    }
    // Only root may read this.
    if let Ok(bytes) = idle.number("kernel.objects_per_end") {
        row("what the kernel keeps for each end of it, bytes", say(bytes), idle);
    }
    for (what, path) in [
        ("a heartbeat and its answer, µs of the server's CPU", "server_cpu_microseconds_each"),
        ("the same on the wire, bytes", "bytes_each"),
    ] {
        row(what, say(heartbeat.number(path)?), heartbeat);
    }
    for (what, path) in [
        ("everybody in, seconds", "all_in_seconds"),
        ("bytes on entering, at most", "greeting_bytes.max"),
        ("bytes about who came later, median", "presence_bytes.median"),
        ("the same, at most", "presence_bytes.max"),
        ("the server's CPU seconds for it", "server_cpu_seconds"),
    ] {
        row(what, say(join.number(path)?), join);
    }
    for report in [restarted, killed] {
        for (what, path) in [
            ("the server stops, seconds", "stopping_seconds"),
            ("it starts, seconds", "starting_seconds"),
            ("all back after that, seconds", "all_back_seconds"),
            ("all back since the signal, seconds", "all_back_after_signal_seconds"),
            ("messages said meanwhile, none lost", "said_meanwhile"),
            ("the new server's CPU seconds", "server_cpu_seconds"),
        ] {
            row(what, say(report.number(path)?), report);
        }
    }
    for (what, path) in [
        ("p99 of the fast while all read, ms", "latency_without_ms.p99"),
        ("the same while the slow do not", "latency_with_ms.p99"),
        ("the slow that came back to all they missed", "resumed"),
        ("the slow that came back to the newest page", "not_resumed"),
    ] {
        row(what, say(slow.number(path)?), slow);
    }
    row("how the slow were cut off, by close code", slow.words("cut_off")?, slow);
    Ok(table(&["what", "measured", "by"], &rows))
}
