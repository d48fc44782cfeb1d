//! Runs Schemathesis, which reads the server's `OpenAPI` description and sends every request it allows and many
//! it does not. Installs it from `PyPI` with all its dependencies, in the versions pinned in
//! `xtask/schemathesis.txt`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::running::Server;
use crate::server::OPEN;
use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

/// Duration of the probe, in seconds.
const TIME: &str = "30";

/// Seed of its random inputs, so that they are the same each time.
const SEED: &str = "1";

/// Probes a fresh server for a while; fails if an answer contradicts the API description.
pub(crate) fn run(workspace: &Workspace, steps: Steps, program: &Path, site: &Path) -> Result<()> {
    let schemathesis = ensure(workspace, steps)?;
    let folder = workspace.cache("probe");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let data = folder.join("data");
    fs::create_dir_all(&data)?;
    let made = |words: &[&str]| -> Result<String> {
        let mut command = Command::new(program);
        command.args(words).args(["--name", "Probe", "--rate", "0", "--data"]).arg(&data);
        let said = process::read(&mut command)?;
        let token = said.lines().find_map(|line| line.strip_prefix("token: "));
        Ok(token.context("no token was made")?.to_owned())
    };
    let token = made(&["token", "add", "--scope", "read", "--scope", "write"])?;
    let hook = made(&["hook", "add", "--room", "lobby"])?;
    let settings = fs::read_to_string(workspace.join("xtask/schemathesis.toml"))?.replace("HOOK", &hook);
    let settings_file = folder.join("schemathesis.toml");
    fs::write(&settings_file, settings)?;

    let mut teahouse = Command::new(program);
    teahouse.args(["--listen", "127.0.0.1:0", "--max-connections", "0", "--data"]).arg(&data);
    teahouse.arg("--site").arg(site);
    let server = Server::start(OPEN, teahouse)?;
    process::run(
        Command::new(schemathesis)
            .current_dir(&folder)
            .arg("--config-file")
            .arg(&settings_file)
            .args([
                "run",
                &format!("http://{}/api/openapi.json", server.address()),
                "--checks",
                "all",
                "--no-color",
            ])
            .args(["--seed", SEED, "--max-time", TIME, "--generation-database", "none"])
            .args(["--header", &format!("Authorization: Bearer {token}")]),
    )
}

/// Returns the path of Schemathesis, after installing it unless it is there in the pinned versions.
fn ensure(workspace: &Workspace, steps: Steps) -> Result<PathBuf> {
    let folder = workspace.cache("schemathesis");
    tools::ensure_python_packages(&folder, &workspace.join("xtask/schemathesis.txt"), "Schemathesis", steps)?;
    Ok(folder.join("bin/st"))
}
