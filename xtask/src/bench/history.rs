//! How an instance performs with a long history: sends the same requests to rooms of more and more messages.

use anyhow::{Context, Result};

use super::figure::{Report, say};
use super::meter::Meter;
use super::plan::Line;
use super::plot;
use super::scale::Scale;
use super::tables::{code, table};

/// File name and title of the plot.
const FILE: &str = "performance-history.svg";
const TITLE: &str = "Milliseconds (p50) against messages of history";

/// One report per length of the history.
pub(super) struct History(Vec<Report>);

/// Figures with a p50 and a p99.
const WAITS: [(&str, &str); 15] = [
    ("the chat's page, whole", "page_ms"),
    ("entering: a new socket, and the newest 100 messages", "enter_ms"),
    ("scrolling: 100 messages, at the newest end", "scroll_ms.newest"),
    ("the same in the middle", "scroll_ms.middle"),
    ("the same at the oldest end", "scroll_ms.oldest"),
    ("going to a message", "scroll_ms.around"),
    ("going to a day", "scroll_ms.day"),
    ("search: a rare word, said five times", "search_ms.rare"),
    ("the same in its room alone", "search_ms.rare_in_room"),
    ("a frequent word, in every ninth message", "search_ms.frequent"),
    ("page after page of it", "search_ms.pages"),
    ("a Chinese word, in every twentieth message", "search_ms.chinese"),
    ("two letters that begin many words", "search_ms.beginning"),
    ("two frequent words that nobody said together", "search_ms.apart"),
    ("saying, 20 in flight, until it is kept", "append.acknowledged_ms"),
];

/// Figures with a single number.
const NUMBERS: [(&str, &str); 8] = [
    ("messages kept a second", "append.messages_per_second"),
    ("the server's CPU for each, µs", "append.server_cpu_microseconds_per_message"),
    ("the log on the disk, bytes a message", "disk.log_bytes_per_message"),
    ("the index on the disk, bytes a message", "disk.index_bytes_per_message"),
    ("the index made after an import, seconds", "index.seconds"),
    ("the server's CPU for it, µs a message", "index.cpu_microseconds_per_message"),
    ("resident memory after the start, KiB", "started_kib.rss"),
    ("resident memory after all of this, KiB", "memory_kib.rss"),
];

pub(super) fn measure(meter: &Meter, scale: &Scale, lengths: &[&str]) -> Result<History> {
    let arguments = ["--asks", scale.asks, "--starts", scale.starts, "--seconds", scale.cell];
    let reports =
        lengths.iter().map(|length| meter.history(length, &arguments)).collect::<Result<Vec<_>>>()?;
    meter.clear()?;
    Ok(History(reports))
}

impl History {
    pub(super) fn table(&self) -> Result<String> {
        let (first, last) = (self.0.first().context("no history")?, self.0.last().context("no history")?);
        let mut head = vec!["p50 / p99, ms".to_owned()];
        for report in &self.0 {
            head.push(format!("{} messages", say(report.number("messages")?)));
        }
        head.push("p50, last by first".to_owned());
        let mut rows = Vec::new();
        let mut starting = vec!["from the start to the open door, p50 / most".to_owned()];
        for report in &self.0 {
            starting.push(format!(
                "{} / {}",
                say(report.number("start_ms.p50")?),
                say(report.number("start_ms.max")?)
            ));
        }
        starting.push(say(last.number("start_ms.p50")? / first.number("start_ms.p50")?));
        rows.push(starting);
        for (what, path) in WAITS {
            let (p50, p99) = (format!("{path}.p50"), format!("{path}.p99"));
            let mut row = vec![what.to_owned()];
            for report in &self.0 {
                row.push(format!("{} / {}", say(report.number(&p50)?), say(report.number(&p99)?)));
            }
            row.push(say(last.number(&p50)? / first.number(&p50)?));
            rows.push(row);
        }
        for (what, path) in NUMBERS {
            let mut row = vec![what.to_owned()];
            for report in &self.0 {
                row.push(say(report.number(path)?));
            }
            row.push(say(last.number(path)? / first.number(path)?));
            rows.push(row);
        }
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        let compared = self.0.iter().map(|report| report.number("answers_compared")).sum::<Result<f64>>()?;
        Ok(format!(
            "{}, over what `loadtest corpus` printed and `teahouse import` took in; {} answers were compared with what they \
             must hold, and none was wrong.\n\n{}",
            code(&last.command),
            say(compared),
            table(&head, &rows),
        ))
    }

    /// Returns the section: the plot, followed by the table.
    pub(super) fn section(&self) -> Result<String> {
        Ok(format!("![{TITLE}]({FILE})\n\n{}", self.table()?))
    }

    /// Returns the plot's file name and its SVG.
    pub(super) fn plot(&self) -> Result<(&'static str, String)> {
        Ok((FILE, plot::draw(TITLE, "messages", &self.lines()?)))
    }

    /// Returns the report with the longest history.
    pub(super) fn longest(&self) -> Result<&Report> {
        self.0.last().context("no history")
    }

    fn lines(&self) -> Result<Vec<Line>> {
        let line = |name: &'static str, path: &str| {
            let point = |report: &Report| Ok((report.number("messages")?, report.number(path)?));
            Ok((name, self.0.iter().map(point).collect::<Result<Vec<_>>>()?))
        };
        [
            ("start", "start_ms.p50"),
            ("enter", "enter_ms.p50"),
            ("scroll, oldest", "scroll_ms.oldest.p50"),
            ("search, rare", "search_ms.rare.p50"),
            ("search, frequent", "search_ms.frequent.p50"),
            ("search, two apart", "search_ms.apart.p50"),
        ]
        .into_iter()
        .map(|(name, path)| line(name, path))
        .collect()
    }
}
