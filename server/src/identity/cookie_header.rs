//! The cookies that a request bears.

use axum::http::{HeaderMap, header};

/// The value of the request's cookie of this name, if it bears one.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    cookies(headers, name).next().map(str::to_owned)
}

/// The values of the request's cookies of this name. The header is read as bytes, since it holds what others on the same host
/// have set too, in whatever encoding; what is not looked for is skipped.
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
