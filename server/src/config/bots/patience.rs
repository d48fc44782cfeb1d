//! Timeouts for bot services.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::config::span::Span;

/// Maximum of any timeout.
const LONGEST: Duration = Duration::from_hours(1);

/// A timeout as the settings file writes it: `"30s"`. Neither zero nor unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience(pub(crate) Duration);

impl<'de> Deserialize<'de> for Patience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Patience, D::Error> {
        let Span(time) = String::deserialize(deserializer)?.parse().map_err(D::Error::custom)?;
        if time.is_zero() || time > LONGEST {
            return Err(D::Error::custom("a service is waited for between 1ms and 1h"));
        }
        Ok(Patience(time))
    }
}
