//! The value of `--log`: a level, and levels per module. Caps libraries at `info`, because their finer levels
//! log what is sent over the wire, such as messages and cookies.

use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};

/// The targets of this program's own crates, which never log message text. Filters match by prefix, and some
/// libraries have names that begin with `server`.
const OWN: [&str; 2] = ["server::", "teahouse"];

/// The log level, in general and per module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter {
    level: LevelFilter,
    /// Levels by module path, such as `server::search`.
    modules: Vec<(String, LevelFilter)>,
}

impl LogFilter {
    /// Returns the filter for `tracing`.
    pub fn targets(&self) -> Targets {
        let foreign = self.level.min(LevelFilter::INFO);
        let modules = self.modules.iter().map(|(module, level)| match module.as_str() {
            "server" => (OWN[0].to_owned(), *level),
            module if is_own(module) => (module.to_owned(), *level),
            module => (module.to_owned(), (*level).min(LevelFilter::INFO)),
        });
        Targets::new()
            .with_default(foreign)
            .with_targets(OWN.map(|name| (name, self.level)))
            // It logs every migration at `info`, which is routine.
            .with_target("rusqlite_migration", self.level.min(LevelFilter::WARN))
            .with_targets(modules)
    }
}

fn is_own(module: &str) -> bool {
    module.starts_with(OWN[0]) || module == OWN[1] || module.starts_with("teahouse::")
}

fn level(text: &str) -> Option<LevelFilter> {
    let known = ["off", "error", "warn", "info", "debug", "trace"];
    known.iter().any(|name| text.eq_ignore_ascii_case(name)).then(|| text.parse().ok()).flatten()
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<LogFilter, String> {
        let help = "expected a level (off, error, warn, info, debug, trace), optionally with levels per module: \
                    info,server::search=debug";
        let mut in_all = None;
        let mut modules = Vec::new();
        for item in text.split([',', ' ']).filter(|item| !item.is_empty()) {
            let (module, name) =
                item.split_once('=').map_or((None, item), |(module, name)| (Some(module), name));
            let level = level(name).ok_or_else(|| format!("`{name}` is not a level; {help}"))?;
            match module {
                None if in_all.is_some() => {
                    return Err(format!("the default level is given twice; {help}"));
                }
                None => in_all = Some(level),
                Some(module) if is_path(module) => modules.push((module.to_owned(), level)),
                Some(module) => return Err(format!("`{module}` is not a module path; {help}")),
            }
        }
        if in_all.is_none() && modules.is_empty() {
            return Err(help.to_owned());
        }
        Ok(LogFilter { level: in_all.unwrap_or(LevelFilter::INFO), modules })
    }
}

/// Returns whether a text is a module path, such as `server::search`.
fn is_path(text: &str) -> bool {
    text.split("::")
        .all(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::LogFilter;

    /// Returns whether a module's line of this level is logged.
    fn logs(filter: &str, module: &str, level: Level) -> bool {
        filter.parse::<LogFilter>().unwrap().targets().would_enable(module, &level)
    }

    #[test]
    fn a_module_has_a_level_of_its_own() {
        for filter in ["info,server::search=debug", "server::search=debug", " INFO, server::search=Debug "] {
            assert!(logs(filter, "server::search::indexer", Level::DEBUG), "{filter}");
            assert!(!logs(filter, "server::search", Level::TRACE), "{filter}");
            assert!(!logs(filter, "server::session", Level::DEBUG), "{filter}");
            assert!(logs(filter, "server::session", Level::INFO), "{filter}");
        }
        assert!(!logs("debug,server::bots=off", "server::bots::answering", Level::ERROR));
        assert!(logs("debug,server::bots=off", "server::rooms", Level::DEBUG));
    }

    #[test]
    fn libraries_never_tell_more_than_info() {
        for filter in [
            "trace",
            "trace,hyper=trace,tungstenite=debug",
            "server=trace,server_fn=trace",
            "info,h=trace,servers=trace",
            "hyper=trace",
        ] {
            for library in ["hyper", "hyper::proto::h1", "tungstenite", "server_fn", "reqwest", "rustls"] {
                assert!(!logs(filter, library, Level::DEBUG), "{filter} {library}");
            }
            assert!(logs(filter, "hyper", Level::INFO), "{filter}");
        }
        assert!(!logs("trace,hyper=warn", "hyper::proto", Level::INFO), "but they may tell less");
        assert!(logs("trace", "server::session", Level::TRACE) && logs("trace", "teahouse", Level::TRACE));
        assert!(logs("info,server=trace", "server::session", Level::TRACE));
    }

    #[test]
    fn what_is_no_filter_is_told_how_one_is_written() {
        for text in
            ["", " ,", "loud", "info,debug", "=debug", "server::=debug", "a b=", "server::search", "info,x=3"]
        {
            let wrong = text.parse::<LogFilter>().unwrap_err();
            assert!(wrong.contains("info,server::search=debug"), "{text}: {wrong}");
        }
    }
}
