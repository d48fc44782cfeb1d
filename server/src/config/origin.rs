//! The origins in `--base-url` and `--allow-origin`, normalised to what browsers send. Makes no access decisions.

use std::str::FromStr;

use axum::http::Uri;

use crate::config::authority::Authority;

/// A web origin: scheme, host and port (RFC 6454), as browsers print it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Returns the origin as a browser's `Origin` header has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns its host and port.
    pub(crate) fn authority(&self) -> Option<Authority> {
        Authority::parse(self.0.split_once("://")?.1)
    }

    /// Returns whether its pages are loaded over TLS.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Parses an `http` or `https` origin, which a browser can navigate to.
    pub(super) fn parse_web(text: &str) -> Result<Origin, String> {
        let wrong =
            || "an origin is http:// or https://, a host, and a port if it is not the usual one".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let scheme =
            uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme)).ok_or_else(wrong)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?.to_ascii_lowercase();
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(format!("{}; a path such as `{}` is not part of it", wrong(), uri.path()));
        }
        let usual = if scheme == "https" { 443 } else { 80 };
        Ok(Origin(match uri.port_u16() {
            Some(port) if port != usual => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        }))
    }

    /// Parses the origin of an app or a browser extension, which has its own scheme: `capacitor://localhost`,
    /// `moz-extension://…`. Such schemes have no default port.
    fn parse_app(scheme: &str, rest: &str) -> Result<Origin, String> {
        let wrong = || {
            "an origin is a scheme, a host, and a port if it is not the usual one, as in https://chat.example.org or \
             capacitor://localhost"
                .to_owned()
        };
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let host = rest.strip_suffix('/').unwrap_or(rest);
        let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
        match scheme {
            "ws" | "wss" => {
                Err(format!("pages have no {scheme}:// for an origin; write it with http:// or https://"))
            }
            "file" | "data" | "blob" => {
                Err(format!("browsers call the origin of {scheme}: `null`, which every page can be"))
            }
            _ if is_scheme && is_host && !host.is_empty() => {
                Ok(Origin(format!("{scheme}://{}", host.to_ascii_lowercase())))
            }
            _ => Err(wrong()),
        }
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Origin, String> {
        if text.contains('*') {
            return Err("expected one exact origin; patterns such as `*` are not supported".to_owned());
        }
        if text.eq_ignore_ascii_case("null") {
            return Err("`null` is the origin of every sandboxed page and cannot be allowed".to_owned());
        }
        match text.split_once("://") {
            Some((scheme, rest)) if !["http", "https"].contains(&&*scheme.to_ascii_lowercase()) => {
                Origin::parse_app(&scheme.to_ascii_lowercase(), rest)
            }
            _ => Origin::parse_web(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    fn printed(text: &str) -> Result<String, String> {
        text.parse::<Origin>().map(|origin| origin.as_str().to_owned())
    }

    #[test]
    fn an_origin_is_printed_as_browsers_print_it() {
        for (text, as_printed) in [
            ("https://Chat.Example.org:443/", "https://chat.example.org"),
            ("HTTPS://chat.example.org", "https://chat.example.org"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("Ionic://localhost/", "ionic://localhost"),
            ("tauri://localhost", "tauri://localhost"),
            ("app://tea.example:443", "app://tea.example:443"),
            (
                "chrome-extension://ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP",
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            ),
            (
                "moz-extension://d1c2b3a4-0000-4000-8000-0123456789ab",
                "moz-extension://d1c2b3a4-0000-4000-8000-0123456789ab",
            ),
        ] {
            assert_eq!(printed(text).as_deref(), Ok(as_printed));
        }
    }

    #[test]
    fn what_could_never_match_is_refused_with_its_reason() {
        for (text, reason) in [
            ("chat.example.org", "http://"),
            ("https://example.org/chat", "`/chat`"),
            ("*", "patterns"),
            ("https://*.example.org", "patterns"),
            ("chrome-extension://*", "patterns"),
            ("null", "sandboxed"),
            ("file:///tea.html", "`null`"),
            ("wss://chat.example.org", "https://"),
            ("capacitor://", "capacitor://localhost"),
            ("capacitor://localhost/index.html", "capacitor://localhost"),
            ("1app://localhost", "scheme"),
            ("https://", "http://"),
        ] {
            let wrong = printed(text).unwrap_err();
            assert!(wrong.contains(reason), "{text}: {wrong}");
        }
    }

    #[test]
    fn the_own_address_is_one_that_browsers_can_go_to() {
        assert!(Origin::parse_web("capacitor://localhost").is_err());
        assert!(Origin::parse_web("https://chat.example.org").is_ok());
    }
}
