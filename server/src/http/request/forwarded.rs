//! The headers that proxies add: `Forwarded` (RFC 7239), and `X-Forwarded-For`, `-Proto` and `-Host` in every
//! documented form. Only parses them; `arrival` decides whether to trust them.
//!
//! Ignores `X-Real-IP`, `CF-Connecting-IP` and other headers that give one address without the chain of
//! proxies: a proxy that does not know them passes on whatever the client wrote.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};

use crate::config::authority::Authority;

/// The most proxies that are read, counted from the nearest; earlier ones are ignored.
const LONGEST: usize = 32;

/// The headers that proxies write and browsers never send.
const WRITTEN_BY_PROXIES: [&str; 12] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-server",
    "x-real-ip",
    "x-client-ip",
    "x-original-host",
    "cf-connecting-ip",
    "true-client-ip",
];

/// The parsed headers of proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// The addresses from `X-Forwarded-For`, nearest last; `None` for an entry that is not an address.
    pub(crate) listed: Vec<Option<IpAddr>>,
    /// The addresses from `Forwarded`, likewise.
    pub(crate) described: Vec<Option<IpAddr>>,
    /// Whether the browser used TLS, if the outermost proxy says so.
    pub(crate) is_secure: Option<bool>,
    /// The host names used for the server, outermost first; `None` for an invalid one.
    pub(crate) hosts: Vec<Option<Authority>>,
}

impl Forwarded {
    /// Reads the headers.
    pub(crate) fn read(headers: &HeaderMap) -> Forwarded {
        let elements: Vec<Element> =
            list(headers, &header::FORWARDED).iter().map(|text| element(text)).collect();
        let listed = list(headers, &HeaderName::from_static("x-forwarded-for"));
        let schemes = list(headers, &HeaderName::from_static("x-forwarded-proto"));
        let named = list(headers, &HeaderName::from_static("x-forwarded-host"));
        let scheme = schemes.into_iter().next().or_else(|| elements.iter().find_map(|it| it.proto.clone()));
        let hosts = named.into_iter().chain(elements.iter().filter_map(|it| it.host.clone()));
        Forwarded {
            listed: listed.iter().map(|hop| address(hop)).collect(),
            described: elements.iter().map(|it| it.by.as_deref().and_then(address)).collect(),
            is_secure: scheme.as_deref().and_then(is_secure),
            hosts: hosts.map(|host| Authority::parse(&host)).collect(),
        }
    }

    /// Returns the names of the headers present that proxies write.
    pub(crate) fn names(headers: &HeaderMap) -> Vec<&'static str> {
        WRITTEN_BY_PROXIES.into_iter().filter(|name| headers.contains_key(*name)).collect()
    }
}

/// One element of `Forwarded`, written by one proxy.
#[derive(Default)]
struct Element {
    /// The parameter `for`: the node that the proxy got the request from.
    by: Option<String>,
    proto: Option<String>,
    host: Option<String>,
}

/// Returns the members of a list header over all of its lines; only the last ones if there are too many.
fn list(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let mut members = Vec::new();
    for line in headers.get_all(name) {
        // Invalid UTF-8 still counts as a member.
        let line = String::from_utf8_lossy(line.as_bytes());
        members.extend(split(&line, ',').into_iter().map(|member| member.trim().to_owned()));
    }
    members.drain(..members.len().saturating_sub(LONGEST));
    members.retain(|member| !member.is_empty());
    members
}

/// Splits at separators outside quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped, mut from) = (false, false, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == separator && !quoted => {
                parts.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Reads `for=192.0.2.60;proto=https;host="tea.example"` (RFC 7239, section 4).
fn element(text: &str) -> Element {
    let mut read = Element::default();
    for pair in split(text, ';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = Some(unquoted(value));
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => read.by = value,
            "proto" => read.proto = value,
            "host" => read.host = value,
            _ => {}
        }
    }
    read
}

/// Removes the quotes around a value (RFC 9110, section 5.6.4).
fn unquoted(text: &str) -> String {
    let text = text.trim();
    let Some(inside) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut plain = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

/// Parses the address of a hop: bare, with a port, in brackets or in quotes. `unknown` and obfuscated
/// identifiers give `None`.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = unquoted(hop);
    let bare = if let Some(rest) = hop.strip_prefix('[') {
        let (inside, after) = rest.split_once(']')?;
        after.is_empty().then_some(()).or_else(|| after.strip_prefix(':').map(drop))?;
        inside
    } else {
        match hop.split_once(':') {
            // With a second colon it is an IPv6 address, which has no port without brackets.
            Some((address, port)) if !port.contains(':') => address,
            _ => &hop,
        }
    };
    // A zone is meaningful only on the machine that wrote it.
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// Returns whether a scheme uses TLS. Traefik sends `ws` and `wss` for WebSockets.
fn is_secure(scheme: &str) -> Option<bool> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
