//! Runs Autobahn's WebSocket conformance suite against an echo server on the server's own transport
//! (`transport/examples/echo.rs`). Installs the suite from `PyPI` in the versions pinned in
//! `xtask/autobahn/`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::packages::host_packages;
use crate::process;
use crate::running::Server;
use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

/// What the echo server logs once it listens, followed by its address.
const OPEN: &str = "the echo is open: ws://";

/// Prefixes of the cases that are not run: they send binary messages, which a session refuses with a protocol
/// line. The compression cases (12 and 13) are not loaded at all, because the server does not offer
/// compression.
const BINARY: [&str; 5] = ["1.2.", "9.2.", "9.4.", "9.6.", "9.8."];

/// Outcome of the cases by group, which is the first part of a case's number.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    groups: BTreeMap<u32, Group>,
    /// Each failed case, with the suite's explanation.
    wrong: Vec<String>,
}

#[derive(Debug, Default)]
struct Group {
    ok: u64,
    /// Correct in the end, but not at the earliest possible moment.
    non_strict: u64,
    /// Not covered by the standard.
    informational: u64,
    wrong: u64,
}

/// Runs the cases and returns their outcome.
pub(crate) fn run(workspace: &Workspace, steps: Steps) -> Result<Verdict> {
    let (folder, source) = (workspace.cache("autobahn"), workspace.join("xtask/autobahn"));
    let list = source.join("requirements.txt");
    tools::ensure_python_packages(&folder, &list, "Autobahn's test suite", steps)?;
    steps.step("building the echo", || {
        // Name all packages, so that the dependencies have the same features and are not compiled once more.
        let mut build = workspace.cargo("build");
        process::run(build.args(["--example", "echo", "--features", "app/ssr"]).args(host_packages()))
    })?;
    let report = folder.join("report.json");
    if report.is_file() {
        fs::remove_file(&report)?;
    }
    let echo = Server::start(OPEN, Command::new(workspace.target("debug/examples/echo")))?;
    let mut fuzzer = Command::new(folder.join("bin/python"));
    fuzzer.arg(source.join("run.py")).arg(format!("ws://{}", echo.address())).arg(&report).args(BINARY);
    steps.step("running Autobahn's cases", || process::run_hidden(&mut fuzzer))?;
    let json = fs::read_to_string(&report).context("the cases did not come to their end")?;
    Verdict::of(&json)
}

impl Verdict {
    /// Parses the runner's report.
    fn of(json: &str) -> Result<Self> {
        let report: BTreeMap<String, Value> =
            serde_json::from_str(json).context("the suite's report is not JSON")?;
        let mut verdict = Self::default();
        for (case, came) in report {
            let group = case.split('.').next().and_then(|group| group.parse().ok());
            let group = group.with_context(|| format!("a case has no number: {case}"))?;
            let group = verdict.groups.entry(group).or_default();
            match (came["behavior"].as_str(), came["behaviorClose"].as_str()) {
                (Some("OK"), Some("OK")) => group.ok += 1,
                (Some("NON-STRICT"), Some("OK")) => group.non_strict += 1,
                (Some("INFORMATIONAL"), Some("OK" | "INFORMATIONAL")) => group.informational += 1,
                _ => {
                    group.wrong += 1;
                    verdict.wrong.push(format!(
                        "case {case}: {}, closing: {}. {}",
                        came["behavior"], came["behaviorClose"], came["result"]
                    ));
                }
            }
        }
        Ok(verdict)
    }

    /// Returns the number of cases that passed.
    pub(crate) fn passed(&self) -> u64 {
        self.groups.values().map(|group| group.ok + group.non_strict + group.informational).sum()
    }

    /// Returns the number of cases that failed.
    pub(crate) fn failed(&self) -> u64 {
        self.groups.values().map(|group| group.wrong).sum()
    }

    /// Returns whether there were cases and all of them passed.
    pub(crate) fn is_success(&self) -> bool {
        self.passed() > 0 && self.failed() == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<8}{:>8}{:>12}{:>15}{:>8}", "cases", "ok", "non-strict", "informational", "wrong")?;
        for (number, Group { ok, non_strict, informational, wrong }) in &self.groups {
            writeln!(f, "{:<8}{ok:>8}{non_strict:>12}{informational:>15}{wrong:>8}", format!("{number}.*"))?;
        }
        let binary = BINARY.map(|case| format!("{case}*")).join(", ");
        writeln!(
            f,
            "not run: {binary} (binary, which is refused); 12.*, 13.* (compression, which is not offered)"
        )?;
        for line in &self.wrong {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(cases: &[(&str, &str, &str)]) -> Verdict {
        let report: serde_json::Map<String, Value> = cases
            .iter()
            .map(|(case, behavior, close)| {
                let came =
                    serde_json::json!({"behavior": behavior, "behaviorClose": close, "result": "It came."});
                ((*case).to_owned(), came)
            })
            .collect();
        Verdict::of(&Value::Object(report).to_string()).unwrap()
    }

    #[test]
    fn a_case_is_right_when_both_its_course_and_its_end_are() {
        let right = [
            ("1.1.1", "OK", "OK"),
            ("6.4.3", "NON-STRICT", "OK"),
            ("7.1.6", "INFORMATIONAL", "INFORMATIONAL"),
            ("7.13.1", "INFORMATIONAL", "OK"),
        ];
        let verdict = verdict(&right);
        assert_eq!((verdict.passed(), verdict.failed(), verdict.is_success()), (4, 0, true));
    }

    #[test]
    fn whatever_else_is_wrong_and_named() {
        for (behavior, close) in [
            ("FAILED", "OK"),
            ("OK", "UNCLEAN"),
            ("OK", "FAILED BY CLIENT"),
            ("OK", "WRONG CODE"),
            ("INFORMATIONAL", "FAILED"),
            ("UNIMPLEMENTED", "OK"),
        ] {
            let verdict = verdict(&[("1.1.1", "OK", "OK"), ("5.3", behavior, close)]);
            assert_eq!((verdict.passed(), verdict.failed(), verdict.is_success()), (1, 1, false));
            let said = verdict.to_string();
            assert!(said.contains("case 5.3: ") && said.contains(behavior) && said.contains(close), "{said}");
        }
    }

    #[test]
    fn no_cases_are_no_success() {
        assert!(!verdict(&[]).is_success());
        assert!(Verdict::of("nothing").is_err());
    }
}
