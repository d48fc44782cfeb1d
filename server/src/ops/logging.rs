//! Writes the log to standard error, as text or as JSON, with colours only on a terminal.
//! [`crate::config::LogFilter`] decides what is logged, a [`Sampler`] how often, and [`mod@line`] how a line
//! looks.

mod line;
mod sampling;

use std::{ffi::OsStr, io, io::IsTerminal as _};

use tracing_subscriber::{
    Layer as _, filter::FilterExt as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use self::line::Lines;
pub use self::sampling::Sampler;
use crate::config::{Config, LogFormat};

/// Installs the configured subscriber; returns the sampler, which counts the suppressed lines.
pub fn start(config: &Config) -> Sampler {
    let (sampler, registry) = (Sampler::default(), tracing_subscriber::registry());
    let filter = config.log.targets().and(sampler.clone());
    match config.log_format {
        LogFormat::Text => {
            let coloured = is_coloured(io::stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref());
            let lines =
                fmt::layer().with_target(false).with_ansi(coloured).with_writer(Lines::of_text(io::stderr));
            registry.with(lines.with_filter(filter)).init();
        }
        LogFormat::Json => {
            let lines =
                fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
            registry.with(lines.with_writer(Lines::of_json(io::stderr)).with_filter(filter)).init();
        }
    }
    sampler
}

/// Returns whether to write colours (<https://no-color.org>).
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
