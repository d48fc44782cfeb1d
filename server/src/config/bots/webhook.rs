//! The settings of a bot that is an external program.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    patience::Patience,
    place::{AllowedHost, ServiceUrl},
    setting,
};

/// The contents of `[bot.webhook]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) url: ServiceUrl,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) secret_env: Option<String>,
    /// Timeout for the whole answer.
    #[serde(default = "setting::usual_timeout")]
    pub(crate) timeout: Patience,
    #[serde(default = "setting::usual_connect_timeout")]
    pub(crate) connect_timeout: Patience,
    #[serde(default)]
    pub(crate) hosts: Vec<AllowedHost>,
    #[serde(default)]
    pub(crate) private: bool,
}
