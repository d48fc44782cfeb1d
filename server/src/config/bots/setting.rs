//! What the settings of several kinds of bots have in common.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::patience::Patience;

/// A text with something in it.
pub(crate) fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() { Err(D::Error::custom("this must not be empty")) } else { Ok(text) }
}

/// How long one waits for a connection if nothing else is said.
pub(crate) fn usual_connect_timeout() -> Patience {
    Patience(Duration::from_secs(10))
}
