//! A connection to Redis that was greeted, and why one cannot be used.

use std::time::Duration;

use chat::id::Epoch;
use redis::{ErrorKind, RedisError, aio::MultiplexedConnection};

/// How long a question may take; a server that needs longer does not answer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);

/// A connection that was greeted.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) connection: MultiplexedConnection,
    /// The life of all logs, as far as this connection knows.
    pub(crate) epoch: Epoch,
    /// How many lives there have been: which of two epochs is the newer one.
    pub(crate) generation: u64,
    /// Tells connections apart.
    pub(super) number: u64,
}

/// Why a connection cannot be used.
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

/// An error as one line, without what was asked.
pub(crate) fn line(error: &RedisError) -> String {
    error.to_string().replace(['\r', '\n'], " ")
}
