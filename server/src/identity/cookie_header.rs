//! Reads cookies from request headers.

use axum::http::{HeaderMap, header};

/// Returns the value of the request's cookie with this name, if any.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    cookies(headers, name).next().map(str::to_owned)
}

/// Returns the values of all of the request's cookies with this name. The header is parsed as bytes, since
/// other services on the same host may set cookies in any encoding; other cookies are skipped.
pub(crate) fn cookies<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let pairs = headers
        .get_all(header::COOKIE)
        .into_iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (found, value) = (pair[..at].trim_ascii(), pair[at + 1..].trim_ascii());
        if found != name.as_bytes() {
            return None;
        }
        std::str::from_utf8(value).ok()
    })
}
