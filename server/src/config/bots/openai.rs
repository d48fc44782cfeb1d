//! The settings of a bot that asks a server with an OpenAI-compatible API.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    patience::Patience,
    place::{AllowedHost, ServiceUrl},
    setting,
};

/// The contents of `[bot.openai]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The base URL of the API, or the full URL of its chat completions.
    pub(crate) url: ServiceUrl,
    #[serde(deserialize_with = "setting::filled")]
    pub(crate) model: String,
    /// The system prompt; empty for none.
    pub(crate) system: Option<String>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) key_env: Option<String>,
    pub(crate) max_tokens: Option<NonZeroU32>,
    /// The newer name of `max_tokens`, which some of OpenAI's models require.
    pub(crate) max_completion_tokens: Option<NonZeroU32>,
    pub(crate) temperature: Option<Temperature>,
    /// Number of retries after a transient failure.
    #[serde(default = "usual_retries")]
    pub(crate) retries: u8,
    /// Timeout for the whole answer, including retries.
    #[serde(default = "usual_timeout")]
    pub(crate) timeout: Patience,
    #[serde(default = "setting::usual_connect_timeout")]
    pub(crate) connect_timeout: Patience,
    /// Timeout for the beginning of an answer; the model may have to be loaded first.
    #[serde(default = "usual_first_timeout")]
    pub(crate) first_timeout: Patience,
    /// Timeout between two pieces of an answer.
    #[serde(default = "usual_silence_timeout")]
    pub(crate) silence_timeout: Patience,
    #[serde(default)]
    pub(crate) hosts: Vec<AllowedHost>,
    #[serde(default)]
    pub(crate) private: bool,
}

/// The sampling temperature of a model.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(try_from = "f64")]
pub(crate) struct Temperature(pub(crate) f64);

impl TryFrom<f64> for Temperature {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Temperature, &'static str> {
        if (0.0..=2.0).contains(&number) {
            Ok(Temperature(number))
        } else {
            Err("a temperature is between 0 and 2")
        }
    }
}

pub(crate) fn usual_retries() -> u8 {
    2
}

pub(crate) fn usual_timeout() -> Patience {
    Patience(Duration::from_mins(3))
}

pub(crate) fn usual_first_timeout() -> Patience {
    Patience(Duration::from_mins(2))
}

pub(crate) fn usual_silence_timeout() -> Patience {
    Patience(Duration::from_secs(30))
}
