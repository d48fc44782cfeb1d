//! `cargo xtask torture`: runs the simulation of clients, links and server in `chat` over many seeds.
//!
//! The simulation finds the faults and prints how to reproduce one; this module only builds it with
//! optimisation and passes it the seeds.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::process;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Default number of seeds: less than a minute's worth on two cores.
pub(crate) const SEEDS: &str = "20000";

/// Arguments that select the simulation test.
const SIMULATION: [&str; 5] = ["--release", "--package", "chat", "--test", "simulation"];

/// Runs `seeds` seeds, beginning with `first`. The simulation itself prints failures and how to reproduce
/// them.
pub(crate) fn run(workspace: &Workspace, steps: Steps, first: u64, seeds: u64) -> Result<ExitCode> {
    steps.step("building the simulation", || {
        process::run(workspace.cargo("test").arg("--no-run").args(SIMULATION))
    })?;
    steps.say(&format!("{seeds} storms, from seed {first} on"));
    let success = process::tee(&mut command(workspace, first, seeds))?.success;
    steps.say(if success { "nothing was lost, and nothing was said twice" } else { "it failed; see above" });
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn command(workspace: &Workspace, first: u64, seeds: u64) -> Command {
    let mut command = workspace.cargo("test");
    command
        .args(SIMULATION)
        .args(["--", "--nocapture"])
        .env("TEAHOUSE_SEED", first.to_string())
        .env("TEAHOUSE_SEEDS", seeds.to_string());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simulation_is_handed_its_seeds() {
        let command = command(&Workspace::find().unwrap(), 7, 9);
        let handed: Vec<_> = command.get_envs().map(|(name, value)| (name, value.unwrap())).collect();
        assert_eq!(
            handed,
            [("TEAHOUSE_SEED".as_ref(), "7".as_ref()), ("TEAHOUSE_SEEDS".as_ref(), "9".as_ref())]
        );
    }
}
