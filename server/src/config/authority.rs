//! The host and port that a request names, in `Host` or a similar header. Judges no name.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// Maximum length of a DNS name, in bytes (RFC 1035, section 2.3.4), with its trailing dot.
const LONGEST: usize = 254;

/// A host and a port (RFC 3986, section 3.2), without user information before an `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    /// In lower case, without a trailing dot, and without the brackets of an IPv6 address.
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Parses the authority in a header; `None` if it is invalid. An empty port counts as none.
    pub(crate) fn parse(text: &str) -> Option<Authority> {
        let text = text.trim();
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (inside, after) = rest.split_once(']')?;
            let address: Ipv6Addr = inside.parse().ok()?;
            let port = if after.is_empty() { "" } else { after.strip_prefix(':')? };
            (address.to_string(), port)
        } else {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            let host = host.strip_suffix('.').unwrap_or(host);
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
            if host.is_empty() || host.len() > LONGEST || !host.bytes().all(fits) {
                return None;
            }
            (host.to_ascii_lowercase(), port)
        };
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = if port.is_empty() { None } else { Some(port.parse().ok().filter(|_| digits)?) };
        Some(Authority { host, port })
    }

    /// Returns the name or address, without the port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns the address, if the host is one.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Returns whether the name always resolves to the local machine (RFC 6761, section 6.3).
    pub(crate) fn is_localhost(&self) -> bool {
        self.host == "localhost" || self.host.ends_with(".localhost")
    }

    /// Returns the authority without its port if that is the default one.
    pub(crate) fn without_port(mut self, usual: u16) -> Authority {
        self.port = self.port.filter(|port| *port != usual);
        self
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip() {
            Some(IpAddr::V6(address)) => write!(f, "[{address}]")?,
            _ => f.write_str(&self.host)?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Authority;

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for (text, shown) in [
            ("Tea.Example", "tea.example"),
            ("tea.example.:443", "tea.example:443"),
            ("tea.example:", "tea.example"),
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("[2001:DB8::1]:3000", "[2001:db8::1]:3000"),
            ("[::1]", "[::1]"),
            ("my_box", "my_box"),
        ] {
            assert_eq!(Authority::parse(text).map(|it| it.to_string()).as_deref(), Some(shown), "{text}");
        }
        for bad in [
            "",
            ".",
            ":80",
            "tea.example:80:80",
            "tea.example:+80",
            "tea.example:99999",
            "a@tea.example",
            "tea.example/x",
            "[::1",
            "[::1]80",
            "[tea]",
            "2001:db8::1",
            "茶.example",
            &"a".repeat(300),
        ] {
            assert_eq!(Authority::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_ends_in_localhost_leads_nowhere_else() {
        let leads_here = |text: &str| Authority::parse(text).unwrap().is_localhost();
        assert!(["localhost:3000", "Tea.LOCALHOST", "localhost."].into_iter().all(leads_here));
        assert!(!["localhost.example", "notlocalhost", "127.0.0.1"].into_iter().any(leads_here));
    }

    #[test]
    fn the_usual_port_goes_without_saying() {
        let at = |text: &str, usual| Authority::parse(text).unwrap().without_port(usual).to_string();
        assert_eq!(at("tea.example:443", 443), "tea.example");
        assert_eq!(at("tea.example:443", 80), "tea.example:443");
    }
}
