//! Trailing slashes: redirects GET and HEAD to the path without them, and serves other requests as if they
//! were absent. Never redirects to another site.

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use transport::upgrade;

/// Redirects or serves a request by its path without trailing slashes.
pub(crate) async fn remove(mut request: Request, next: Next) -> Response {
    let Some(shorter) = shorter(request.uri()) else { return next.run(request).await };
    // Clients that post or upgrade do not follow a redirect.
    let follows =
        [Method::GET, Method::HEAD].contains(request.method()) && !upgrade::is_asked(request.headers());
    if follows && let Ok(location) = HeaderValue::from_str(&shorter.to_string()) {
        return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response();
    }
    *request.uri_mut() = shorter;
    next.run(request).await
}

/// Returns the path and query without trailing slashes; `None` if there are none, or if a browser would read
/// the rest as another host.
fn shorter(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let trimmed = path.trim_end_matches('/');
    let leads_elsewhere = trimmed.is_empty() || trimmed.starts_with("//") || trimmed.contains('\\');
    if trimmed.len() == path.len() || leads_elsewhere {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{trimmed}{query}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::shorter;

    #[test]
    fn slashes_at_the_end_go_and_the_query_stays() {
        let told = |uri: &str| uri.parse().ok().and_then(|uri| shorter(&uri)).map(|uri| uri.to_string());
        for (uri, expected) in [
            ("/chat/", Some("/chat")),
            ("/chat/tea//?day=2026-11-20&x=/", Some("/chat/tea?day=2026-11-20&x=/")),
            ("/chat/%E8%8C%B6/", Some("/chat/%E8%8C%B6")),
            ("http://evil.example/chat/", Some("/chat")),
            ("/", None),
            ("//", None),
            ("/chat", None),
            ("/chat?next=/", None),
            ("//evil.example/", None),
            ("///evil.example/chat/", None),
            ("/\\evil.example/", None),
            ("*", None),
        ] {
            assert_eq!(told(uri).as_deref(), expected, "{uri}");
        }
    }
}
