//! Teahouse's developer tool: `cargo xtask serve | build | size | dev | test | torture | autobahn | bench`,
//! the only commands a newcomer needs.
//!
//! Parses the command line and wires the modules together; the modules do the work.

mod autobahn;
mod bench;
mod fingerprint;
mod lock;
mod packages;
mod probe;
mod process;
mod running;
mod server;
mod site;
mod sizes;
mod steps;
mod system;
mod test;
mod tools;
mod torture;
mod workspace;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command as Program, ExitCode};

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::bench::{Extent, Part};
use crate::sizes::Sizes;
use crate::steps::Steps;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    let matches = command_line().get_matches();
    match run(&matches) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command_line() -> Command {
    let passed_on = |to: &'static str| {
        Arg::new("arguments").last(true).num_args(0..).value_parser(value_parser!(OsString)).help(to)
    };
    let number = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u64)).help(help)
    };
    Command::new("cargo xtask")
        .about("Builds, runs and tests Teahouse, installing what that takes")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("serve")
                .about("Build the release and serve it on http://127.0.0.1:3000, with its data in ./data")
                .arg(passed_on("Passed on to teahouse")),
        )
        .subcommand(
            Command::new("build").about("Build target/release/teahouse: one file with the site inside"),
        )
        .subcommand(Command::new("size").about("Build the site, show what a first visit costs, and fail above the budget"))
        .subcommand(
            Command::new("dev")
                .about("Build for debugging, serve, and do both again at every change (cargo leptos watch)")
                .arg(passed_on("Passed on to cargo leptos watch")),
        )
        .subcommand(
            Command::new("test").about("Install what the tests need and run them all").arg(
                Arg::new("all-browsers")
                    .long("all-browsers")
                    .action(ArgAction::SetTrue)
                    .help("Tell the core stories in Firefox and WebKitGTK too"),
            ),
        )
        .subcommand(
            Command::new("bench")
                .about("Measure the release beside the floor of bare writes, and write docs/performance.md")
                .arg(
                    Arg::new("quick")
                        .long("quick")
                        .action(ArgAction::SetTrue)
                        .help("A little of everything, to see that nothing is lost; writes nothing"),
                )
                .arg(
                    Arg::new("others")
                        .long("others")
                        .action(ArgAction::SetTrue)
                        .conflicts_with("quick")
                        .help("Only what stands beside other servers; prints it and writes nothing"),
                )
                .arg(
                    Arg::new("part")
                        .long("part")
                        .value_name("PART")
                        .value_parser(Part::NAMES)
                        .conflicts_with_all(["quick", "others"])
                        .help("Only this part of the page; `abuse`, attacks, and `longest`, ten million messages, are in no other bench"),
                )
                .arg(
                    Arg::new("program")
                        .long("program")
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .help("Measure this teahouse instead of building one"),
                ),
        )
        .subcommand(
            Command::new("autobahn").about("Run Autobahn's test suite on the server's WebSocket transport"),
        )
        .subcommand(
            Command::new("torture")
                .about("Simulate storms on clients, links and server, and say which seed broke a promise")
                .arg(number("seeds", "How many storms").default_value(torture::SEEDS))
                .arg(number("seed", "The seed of the first, such as one that failed").default_value("0")),
        )
}

fn run(matches: &ArgMatches) -> Result<ExitCode> {
    let steps = Steps::begin();
    let workspace = Workspace::find()?;
    match matches.subcommand() {
        Some(("serve", matches)) => {
            let site = site::build(&workspace, steps)?;
            let program = server::build(&workspace, steps, &site)?;
            steps.say("serving; stop with Ctrl-C");
            Err(server::serve(&workspace, &program, passed_on(matches)))
        }
        Some(("build", _)) => {
            let site = site::build(&workspace, steps)?;
            let program = server::build(&workspace, steps, &site)?;
            steps.say(&format!("built {}", program.display()));
            Ok(ExitCode::SUCCESS)
        }
        Some(("size", _)) => {
            let sizes = Sizes::of(&site::build(&workspace, steps)?)?;
            print!("{sizes}");
            sizes.check()?;
            Ok(ExitCode::SUCCESS)
        }
        Some(("dev", matches)) => {
            let mut watch = prepare_watch(&workspace, steps)?;
            steps.say("watching; stop with Ctrl-C");
            Err(process::become_program(watch.args(passed_on(matches))))
        }
        Some(("test", matches)) => test::run(&workspace, steps, matches.get_flag("all-browsers")),
        Some(("bench", matches)) => {
            let built = matches.get_one::<PathBuf>("program").map(PathBuf::as_path);
            let part = matches.get_one::<String>("part").map(String::as_str);
            let extent = match (matches.get_flag("quick"), matches.get_flag("others"), part) {
                (true, ..) => Extent::Quick,
                (_, true, _) => Extent::Others,
                (.., Some(part)) => Extent::Part(Part::named(part)?),
                _ => Extent::All,
            };
            bench::run(&workspace, steps, extent, built)
        }
        Some(("autobahn", _)) => {
            let verdict = autobahn::run(&workspace, steps)?;
            print!("{verdict}");
            Ok(if verdict.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Some(("torture", matches)) => {
            let number = |name| *matches.get_one::<u64>(name).expect("clap fills in the default");
            torture::run(&workspace, steps, number("seed"), number("seeds"))
        }
        _ => unreachable!("clap lets no other command through"),
    }
}

/// Prepares `cargo leptos watch`, with every tool it looks for on `PATH`.
fn prepare_watch(workspace: &Workspace, steps: Steps) -> Result<Program> {
    tools::require_basics()?;
    tools::ensure_wasm_target(steps)?;
    tools::ensure_npm(workspace, steps)?;
    tools::ensure_wasm_bindgen(workspace, steps)?;
    let cargo_leptos = tools::ensure_cargo_leptos(workspace, steps)?;
    let mut watch = Program::new(cargo_leptos);
    watch
        .args(["leptos", "watch"])
        .current_dir(workspace.root())
        .env("PATH", tools::path_with_tools(workspace)?);
    Ok(watch)
}

fn passed_on(matches: &ArgMatches) -> Vec<OsString> {
    matches.get_many("arguments").into_iter().flatten().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command_line().debug_assert();
    }

    #[test]
    fn what_follows_two_dashes_is_passed_on() {
        let matches =
            command_line().try_get_matches_from(["xtask", "serve", "--", "--listen", "[::]:80"]).unwrap();
        let (_, serve) = matches.subcommand().unwrap();
        assert_eq!(passed_on(serve), ["--listen", "[::]:80"]);
    }

    #[test]
    fn an_unknown_command_is_refused() {
        assert!(command_line().try_get_matches_from(["xtask", "brew"]).is_err());
    }
}
