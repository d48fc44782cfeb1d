//! Redirects within this site, never to another one.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

/// Returns the local path that a form or a query names; `/chat` if it leads to another site.
pub(crate) fn local_path(wished: &str) -> String {
    let local = wished.starts_with('/')
        && !wished.starts_with("//")
        && !wished.contains(['\\', '\r', '\n', '\t'])
        && wished.len() <= 1_024;
    let path = if local { wished } else { "/chat" };
    // A header takes only ASCII, so the rest is percent-encoded, as browsers do it.
    percent_encoding::utf8_percent_encode(path, percent_encoding::CONTROLS).to_string()
}

/// Redirects with 303.
pub(crate) fn to(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Redirects with 303 and sets cookies.
pub(crate) fn with_cookies<'a>(path: &str, cookies: impl IntoIterator<Item = &'a str>) -> Response {
    cookies.into_iter().fold(to(path), add_cookie)
}

/// Adds a cookie to a response.
pub(crate) fn add_cookie(mut response: Response, cookie: &str) -> Response {
    match HeaderValue::from_str(cookie) {
        Ok(cookie) => {
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn the_way_back_stays_on_this_site() {
        assert_eq!(local_path("/chat/tea?x=1"), "/chat/tea?x=1");
        assert_eq!(local_path("/chat/茶"), "/chat/%E8%8C%B6");
        for elsewhere in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nset-cookie: b", "chat"]
        {
            assert_eq!(local_path(elsewhere), "/chat", "{elsewhere}");
        }
    }
}
