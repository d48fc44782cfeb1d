//! Numbers of passed and failed tests, parsed from the output of the test runners.

use anyhow::{Context, Result};
use serde_json::Value;

/// Tests by outcome. A skipped test counts as failed, because nothing shows that what it guards still holds.
/// So does a test that passed only on a retry.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Adds up the `test result:` lines of libtest, and of wasm-bindgen's runner, which prints the same format.
pub(super) fn libtest(said: &str) -> Counts {
    let mut counts = Counts::default();
    for line in said.lines() {
        let Some((_, result)) = line.split_once("test result:") else {
            continue;
        };
        let words: Vec<&str> = result.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else {
                continue;
            };
            match pair[1].trim_end_matches(';') {
                "passed" => counts.passed += number,
                "failed" | "ignored" => counts.failed += number,
                _ => {}
            }
        }
    }
    counts
}

/// Reads the statistics of Playwright's JSON reporter.
pub(super) fn playwright(json: &str) -> Result<Counts> {
    let report: Value = serde_json::from_str(json).context("Playwright's results are not JSON")?;
    let number = |key: &str| {
        report["stats"][key].as_u64().with_context(|| format!("Playwright's results have no stats.{key}"))
    };
    // An error outside any test, such as a file that does not load, does not appear in the statistics.
    let errors = report["errors"].as_array().map_or(0, Vec::len) as u64;
    Ok(Counts {
        passed: number("expected")?,
        failed: number("unexpected")? + number("flaky")? + number("skipped")? + errors,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_several_test_programs_add_up() {
        let said = "\
            running 3 tests\n...\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.01s\n\
            running 2 tests\n\
            test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n";
        assert_eq!(libtest(said), Counts { passed: 4, failed: 1 });
    }

    #[test]
    fn the_browser_runner_is_understood_too() {
        let said = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.00s";
        assert_eq!(libtest(said), Counts { passed: 2, failed: 0 });
    }

    #[test]
    fn a_skipped_test_is_a_failed_one() {
        let said = "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out";
        assert_eq!(libtest(said), Counts { passed: 2, failed: 1 });
        let json = r#"{"stats": {"expected": 5, "skipped": 1, "unexpected": 0, "flaky": 1}, "errors": []}"#;
        assert_eq!(playwright(json).unwrap(), Counts { passed: 5, failed: 2 });
    }

    #[test]
    fn an_error_outside_any_test_counts() {
        let json = r#"{"stats": {"expected": 5, "skipped": 0, "unexpected": 0, "flaky": 0}, "errors": [{}]}"#;
        assert_eq!(playwright(json).unwrap(), Counts { passed: 5, failed: 1 });
    }

    #[test]
    fn no_tests_are_no_tests() {
        assert_eq!(libtest("error: could not compile `chat`"), Counts::default());
        assert!(playwright("{}").is_err());
    }
}
