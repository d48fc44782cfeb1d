//! The subcommands that manage hooks and API tokens. Only parses them.

use std::path::PathBuf;

use chat::name::Nickname;
use clap::{Args, Subcommand};

use crate::{
    config::{StoreChoice, a_prefix},
    identity::tokens::{Scope, Target, TokenLocation},
};

/// What can be done about hooks.
#[derive(Debug, Subcommand)]
pub enum HookCommand {
    /// Make a hook: an address to which a program posts what a room is to read
    ///
    /// Prints the id, the path and the token, once: only a digest is kept. `curl -d 'deploy done' URL` with that path
    /// speaks in the room; docs/api.md tells more.
    Add {
        /// Where the tokens lie.
        #[command(flatten)]
        location: Location,

        /// The room in which it speaks; `*` is all rooms
        #[arg(long, value_name = "ROOM")]
        room: Target,

        /// What it is called there
        #[arg(long, value_name = "NAME", value_parser = Nickname::parse)]
        name: Nickname,

        /// Pushes a minute; 0: no limit
        #[arg(long, default_value_t = 60, value_name = "N")]
        rate: u32,

        /// A room into which a push may choose to go by its `channel`; may be given several times; `*` is any. Without it
        /// `channel` is ignored
        #[arg(long = "channels", value_name = "ROOM", value_delimiter = ',')]
        channels: Vec<Target>,
    },
    /// List the hooks, without their secrets
    List {
        /// Where the tokens lie.
        #[command(flatten)]
        location: Location,
    },
    /// Revoke a hook: from then on it lets nobody in
    Revoke {
        /// Where the tokens lie.
        #[command(flatten)]
        location: Location,

        /// Its id, as `list` shows it
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// What can be done about tokens for the API.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token with which a program uses the API
    ///
    /// Prints the id and the token, once: only a digest is kept.
    Add {
        /// Where the tokens lie.
        #[command(flatten)]
        location: Location,

        /// What its holder is called in a room
        #[arg(long, value_name = "NAME", value_parser = Nickname::parse)]
        name: Nickname,

        /// What it is good for; may be given several times
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<Scope>,

        /// A room in which it is good; may be given several times; `*` is all rooms
        #[arg(long = "room", value_name = "ROOM", default_value = "*")]
        rooms: Vec<Target>,

        /// Requests a minute; 0: no limit
        #[arg(long, default_value_t = 600, value_name = "N")]
        rate: u32,
    },
    /// List the tokens, without their secrets
    List {
        /// Where the tokens lie.
        #[command(flatten)]
        location: Location,
    },
    /// Revoke a token: from then on it lets nobody in
    Revoke {
        /// Where the tokens lie.
        #[command(flatten)]
        location: Location,

        /// Its id, as `list` shows it
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// Where the server keeps what it keeps.
#[derive(Debug, Args)]
pub struct Location {
    /// The folder with the messages; it is made if there is none
    #[arg(long, env = "TEAHOUSE_DATA", default_value = "./data", value_name = "DIR")]
    data: PathBuf,

    /// What the server keeps its messages in: `sqlite`, or the address of a Redis
    #[arg(
        long,
        env = "TEAHOUSE_STORE",
        hide_env_values = true,
        default_value = "sqlite",
        value_name = "STORE"
    )]
    store: StoreChoice,

    /// What the names of everything in Redis begin with
    #[arg(long, env = "TEAHOUSE_REDIS_PREFIX", default_value = "teahouse", value_name = "NAME", value_parser = a_prefix)]
    redis_prefix: String,
}

impl Location {
    /// Returns the location that these arguments name.
    pub fn place(self) -> TokenLocation {
        let Location { data, store, redis_prefix } = self;
        TokenLocation { data, store, redis_prefix }
    }
}
