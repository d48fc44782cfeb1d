//! The pages in a browser: Lighthouse scores, and a trace of a long timeline. The scripts in
//! `end2end/performance` measure and judge; this module starts a server for each and formats their results.

use std::path::Path;

use anyhow::Result;

use super::figure::{Report, say};
use super::meter::Meter;
use super::tables::{code, table};

/// Reports of the scripts.
pub(super) struct Browsed {
    lighthouse: Report,
    long_page: Report,
}

pub(super) fn measure(meter: &Meter, end2end: &Path) -> Result<Browsed> {
    Ok(Browsed {
        lighthouse: meter.browser(end2end, "performance/lighthouse.mjs")?,
        long_page: meter.browser(end2end, "performance/long-page.mjs")?,
    })
}

impl Browsed {
    /// Formats the tables, and names what exceeds a budget.
    pub(super) fn tables(&self) -> Result<String> {
        let mut scores = Vec::new();
        for page in self.lighthouse.list("pages")? {
            let mut row = vec![page.text("page")?];
            for category in
                ["performance", "accessibility", "best-practices", "seo", "largest_paint_ms", "kib"]
            {
                row.push(say(page.number(category)?));
            }
            scores.push(row);
        }
        let mut phases = Vec::new();
        for phase in self.long_page.list("phases")? {
            let mut row = vec![phase.text("phase")?];
            for number in [
                "longest_script_task_cpu_ms",
                "longest_script_task_ms",
                "elements",
                "heap_mib",
                "program_mib",
            ] {
                row.push(say(phase.number(number)?));
            }
            phases.push(row);
        }
        let head =
            ["page", "performance", "accessibility", "best practices", "SEO", "largest paint, ms", "KiB"];
        let long = [
            "10,000 messages",
            "longest script task, ms of CPU",
            "by the clock",
            "elements",
            "JS heap, MiB",
            "WASM memory, MiB",
        ];
        let mut problems = Vec::new();
        for report in [&self.lighthouse, &self.long_page] {
            problems.extend(report.strings("problems")?);
        }
        let verdict = match problems.as_slice() {
            [] => "All of it holds.".to_owned(),
            some => format!("**Missed:** {}.", some.join("; ")),
        };
        Ok(format!(
            "Lighthouse, phone profile, the middle of three runs ({}):\n\n{}\n\
             A long timeline, traced in Chromium {} ({}):\n\n{}\n{verdict}\n",
            code(&self.lighthouse.command),
            table(&head, &scores),
            self.long_page.text("browser")?,
            code(&self.long_page.command),
            table(&long, &phases),
        ))
    }
}
