//! What can be set: every flag, its environment variable, its default and what is wrong with a bad value.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    num::ParseIntError,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

pub use crate::hosts::HostName;
use crate::{authority::Authority, bots::config::Settings};
use axum::http::Uri;
use clap::{Args, FromArgMatches as _};
use ipnet::IpNet;
use redis::{ConnectionInfo, IntoConnectionInfo as _};
use tracing_subscriber::filter::{LevelFilter, Targets};

/// How the server runs.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// The address and port to listen on
    #[arg(long, env = "TEAHOUSE_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,

    /// The folder for the messages and the cookie keys
    #[arg(long, env = "TEAHOUSE_DATA", default_value = "./data", value_name = "DIR")]
    pub data: PathBuf,

    /// Where messages are kept: `sqlite` (in the data folder), or the address of a Redis, as in `redis://127.0.0.1:6379`;
    /// any number of nodes with the same one are one chat. `rediss://` is TLS; `redis://USER:PASSWORD@HOST:PORT/DB` logs
    /// in
    #[arg(
        long,
        env = "TEAHOUSE_STORE",
        hide_env_values = true,
        default_value = "sqlite",
        value_name = "STORE"
    )]
    pub store: StoreChoice,

    /// What the names of everything in Redis begin with, so that several chats can share one
    #[arg(long, env = "TEAHOUSE_REDIS_PREFIX", default_value = "teahouse", value_name = "NAME", value_parser = a_prefix)]
    pub redis_prefix: String,

    /// How many of the latest messages a newcomer gets at once
    #[arg(long, env = "TEAHOUSE_BACKLOG", default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub backlog: u32,

    /// How many messages a room keeps, its newest; 0 keeps all. A newcomer gets no more than are kept
    #[arg(long, env = "TEAHOUSE_RETAIN", default_value_t = 0, value_name = "N")]
    pub retain: u32,

    /// A file that names the bots; without it 小二 waits in every room
    #[arg(
        long = "config",
        env = "TEAHOUSE_CONFIG",
        default_value = "",
        hide_default_value = true,
        value_name = "FILE"
    )]
    pub bots: BotsFile,

    /// Where people reach the server, as in `https://chat.example.org`
    #[arg(long, env = "TEAHOUSE_BASE_URL", value_name = "URL")]
    pub base_url: Option<Origin>,

    /// A name by which people reach the server, beside its addresses, localhost and this machine's own name; may be given
    /// several times. By other names it does not answer
    #[arg(long, env = "TEAHOUSE_HOST", value_name = "NAME", value_delimiter = ',')]
    pub host: Vec<HostName>,

    /// Another origin whose pages may connect and log in; may be given several times
    #[arg(long, env = "TEAHOUSE_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origin: Vec<Origin>,

    /// A proxy whose word counts on who asks, by which name and over TLS or not (`Forwarded`, `X-Forwarded-For`, `-Proto`,
    /// `-Host`); may be given several times
    #[arg(long, env = "TEAHOUSE_TRUST_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub trust_proxy: Vec<IpNet>,

    /// Let clients of the plain door in without a login, under a guest's name
    #[arg(long, env = "TEAHOUSE_GUESTS")]
    pub guests: bool,

    /// How long a nickname stays its owner's after their last connection (10m, 90s, 0)
    #[arg(long, env = "TEAHOUSE_NICKNAME_GRACE", default_value = "10m", value_name = "TIME")]
    pub nickname_grace: Span,

    /// How long somebody may be gone before the room hears that they left
    #[arg(long, env = "TEAHOUSE_LEAVE_GRACE", default_value = "30s", value_name = "TIME")]
    pub leave_grace: Span,

    /// How long another node of the same chat is taken to be there when nothing is heard of it
    #[arg(long, env = "TEAHOUSE_NODE_LEASE", default_value = "15s", value_name = "TIME")]
    pub node_lease: Span,

    /// How often connections are asked whether they are still there
    #[arg(long, env = "TEAHOUSE_HEARTBEAT", default_value = "25s", value_name = "TIME")]
    pub heartbeat: Span,

    /// How long a stop may take until everybody is let go
    #[arg(long, env = "TEAHOUSE_DRAIN", default_value = "5s", value_name = "TIME")]
    pub drain: Span,

    /// Messages and questions a second from one connection, after a burst of 500; beyond them the server reads later; 0: no
    /// limit
    #[arg(long, env = "TEAHOUSE_RATE_SEND", default_value_t = 50, value_name = "N")]
    pub rate_send: u32,

    /// Logins a minute from one address, and as many wrong tokens (this machine excepted); 0: no limit
    #[arg(long, env = "TEAHOUSE_RATE_LOGIN", default_value_t = 30, value_name = "N")]
    pub rate_login: u32,

    /// Connections at once from one address (this machine excepted); 0: no limit
    #[arg(long, env = "TEAHOUSE_MAX_PER_ADDRESS", default_value_t = 256, value_name = "N")]
    pub max_per_address: usize,

    /// Connections at once in all; 0: no limit
    #[arg(long, env = "TEAHOUSE_MAX_CONNECTIONS", default_value_t = 20_000, value_name = "N")]
    pub max_connections: usize,

    /// Characters in a message; 0: no limit
    #[arg(long, env = "TEAHOUSE_TEXT_LIMIT", default_value_t = chat::text::DEFAULT_LIMIT, value_name = "N")]
    pub text_limit: usize,

    /// Bytes in a frame from a client; 0: no limit
    #[arg(long, env = "TEAHOUSE_FRAME_LIMIT", default_value_t = 131_072, value_name = "BYTES")]
    pub frame_limit: usize,

    /// Bytes that may wait for a connection that reads too slowly; 0: no limit
    #[arg(long, env = "TEAHOUSE_QUEUE_LIMIT", default_value_t = 1_048_576, value_name = "BYTES")]
    pub queue_limit: usize,

    /// Rooms that one connection may be in; 0: no limit
    #[arg(long, env = "TEAHOUSE_ROOM_LIMIT", default_value_t = 50, value_name = "N")]
    pub room_limit: usize,

    /// What is logged: error, warn, info, debug, trace
    #[arg(long, env = "TEAHOUSE_LOG", default_value = "info", value_name = "LEVEL")]
    pub log: LogLevel,

    /// A folder with a built site to serve instead of the one inside the program
    #[arg(long, env = "TEAHOUSE_SITE_DIR", value_name = "DIR")]
    pub site: Option<PathBuf>,
}

/// How much is logged: of this program what was asked for, of the libraries below it nothing finer than `info`, because
/// theirs is what goes over the wire: messages and cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(tracing::Level);

impl LogLevel {
    /// The filter that lets this through.
    pub fn filter(self) -> Targets {
        let level = LevelFilter::from_level(self.0);
        Targets::new()
            .with_default(level.min(LevelFilter::INFO))
            .with_targets([("server", level), ("teahouse", level)])
            // It tells of each migration as a matter of course.
            .with_target("rusqlite_migration", level.min(LevelFilter::WARN))
    }
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<LogLevel, String> {
        text.parse().map(LogLevel).map_err(|_| "a level is error, warn, info, debug or trace".to_owned())
    }
}

/// Where messages are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChoice {
    /// In an embedded database in the data folder.
    Sqlite,
    /// In Redis, which several nodes may share.
    Redis(RedisAddress),
}

/// Where a Redis is, and how to log in there. It may hold a password, and so it is not printed whole.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisAddress {
    url: String,
    shown: String,
}

impl RedisAddress {
    /// The address as it was given, with the password if there is one.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn parse(text: &str) -> Result<RedisAddress, String> {
        let info: ConnectionInfo = text.into_connection_info().map_err(|_| {
            // What was typed may hold a password, which does not belong on the terminal.
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

/// A span of time, written `10m`, `90s`, `1500ms` or a plain number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Span {
    /// The span in whole milliseconds.
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number
            .parse()
            .map_err(|error: ParseIntError| format!("{error}; write a time as 90s, 10m, 1h or 500ms"))?;
        let millis = match unit {
            "ms" => 1,
            "" | "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(format!("`{unit}` is no unit of time; write it as 90s, 10m, 1h or 500ms")),
        };
        Ok(Span(Duration::from_millis(number.saturating_mul(millis))))
    }
}

/// A web origin: scheme, host and port (RFC 6454), as browsers print it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin as a browser's `Origin` header says it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its host and port.
    pub(crate) fn authority(&self) -> Option<Authority> {
        Authority::parse(self.0.split_once("://")?.1)
    }

    /// Whether pages of it came over TLS.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Origin, String> {
        let wrong =
            || "an origin is http:// or https://, a host, and a port if it is not the usual one".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let scheme =
            uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme)).ok_or_else(wrong)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?.to_ascii_lowercase();
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(format!("{}; a path such as `{}` is not part of it", wrong(), uri.path()));
        }
        let usual = if scheme == "https" { 443 } else { 80 };
        Ok(Origin(match uri.port_u16() {
            Some(port) if port != usual => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        }))
    }
}

/// Takes a name that is safe in the names of keys: no pattern, no slot, no line break.
pub(crate) fn a_prefix(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    if (1..=64).contains(&text.len()) && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("a prefix is 1 to 64 of A-Z a-z 0-9 - _ .".to_owned())
    }
}

/// The bots that a file names.
#[derive(Clone, Debug, Default)]
pub struct BotsFile(Settings);

impl BotsFile {
    /// The bots of a text as such a file holds it; or the first thing in it that is wrong, with its line.
    pub fn parse(text: &str) -> Result<BotsFile, String> {
        Settings::parse(text).map(BotsFile).map_err(|mistake| mistake.to_string())
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0
    }
}

impl FromStr for BotsFile {
    type Err = String;

    /// Reads the file of this name; no name is no file.
    fn from_str(path: &str) -> Result<BotsFile, String> {
        if path.is_empty() {
            return Ok(BotsFile::default());
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("it cannot be read: {error}"))?;
        BotsFile::parse(&text)
    }
}

impl Config {
    /// The server's own address, for those outside; for those on the same machine, where nobody has said what it is.
    pub(crate) fn address(&self) -> String {
        if let Some(base) = &self.base_url {
            return base.as_str().to_owned();
        }
        let mut listen = self.listen;
        if listen.ip().is_unspecified() {
            listen.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{listen}")
    }

    /// The defaults, as the command line without a word gives them; for tests and tools.
    pub fn defaults() -> Config {
        let flags = Config::augment_args(clap::Command::new("teahouse"));
        let matches = flags.try_get_matches_from(["teahouse"]).expect("every flag has a default");
        Config::from_arg_matches(&matches).expect("every default is of its type")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Origin, Span};

    #[test]
    fn a_span_has_a_unit_or_is_in_seconds() {
        assert_eq!("10m".parse(), Ok(Span(Duration::from_mins(10))));
        assert_eq!("90".parse(), Ok(Span(Duration::from_secs(90))));
        assert_eq!("500ms".parse(), Ok(Span(Duration::from_millis(500))));
        assert!("5 fortnights".parse::<Span>().is_err());
        assert!("".parse::<Span>().is_err());
    }

    #[test]
    fn an_origin_is_printed_as_browsers_print_it() {
        let printed = |text: &str| text.parse::<Origin>().map(|origin| origin.as_str().to_owned());
        assert_eq!(printed("https://Chat.Example.org:443/"), Ok("https://chat.example.org".to_owned()));
        assert_eq!(printed("http://127.0.0.1:8080"), Ok("http://127.0.0.1:8080".to_owned()));
        assert!(printed("chat.example.org").is_err());
        assert!(printed("https://example.org/chat").is_err());
        assert!(printed("ftp://example.org").is_err());
    }
}
