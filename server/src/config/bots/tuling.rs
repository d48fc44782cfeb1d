//! The settings of a bot that uses the JSON protocol of the Tuling robot.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    patience::Patience,
    place::{AllowedHost, ServiceUrl},
    setting,
};

/// The contents of `[bot.tuling]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(default = "usual_url")]
    pub(crate) url: ServiceUrl,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) key_env: Option<String>,
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

pub(crate) fn usual_url() -> ServiceUrl {
    ServiceUrl::parse("http://openapi.turingapi.com/openapi/api/v2").expect("it is one")
}
