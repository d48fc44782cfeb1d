//! Load test that measures chat servers by the deliveries their clients receive, plus the floor: a minimal
//! server to compare them with.
//!
//! One thread drives all connections through one epoll. It searches the received bytes for the marks that its
//! messages carry and parses nothing else, so that it costs less than the server under test. It checks every
//! delivery against the messages sent: a lost, duplicated or reordered delivery fails the run.
//!
//! Knows servers only by their wire protocol (`speech`). Requires Linux (epoll, /proc).

mod clock;
mod options;

mod closed;
mod floor;
mod idle;
mod open;

mod abuse;
mod grid;
mod heartbeat;
mod history;
mod join;
mod reconnect;
mod slow;

mod comeback;
mod corpus;
mod gathering;
mod reader;
mod report;
mod target;

mod connection;
mod conversation;
mod crowd;
mod frames;
mod login;
mod mark;
mod redis;
mod room_layout;
mod speech;
mod swarm;
mod tally;
mod timer;
mod venue;

mod kernel;
mod limits;
mod meter;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::options::{Command, Options};
use crate::report::Verdict;

fn main() -> ExitCode {
    match run(Options::parse().command) {
        Ok(Verdict::Sound) => ExitCode::SUCCESS,
        Ok(Verdict::Faulty(complaint)) => {
            eprintln!("loadtest: {complaint}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("loadtest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<Verdict> {
    match command {
        Command::Floor { listen, fault, ends_with_input } => {
            floor::serve(listen, fault, ends_with_input).map(|()| Verdict::Sound)
        }
        Command::Closed(options) => closed::run(&options),
        Command::Open(options) => open::run(&options),
        Command::Idle(options) => idle::run(&options),
        Command::Join(options) => join::run(&options),
        Command::Reconnect(options) => reconnect::run(&options),
        Command::Slow(options) => slow::run(&options),
        Command::Grid(options) => grid::run(&options),
        Command::Corpus { messages } => corpus::print(messages).map(|()| Verdict::Sound),
        Command::Abuse(options) => abuse::run(&options),
        Command::Heartbeat(options) => heartbeat::run(&options),
        Command::History(options) => history::run(&options),
    }
}
