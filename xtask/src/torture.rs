//! `cargo xtask torture`: the simulation of clients, links and server in `chat`, over as many seeds as one has time for.
//!
//! The simulation finds the faults and says how to see one again; this only builds it for speed and hands it the seeds.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::process;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// How many seeds it takes unless told otherwise: less than a minute's worth on two cores.
pub(crate) const SEEDS: &str = "20000";

/// The test that is the simulation.
const SIMULATION: [&str; 5] = ["--release", "--package", "chat", "--test", "simulation"];

/// Tries so many seeds from the first one on. What failed, and how to run it again, is printed by the simulation itself.
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
