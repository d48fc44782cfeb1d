//! The value of `--listen`: an address, a port, a host name, or the path of a Unix socket. Opens nothing.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// One address: `127.0.0.1:3000`, `[::]:3000`; `3000` is a port of 127.0.0.1.
    Tcp(SocketAddr),
    /// Every interface, over IPv4 and IPv6: `:3000`, `*:3000`.
    Everywhere(u16),
    /// All addresses of a host name: `localhost:3000`.
    Host(String, u16),
    /// A Unix socket: `unix:/run/teahouse.sock`.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Returns the URL under which this machine reaches the server. A Unix socket has none; the proxy in
    /// front of it does.
    pub(crate) fn url(&self) -> String {
        match self {
            ListenAddress::Tcp(address) if address.ip().is_unspecified() => {
                format!("http://127.0.0.1:{}", address.port())
            }
            ListenAddress::Tcp(address) => format!("http://{address}"),
            ListenAddress::Everywhere(port) => format!("http://127.0.0.1:{port}"),
            ListenAddress::Host(host, port) => format!("http://{host}:{port}"),
            ListenAddress::Unix(_) => "http://localhost".to_owned(),
        }
    }

    /// Returns whether only this machine reaches the address. Others reach a Unix socket or `localhost` only
    /// through a proxy.
    pub(crate) fn is_loopback(&self) -> bool {
        match self {
            ListenAddress::Tcp(address) => address.ip().to_canonical().is_loopback(),
            ListenAddress::Everywhere(_) => false,
            ListenAddress::Host(host, _) => host.eq_ignore_ascii_case("localhost"),
            ListenAddress::Unix(_) => true,
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<ListenAddress, String> {
        let forms =
            "write it as 3000, :3000, localhost:3000, 127.0.0.1:3000, [::]:3000 or unix:/run/teahouse.sock";
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() {
                return Err(format!("the path of the Unix socket is missing; {forms}"));
            }
            return Ok(ListenAddress::Unix(path.into()));
        }
        if let Ok(address) = text.parse() {
            return Ok(ListenAddress::Tcp(address));
        }
        let (host, port) = match text.rsplit_once(':') {
            // Colons in the host mean an IPv6 address without brackets.
            Some((host, _)) if host.contains(':') => return Err(forms.to_owned()),
            Some((host, port)) => (Some(host), port),
            None => (None, text),
        };
        if !port.bytes().all(|byte| byte.is_ascii_digit()) || port.is_empty() {
            return Err(format!("the port is missing; {forms}"));
        }
        let port: u16 = port.parse().map_err(|_| format!("a port is between 0 and 65535; {forms}"))?;
        match host {
            None => Ok(ListenAddress::Tcp((Ipv4Addr::LOCALHOST, port).into())),
            Some("" | "*") => Ok(ListenAddress::Everywhere(port)),
            Some(host) if is_name(host) => Ok(ListenAddress::Host(host.to_owned(), port)),
            Some(_) => Err(forms.to_owned()),
        }
    }
}

/// Returns whether a text can be a host name. A mistyped address such as `10.0.0.300` cannot.
fn is_name(host: &str) -> bool {
    host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && host.bytes().any(|byte| byte.is_ascii_alphabetic())
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenAddress::Tcp(address) => address.fmt(f),
            ListenAddress::Everywhere(port) => write!(f, ":{port}"),
            ListenAddress::Host(host, port) => write!(f, "{host}:{port}"),
            ListenAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ListenAddress;

    #[test]
    fn an_address_is_written_in_the_ways_that_people_write_it() {
        for (text, shown, url) in [
            ("3000", "127.0.0.1:3000", "http://127.0.0.1:3000"),
            (":3000", ":3000", "http://127.0.0.1:3000"),
            ("*:3000", ":3000", "http://127.0.0.1:3000"),
            ("localhost:3000", "localhost:3000", "http://localhost:3000"),
            ("tea-1.example.org:80", "tea-1.example.org:80", "http://tea-1.example.org:80"),
            ("0.0.0.0:3000", "0.0.0.0:3000", "http://127.0.0.1:3000"),
            ("[::]:3000", "[::]:3000", "http://127.0.0.1:3000"),
            ("[::1]:0", "[::1]:0", "http://[::1]:0"),
            ("unix:/run/teahouse.sock", "unix:/run/teahouse.sock", "http://localhost"),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!((&*address.to_string(), &*address.url()), (shown, url), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_how_one_is_written() {
        for text in [
            "",
            "nonsense",
            "localhost",
            "localhost:",
            "localhost:http",
            ":",
            ":99999",
            "70000",
            "::1",
            "::1:3000",
            "[::1]",
            "10.0.0.300:3000",
            "http://localhost:3000",
            "unix:",
            "a b:3000",
            "-1",
        ] {
            let wrong = text.parse::<ListenAddress>().unwrap_err();
            assert!(wrong.contains("localhost:3000"), "{text}: {wrong}");
        }
    }
}
