//! The subcommands that manage hooks and API tokens. Only parses them.

use std::path::PathBuf;

use chat::name::Nickname;
use clap::{Args, Subcommand};

use crate::{
    config::{StoreChoice, a_prefix},
    identity::tokens::{Scope, Target, TokenLocation},
};

/// The subcommands for hooks.
#[derive(Debug, Subcommand)]
pub enum HookCommand {
    /// Create a hook: an address that posts into a room
    ///
    /// Prints the id, the path and the token. The token is shown only now: the server stores a digest. `curl -d 'deploy
    /// done' URL` with that path posts a message; docs/api.md describes the formats.
    Add {
        /// The store of the tokens.
        #[command(flatten)]
        location: Location,

        /// The room to post to; `*` is all rooms
        #[arg(long, value_name = "ROOM")]
        room: Target,

        /// The name under which it posts
        #[arg(long, value_name = "NAME", value_parser = Nickname::parse)]
        name: Nickname,

        /// Messages a minute; 0: no limit
        #[arg(long, default_value_t = 60, value_name = "N")]
        rate: u32,

        /// A room that a message may select by its `channel`; may be repeated; `*` is any. Without it `channel` is ignored
        #[arg(long = "channels", value_name = "ROOM", value_delimiter = ',')]
        channels: Vec<Target>,
    },
    /// List the hooks, without their secrets
    List {
        /// The store of the tokens.
        #[command(flatten)]
        location: Location,
    },
    /// Revoke a hook
    Revoke {
        /// The store of the tokens.
        #[command(flatten)]
        location: Location,

        /// The id that `list` shows
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// The subcommands for API tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a token for the API
    ///
    /// Prints the id and the token. The token is shown only now: the server stores a digest.
    Add {
        /// The store of the tokens.
        #[command(flatten)]
        location: Location,

        /// The holder's name in rooms
        #[arg(long, value_name = "NAME", value_parser = Nickname::parse)]
        name: Nickname,

        /// What it permits; may be repeated
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<Scope>,

        /// A room that it is valid for; may be repeated; `*` is all rooms
        #[arg(long = "room", value_name = "ROOM", default_value = "*")]
        rooms: Vec<Target>,

        /// Requests a minute; 0: no limit
        #[arg(long, default_value_t = 600, value_name = "N")]
        rate: u32,
    },
    /// List the tokens, without their secrets
    List {
        /// The store of the tokens.
        #[command(flatten)]
        location: Location,
    },
    /// Revoke a token
    Revoke {
        /// The store of the tokens.
        #[command(flatten)]
        location: Location,

        /// The id that `list` shows
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// The store of a server.
#[derive(Debug, Args)]
pub struct Location {
    /// The folder with the messages; it is created if it does not exist
    #[arg(long, env = "TEAHOUSE_DATA", default_value = "./data", value_name = "DIR")]
    data: PathBuf,

    /// The server's store: `sqlite`, or the address of a Redis
    #[arg(
        long,
        env = "TEAHOUSE_STORE",
        hide_env_values = true,
        default_value = "sqlite",
        value_name = "STORE"
    )]
    store: StoreChoice,

    /// Prefix of all keys in Redis
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
