//! Builds the server in release mode with the site embedded, and runs it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// What the server logs once it listens, followed by its address.
pub(crate) const OPEN: &str = "the teahouse is open: http://";

/// Builds the single executable that serves everything, and returns its path.
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

/// Replaces this process with the server, at the workspace root, so that `./data` is in the checkout. The
/// server's own defaults and environment variables apply. Returns only if it cannot run, with the reason.
pub(crate) fn serve(workspace: &Workspace, program: &Path, arguments: Vec<OsString>) -> anyhow::Error {
    process::become_program(Command::new(program).current_dir(workspace.root()).args(arguments))
}
