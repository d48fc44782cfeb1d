//! The steps of `cargo xtask test`. Their commands share cargo's two profiles and one target folder, so that
//! no dependency is compiled a third time.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::count::{self, Counts};
use super::tested::Tested;

use crate::autobahn;
use crate::packages::host_packages;
use crate::probe;
use crate::process;
use crate::sizes::Sizes;
use crate::steps::Steps;
use crate::system;
use crate::tools;
use crate::workspace::{WASM_TARGET, Workspace};

const DENY_WARNINGS: [&str; 3] = ["--", "--deny", "warnings"];

pub(super) struct Suite<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) steps: Steps,
}

impl Suite<'_> {
    pub(super) fn format(&self) -> Result<()> {
        // With `--quiet`, `cargo fmt --check` would hide the differences.
        process::run(self.workspace.cargo_in_full("fmt").args(["--all", "--check"]))
    }

    pub(super) fn clippy(&self) -> Result<()> {
        let mut clippy = self.workspace.cargo("clippy");
        clippy.args(["--all-targets", "--features", "app/ssr"]).args(host_packages()).args(DENY_WARNINGS);
        process::run(&mut clippy)
    }

    /// Lints the code that embeds the site, which compiles only when there is a site to embed.
    pub(super) fn clippy_embedded(&self, site: &Path) -> Result<()> {
        process::run(
            self.workspace
                .cargo("clippy")
                .args(["--package", "server", "--features", "embed"])
                .env("TEAHOUSE_SITE", site)
                .args(DENY_WARNINGS),
        )
    }

    /// Lints both entry points in the browser: hydrating a rendered page, and the client-only build.
    pub(super) fn clippy_wasm(&self) -> Result<()> {
        let ways: [&[&str]; 2] = [&["--all-targets"], &["--no-default-features", "--features", "csr"]];
        for features in ways {
            process::run(
                self.workspace
                    .cargo("clippy")
                    .args(["--package", "frontend", "--target", WASM_TARGET])
                    .args(features)
                    .args(DENY_WARNINGS),
            )?;
        }
        Ok(())
    }

    pub(super) fn host_tests(&self) -> Result<Tested> {
        let mut test = self.workspace.cargo("test");
        test.args(["--no-fail-fast", "--features", "app/ssr"]).args(host_packages());
        // The storms run against the release, which is what users run: see `torture`.
        test.args(["--", "--skip", "after_a_storm_"]);
        libtest(&mut test)
    }

    /// Tests the server's transport with an independent test suite.
    pub(super) fn autobahn(&self) -> Result<Tested> {
        let verdict = autobahn::run(self.workspace, self.steps)?;
        eprint!("{verdict}");
        let counts = Counts { passed: verdict.passed(), failed: verdict.failed() };
        Ok(Tested { counts, success: verdict.is_success() })
    }

    pub(super) fn wasm_tests(&self) -> Result<Tested> {
        let runner = tools::ensure_wasm_bindgen(self.workspace, self.steps)?;
        let arguments = ["--no-fail-fast", "--package", "frontend", "--target", WASM_TARGET];
        process::run(self.workspace.cargo("test").arg("--no-run").args(arguments))?;
        // The runner does not know the `--quiet` that cargo would pass on, and by now nothing is left to
        // compile.
        let mut test = self.workspace.cargo_in_full("test");
        test.args(arguments)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
            .env("CHROMEDRIVER", system::chromedriver()?);
        libtest(&mut test)
    }

    pub(super) fn documentation(&self) -> Result<()> {
        // The documentation is for developers and shows private items, so links to them resolve.
        let deny = ("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private_intra_doc_links");
        let mut host = self.workspace.cargo("doc");
        host.args(["--no-deps", "--document-private-items", "--features", "app/ssr"]).args(host_packages());
        process::run(host.env(deny.0, deny.1))?;
        let mut browser = self.workspace.cargo("doc");
        browser.args([
            "--no-deps",
            "--document-private-items",
            "--package",
            "frontend",
            "--target",
            WASM_TARGET,
        ]);
        process::run(browser.env(deny.0, deny.1))
    }

    pub(super) fn budget(site: &Path) -> Result<()> {
        let sizes = Sizes::of(site)?;
        eprint!("{sizes}");
        sizes.check()
    }

    /// Probes the API of the debug server, which checks what a release does not. Builds it through `cargo
    /// test`: on its own it would use other dependency features, and all dependencies would be compiled once
    /// more.
    pub(super) fn probe(&self, site: &Path) -> Result<()> {
        let mut build = self.workspace.cargo("test");
        process::run(build.args(["--no-run", "--features", "app/ssr"]).args(host_packages()))?;
        probe::run(self.workspace, self.steps, &self.workspace.target("debug/teahouse"), site)
    }

    /// Subjects the release to storms, kills and power cuts. Passes `TEAHOUSE_SEED` and `TEAHOUSE_MINUTES`
    /// through.
    pub(super) fn torture(&self, program: &Path) -> Result<Tested> {
        let mut test = self.workspace.cargo("test");
        // Name all packages, so that the dependencies have the same features and are not compiled once more.
        test.args(["--features", "app/ssr"]).args(host_packages()).args(["--test", "torture"]);
        // Print the result of each storm even when all is well.
        test.args(["--", "--nocapture"]).env("TEAHOUSE_BIN", program);
        libtest(&mut test)
    }

    /// Runs Playwright, which drives real browsers against the release that users run.
    pub(super) fn end_to_end(&self, program: &Path, all_browsers: bool) -> Result<Tested> {
        let results = self.workspace.cache("end2end.json");
        if results.is_file() {
            fs::remove_file(&results)?;
        }
        let end2end = self.workspace.join("end2end");
        let mut playwright = Command::new(end2end.join("node_modules/.bin/playwright"));
        playwright
            .current_dir(&end2end)
            .args(["test", "--reporter=list,json"])
            .env("PLAYWRIGHT_JSON_OUTPUT_FILE", &results)
            .env("TEAHOUSE_BIN", program)
            .env_remove("TEAHOUSE_ALL_BROWSERS");
        if all_browsers {
            playwright.env("TEAHOUSE_ALL_BROWSERS", "1");
        }
        let said = process::tee(&mut playwright)?;
        let json = fs::read_to_string(&results).context("Playwright left no results")?;
        Ok(Tested { counts: count::playwright(&json)?, success: said.success })
    }
}

fn libtest(command: &mut Command) -> Result<Tested> {
    // Color codes would break the parsing of the counts.
    let said = process::tee(command.env("CARGO_TERM_COLOR", "never"))?;
    Ok(Tested { counts: count::libtest(&said.text), success: said.success })
}
