//! The capabilities that a Redis server must have.

use redis::{InfoDict, aio::MultiplexedConnection};

use crate::store::redis::live::LinkError;

/// The oldest version that the scripts were tested on.
const MAJOR: u32 = 7;

/// The commands used, in scripts or alone.
const COMMANDS: &[&str] = &[
    "DEL",
    "EVAL",
    "EVALSHA",
    "EXISTS",
    "HDEL",
    "HGET",
    "HGETALL",
    "HKEYS",
    "HLEN",
    "HMGET",
    "HSET",
    "HSETNX",
    "INFO",
    "LRANGE",
    "PEXPIRE",
    "PEXPIREAT",
    "PING",
    "PUBLISH",
    "RENAME",
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
    "XTRIM",
    "ZADD",
    "ZRANGE",
    "ZREM",
    "ZSCORE",
];

/// Checks the server. An error is one line that says what it lacks.
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
    let memory: InfoDict = redis::cmd("INFO").arg("memory").query_async(connection).await?;
    let policy: String = memory.get("maxmemory_policy").unwrap_or_default();
    if policy != "noeviction" {
        tracing::warn!(%policy, "this Redis evicts keys when it is full: set maxmemory-policy to noeviction");
    }
    Ok(())
}
