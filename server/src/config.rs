//! The configuration: every flag, its environment variable, its default and its validation.

pub(crate) mod authority;
pub(crate) mod bots;
mod host_name;
mod listen_address;
mod log_filter;
mod log_format;
mod origin;
pub(crate) mod span;

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr};

use bots::Settings;

use clap::{ArgAction, Args, FromArgMatches as _};
use ipnet::IpNet;
use redis::{ConnectionInfo, IntoConnectionInfo as _};

pub use host_name::HostName;
pub use listen_address::ListenAddress;
pub use log_filter::LogFilter;
pub use log_format::LogFormat;
pub use origin::Origin;
pub use span::Span;

/// How the server runs.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// Address to listen on: `ADDR:PORT`, `NAME:PORT`, `3000` (loopback only), `:3000` (all interfaces), or
    /// `unix:/run/teahouse.sock`. Sockets passed by systemd take precedence
    #[arg(long, env = "TEAHOUSE_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDR:PORT")]
    pub listen: ListenAddress,

    /// Folder of the messages and the cookie keys
    #[arg(long, env = "TEAHOUSE_DATA", default_value = "./data", value_name = "DIR")]
    pub data: PathBuf,

    /// Store for messages: `sqlite` (in the data folder), or the address of a Redis, such as `redis://127.0.0.1:6379`,
    /// which all nodes of a cluster share. `rediss://` uses TLS; `redis://USER:PASSWORD@HOST:PORT/DB` logs in
    #[arg(
        long,
        env = "TEAHOUSE_STORE",
        hide_env_values = true,
        default_value = "sqlite",
        value_name = "STORE"
    )]
    pub store: StoreChoice,

    /// Prefix of all keys in Redis, so that several chats can share one
    #[arg(long, env = "TEAHOUSE_REDIS_PREFIX", default_value = "teahouse", value_name = "NAME", value_parser = a_prefix)]
    pub redis_prefix: String,

    /// Number of recent messages that a newcomer gets at once
    #[arg(long, env = "TEAHOUSE_BACKLOG", default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub backlog: u32,

    /// Number of messages that a room retains, the newest ones; 0 retains all
    #[arg(long, env = "TEAHOUSE_RETAIN", default_value_t = 0, value_name = "N")]
    pub retain: u32,

    /// File that configures bots; without it 小二 is in every room
    #[arg(
        long = "config",
        env = "TEAHOUSE_CONFIG",
        default_value = "",
        hide_default_value = true,
        value_name = "FILE"
    )]
    pub bots: BotsFile,

    /// Public address of the server, such as `https://chat.example.org`
    #[arg(long, env = "TEAHOUSE_BASE_URL", value_name = "URL", value_parser = Origin::parse_web)]
    pub base_url: Option<Origin>,

    /// Host name of the server, beside its addresses, localhost and this machine's own name; may be repeated, or be a
    /// list. The server refuses requests for other names
    #[arg(long, env = "TEAHOUSE_HOST", value_name = "NAME", value_delimiter = ',')]
    pub host: Vec<HostName>,

    /// Additional origin whose pages may connect and log in, such as `https://tea.example.org` or `capacitor://localhost`;
    /// may be repeated, or be a list. Patterns are refused
    #[arg(long, env = "TEAHOUSE_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<Origin>,

    /// Trusted proxy (address or CIDR), such as `10.0.0.10` or `10.0.0.0/8`, whose `Forwarded` or `X-Forwarded-For`, `-Proto`
    /// and `-Host` headers are believed; may be repeated, or be a list
    #[arg(long, env = "TEAHOUSE_TRUST_PROXY", value_name = "CIDR", value_delimiter = ',', value_parser = a_network)]
    pub trust_proxy: Vec<IpNet>,

    /// Admit plain text clients without a login, under a guest's name
    #[arg(
        long,
        env = "TEAHOUSE_GUESTS",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        hide_default_value = true,
        value_name = "BOOL",
        value_parser = a_boolean
    )]
    pub guests: bool,

    /// Time that a nickname stays reserved after its owner's last connection (10m, 90s, 0)
    #[arg(long, env = "TEAHOUSE_NICKNAME_GRACE", default_value = "10m", value_name = "TIME")]
    pub nickname_grace: Span,

    /// Time that a user may be disconnected before the room is told that they left
    #[arg(long, env = "TEAHOUSE_LEAVE_GRACE", default_value = "30s", value_name = "TIME")]
    pub leave_grace: Span,

    /// Time after which another node of the cluster counts as gone when nothing is heard of it
    #[arg(long, env = "TEAHOUSE_NODE_LEASE", default_value = "15s", value_name = "TIME")]
    pub node_lease: Span,

    /// Interval of the heartbeats by which dead connections are found
    #[arg(long, env = "TEAHOUSE_HEARTBEAT", default_value = "25s", value_name = "TIME")]
    pub heartbeat: Span,

    /// Time over which connections are closed when the server stops
    #[arg(long, env = "TEAHOUSE_DRAIN", default_value = "5s", value_name = "TIME")]
    pub drain: Span,

    /// Time that an idle HTTP connection stays open. Set it longer than the load balancer's own keep-alive, or requests race
    /// with the close
    #[arg(long, env = "TEAHOUSE_KEEP_ALIVE", default_value = "75s", value_name = "TIME")]
    pub keep_alive: Span,

    /// Messages and questions a second from one user, after a burst of 500; beyond them the server delays reading; an address
    /// may send as many as 50 users (this machine excepted); 0: no limit
    #[arg(long, env = "TEAHOUSE_RATE_SEND", default_value_t = 50, value_name = "N")]
    pub rate_send: u32,

    /// Bytes of messages a day from one user; an address may send as many as 50 users (this machine excepted); 0: no limit
    #[arg(long, env = "TEAHOUSE_RATE_TEXT", default_value_t = 67_108_864, value_name = "BYTES")]
    pub rate_text: u64,

    /// New rooms an hour by one user; an address may open as many as 50 users (this machine excepted); 0: no limit
    #[arg(long, env = "TEAHOUSE_RATE_ROOMS", default_value_t = 100, value_name = "N")]
    pub rate_rooms: u32,

    /// Pages and searches a second by one user, after a burst of 60; an address may ask for as many as 50 users (this machine
    /// excepted); 0: no limit
    #[arg(long, env = "TEAHOUSE_RATE_PAGES", default_value_t = 5, value_name = "N")]
    pub rate_pages: u32,

    /// Questions to bots an hour from one address (this machine excepted), in addition to each bot's budget per user; 0: no limit
    #[arg(long, env = "TEAHOUSE_RATE_QUESTIONS", default_value_t = 600, value_name = "N")]
    pub rate_questions: u32,

    /// Logins and guests a minute from one address, and as many invalid tokens (this machine excepted); 0: no limit
    #[arg(long, env = "TEAHOUSE_RATE_LOGIN", default_value_t = 60, value_name = "N")]
    pub rate_login: u32,

    /// Concurrent connections from one address (this machine excepted); 0: no limit
    #[arg(long, env = "TEAHOUSE_MAX_PER_ADDRESS", default_value_t = 256, value_name = "N")]
    pub max_per_address: usize,

    /// Concurrent connections in total; 0: no limit
    #[arg(long, env = "TEAHOUSE_MAX_CONNECTIONS", default_value_t = 20_000, value_name = "N")]
    pub max_connections: usize,

    /// Characters in a message; 0: no limit
    #[arg(long, env = "TEAHOUSE_TEXT_LIMIT", default_value_t = chat::text::DEFAULT_LIMIT, value_name = "N")]
    pub text_limit: usize,

    /// Bytes in a frame from a client; 0: no limit
    #[arg(long, env = "TEAHOUSE_FRAME_LIMIT", default_value_t = 131_072, value_name = "BYTES")]
    pub frame_limit: usize,

    /// Bytes that may be queued for a connection that reads too slowly; 0: no limit
    #[arg(long, env = "TEAHOUSE_QUEUE_LIMIT", default_value_t = 1_048_576, value_name = "BYTES")]
    pub queue_limit: usize,

    /// Rooms that one connection may join; 0: no limit
    #[arg(long, env = "TEAHOUSE_ROOM_LIMIT", default_value_t = 50, value_name = "N")]
    pub room_limit: usize,

    /// Rooms in total; at the limit, new ones are refused; 0: no limit
    #[arg(long, env = "TEAHOUSE_MAX_ROOMS", default_value_t = 100_000, value_name = "N")]
    pub max_rooms: usize,

    /// Bytes that the messages may occupy on disk (SQLite); at the limit, new messages are refused; 0: no limit
    #[arg(long, env = "TEAHOUSE_MAX_STORED", default_value_t = 0, value_name = "BYTES")]
    pub max_stored: u64,

    /// Free bytes on the disk of the data folder below which new messages are refused; 0: the disk may fill up
    #[arg(long, env = "TEAHOUSE_MIN_FREE", default_value_t = 268_435_456, value_name = "BYTES")]
    pub min_free: u64,

    /// Address for scrapers, where `GET /metrics` needs no token, such as `127.0.0.1:9100`
    #[arg(long, env = "TEAHOUSE_METRICS_LISTEN", value_name = "ADDR:PORT")]
    pub metrics_listen: Option<ListenAddress>,

    /// Log level (off, error, warn, info, debug, trace), optionally with levels per module: `info,server::search=debug`
    #[arg(long, env = "TEAHOUSE_LOG", default_value = "info", value_name = "FILTER")]
    pub log: LogFilter,

    /// Log format: text, or JSON with one object per line
    #[arg(
        long,
        env = "TEAHOUSE_LOG_FORMAT",
        default_value = "text",
        hide_possible_values = true,
        ignore_case = true,
        value_name = "text|json"
    )]
    pub log_format: LogFormat,

    /// Folder with a built site to serve instead of the embedded one
    #[arg(long, env = "TEAHOUSE_SITE_DIR", value_name = "DIR")]
    pub site: Option<PathBuf>,
}

/// Where messages are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChoice {
    /// In an embedded database in the data folder.
    Sqlite,
    /// In Redis, which several nodes may share.
    Redis(RedisAddress),
}

/// The address of a Redis and the credentials for it. May contain a password, so it is never printed whole.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisAddress {
    url: String,
    shown: String,
}

impl RedisAddress {
    /// Returns the address as given, with the password if it has one.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn parse(text: &str) -> Result<RedisAddress, String> {
        let info: ConnectionInfo = text.into_connection_info().map_err(|_| {
            // The input may contain a password, which must not be printed.
            "an address of Redis is written redis://HOST:PORT, redis://USER:PASSWORD@HOST:PORT/DB, or rediss://… for TLS"
                .to_owned()
        })?;
        let shown = format!("redis at {}, database {}", info.addr(), info.redis_settings().db());
        Ok(RedisAddress { url: text.to_owned(), shown })
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisAddress({self})")
    }
}

impl FromStr for StoreChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<StoreChoice, String> {
        match text {
            "sqlite" => Ok(StoreChoice::Sqlite),
            _ if ["redis:", "rediss:"].iter().any(|scheme| text.starts_with(scheme)) => {
                RedisAddress::parse(text).map(StoreChoice::Redis)
            }
            _ => {
                Err("the store is `sqlite` or an address of Redis as in `redis://127.0.0.1:6379`".to_owned())
            }
        }
    }
}

/// Parses a network; a single address is a network with one member.
fn a_network(text: &str) -> Result<IpNet, String> {
    let network =
        text.parse().or_else(|_| text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical())));
    network
        .map_err(|_| "expected an address or a network, as in 10.0.0.10, 10.0.0.0/8 or fd00::/8".to_owned())
}

/// Parses a boolean in the spellings that environment files use.
fn a_boolean(text: &str) -> Result<bool, String> {
    match &*text.to_ascii_lowercase() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("expected 1, true, yes, on, 0, false, no or off".to_owned()),
    }
}

/// Parses a name that is safe in Redis keys: it cannot be read as a pattern or a hash tag and has no line
/// break.
pub(crate) fn a_prefix(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    if (1..=64).contains(&text.len()) && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("a prefix is 1 to 64 of A-Z a-z 0-9 - _ .".to_owned())
    }
}

/// The bots that a settings file defines.
#[derive(Clone, Debug, Default)]
pub struct BotsFile(Settings);

impl BotsFile {
    /// Parses the text of such a file; returns the first mistake in it, with its line.
    pub fn parse(text: &str) -> Result<BotsFile, String> {
        Settings::parse(text).map(BotsFile).map_err(|mistake| mistake.to_string())
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0
    }
}

impl FromStr for BotsFile {
    type Err = String;

    /// Reads the file at this path; an empty path means no file.
    fn from_str(path: &str) -> Result<BotsFile, String> {
        if path.is_empty() {
            return Ok(BotsFile::default());
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("it cannot be read: {error}"))?;
        BotsFile::parse(&text)
    }
}

impl Config {
    /// Returns the server's public address; if none is configured, the address under which this machine
    /// reaches it.
    pub(crate) fn address(&self) -> String {
        if let Some(base) = &self.base_url {
            return base.as_str().to_owned();
        }
        self.listen.url()
    }

    /// Returns the defaults, as an empty command line gives them; for tests and tools.
    pub fn defaults() -> Config {
        let flags = Config::augment_args(clap::Command::new("teahouse"));
        let matches = flags.try_get_matches_from(["teahouse"]).expect("every flag has a default");
        Config::from_arg_matches(&matches).expect("every default is of its type")
    }
}

#[cfg(test)]
mod tests {
    use super::{a_boolean, a_network};

    #[test]
    fn a_proxy_is_one_address_or_a_network() {
        for (text, network) in [
            ("10.0.0.10", "10.0.0.10/32"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("fd00::1", "fd00::1/128"),
            ("::1/128", "::1/128"),
            ("::ffff:10.0.0.10", "10.0.0.10/32"),
        ] {
            assert_eq!(a_network(text).map(|network| network.to_string()).as_deref(), Ok(network));
        }
        for text in ["", "proxy.example", "10.0.0.0/33", "10.0.0", "*"] {
            assert!(a_network(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_boolean_is_written_in_any_of_the_usual_ways() {
        for text in ["1", "true", "TRUE", "Yes", "on"] {
            assert_eq!(a_boolean(text), Ok(true), "{text}");
        }
        for text in ["0", "false", "No", "OFF"] {
            assert_eq!(a_boolean(text), Ok(false), "{text}");
        }
        for text in ["", "2", "maybe", "ja"] {
            assert!(a_boolean(text).is_err(), "{text}");
        }
    }
}
