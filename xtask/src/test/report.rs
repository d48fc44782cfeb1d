//! The table at the end of `cargo xtask test`, and the totals on its last line.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::count::Counts;
use super::tested::Tested;

use crate::steps::Steps;

#[derive(Debug, PartialEq)]
enum Outcome {
    /// A check has no tests; it adds one to the failed if it fails.
    Check(bool),
    Tests(Counts),
    NotRun(&'static str),
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    took: Duration,
    outcome: Outcome,
}

/// Results of all steps.
#[derive(Debug)]
pub(super) struct Report {
    steps: Steps,
    rows: Vec<Row>,
}

impl Report {
    pub(super) fn new(steps: Steps) -> Self {
        Self { steps, rows: Vec::new() }
    }

    /// Runs a check. Returns its value if it succeeded.
    pub(super) fn check<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        let mut made = None;
        self.row(name, |steps| match work() {
            Ok(value) => {
                made = Some(value);
                Outcome::Check(true)
            }
            Err(error) => {
                steps.say(&format!("{name}: FAILED: {error:#}"));
                Outcome::Check(false)
            }
        });
        made
    }

    /// Runs a test step.
    pub(super) fn tests(&mut self, name: &'static str, work: impl FnOnce() -> Result<Tested>) {
        self.row(name, |steps| {
            let tested = work().unwrap_or_else(|error| {
                steps.say(&format!("{name}: FAILED: {error:#}"));
                Tested { counts: Counts::default(), success: false }
            });
            Outcome::Tests(judge(&tested))
        });
    }

    /// Records a step that could not run, which counts as a failure.
    pub(super) fn not_run(&mut self, name: &'static str, why: &'static str) {
        self.rows.push(Row { name, took: Duration::ZERO, outcome: Outcome::NotRun(why) });
    }

    pub(super) fn is_success(&self) -> bool {
        self.total().failed == 0
    }

    fn row(&mut self, name: &'static str, work: impl FnOnce(Steps) -> Outcome) {
        self.steps.say(&format!("== {name}"));
        let began = Instant::now();
        let outcome = work(self.steps);
        self.rows.push(Row { name, took: began.elapsed(), outcome });
    }

    fn total(&self) -> Counts {
        let mut total = Counts::default();
        for row in &self.rows {
            match row.outcome {
                Outcome::Check(true) => {}
                Outcome::Check(false) | Outcome::NotRun(_) => total.failed += 1,
                Outcome::Tests(counts) => total.add(counts),
            }
        }
        total
    }
}

/// Counts a test step that failed without naming a failed test, or that ran no tests, as one failure.
fn judge(tested: &Tested) -> Counts {
    let mut counts = tested.counts;
    if counts.failed == 0 && (!tested.success || counts.passed == 0) {
        counts.failed = 1;
    }
    counts
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{:<34}{:>9}{:>9}{:>9}", "step", "seconds", "passed", "failed")?;
        for Row { name, took, outcome } in &self.rows {
            write!(f, "{name:<34}{:>9.1}", took.as_secs_f64())?;
            match outcome {
                Outcome::Check(true) => writeln!(f, "{:>9}", "ok")?,
                Outcome::Check(false) => writeln!(f, "{:>18}", "FAILED")?,
                Outcome::Tests(counts) => writeln!(f, "{:>9}{:>9}", counts.passed, counts.failed)?,
                Outcome::NotRun(why) => writeln!(f, "{:>18}: {why}", "NOT RUN")?,
            }
        }
        let total = self.total();
        let took: Duration = self.rows.iter().map(|row| row.took).sum();
        writeln!(f, "{:<34}{:>9.1}", "in all", took.as_secs_f64())?;
        writeln!(f, "\n{} passed, {} failed", total.passed, total.failed)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn tested(passed: u64, failed: u64, success: bool) -> Tested {
        Tested { counts: Counts { passed, failed }, success }
    }

    fn report() -> Report {
        Report::new(Steps::begin())
    }

    #[test]
    fn the_last_line_is_the_count() {
        let mut report = report();
        report.check("format", || Ok(()));
        report.tests("unit tests", || Ok(tested(7, 0, true)));
        report.tests("end to end", || Ok(tested(2, 1, false)));
        assert_eq!(report.to_string().lines().last(), Some("9 passed, 1 failed"));
        assert!(!report.is_success());
    }

    #[test]
    fn all_is_well_only_when_tests_ran() {
        let mut report = report();
        report.check("format", || Ok(()));
        report.tests("unit tests", || Ok(tested(7, 0, true)));
        assert!(report.is_success());
        report.tests("end to end", || Ok(tested(0, 0, true)));
        assert!(!report.is_success());
    }

    #[test]
    fn whatever_did_not_go_well_is_a_failure() {
        let failures: [fn(&mut Report); 4] = [
            |report| assert_eq!(report.check::<()>("format", || bail!("not formatted")), None),
            |report| report.tests("unit tests", || bail!("no runner")),
            |report| report.tests("unit tests", || Ok(tested(3, 0, false))),
            |report| report.not_run("end to end", "there is no release"),
        ];
        for fail in failures {
            let mut report = report();
            fail(&mut report);
            assert_eq!(report.total().failed, 1, "{report}");
        }
    }
}
