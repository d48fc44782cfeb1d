//! The command line of `teahouse`. Only parses it. [`programs`] holds the subcommands for hooks and tokens,
//! [`environment`] adapts variables and lists for clap.

mod environment;
mod programs;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use chat::room_name::RoomName;
use clap::{
    Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    builder::{PathBufValueParser, TypedValueParser as _},
    error::ErrorKind,
};

pub use programs::{HookCommand, Location, TokenCommand};

use crate::config::Config;

/// The command line of `teahouse`.
#[derive(Debug, Parser)]
#[command(
    name = "teahouse",
    version,
    about = "A chat room that you run yourself",
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

impl Cli {
    /// Parses the arguments, the program's name first, and the environment.
    ///
    /// # Errors
    ///
    /// An invalid value or argument; also the output of `--help` and `--version`.
    pub fn read(words: impl Iterator<Item = OsString>) -> Result<Cli, clap::Error> {
        let words = environment::with_commas(&Cli::command(), words);
        let matches = match environment::fitted(Cli::command()).try_get_matches_from(words.clone()) {
            // Help names every variable, including those that are empty.
            Err(error) if error.kind() == ErrorKind::DisplayHelp => {
                Cli::command().try_get_matches_from(words)?
            }
            matches => matches?,
        };
        Cli::from_arg_matches(&matches)
    }

    /// Returns the command to run; `serve` if none was given.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or_else(|| Command::Serve(Box::new(self.config)))
    }
}

/// The subcommands of `teahouse`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the chat (the default)
    Serve(Box<Config>),

    /// Copy the database to a new file, while a server runs or without one
    ///
    /// FILE holds every message that was acknowledged before the backup began, all rooms and all nicknames. It is one
    /// SQLite database, which appears when it is complete; an existing file is never overwritten. It does not contain
    /// the keys that sign logins: copy `cookie.keys` and `house.id` from the data folder too, or all users must log in
    /// again, as new users, after a restore on another machine.
    Backup {
        /// The data folder to copy from.
        #[command(flatten)]
        folder: Folder,

        /// The file to create; it must not exist
        #[arg(value_name = "FILE", value_parser = a_file())]
        file: PathBuf,
    },

    /// Replace the database by a backup; the server must be stopped
    ///
    /// FILE is checked first: it must be an intact database of this version or of an earlier one. The existing database
    /// is renamed within the data folder, to a name that contains the time. The restored one begins a new epoch, so that
    /// all clients load what the rooms hold now.
    Restore {
        /// The data folder to restore into; it is created if it does not exist.
        #[command(flatten)]
        folder: Folder,

        /// The backup; it is not changed
        #[arg(value_name = "FILE", value_parser = a_file())]
        file: PathBuf,
    },

    /// Write rooms as lines of JSON, while a server runs or without one
    ///
    /// All rooms are written as of one moment. docs/archive-format.md describes the lines. They contain neither reserved
    /// nicknames nor the keys that sign logins.
    Export {
        /// The data folder to read.
        #[command(flatten)]
        folder: Folder,

        /// A room to write; may be repeated; without it all rooms
        #[arg(long = "room", value_name = "ROOM", value_parser = RoomName::parse_any)]
        rooms: Vec<RoomName>,

        /// A new file to write instead of standard output; it must not exist
        #[arg(long, value_name = "FILE", value_parser = a_file())]
        output: Option<PathBuf>,
    },

    /// Read rooms from lines of JSON that `export` wrote; the server must be stopped
    ///
    /// Imports all of FILE, or nothing if there is an error. Rooms must be new or empty. Messages keep their numbers, ids,
    /// users and times, so that links still work and a retry does not create another message.
    Import {
        /// The data folder to write to; it is created if it does not exist.
        #[command(flatten)]
        folder: Folder,

        /// The file to read; `-` is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },

    /// Create, list and revoke hooks, addresses that post into rooms, while a server runs or without one
    #[command(subcommand, arg_required_else_help = false)]
    Hook(HookCommand),

    /// Create, list and revoke tokens for the API, while a server runs or without one
    #[command(subcommand, arg_required_else_help = false)]
    Token(TokenCommand),
}

/// Where the database is.
#[derive(Debug, Args)]
pub struct Folder {
    /// The folder with the messages
    #[arg(long, env = "TEAHOUSE_DATA", default_value = "./data", value_name = "DIR")]
    pub data: PathBuf,
}

/// Parses the path of a file. Refuses `-`: a pipe can be neither renamed into place when complete nor read
/// twice.
fn a_file() -> impl clap::builder::TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if path == Path::new("-") {
            return Err("this must be a file, not a pipe; one of this name is `./-`");
        }
        Ok(path)
    })
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::{Cli, Command};

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_word_it_serves() {
        let told = |words: &[&str]| Cli::try_parse_from(words).unwrap().into_command();
        assert!(matches!(told(&["teahouse"]), Command::Serve(_)));
        assert!(
            matches!(told(&["teahouse", "--backlog", "7"]), Command::Serve(config) if config.backlog == 7)
        );
        let served = told(&["teahouse", "serve", "--backlog", "7"]);
        assert!(matches!(served, Command::Serve(config) if config.backlog == 7));
    }
}
