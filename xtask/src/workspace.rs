//! Paths: the workspace root, cargo's target folder, and this tool's own folders inside them.
//!
//! Only computes paths; never creates, reads or removes what is there.

use std::env;
use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The target triple of all code that runs in the browser.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// This checkout of Teahouse.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Asks cargo for the workspace around the current folder, because `CARGO_TARGET_DIR` or cargo's
    /// configuration may have moved the target folder.
    pub(crate) fn find() -> Result<Self> {
        let mut metadata = Command::new(cargo());
        metadata.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
        let metadata: Value = serde_json::from_str(&process::read(&mut metadata)?)
            .context("cargo metadata printed something that is not JSON")?;
        let folder = |key: &str| {
            metadata[key].as_str().map(PathBuf::from).with_context(|| format!("cargo metadata has no {key}"))
        };
        Ok(Self { root: folder("workspace_root")?, target: folder("target_directory")? })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns a path inside the checkout.
    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Returns a path inside cargo's target folder.
    pub(crate) fn target(&self, path: &str) -> PathBuf {
        self.target.join(path)
    }

    /// Returns the folder of the finished site, which the server embeds.
    pub(crate) fn site(&self) -> PathBuf {
        self.target("site")
    }

    /// Returns a path in this tool's cache, which saves work in the next run.
    pub(crate) fn cache(&self, path: &str) -> PathBuf {
        self.target("xtask").join(path)
    }

    /// Returns the folder of the programs this tool installed with cargo, for this checkout only.
    pub(crate) fn tools(&self) -> PathBuf {
        self.join(".tools")
    }

    /// Returns a cargo command at the root. It lists the crates only on a terminal; a log gets only the
    /// errors.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.cargo_in_full(subcommand);
        if !stderr().is_terminal() {
            command.arg("--quiet");
        }
        command
    }

    /// Returns a cargo command at the root with full output.
    pub(crate) fn cargo_in_full(&self, subcommand: &str) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root).arg(subcommand);
        command
    }
}

/// Returns the cargo that runs this tool, so that a toolchain chosen with `cargo +name xtask` applies
/// throughout.
fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
