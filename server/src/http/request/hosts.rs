//! The host names under which the server answers. Against DNS rebinding, where a foreign page points its own
//! name at this server and otherwise looks same-origin, every request's host name is checked, WebSockets
//! included.
//!
//! IP addresses pass, because a page has an address as its host only if it was served from there. Requests
//! without a host pass, because browsers always send one.

use std::fmt;

use i18n::Language;

use super::arrival::Arrival;
use crate::config::{Config, authority::Authority};

/// The most characters of a refused name that are shown.
const SHOWN: usize = 100;

/// The names under which the server answers.
#[derive(Debug)]
pub(crate) struct Hosts {
    names: Vec<String>,
    /// The machine's own name, which is among them.
    machine: Option<String>,
}

/// A request's host name is not one of the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stranger {
    /// The name, truncated for display; `None` if it is invalid.
    name: Option<String>,
}

impl Hosts {
    /// Collects the names from the flags and the machine's name.
    pub(crate) fn new(config: &Config, machine: &str) -> Hosts {
        let machine = Authority::parse(machine).map(|name| name.host().to_owned());
        let mut names: Vec<String> = config.host.iter().map(|name| name.as_str().to_owned()).collect();
        names.extend(config.base_url.as_ref().and_then(|base| Some(base.authority()?.host().to_owned())));
        if let Some(machine) = &machine {
            let short = machine.split('.').next().unwrap_or(machine);
            // `.local` is for multicast DNS (RFC 6762).
            names.extend([machine.clone(), short.to_owned(), format!("{short}.local")]);
        }
        Hosts { names, machine }
    }

    /// Collects the names for this machine.
    pub(crate) fn here(config: &Config) -> Hosts {
        Hosts::new(config, &rustix::system::uname().nodename().to_string_lossy())
    }

    /// Checks that all host names of a request are the server's: the one that its proxy uses, and the one
    /// that the proxy says the browser used.
    pub(crate) fn check(&self, arrival: &Arrival) -> Result<(), Stranger> {
        for host in arrival.hosts() {
            match host {
                Some(host) if self.knows(host) => {}
                Some(host) => {
                    return Err(Stranger { name: Some(host.host().chars().take(SHOWN).collect()) });
                }
                None => return Err(Stranger { name: None }),
            }
        }
        Ok(())
    }

    fn knows(&self, host: &Authority) -> bool {
        host.ip().is_some() || host.is_localhost() || self.names.iter().any(|own| own == host.host())
    }

    /// Warns if other machines can reach the server and no flag gives it a name.
    pub(crate) fn warn_where_unnamed(&self, config: &Config) {
        if config.listen.is_loopback() || config.base_url.is_some() || !config.host.is_empty() {
            return;
        }
        tracing::warn!(
            machine = self.machine.as_deref().unwrap_or("unknown"),
            "other machines can reach this server, and neither --base-url nor --host says by which name: it answers under its \
             addresses, localhost and this machine's name only"
        );
    }
}

impl Stranger {
    /// Returns the message for a client that used this name.
    pub(crate) fn sentence(&self, language: Language) -> String {
        let Some(name) = &self.name else {
            return match language {
                Language::English => "The request names no host that could be one.\n".to_owned(),
                Language::Chinese => "请求中的主机名无效。\n".to_owned(),
            };
        };
        match language {
            Language::English => format!(
                "This server does not know itself by the name {name}, and so does not answer.\n\
                 If the name is right, whoever runs the server starts it with --host {name}, or with --base-url and the \
                 address that people use.\n"
            ),
            Language::Chinese => format!(
                "此服务器的名称不是 {name}，因此不予应答。\n\
                 如果名称无误，请管理员在启动时加上 --host {name}，或用 --base-url 指定大家访问的地址。\n"
            ),
        }
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_deref().unwrap_or("no host"))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::Hosts;
    use crate::{
        config::{Config, HostName},
        http::request::arrival::Arrival,
    };

    fn named(config: &Config, machine: &str, host: &'static str) -> bool {
        let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
        let arrival = Arrival::read(([127, 0, 0, 1], 1).into(), &headers, config);
        Hosts::new(config, machine).check(&arrival).is_ok()
    }

    #[test]
    fn addresses_this_machine_and_what_the_flags_name_are_the_server_s() {
        let mut config = Config::defaults();
        config.base_url = Some("https://chat.example.org:8443".parse().unwrap());
        config.host = vec!["tea.example".parse().unwrap()];
        for own in [
            "127.0.0.1:3000",
            "192.168.1.5",
            "[::1]:3000",
            "localhost:3000",
            "Tea.localhost",
            "box:3000",
            "box.lan",
            "BOX.local",
            "chat.example.org",
            "chat.example.org:9",
            "tea.example.",
        ] {
            assert!(named(&config, "box.lan", own), "{own}");
        }
        for foreign in [
            "evil.example",
            "tea.example.evil.example",
            "a.tea.example",
            "localhost.evil.example",
            "local",
            "127.0.0.1.evil.example",
            "",
            "a b",
        ] {
            assert!(!named(&config, "box.lan", foreign), "{foreign}");
        }
    }

    #[test]
    fn a_request_that_names_nothing_is_no_browser_s() {
        let config = Config::defaults();
        let arrival = Arrival::read(([127, 0, 0, 1], 1).into(), &HeaderMap::new(), &config);
        assert_eq!(Hosts::new(&config, "box").check(&arrival), Ok(()));
    }

    #[test]
    fn every_name_counts_that_a_trusted_proxy_gives_and_a_second_host() {
        let mut config = Config::defaults();
        config.trust_proxy = vec!["127.0.0.0/8".parse().unwrap()];
        config.host = vec!["tea.example".parse().unwrap()];
        let passes = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, HeaderValue::from_static(value));
            }
            let arrival = Arrival::read(([127, 0, 0, 1], 1).into(), &headers, &config);
            Hosts::new(&config, "box").check(&arrival).is_ok()
        };
        assert!(passes(&[("host", "127.0.0.1:3000"), ("x-forwarded-host", "tea.example")]));
        assert!(!passes(&[("host", "evil.example"), ("x-forwarded-host", "tea.example")]));
        assert!(!passes(&[("host", "tea.example"), ("x-forwarded-host", "tea.example, evil.example")]));
        assert!(!passes(&[("host", "tea.example"), ("forwarded", "host=evil.example")]));
        assert!(!passes(&[("host", "tea.example"), ("host", "evil.example")]));
    }

    #[test]
    fn a_host_that_is_set_is_a_name_and_nothing_else() {
        assert_eq!("Chat.Example.org".parse::<HostName>().unwrap().as_str(), "chat.example.org");
        assert_eq!("[::1]".parse::<HostName>().unwrap().as_str(), "::1");
        for bad in
            ["", "https://chat.example.org", "chat.example.org:443", "chat.example.org/x", "*", "茶.example"]
        {
            assert!(bad.parse::<HostName>().is_err(), "{bad}");
        }
    }
}
