//! The server: built in release with the site inside, and run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// What it says once it listens, with the address behind it.
pub(crate) const OPEN: &str = "the teahouse is open: http://";

/// Builds the one file that serves everything, and returns where it is.
pub(crate) fn build(workspace: &Workspace, steps: Steps, site: &Path) -> Result<PathBuf> {
    steps.step("building the server with the site inside", || {
        process::run(
            workspace
                .cargo("build")
                .args(["--release", "--package", "server", "--features", "embed"])
                .env("TEAHOUSE_SITE", site),
        )
    })?;
    Ok(workspace.target("release/teahouse"))
}

/// Runs the server in this program's place, at the root, so that its `./data` is the checkout's. Its own defaults and
/// environment variables hold. Returns only the reason why it could not run.
pub(crate) fn serve(workspace: &Workspace, program: &Path, arguments: Vec<OsString>) -> anyhow::Error {
    process::become_program(Command::new(program).current_dir(workspace.root()).args(arguments))
}
