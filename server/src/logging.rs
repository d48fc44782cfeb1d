//! How the log is written: to standard error, as text or as lines of JSON, in colours where somebody looks at them. Decides
//! nothing about what is logged.

use std::{ffi::OsStr, io, io::IsTerminal as _};

use clap::ValueEnum;
use tracing_subscriber::{Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::Config;

/// In what form the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object to a line, for collectors of logs.
    Json,
}

/// Begins to write the log as it is configured.
pub fn start(config: &Config) {
    let (filter, registry) = (config.log.targets(), tracing_subscriber::registry());
    match config.log_format {
        LogFormat::Text => {
            let coloured = is_coloured(io::stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref());
            let lines = fmt::layer().with_target(false).with_ansi(coloured).with_writer(io::stderr);
            registry.with(lines.with_filter(filter)).init();
        }
        LogFormat::Json => {
            let lines =
                fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
            registry.with(lines.with_writer(io::stderr).with_filter(filter)).init();
        }
    }
}

/// Whether there are to be colours (<https://no-color.org>).
fn is_coloured(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::is_coloured;

    #[test]
    fn colours_are_for_terminals_where_nobody_has_declined_them() {
        assert!(is_coloured(true, None));
        assert!(is_coloured(true, Some(OsStr::new(""))), "an empty variable is as if unset");
        assert!(!is_coloured(true, Some(OsStr::new("1"))));
        assert!(!is_coloured(false, None));
    }
}
