//! A host name of the server.

use std::str::FromStr;

use super::authority::Authority;

/// A name under which users reach the server, without scheme and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// Returns the name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<HostName, String> {
        match Authority::parse(text) {
            Some(authority) if authority.port().is_none() => Ok(HostName(authority.host().to_owned())),
            _ => Err("a host is a name as in `chat.example.org`, without scheme, port and path; \
                      letters beyond ASCII are written as browsers send them, as in `xn--0trz84b.example`"
                .to_owned()),
        }
    }
}
