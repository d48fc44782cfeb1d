//! Command-line options of the load test.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::floor::Fault;
use crate::room_layout::RoomLayout;
use crate::speech::ServerKind;

#[derive(Debug, Parser)]
#[command(name = "loadtest", about = "Meters chat servers by the deliveries that arrive", version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Be the floor: write each message to every member with one bare write(2) each
    Floor {
        /// The address and port to listen on; port 0 takes a free one
        #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Break one delivery, so that one sees it noticed
        #[arg(long, hide = true)]
        fault: Option<Fault>,
        /// End when standard input ends
        #[arg(long, hide = true)]
        ends_with_input: bool,
    },
    /// Closed loop: the next message is said when everybody has heard one
    Closed(Closed),
    /// Open loop: messages at a fixed rate, times from when each was due
    Open(Open),
    /// The memory of connections at rest, and after bursts
    Idle(Idle),
    /// Everybody enters as fast as they can
    Join(Join),
    /// The server is stopped and started again under clients that come back to what they missed
    Reconnect(Reconnect),
    /// Some stop reading; what the others notice of it
    Slow(Slow),
    /// Closed loops over several numbers of rooms and members
    Grid(Grid),
    /// Print a room's past as an archive, for `teahouse import` and then `history`
    Corpus {
        /// How many messages
        #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
        messages: u64,
    },
    /// Attacks, one after the other, and what ordinary people notice of them
    Abuse(Abuse),
    /// Connections that only answer heartbeats; start the server with a short `--heartbeat`
    Heartbeat(Heartbeat),
    /// A long past: opening the house, entering, scrolling, searching and saying, over an imported `corpus`
    History(History),
}

/// What every mode needs.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// `ws://127.0.0.1:3000`, or `floor` to start one for this run
    #[arg(long, value_name = "URL")]
    pub(crate) target: String,
    /// How the target wants to be spoken to
    #[arg(long, value_enum, default_value_t = ServerKind::Teahouse)]
    pub(crate) speech: ServerKind,
    /// Further nodes of the same chat, as in `ws://127.0.0.1:3001`: the members sit on all nodes in turns
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    pub(crate) nodes: Vec<String>,
    /// The server's process, to see its CPU time and memory; of several nodes, theirs in sum
    #[arg(long, value_delimiter = ',')]
    pub(crate) pid: Vec<i32>,
    /// The Redis behind the nodes, to see what it uses
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) redis: Option<SocketAddr>,
    /// Rooms
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub(crate) rooms: u32,
    /// Members of each room, those who speak among them
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub(crate) members: u32,
    /// How many members of each room speak
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) speakers: u32,
    /// Characters in a message's text
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(42..=60_000))]
    pub(crate) size: u32,
    /// Connections that may be on their way in at once
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) at_once: u32,
    /// How long nothing may come before what is missing is taken for lost. The system itself waits that long, where a
    /// server has not taken up a connection, until it tries again
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    pub(crate) patience: f64,
    /// A file for the report as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// How long is metered.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Seconds before the metering begins
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub(crate) warm_up: f64,
    /// Seconds that are metered
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    pub(crate) seconds: f64,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Closed {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) times: Times,
    /// Messages that each speaker has in flight
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) window: u32,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Open {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) times: Times,
    /// Messages a second, in all rooms together
    #[arg(long, value_name = "N", default_value_t = 50.0, value_parser = rate)]
    pub(crate) rate: f64,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Abuse {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) times: Times,
    /// Messages a second of those who talk meanwhile
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = rate)]
    pub(crate) rate: f64,
    /// Only the attack of this name
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Option<String>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Idle {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Seconds of rest before memory is read
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    pub(crate) rest: f64,
    /// Messages of a burst, said at once by one member of each room
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) burst: u32,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Join {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Seconds to wait, when all are in, for what is still said about it
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = seconds)]
    pub(crate) rest: f64,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Reconnect {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Messages a second that one client says, also while the server is away
    #[arg(long, value_name = "N", default_value_t = 10.0, value_parser = rate)]
    pub(crate) rate: f64,
    /// Stop the server by SIGKILL rather than SIGTERM
    #[arg(long)]
    pub(crate) kill: bool,
    /// Seconds of talk before the stop and after everybody is back
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = seconds)]
    pub(crate) talk: f64,
    /// The server's command line, by which it is started twice
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Slow {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) times: Times,
    /// How many members of each room stop reading
    #[arg(long = "slow", value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) readers: u32,
    /// Messages a second, in all rooms together
    #[arg(long, value_name = "N", default_value_t = 50.0, value_parser = rate)]
    pub(crate) rate: f64,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Grid {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) times: Times,
    /// Messages that each speaker has in flight
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) window: u32,
    /// Rooms × members, as in `1x10,1x100,10x10`
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = cell, default_value = "1x10,1x100,1x1000,10x10,10x100,100x10")]
    pub(crate) cells: Vec<(u32, u32)>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Heartbeat {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) times: Times,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct History {
    /// `ws://127.0.0.1:3000`, where the command will listen
    #[arg(long, value_name = "URL")]
    pub(crate) target: String,
    /// The server's data folder, with the corpus in it
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// How many messages the corpus has
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    pub(crate) messages: u64,
    /// How often each thing is asked for
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = asks)]
    pub(crate) asks: usize,
    /// How often the server is started
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) starts: u32,
    /// Messages that are said at once
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) window: u32,
    /// Seconds for which they are said
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// How long an answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds)]
    pub(crate) patience: f64,
    /// A file for the report as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// The server's command line, by which it is started several times
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

fn asks(text: &str) -> Result<usize, String> {
    let asks = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if (1..=100_000).contains(&asks) { Ok(asks) } else { Err("it must be 1 to 100000".to_owned()) }
}

fn cell(text: &str) -> Result<(u32, u32), String> {
    let cell =
        text.split_once('x').and_then(|(rooms, members)| Some((rooms.parse().ok()?, members.parse().ok()?)));
    cell.filter(|&(rooms, members)| rooms > 0 && members > 0)
        .ok_or_else(|| "it must be rooms x members, as in 10x100".to_owned())
}

impl Common {
    pub(crate) fn seats(&self) -> RoomLayout {
        RoomLayout {
            rooms: self.rooms as usize,
            members: self.members as usize,
            speakers: self.speakers.min(self.members) as usize,
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    positive(text, 3600.0)
}

fn rate(text: &str) -> Result<f64, String> {
    positive(text, 1e6)
}

fn positive(text: &str, most: f64) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if number > 0.0 && number <= most {
        Ok(number)
    } else {
        Err(format!("it must be above 0 and at most {most}"))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_number_that_cannot_be_is_refused() {
        for arguments in [
            ["--members", "0"],
            ["--size", "41"],
            ["--seconds", "-1"],
            ["--seconds", "NaN"],
            ["--window", "0"],
            ["--target", ""],
        ] {
            let line = ["loadtest", "closed", "--target", "floor"].into_iter().chain(arguments);
            assert!(Options::try_parse_from(line).is_err(), "{arguments:?}");
        }
    }
}
