//! `cargo xtask test`: runs every check and test suite in sequence and prints a summary. A failing step does
//! not stop the later ones, unless they need its output.

mod count;
mod report;
mod suite;
mod tested;

use std::process::ExitCode;

use anyhow::Result;

use report::Report;
use suite::Suite;

use crate::bench;
use crate::server;
use crate::site;
use crate::steps::Steps;
use crate::system;
use crate::tools;
use crate::workspace::Workspace;

/// Installs missing tools, runs every step, and prints the table and the totals.
pub(crate) fn run(workspace: &Workspace, steps: Steps, all_browsers: bool) -> Result<ExitCode> {
    tools::require_basics()?;
    system::ensure_packages(steps, all_browsers)?;
    tools::ensure_npm_packages(&workspace.join("end2end"), "Playwright from npm", steps)?;

    let suite = Suite { workspace, steps };
    let mut report = Report::new(steps);
    report.check("format", || suite.format());
    report.check("clippy", || suite.clippy());
    report.tests("unit, property and server tests", || suite.host_tests());
    report.tests("Autobahn's cases", || suite.autobahn());

    let made = report.check("site", || site::build(workspace, steps));
    report.check("clippy for WebAssembly", || suite.clippy_wasm());
    report.tests("WebAssembly tests", || suite.wasm_tests());
    report.check("documentation", || suite.documentation());
    if let Some(site) = made {
        report.check("first load within budget", || Suite::budget(&site));
        report.check("the API, probed", || suite.probe(&site));
        report.check("clippy with the site inside", || suite.clippy_embedded(&site));
        match report.check("release", || server::build(workspace, steps, &site)) {
            Some(program) => {
                report.check("a quick bench", || bench::quick(workspace, steps, &program));
                report.tests("torture of the release", || suite.torture(&program));
                report.tests("end to end", || suite.end_to_end(&program, all_browsers));
            }
            None => report.not_run("bench, torture and end to end", "there is no release"),
        }
    } else {
        report.not_run("probe, release, bench, torture and end to end", "there is no site");
    }

    print!("{report}");
    Ok(if report.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
