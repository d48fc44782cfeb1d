//! Settings that several kinds of bots share.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::patience::Patience;

/// Parses a text that must not be blank.
pub(crate) fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() { Err(D::Error::custom("this must not be empty")) } else { Ok(text) }
}

/// Returns the default timeout for an answer that arrives at once.
pub(crate) fn usual_timeout() -> Patience {
    Patience(Duration::from_secs(20))
}

/// Returns the default timeout for connecting.
pub(crate) fn usual_connect_timeout() -> Patience {
    Patience(Duration::from_secs(10))
}
