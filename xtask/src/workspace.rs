//! Where things lie: the workspace's root, cargo's target folder, and the folders that this tool keeps in them.
//!
//! Knows paths only; never makes, reads or removes what lies there.

use std::env;
use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The target triple of everything that runs in the browser.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// This checkout of Teahouse.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Asks cargo where the workspace around the current folder is, because `CARGO_TARGET_DIR` or cargo's own
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

    /// A path inside the checkout.
    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// A path inside cargo's target folder.
    pub(crate) fn target(&self, path: &str) -> PathBuf {
        self.target.join(path)
    }

    /// The finished site, as the server embeds it.
    pub(crate) fn site(&self) -> PathBuf {
        self.target("site")
    }

    /// What this tool keeps between two runs to do less in the second.
    pub(crate) fn cache(&self, path: &str) -> PathBuf {
        self.target("xtask").join(path)
    }

    /// Programs that this tool installed with cargo, for this checkout only.
    pub(crate) fn tools(&self) -> PathBuf {
        self.join(".tools")
    }

    /// A cargo command at the root. Its list of crates is for a person who watches; a log gets the errors only.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.cargo_in_full(subcommand);
        if !stderr().is_terminal() {
            command.arg("--quiet");
        }
        command
    }

    /// A cargo command at the root that says everything.
    pub(crate) fn cargo_in_full(&self, subcommand: &str) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root).arg(subcommand);
        command
    }
}

/// The cargo that runs this tool, so that a toolchain chosen with `cargo +name xtask` holds throughout.
fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
