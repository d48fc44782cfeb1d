//! What proxies write into a request on its way here: `Forwarded` (RFC 7239), and `X-Forwarded-For`, `-Proto` and `-Host` in
//! every shape that their documentation has. Reads only; whether it is to be believed is for `arrival` to say.
//!
//! `X-Real-IP`, `CF-Connecting-IP` and other headers that hold one address without its way are not read: a proxy that does
//! not know them passes on what the client wrote.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};

use crate::config::authority::Authority;

/// How many proxies a request may have passed. What lies before the last of them is not looked at.
const LONGEST: usize = 32;

/// The headers that proxies write. No browser sends any of them by itself.
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

/// What a request says of its way here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// The addresses by `X-Forwarded-For`, the nearest last; `None` where one stands that is no address.
    pub(crate) listed: Vec<Option<IpAddr>>,
    /// The same by `Forwarded`.
    pub(crate) described: Vec<Option<IpAddr>>,
    /// Whether the browser came over TLS, if the outermost proxy says how it came.
    pub(crate) is_secure: Option<bool>,
    /// What the server was called, the outermost first; `None` for what is no host.
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

    /// The headers in which proxies have had a hand, as far as one can see, by name.
    pub(crate) fn names(headers: &HeaderMap) -> Vec<&'static str> {
        WRITTEN_BY_PROXIES.into_iter().filter(|name| headers.contains_key(*name)).collect()
    }
}

/// One proxy's part of `Forwarded`.
#[derive(Default)]
struct Element {
    /// The node that it had the request from, its parameter `for`.
    by: Option<String>,
    proto: Option<String>,
    host: Option<String>,
}

/// The members of a header that is a list, over all of its lines; the last ones if there are very many.
fn list(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let mut members = Vec::new();
    for line in headers.get_all(name) {
        // What is no text is no list, but it has taken its place.
        let line = String::from_utf8_lossy(line.as_bytes());
        members.extend(split(&line, ',').into_iter().map(|member| member.trim().to_owned()));
    }
    members.drain(..members.len().saturating_sub(LONGEST));
    members.retain(|member| !member.is_empty());
    members
}

/// Splits where the separator stands outside quotes.
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

/// A value without the quotes around it (RFC 9110, section 5.6.4).
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

/// The address of a hop: bare, with a port, in brackets, in quotes. `unknown` and names that hide one are none.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = unquoted(hop);
    let bare = if let Some(rest) = hop.strip_prefix('[') {
        let (inside, after) = rest.split_once(']')?;
        after.is_empty().then_some(()).or_else(|| after.strip_prefix(':').map(drop))?;
        inside
    } else {
        match hop.split_once(':') {
            // A second colon makes it an IPv6 address, which has no port without brackets.
            Some((address, port)) if !port.contains(':') => address,
            _ => &hop,
        }
    };
    // A zone says something of the machine that wrote it, and nothing here.
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// Whether a scheme is one of TLS. Traefik calls a socket's `ws` and `wss`.
fn is_secure(scheme: &str) -> Option<bool> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "wss" => Some(true),
        "http" | "ws" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
