//! What a Redis server must be able to do.

use redis::{InfoDict, aio::MultiplexedConnection};

use super::link::LinkError;

/// The oldest version that the scripts were tried on.
const MAJOR: u32 = 7;

/// The commands that are used, in scripts or alone.
const COMMANDS: &[&str] = &[
    "DEL",
    "EVAL",
    "EVALSHA",
    "EXISTS",
    "EXPIRE",
    "HDEL",
    "HGET",
    "HGETALL",
    "HINCRBY",
    "HLEN",
    "HMGET",
    "HSET",
    "INFO",
    "LRANGE",
    "PEXPIREAT",
    "PING",
    "PUBLISH",
    "RPUSH",
    "SADD",
    "SCRIPT",
    "SMEMBERS",
    "SREM",
    "SUBSCRIBE",
    "TIME",
    "UNSUBSCRIBE",
    "XADD",
    "XRANGE",
    "XREVRANGE",
    "XTRIM",
    "ZADD",
    "ZRANGE",
    "ZREM",
];

/// Fails, in one line, with what the server lacks.
pub(super) async fn check(connection: &mut MultiplexedConnection) -> Result<(), LinkError> {
    let info: InfoDict = redis::cmd("INFO").arg("server").query_async(connection).await?;
    let version: String = info.get("redis_version").unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok()).unwrap_or_default();
    if major < MAJOR {
        return Err(LinkError::Unfit(format!("it is Redis {version}; Teahouse needs {MAJOR} or newer")));
    }
    let known: Vec<redis::Value> =
        redis::cmd("COMMAND").arg("INFO").arg(COMMANDS).query_async(connection).await?;
    let lacking: Vec<&str> = COMMANDS
        .iter()
        .zip(&known)
        .filter(|(_, known)| matches!(known, redis::Value::Nil))
        .map(|(command, _)| *command)
        .collect();
    if !lacking.is_empty() {
        return Err(LinkError::Unfit(format!("it lacks the commands {}", lacking.join(", "))));
    }
    Ok(())
}
