//! A greeted connection to Redis, and the reasons why one cannot be used.

use std::time::Duration;

use chat::id::Epoch;
use redis::{ErrorKind, RedisError, aio::MultiplexedConnection};

/// How long a request may take; a slower server counts as not answering.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);

/// A greeted connection.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) connection: MultiplexedConnection,
    /// The epoch of all logs, as far as this connection knows.
    pub(crate) epoch: Epoch,
    /// Increases with every epoch: tells which of two epochs is newer.
    pub(crate) generation: u64,
    /// Identifies the connection.
    pub(super) number: u64,
}

/// The reason why a connection cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("{0}")]
    Redis(String),
    #[error("it did not answer within {} s", DEADLINE.as_secs())]
    Silent,
    #[error("{0}")]
    Unfit(String),
}

impl From<RedisError> for LinkError {
    fn from(error: RedisError) -> LinkError {
        LinkError::Redis(match error.code() {
            Some("NOAUTH") => "it asks for a password, and the address has none".to_owned(),
            Some("WRONGPASS") => "it refuses the user and the password".to_owned(),
            Some("NOPERM") => format!("its user may not do what is needed: {}", line(&error)),
            _ if error.kind() == ErrorKind::AuthenticationFailed => {
                "it refuses the user and the password".to_owned()
            }
            _ => line(&error),
        })
    }
}

/// Formats an error as one line, without the request.
pub(crate) fn line(error: &RedisError) -> String {
    error.to_string().replace(['\r', '\n'], " ")
}
